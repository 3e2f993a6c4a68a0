/*
 * amount.h: how much memory a call asks for, as the instructions before it tell: whether its arguments are numbers, or
 * what was multiplied by a number, or added to. `malloc(n * sizeof(T))`, `malloc(sizeof(T) + n)` and `calloc(n, sizeof(T))`
 * look different there, though the blocks may be of one size.
 */
#ifndef PROBE_TYPES_AMOUNT_H
#define PROBE_TYPES_AMOUNT_H

#include "types/program.h"

enum amount_how {
	AMOUNT_UNKNOWN,
	AMOUNT_FIXED,             /* the number of bytes stands in the code */
	AMOUNT_VARIES,            /* it is computed, how is not known */
	AMOUNT_EITHER,            /* one of the next two */
	AMOUNT_MORE,              /* it is one, and something behind it */
	AMOUNT_TIMES,             /* it is some number of them */
};

/*
 * What the call that returns to `vaddr` asks for, seen as blocks of `size` bytes that begin with something of `one` bytes,
 * as one of its arguments tells.
 */
enum amount_how amount_of_call(struct program *program, uint64_t vaddr, uint64_t one, uint64_t size);

#endif
