/*
 * compile.c: whoever compiles WebAssembly gets a module that tells of its blocks, whoever instantiates one gets an
 * instance that does. A promise is V8's own: when V8 comes to settle it, it asks here.
 */
#include <errno.h>

#include "node/called.h"

V8_FUNCTION(void, v8_set_settle,
	"_ZN2v87Isolate34SetWasmAsyncResolvePromiseCallbackEPFvPS0_NS_5LocalINS_7ContextEEENS2_INS_7Promise8ResolverEEE"
	"NS2_INS_5ValueEEENS_16WasmAsyncSuccessEE", void *isolate, void (*settle)(void *, void *, napi_value, napi_value, int));
V8_FUNCTION(void, v8_resolve, "_ZN2v87Promise8Resolver7ResolveENS_5LocalINS_7ContextEEENS2_INS_5ValueEEE",
	napi_value resolver, void *context, napi_value value);
V8_FUNCTION(void, v8_reject, "_ZN2v87Promise8Resolver6RejectENS_5LocalINS_7ContextEEENS2_INS_5ValueEEE",
	napi_value resolver, void *context, napi_value value);
/* What V8 does if it is not asked to call somebody; in V8 11 that is done in a task. Not all versions export it. */
V8_FUNCTION(void, v8_settle,
	"_ZN2v88internal38DefaultWasmAsyncResolvePromiseCallbackEPNS_7IsolateENS_5LocalINS_7ContextEEENS3_INS_7Promise8ResolverEEE"
	"NS3_INS_5ValueEEENS_16WasmAsyncSuccessE", void *, void *, napi_value, napi_value, int);
V8_FUNCTION(void, v8_throw, "_ZN2v87Isolate14ThrowExceptionENS_5LocalINS_5ValueEEE", void *isolate, napi_value exception);
V8_FUNCTION(void, v8_scope_open, "_ZN2v811HandleScopeC1EPNS_7IsolateE", void *, void *);
V8_FUNCTION(void, v8_scope_close, "_ZN2v811HandleScopeD1Ev", void *);

/* new WebAssembly.Module(bytes) */
void compile_module(const struct v8_call *call)
{
	struct called called;
	napi_value arguments[3], result, ignored;
	int error = errno;

	if (wasm_called(call, &called) && called.constructs && called.count) {
		arguments[0] = called.original;
		arguments[1] = called.arguments[0];
		arguments[2] = called.count > 1 ? called.arguments[1] : NULL;
		if (wasm_ask(&called, WASM_ASK_MODULE, called.count > 1 ? 3 : 2, arguments, &result)) {
			wasm_constructed(&called, result);
			errno = error;
			return;
		}
	}
	errno = error;
	result = wasm_pass(&called);
	if (!result)
		return;
	wasm_constructed(&called, result);
	if (called.env && called.count) {
		arguments[0] = result;
		arguments[1] = called.arguments[0];
		wasm_ask(&called, WASM_ASK_REMEMBER, 2, arguments, &ignored);
	}
	errno = error;
}

/* new WebAssembly.Instance(module, imports). A start function that was held back runs when its hooks are there. */
void compile_instance(const struct v8_call *call)
{
	struct trace_wasm_memory declared;
	const struct trace_wasm_memory *before;
	struct called called;
	napi_value arguments[2], result, start;
	int error = errno;

	if (!wasm_called(call, &called) || !called.constructs || !called.count) {
		result = wasm_pass(&called);
		if (result)
			wasm_constructed(&called, result);
		return;
	}
	before = wasm_declare(&called, WASM_ASK_DECLARED, called.arguments[0], &declared);
	errno = error;
	result = wasm_pass(&called);
	wasm_undeclare(&called, before);
	if (!result)
		return;
	error = errno;
	arguments[0] = result;
	arguments[1] = called.arguments[0];
	wasm_constructed(&called, result);
	start = NULL;
	if (!wasm_ask(&called, WASM_ASK_INSTANCE, 2, arguments, &start))
		start = NULL;
	errno = error;
	if (start)
		v8_apply(start, called.context, start, 0, NULL);
	else if (called.failure)
		v8_throw(called.isolate, called.failure); /* its start function did not run */
}

