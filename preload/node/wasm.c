/*
 * wasm.c: see wasm.h. Wrappers are functions of Node-API, which V8 makes as it makes its own: they look the same, and
 * no stack trace shows them.
 */
#include "node/wasm.h"
#include "node/watch.h"

#include <errno.h>

#define ARGUMENTS_MOST 8             /* that are passed on; the constructors have one or two */

/* What a wrapper works with: an array of JavaScript's, kept by a reference, which is the wrapper's data. */
enum { TOOL_ORIGINAL, TOOL_BEFORE, TOOL_AFTER, TOOL_SET_PROTOTYPE, TOOL_WRAPPER };

/* How wasm.js tells of a declaration: pages × 8 + these; negative: it is not known. */
enum { DECLARED_SHARED = 1, DECLARED_MAXIMUM = 2, DECLARED_WIDE = 4 };

#define WASM_PAGE      65536ull
#define PAGES_MOST     65536u        /* V8's limit for addresses of 32 bits */

extern const char wasm_script[] HIDDEN, wasm_script_end[] HIDDEN;

static bool tool(napi_env env, void *reference, uint32_t index, napi_value *value)
{
	napi_value tools;

	return napi_get_reference_value(env, reference, &tools) == NAPI_OK && tools &&
	       napi_get_element(env, tools, index, value) == NAPI_OK;
}

/* ---- wrapping ----------------------------------------------------------------------------------------------- */

/* Asks wasm.js, which throws nothing, what memory the call is going to make. */
static bool read_declared(napi_env env, void *tools, size_t count, const napi_value *arguments,
	struct trace_wasm_memory *memory)
{
	napi_value before, global, answer;
	double number;
	uint64_t flags;

	if (!count || !tool(env, tools, TOOL_BEFORE, &before) || napi_get_global(env, &global) != NAPI_OK ||
	    napi_call_function(env, global, before, 1, arguments, &answer) != NAPI_OK ||
	    napi_get_value_double(env, answer, &number) != NAPI_OK || !(number >= 0 && number < 9e15))
		return false;
	flags = (uint64_t)number % 8;
	*memory = (struct trace_wasm_memory){0};
	if (flags & DECLARED_MAXIMUM)
		memory->maximum_bytes = (uint64_t)number / 8 * WASM_PAGE;
	else if (!(flags & DECLARED_WIDE))
		memory->maximum_bytes = PAGES_MOST * WASM_PAGE;
	memory->flags = flags & DECLARED_SHARED ? TRACE_WASM_SHARED : 0;
	return true;
}

/* The call has succeeded. */
static void tell_result(napi_env env, void *tools, napi_value result, size_t count, const napi_value *arguments)
{
	napi_value after, global, pair[2] = {result}, ignored;

	if (!count || !tool(env, tools, TOOL_AFTER, &after) || napi_get_global(env, &global) != NAPI_OK)
		return;
	pair[1] = arguments[0];
	napi_call_function(env, global, after, 2, pair, &ignored);
}

/* The prototype that `new` chose for a subclass, as V8 does it. */
static void adopt_prototype(napi_env env, void *tools, napi_value target, napi_value chosen, napi_value result)
{
	napi_value wrapper, set, pair[2] = {result}, ignored;
	bool same = true;

	if (!tool(env, tools, TOOL_WRAPPER, &wrapper) ||
	    napi_strict_equals(env, target, wrapper, &same) != NAPI_OK || same)
		return;
	if (tool(env, tools, TOOL_SET_PROTOTYPE, &set) && napi_get_prototype(env, chosen, &pair[1]) == NAPI_OK)
		napi_call_function(env, chosen, set, 2, pair, &ignored);
}

static napi_value js_wrapper(napi_env env, napi_callback_info info)
{
	napi_value arguments[ARGUMENTS_MOST], this, original, target = NULL, result = NULL;
	const struct trace_wasm_memory *before;
	struct trace_wasm_memory declared;
	struct stack_start at = STACK_CALLER();
	struct thread *thread = thread_state();
	size_t count = ARGUMENTS_MOST;
	int error = errno, status;
	void *tools;

	if (napi_get_cb_info(env, info, &count, arguments, &this, &tools) != NAPI_OK ||
	    !tool(env, tools, TOOL_ORIGINAL, &original) || napi_get_new_target(env, info, &target) != NAPI_OK)
		return NULL;
	count = count < ARGUMENTS_MOST ? count : ARGUMENTS_MOST;
	before = thread ? thread->declared : NULL;
	if (thread)
		thread->declared = read_declared(env, tools, count, arguments, &declared) ? &declared : NULL;
	errno = error;
	if (target)
		status = napi_new_instance(env, original, count, arguments, &result);
	else
		status = napi_call_function(env, this, original, count, arguments, &result);
	if (thread)
		thread->declared = before;
	if (status != NAPI_OK)
		return NULL;
	error = errno;
	if (target)
		adopt_prototype(env, tools, target, this, result);
	if (thread)
		thread->wrapped = &at;
	tell_result(env, tools, result, count, arguments);
	if (thread)
		thread->wrapped = NULL;
	errno = error;
	return result;
}

void wasm_reserved(const struct thread *thread, const void *p)
{
	struct trace_wasm_memory record = *thread->declared;

	record.address = ((uintptr_t)p + WASM_PAGE - 1) & ~(WASM_PAGE - 1);
	meta_write(TRACE_RECORD_WASM_MEMORY, &record, sizeof(record), NULL, 0);
}

/* ---- installing --------------------------------------------------------------------------------------------- */

/* At the end of the environment, on its thread. */
static void forget_tools(void *reference)
{
	if (self && self->environment)
		napi_delete_reference(self->environment, reference);
}

/* wrap(tools, name): the wrapper of a function. */
static napi_value js_wrap(napi_env env, napi_callback_info info)
{
	napi_value arguments[2], wrapper;
	char name[32];
	void *reference;
	size_t count = 2, length;

	if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != NAPI_OK || count != 2 ||
	    napi_get_value_string_utf8(env, arguments[1], name, sizeof(name), &length) != NAPI_OK ||
	    napi_create_reference(env, arguments[0], 1, &reference) != NAPI_OK ||
	    napi_create_function(env, name, length, js_wrapper, reference, &wrapper) != NAPI_OK ||
	    napi_set_element(env, arguments[0], TOOL_WRAPPER, wrapper) != NAPI_OK)
		return NULL;
	if (self && napi_add_env_cleanup_hook && napi_delete_reference) {
		self->environment = env;
		napi_add_env_cleanup_hook(env, forget_tools, reference);
	}
	return wrapper;
}

bool wasm_wrap(napi_env env, napi_value *wrap)
{
	return napi_create_function(env, "wrap", NAPI_AUTO_LENGTH, js_wrap, NULL, wrap) == NAPI_OK;
}

void wasm_install(napi_env env)
{
	napi_value function, global, arguments[2], exception;
	size_t count = 1;

	if (!library.wasm || !napi_get_new_target)
		return;
	arguments[1] = watch_functions(env);
	count += arguments[1] != NULL;
	if (addon_run(env, wasm_script, wasm_script_end, "node:internal/probe/wasm", &function) != NAPI_OK ||
	    napi_get_global(env, &global) != NAPI_OK || !wasm_wrap(env, &arguments[0]) ||
	    napi_call_function(env, global, function, count, arguments, NULL) != NAPI_OK)
		napi_get_and_clear_last_exception(env, &exception);
}
