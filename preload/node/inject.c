/*
 * inject.c: see inject.h. A call of process.dlopen's is a good moment to run JavaScript. In an interrupt it must not be run,
 * but a microtask may be queued, which V8 runs when the isolate's stack is empty: at the latest after the first script or
 * the first event.
 *
 * Locals are what V8 passes as v8::Local<>: one pointer, in a register.
 */
#include "node/inject.h"

#include <errno.h>
#include <string.h>

#include "node/isolates.h"
#include "node/napi.h"
#include "node/v8.h"
#include "node/watch.h"

#define API_VERSION 8                /* of Node-API, what an addon has that names none */

typedef void *local;

bool inject_allowed;

V8_FUNCTION(void, v8_enqueue, "_ZN2v87Isolate16EnqueueMicrotaskEPFvPvES1_", void *, void (*)(void *), void *);
V8_FUNCTION(bool, v8_in_context, "_ZN2v87Isolate9InContextEv", void *);
V8_FUNCTION(local, v8_context, "_ZN2v87Isolate17GetCurrentContextEv", void *);
V8_FUNCTION(local, v8_object, "_ZN2v86Object3NewEPNS_7IsolateE", void *);
V8_FUNCTION(void, v8_scope_open, "_ZN2v811HandleScopeC1EPNS_7IsolateE", void *, void *);
V8_FUNCTION(void, v8_scope_close, "_ZN2v811HandleScopeD1Ev", void *);
V8_FUNCTION(void *, node_environment, "_ZN4node21GetCurrentEnvironmentEN2v85LocalINS0_7ContextEEE", local);
V8_FUNCTION(void, node_register,
	"_Z30napi_module_register_by_symbolN2v85LocalINS_6ObjectEEENS0_INS_5ValueEEENS0_INS_7ContextEEEPFP12napi_value__"
	"P10napi_env__S8_Ei", local, local, local, napi_value (*)(napi_env, napi_value), int);

static void inject(void *isolate)
{
	void *scope[8];              /* v8::HandleScope: three words */
	local context, exports;
	int error = errno;

	if (library.filtered || process_is_borrowed() || v8.current() != isolate || !v8_in_context(isolate) ||
	    isolates_is_adopted(isolate))
		return;
	if (isolates_has_wasm(isolate))
		watch_missed();
	v8_scope_open(scope, isolate);
	context = v8_context(isolate);
	if (context && node_environment(context)) {
		exports = v8_object(isolate);
		node_register(exports, exports, context, addon_register, API_VERSION);
	}
	v8_scope_close(scope);
	errno = error;
}

static bool can_inject(void)
{
	return v8_in_context && v8_context && v8_object && v8_scope_open && v8_scope_close && node_environment && node_register;
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The path may be another than the loader's: require follows links. */
void inject_now(const char *file)
{
	void *isolate = strcmp(file_name(file), file_name(library.path)) == 0 && v8.current ? v8.current() : NULL;

	if (isolate && can_inject())
		inject(isolate);
}

void inject_soon(void *isolate)
{
	if (inject_allowed && v8_enqueue && can_inject() && v8_in_context(isolate))
		v8_enqueue(isolate, inject, isolate);
}