/* A call whose end could not be told, because the stack was full. */
static void end_late(struct called *called)
{
	napi_value ignored;

	while (called->thread->wasm_unended && wasm_ask(called, WASM_ASK_END, 0, NULL, &ignored))
		called->thread->wasm_unended--;
}

/* compile, instantiate and their like: functions that give a promise. */
void compile_promise(const struct v8_call *call)
{
	struct trace_wasm_memory declared;
	const struct trace_wasm_memory *before;
	uintptr_t caught[V8_CATCH_WORDS];
	struct called called;
	napi_value arguments[ARGUMENTS_MOST + 2], first, result, ignored;
	int error = errno, kind;
	bool began;

	if (!wasm_called(call, &called) || !called.count) {
		result = wasm_pass(&called);
		if (result)
			call_return(call, result);
		return;
	}
	arguments[0] = called.original;
	arguments[1] = call_this(call);
	for (int i = 0; i < called.count; i++)
		arguments[i + 2] = called.arguments[i];
	before = wasm_declare(&called, WASM_ASK_DECLARED, called.arguments[0], &declared);
	end_late(&called);
	began = wasm_ask(&called, WASM_ASK_BEGIN, (size_t)called.count + 2, arguments, &first) &&
		napi_typeof(called.env, first, &kind) == NAPI_OK;
	if (began && kind != NAPI_NULL)
		called.arguments[0] = first;
	errno = error;
	v8_catch_open(caught, called.isolate);
	result = wasm_pass(&called);
	wasm_undeclare(&called, before);
	error = errno;
	if (began && !wasm_ask(&called, WASM_ASK_END, result ? 1 : 0, &result, &ignored))
		called.thread->wasm_unended++;
	errno = error;
	if (result)
		call_return(call, result);
	else
		v8_rethrow(caught);
	v8_catch_close(caught);
}

/* ---- when a promise is settled --------------------------------------------------------------------------------- */

static void settle_now(struct called *called, napi_value resolver, napi_value value, bool failed)
{
	if (v8_settle)
		v8_settle(called->isolate, called->context, resolver, value, failed);
	else
		(failed ? v8_reject : v8_resolve)(resolver, called->context, value);
}

/* What wasm.js says: a function: call it first; null: not yet; [promise]: settle that instead. */
static void settle_as_told(struct called *called, napi_value answer, napi_value resolver, napi_value value, int failed)
{
	uintptr_t caught[V8_CATCH_WORDS];
	napi_value result;
	int kind;

	if (napi_typeof(called->env, answer, &kind) != NAPI_OK || kind == NAPI_NULL)
		return;
	if (kind == NAPI_FUNCTION) {
		v8_catch_open(caught, called->isolate);
		result = v8_apply(answer, called->context, answer, 0, NULL);
		if (!result) {
			failed = true;
			value = v8_caught(caught);
		}
		if (value)
			settle_now(called, resolver, value, failed);
		v8_catch_close(caught);
	} else if (napi_get_element(called->env, answer, 0, &result) == NAPI_OK) {
		settle_now(called, result, value, failed);
	}
}

static void settle(void *isolate, void *context, napi_value resolver, napi_value value, int failed)
{
	struct called called = {.thread = thread_state(), .isolate = isolate, .context = context};
	napi_value arguments[3] = {resolver, value}, answer;
	uintptr_t scope[8];
	int error = errno;

	v8_scope_open(scope, isolate);
	called.env = called.thread ? called.thread->wasm_environment : NULL;
	if (called.env && napi_get_boolean(called.env, failed != 0, &arguments[2]) == NAPI_OK &&
	    wasm_ask(&called, WASM_ASK_SETTLE, 3, arguments, &answer))
		settle_as_told(&called, answer, resolver, value, failed);
	else if (called.failure)
		settle_now(&called, resolver, called.failure, true);
	else
		settle_now(&called, resolver, value, failed);
	v8_scope_close(scope);
	errno = error;
}

bool compile_can_settle(void)
{
	return v8_throw && v8_set_settle && v8_resolve && v8_reject && v8_scope_open && v8_scope_close && napi_typeof;
}

void compile_install(void *isolate)
{
	v8_set_settle(isolate, settle);
}
