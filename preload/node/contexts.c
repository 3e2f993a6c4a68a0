/*
 * contexts.c: see contexts.h. V8 runs the script of an extension in each context that it makes, before anybody else sees it.
 * The script calls a function of ours and leaves nothing behind. There is no WebAssembly yet then, so it is looked for when
 * the program comes to run anything: V8 tells us just before.
 *
 * v8::Extension (v8-extension.h) is a class of C++'s with a table of virtual functions; ours is the object that its own
 * constructor makes, with our table.
 */
#include "node/contexts.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "node/call.h"
#include "node/called.h"
#include "node/v8.h"

static const char name[] = "v8/probe";
static const char script[] =
	"(function () { native function entered(); entered(); })();";

struct extension {
	const void *table;           /* of virtual functions */
	const char *name;
	size_t source_length;
	void *source;
	int dependency_count;
	const char **dependencies;
	bool auto_enable;
};
_Static_assert(sizeof(struct extension) == 56 && offsetof(struct extension, auto_enable) == 48, "v8-extension.h");

V8_FUNCTION(void, v8_extension, "_ZN2v89ExtensionC1EPKcS2_iPS2_i", struct extension *, const char *name, const char *source,
	int dependency_count, const char **dependencies, int source_length);
V8_FUNCTION(void, v8_register, "_ZN2v817RegisterExtensionESt10unique_ptrINS_9ExtensionESt14default_deleteIS1_EE",
	struct extension **owned);

V8_FUNCTION(void, v8_add_before, "_ZN2v87Isolate28AddBeforeCallEnteredCallbackEPFvPS0_E", void *isolate, void (*)(void *));
V8_FUNCTION(void, v8_remove_before, "_ZN2v87Isolate31RemoveBeforeCallEnteredCallbackEPFvPS0_E", void *isolate, void (*)(void *));
V8_FUNCTION(napi_value, v8_global, "_ZN2v87Context6GlobalEv", void *context);
V8_FUNCTION(napi_value, v8_real_property, "_ZN2v86Object20GetRealNamedPropertyENS_5LocalINS_7ContextEEENS1_INS_4NameEEE",
	napi_value object, void *context, napi_value name);
V8_FUNCTION(void, v8_scope_open, "_ZN2v811HandleScopeC1EPNS_7IsolateE", void *, void *);
V8_FUNCTION(void, v8_scope_close, "_ZN2v811HandleScopeD1Ev", void *);

/* Something is about to run in the isolate. What the sandbox of a context says of the name is not asked. */
static void before(void *isolate)
{
	struct thread *thread = thread_state();
	napi_value word, space;
	uintptr_t scope[8];
	int error = errno;

	if (!thread || !thread->wasm_context_count)
		return;
	v8_scope_open(scope, isolate);
	while (thread->wasm_context_count) {
		uintptr_t *context = thread->wasm_contexts[--thread->wasm_context_count];

		if (thread->wasm_environment &&
		    napi_create_string_utf8(thread->wasm_environment, "WebAssembly", NAPI_AUTO_LENGTH, &word) == NAPI_OK &&
		    (space = v8_real_property(v8_global(context), context, word)))
			wasm_context(context, space);
		v8_dispose(context);
	}
	v8_scope_close(scope);
	v8_remove_before(isolate, before);
	errno = error;
}

/* In a new context. The isolate's own comes before node's environment, which wraps its functions itself. */
static void entered(const struct v8_call *call)
{
	struct thread *thread = thread_state();
	void *isolate = v8.current(), *context;
	int error = errno;

	(void)call;
	if (thread && thread->wasm_environment && thread->wasm_context_count < WASM_CONTEXTS) {
		context = v8_context(isolate);
		if (!thread->wasm_context_count)
			v8_add_before(isolate, before);
		thread->wasm_contexts[thread->wasm_context_count++] = call_keep(isolate, context);
	}
	errno = error;
}

static void destroy(struct extension *extension)
{
	(void)extension;
}

static void *native_function(struct extension *extension, void *isolate, void *text)
{
	(void)extension, (void)text;
	return v8_template(isolate, entered, NULL, NULL, 0, V8_NO_CONSTRUCTOR, V8_SIDE_EFFECT, NULL, 0, 0, 0);
}

/* In the order of the class: its destructor, the same and the memory, GetNativeFunctionTemplate. */
static const void *const functions[] = {(const void *)destroy, (const void *)destroy, (const void *)native_function};

void contexts_start(void)
{
	static struct extension extension;
	struct extension *owned = &extension;

	if (!library.wasm || !v8_extension || !v8_register || !v8_template || !call_is_available() ||
	    !v8_add_before || !v8_remove_before || !v8_global ||
	    !v8_real_property || !v8_scope_open || !v8_scope_close)
		return;
	v8_extension(&extension, name, script, 0, NULL, (int)(sizeof(script) - 1));
	if (extension.name != name || extension.auto_enable || extension.source_length != sizeof(script) - 1)
		return;                  /* it is another class than ours */
	extension.table = functions;
	extension.auto_enable = true;
	v8_register(&owned);
}
