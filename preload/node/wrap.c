/*
 * wrap.c: see wrap.h. Wrappers are functions of Node-API, which V8 makes as it makes its own: they look the same, and
 * no stack trace shows them.
 */
#include "node/wrap.h"

#include <errno.h>

#define ARGUMENTS_MOST 8             /* that are passed on; the constructors have one or two */

/* What a wrapper works with: an array of JavaScript's, kept by a reference, which is the wrapper's data. */
enum { TOOL_ORIGINAL, TOOL_AFTER, TOOL_SET_PROTOTYPE, TOOL_WRAPPER };

static bool tool(napi_env env, void *reference, uint32_t index, napi_value *value)
{
	napi_value tools;

	return napi_get_reference_value(env, reference, &tools) == NAPI_OK && tools &&
	       napi_get_element(env, tools, index, value) == NAPI_OK;
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
	struct stack_start at = STACK_CALLER();
	struct thread *thread = thread_state();
	size_t count = ARGUMENTS_MOST;
	int error = errno, status;
	void *tools;

	if (napi_get_cb_info(env, info, &count, arguments, &this, &tools) != NAPI_OK ||
	    !tool(env, tools, TOOL_ORIGINAL, &original) || napi_get_new_target(env, info, &target) != NAPI_OK)
		return NULL;
	count = count < ARGUMENTS_MOST ? count : ARGUMENTS_MOST;
	errno = error;
	if (target)
		status = napi_new_instance(env, original, count, arguments, &result);
	else
		status = napi_call_function(env, this, original, count, arguments, &result);
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

bool wrap_function(napi_env env, napi_value *wrap)
{
	return napi_new_instance && napi_get_new_target &&
	       napi_create_function(env, "wrap", NAPI_AUTO_LENGTH, js_wrap, NULL, wrap) == NAPI_OK;
}
