/*
 * builtins.h: where V8's builtins are.
 */
#ifndef PROBE_BUILTINS_H
#define PROBE_BUILTINS_H

#include "library.h"

/* True if the file that holds V8 has a symbol table, which names its builtins. Settled by builtins_start. */
bool builtins_have_symbols(void) HIDDEN;

/* Reads of that file what there is to know. `inside` is an address of V8's. Once, before the first code event. */
void builtins_start(const void *inside) HIDDEN;

/* A part of the interpreter lies at [start, end). Its parts are told one by one and lie one behind the other. */
void builtins_interpreter(uintptr_t start, uintptr_t end) HIDDEN;

/* All parts are told: frames there are the interpreter's from now on, also in a second copy of the builtins. */
void builtins_told(void) HIDDEN;

#endif
