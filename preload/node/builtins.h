/*
 * builtins.h: where V8's builtins are.
 */
#ifndef PROBE_BUILTINS_H
#define PROBE_BUILTINS_H

#include "library.h"

/*
 * Looks where V8 is and where its builtins are mapped a second time. `inside` is an address of V8's. For each isolate,
 * before it tells of its code. These four: any thread, isolates are asked side by side.
 */
void builtins_find(const void *inside) HIDDEN;

/* True if the file that holds V8 has a symbol table, which names its builtins. */
bool builtins_have_symbols(void) HIDDEN;

/* A part of the interpreter lies at [start, end), as an isolate sees it. Small parts come one by one. */
void builtins_interpreter(uintptr_t start, uintptr_t end) HIDDEN;

/* All parts are told: frames there are the interpreter's from now on, in each copy. */
void builtins_told(void) HIDDEN;

/* [start, end) is about to be unmapped. Any thread. */
void builtins_unmapped(uintptr_t start, uintptr_t end) HIDDEN;
extern uint32_t builtins_copies HIDDEN;      /* copies that are mapped; a hint */

#endif
