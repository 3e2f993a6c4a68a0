/*
 * exports.c: what a rewritten module has that the original has not is not shown: its added exports, its changed names.
 */
#include <errno.h>

#include "node/called.h"

V8_FUNCTION(napi_value, v8_to_string, "_ZNK2v85Value8ToStringENS_5LocalINS_7ContextEEE", napi_value value, void *context);

/* instance.exports. Programs read it at each call of an export, so an instance is asked for only where one is rewritten. */
void exports_shown(const struct v8_call *call)
{
	struct called called;
	napi_value this = call_this(call), result;
	int error = errno;

	if (wasm_called(call, &called) && called.thread->wasm_rewritten &&
	    wasm_ask(&called, WASM_ASK_SHOWN, 1, &this, &result)) {
		call_return(call, result);
		errno = error;
		return;
	}
	errno = error;
	result = wasm_pass(&called);
	if (result)
		call_return(call, result);
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

/* WebAssembly.Module.customSections(module, name). A name that is no string becomes one once only. */
void exports_sections(const struct v8_call *call)
{
	struct called called;
	napi_value answer, result;
	int error = errno, kind;

	if (wasm_called(call, &called) && called.count > 1 &&
	    wasm_ask(&called, WASM_ASK_SECTION, 2, called.arguments, &answer)) {
		if (napi_typeof(called.env, answer, &kind) == NAPI_OK && kind != NAPI_STRING) {
			errno = error;
			called.arguments[1] = v8_to_string(called.arguments[1], called.context);
			if (!called.arguments[1])
				return;
			if (!wasm_ask(&called, WASM_ASK_SECTION, 2, called.arguments, &answer))
				answer = called.arguments[1];
		}
		called.arguments[1] = answer;
	}
	errno = error;
	result = wasm_pass(&called);
	if (result)
		call_return(call, result);
}

bool exports_can_hide(void)
{
	return v8_to_string;
}
