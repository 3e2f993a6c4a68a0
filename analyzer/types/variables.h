/*
 * variables.h: which variables of a function lie where at which instruction, by its debug information: those of all its
 * blocks and of all that is inlined into it. All location expressions are read once; an expression that tells neither a
 * register nor a place (an entry value, say) is left out.
 */
#ifndef PROBE_TYPES_VARIABLES_H
#define PROBE_TYPES_VARIABLES_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stdint.h>

#include "types/machine.h"

enum row_kind {
	ROW_REGISTER,             /* the value is in a register */
	ROW_VALUE,                /* the value is a register's and an offset */
	ROW_FRAME,                /* it lies at an offset from the canonical frame address */
	ROW_MEMORY,               /* … from where a register points */
	ROW_ADDRESS,              /* … at a vaddr */
};

struct row {                  /* a variable, or a part of it, for some instructions */
	uint64_t  start, end;     /* vaddrs; end exclusive */
	int64_t   offset;         /* or vaddr */
	Dwarf_Die type;
	uint32_t  part;           /* bytes into the variable at which this part of it begins … */
	uint32_t  size;           /* … and how large it is; 0: all of it */
	uint8_t   kind;           /* enum row_kind */
	uint8_t   reg;            /* by DWARF's numbers */
	uint8_t   inlined;        /* how many functions deep */
	uint8_t   ordinal;        /* of the function's own parameters, from 1; 0: none of these */
	bool      is_parameter;
	bool      is_this;        /* of a constructor … */
	bool      has_whole;      /* … that is inlined into those of `whole` and maybe others */
	Dwarf_Die whole;
	bool      is_plumbing;    /* of an inlined function that returns void *, an allocator's */
};

struct function {
	struct row *rows;         /* owned */
	size_t    count;
	Dwarf_Die die;            /* its entry */
	bool      has_die;
	bool      is_foreign;     /* of another language than C and C++ */
};

/* `function` and its unit's entry must stay. NULL entry: an empty one. */
struct function *function_read(Dwarf_Die *die);
void function_free(void *function);

/*
 * Where an instruction of it begins, not too far before the one that a call returns to: the function, or a line of the
 * source. 0: unknown.
 */
uint64_t function_window(const struct function *function, uint64_t call, uint64_t before);

/* Is a function a constructor? Of what its first parameter points to. `class` may be NULL. */
bool function_is_constructor(Dwarf_Die *die, Dwarf_Die *class);

#endif
