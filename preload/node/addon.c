/*
 * addon.c: libprobe.so as an addon of node's, by Node-API. process.dlopen of the file that is preloaded already (hook.c sees
 * to that) calls napi_register_module_v1, in each of node's isolates on its own thread, before the program's first line.
 */
#include <errno.h>
#include <string.h>

#include "node/collect.h"
#include "node/ending.h"
#include "node/finalizers.h"
#include "node/isolates.h"
#include "node/napi.h"
#include "node/v8.h"

V8_FUNCTION(void, v8_enqueue, "_ZN2v87Isolate16EnqueueMicrotaskEPFvPvES1_", void *, void (*)(void *), void *);
#include "node/wasm.h"
#include "node/watch.h"

#define LABEL_ROOM 256               /* mark.c cuts at as much */

extern const char addon_script[] HIDDEN, addon_script_end[] HIDDEN;
void probe_library_mark(const char *label);

static void forget_exception(napi_env env)
{
	napi_value exception;

	napi_get_and_clear_last_exception(env, &exception);
}

bool addon_text(napi_env env, napi_value value, char *text, size_t size)
{
	size_t length;

	if (napi_get_value_string_utf8(env, value, text, size, &length) == NAPI_OK ||
	    (napi_coerce_to_string(env, value, &value) == NAPI_OK &&
	     napi_get_value_string_utf8(env, value, text, size, &length) == NAPI_OK))
		return true;
	forget_exception(env);
	return false;
}

/* probe.mark(label) */
static napi_value js_mark(napi_env env, napi_callback_info info)
{
	size_t count = 1;
	napi_value label = NULL;
	char text[LABEL_ROOM];
	int error = errno;

	if (napi_get_cb_info(env, info, &count, &label, NULL, NULL) != NAPI_OK || !count ||
	    !addon_text(env, label, text, sizeof(text)))
		return NULL;
	revive_all(env);
	probe_library_mark(text);
	collect_marked(v8.current());
	errno = error;
	return NULL;
}

/* The program of this isolate has ended; its argument is worker_threads' threadId. */
static napi_value js_ending(napi_env env, napi_callback_info info)
{
	size_t count = 1;
	napi_value value = NULL;
	uint32_t worker = 0;
	int error = errno;

	if (napi_get_cb_info(env, info, &count, &value, NULL, NULL) == NAPI_OK && count)
		napi_get_value_uint32(env, value, &worker);
	revive_all(env);
	ending_of_script(v8.current(), worker);
	errno = error;
	return NULL;
}

/* In a worker's event loop, which the main thread woke. */
static void woken(napi_env env, napi_value function, void *context, void *data)
{
	(void)function, (void)context, (void)data;
	if (env)
		ending_answer(v8.current(), NULL);
}

/*
 * A worker of which the main thread may ask something until its environment is cleaned up. The function is made first, so
 * that it outlives our hook: node calls these in reverse.
 */
static void join(napi_env env, void *isolate)
{
	napi_threadsafe_function wake = NULL;
	napi_value name;

	if (!napi_create_threadsafe_function || !napi_unref_threadsafe_function || !napi_call_threadsafe_function ||
	    !napi_add_env_cleanup_hook || napi_create_string_utf8(env, "probe", NAPI_AUTO_LENGTH, &name) != NAPI_OK ||
	    napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, NULL, woken, &wake) != NAPI_OK)
		return;
	napi_unref_threadsafe_function(env, wake);
	if (napi_add_env_cleanup_hook(env, ending_leave, isolate) == NAPI_OK)
		ending_join(isolate, wake);
}

/* The first microtask of the main isolate: the script's top level has run. */
static void ran(void *unused)
{
	(void)unused;
	collect_script_ran();
}

/* The environment is taken down, and what the script's emit would have told was never told: the program has its own. */
static void main_leaves(void *isolate)
{
	ending_of_script(isolate, 0);
}

static void main_joins(napi_env env, void *isolate)
{
	if (v8_enqueue)
		v8_enqueue(isolate, ran, NULL);
	if (napi_add_env_cleanup_hook)
		napi_add_env_cleanup_hook(env, main_leaves, isolate);
}

/* Code that napi_run_script compiles has no file to be told by; that of node's own vm has. */
static const char runner[] = "(text, filename) => new (process.getBuiltinModule('vm').Script)(text, { filename }).runInThisContext()";

int addon_run(napi_env env, const char *script, const char *end, const char *name, napi_value *result)
{
	napi_value run, global, arguments[2], text;

	if (napi_create_string_utf8(env, script, (size_t)(end - script), &arguments[0]) == NAPI_OK &&
	    napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &arguments[1]) == NAPI_OK &&
	    napi_create_string_utf8(env, runner, sizeof(runner) - 1, &text) == NAPI_OK &&
	    napi_run_script(env, text, &run) == NAPI_OK && napi_get_global(env, &global) == NAPI_OK &&
	    napi_call_function(env, global, run, 2, arguments, result) == NAPI_OK)
		return NAPI_OK;
	forget_exception(env); /* node before 20.16 and 22.3 */
	return napi_run_script(env, arguments[0], result);
}

static bool install(napi_env env, bool is_main)
{
	napi_value function, global, arguments[5];

	return addon_run(env, addon_script, addon_script_end, "node:internal/probe", &function) == NAPI_OK &&
	       napi_get_global(env, &global) == NAPI_OK &&
	       napi_create_function(env, "mark", NAPI_AUTO_LENGTH, js_mark, NULL, &arguments[0]) == NAPI_OK &&
	       napi_create_function(env, "ending", NAPI_AUTO_LENGTH, js_ending, NULL, &arguments[1]) == NAPI_OK &&
	       napi_create_function(env, "alloc", NAPI_AUTO_LENGTH, js_alloc, NULL, &arguments[2]) == NAPI_OK &&
	       napi_create_function(env, "drop", NAPI_AUTO_LENGTH, js_drop, NULL, &arguments[3]) == NAPI_OK &&
	       napi_get_boolean(env, is_main, &arguments[4]) == NAPI_OK &&
	       napi_call_function(env, global, function, 5, arguments, NULL) == NAPI_OK;
}

napi_value addon_register(napi_env env, napi_value exports)
{
	int error = errno;
	void *isolate = v8.current ? v8.current() : NULL;

	if (isolate && process_start() && napi_run_script && isolates_adopt(isolate)) {
		bool is_main = self && self->tid == process->pid;

		wasm_install(env);
		finalizers_install(env);
		if (!install(env, is_main))
			forget_exception(env);
		else if (!is_main)
			join(env, isolate);
		else
			main_joins(env, isolate);
	}
	errno = error;
	return exports;
}
