/*
 * called.h: what the wrappers of WebAssembly's functions share (wasm.c, compile.c, exports.c): each is a function of V8's
 * own kind (call.h), made with the function that it stands for, and asks JavaScript of ours (wasm.js) what to do.
 */
#ifndef PROBE_CALLED_H
#define PROBE_CALLED_H

#include "library.h"
#include "node/call.h"
#include "node/napi.h"

#define ARGUMENTS_MOST 8             /* that are passed on; V8 looks at three */

struct called {
	const struct v8_call *call;
	struct thread *thread;
	napi_env env;
	void *isolate, *context;
	napi_value original;
	bool constructs;             /* it was called by new */
	int count;
	napi_value arguments[ARGUMENTS_MOST];
	napi_value failure;          /* what the last question threw: the stack is full, or the thread is to end; NULL nothing */
};

/* False: nothing can be asked; the caller lets wasm_pass do its work. */
bool wasm_called(const struct v8_call *call, struct called *called) HIDDEN;

/* Asks one of wasm.js's functions, which throw nothing of their own. False: there is no answer, or `undefined`. */
bool wasm_ask(struct called *called, enum wasm_question question, size_t count, const napi_value *arguments,
	napi_value *answer) HIDDEN;

/* The original is called as the wrapper was, with called->arguments. NULL: it threw, and so does the wrapper. */
napi_value wasm_pass(struct called *called) HIDDEN;

/* The call gives `result`, an object for which the original was constructed: with the prototype that `new` chose. */
void wasm_constructed(struct called *called, napi_value result) HIDDEN;

/* Asks what linear memory `source`, a descriptor or a module, stands for, and whoever makes one until undeclare is told so. */
const struct trace_wasm_memory *wasm_declare(struct called *called, enum wasm_question question, napi_value source,
	struct trace_wasm_memory *declared) HIDDEN;
static inline void wasm_undeclare(struct called *called, const struct trace_wasm_memory *before)
{
	called->thread->declared = before;
}

/* contexts.c has met a new context, whose WebAssembly this is. */
void wasm_context(void *context, napi_value space) HIDDEN;

/* compile.c */
void compile_module(const struct v8_call *call) HIDDEN;
void compile_instance(const struct v8_call *call) HIDDEN;
void compile_promise(const struct v8_call *call) HIDDEN;
bool compile_can_settle(void) HIDDEN;
void compile_install(void *isolate) HIDDEN;

/* exports.c */
void exports_shown(const struct v8_call *call) HIDDEN;
void exports_listed(const struct v8_call *call) HIDDEN;
void exports_sections(const struct v8_call *call) HIDDEN;
bool exports_can_hide(void) HIDDEN;

#endif
