/*
 * contexts.h: contexts that a program makes beside its isolate's own (node's vm, in which jest runs tests) have functions of
 * WebAssembly's of their own.
 */
#ifndef PROBE_CONTEXTS_H
#define PROBE_CONTEXTS_H

#include "library.h"

/* Before main, in a program that is node: each new context will be told to wasm_context (called.h). */
void contexts_start(void) HIDDEN;

#endif
