/*
 * exports.c: what a rewritten module has that the original has not is not shown: its added exports, its changed names.
 */
#include <errno.h>

#include "node/called.h"
#include "node/rewrite/rewrite.h"

V8_FUNCTION(napi_value, v8_to_string, "_ZNK2v85Value8ToStringENS_5LocalINS_7ContextEEE", napi_value value, void *context);

/* Programs read it at each call of an export, so what was given last is kept, as long as the program keeps it. */
static void keep_shown(struct called *called, napi_value instance, napi_value exports)
{
	struct wasm_shown *shown = &called->thread->wasm_shown[called->thread->wasm_shown_next++ % WASM_SHOWN];

	if (shown->instance)
		v8_dispose(shown->instance);
	if (shown->exports)
		v8_dispose(shown->exports);
	shown->instance = call_keep(called->isolate, (const uintptr_t *)instance);
	shown->exports = call_keep(called->isolate, (const uintptr_t *)exports);
	v8_make_weak(&shown->instance);
	v8_make_weak(&shown->exports);
}

/* instance.exports */
void exports_shown(const struct v8_call *call)
{
	struct called called;
	napi_value this = call_this(call), result;
	int error = errno;

	for (unsigned i = 0; self && i < WASM_SHOWN; i++) {
		const struct wasm_shown *shown = &self->wasm_shown[i];

		if (shown->instance && shown->exports && *shown->instance == *(const uintptr_t *)this) {
			call_return(call, call_slot(shown->exports));
			return;
		}
	}
	if (!wasm_called(call, &called) || !called.thread->wasm_rewritten ||
	    !wasm_ask(&called, WASM_ASK_SHOWN, 1, &this, &result)) {
		errno = error;
		result = wasm_pass(&called);
		error = errno;
	}
	if (result) {
		call_return(call, result);
		if (called.env)
			keep_shown(&called, this, result);
	}
	errno = error;
}

/* WebAssembly.Module.exports(module) */
void exports_listed(const struct v8_call *call)
{
	struct called called;
	napi_value pair[2], ignored;
	bool can_ask = wasm_called(call, &called) && called.count;
	napi_value result = wasm_pass(&called);
	int error = errno;

	if (!result)
		return;
	call_return(call, result);
	if (can_ask) {
		pair[0] = called.arguments[0];
		pair[1] = result;
		wasm_ask(&called, WASM_ASK_LIST, 2, pair, &ignored);
	}
	errno = error;
}

/* The bytes of the first ArrayBuffer of an array. */
static bool first_of(napi_env env, napi_value array, void **bytes, size_t *size)
{
	napi_value first;

	return napi_get_element(env, array, 0, &first) == NAPI_OK &&
	       napi_get_arraybuffer_info(env, first, bytes, size) == NAPI_OK;
}

/* The first of the sections "name" becomes what it was; `changes` is the name of the section that says how. */
static void restore_names(struct called *called, napi_value sections, napi_value changes)
{
	napi_value others, old;
	void *names, *said, *bytes;
	size_t names_size, said_size, size;

	called->arguments[1] = changes;
	others = wasm_pass(called);
	if (!others || !first_of(called->env, sections, &names, &names_size) ||
	    !first_of(called->env, others, &said, &said_size))
		return;
	size = rewrite_old_names(names, names_size, said, said_size, NULL, 0);
	if (!size || napi_create_arraybuffer(called->env, size, &bytes, &old) != NAPI_OK)
		return;
	rewrite_old_names(names, names_size, said, said_size, bytes, size);
	napi_set_element(called->env, sections, 0, old);
}

/* WebAssembly.Module.customSections(module, name). A name that is no string becomes one once only. */
void exports_sections(const struct v8_call *call)
{
	struct called called;
	napi_value answer = NULL, result;
	int error = errno, kind = NAPI_UNDEFINED;
	bool asked = wasm_called(call, &called) && called.count > 1 &&
		wasm_ask(&called, WASM_ASK_SECTION, 2, called.arguments, &answer);

	if (asked && napi_typeof(called.env, answer, &kind) == NAPI_OK && kind == NAPI_BOOLEAN) {
		errno = error;
		called.arguments[1] = v8_to_string(called.arguments[1], called.context);
		if (!called.arguments[1])
			return;
		asked = wasm_ask(&called, WASM_ASK_SECTION, 2, called.arguments, &answer);
	}
	asked = asked && napi_typeof(called.env, answer, &kind) == NAPI_OK;
	if (asked && kind == NAPI_OBJECT)
		napi_get_element(called.env, answer, 0, &called.arguments[1]);
	errno = error;
	result = wasm_pass(&called);
	if (!result)
		return;
	call_return(call, result);
	if (asked && kind == NAPI_STRING)
		restore_names(&called, result, answer);
	errno = error;
}

bool exports_can_hide(void)
{
	return v8_to_string && napi_get_element && napi_set_element && napi_get_arraybuffer_info && napi_create_arraybuffer;
}
