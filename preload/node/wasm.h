/*
 * wasm.h: WebAssembly's own functions are wrapped, so that nobody can tell but by looking at addresses. What is learnt: what
 * a program declares of a linear memory, how large it may grow and whether threads share it; and a module that it compiles
 * is another one in truth, which tells of its blocks (watch.h).
 */
#ifndef PROBE_WASM_H
#define PROBE_WASM_H

#include "library.h"
#include "node/napi.h"

/* In an isolate of node's, before the program's first line. */
void wasm_install(napi_env env) HIDDEN;

/* V8 reserved [p, …) while the thread makes a memory: that may be it. */
void wasm_reserved(const struct thread *thread, const void *p) HIDDEN;

#endif
