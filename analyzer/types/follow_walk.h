/* follow_walk.h: between follow.c and its parts: follow_places.c, follow_calls.c, follow_before.c. */
#ifndef PROBE_TYPES_FOLLOW_WALK_H
#define PROBE_TYPES_FOLLOW_WALK_H

#include "types/follow.h"

#define SEEN 1024 /* slots of a hash table, a power of two above twice the instructions that are looked at */

struct walk {
	struct program *program;
	const struct function *function;
	struct followed *followed;
	uint64_t  pc;             /* of the instruction that is looked at */
	uint64_t  seen[SEEN];     /* instructions that were looked at; 0: free */
	size_t    left;           /* that may still be */
	bool      is_inner;       /* of a function that was called */
	struct branch { uint64_t pc; struct machine machine; } *branches; /* owned */
	size_t    branch_count;
};

/* The registers that arguments go in, in order. */
#define WALK_ARGUMENTS 6
extern const uint8_t walk_arguments[WALK_ARGUMENTS];

/* ---- follow_places.c ---- */

void walk_claim(struct walk *walk, struct claim claim);
/* The pointers that lie at an offset in something of a type. */
void walk_claim_at(struct walk *walk, struct claim template, const Dwarf_Die *type, uint64_t offset);
/* Notes the variables that have the pointer now. */
void walk_observe(struct walk *walk, const struct machine *machine);
/* struct machine_world's; the context is the walk. */
struct value walk_load(void *context, const struct machine *machine, const struct place_at *place);
void walk_store(void *context, const struct machine *machine, const struct place_at *place, struct value value);

/* ---- follow_calls.c ---- */

/* A call, or a jump to another function. False: nobody comes back with the pointer. */
bool walk_call(struct walk *walk, struct machine *machine, struct stepped stepped);
void walk_return(struct walk *walk, const struct machine *machine);

/* ---- follow.c ---- */

/* Does a function return what it got as the argument in a register? `at`: where in the block that points; changed. */
bool walk_passes(struct program *program, uint64_t vaddr, uint8_t reg, int64_t *at);

/* ---- follow_before.c ---- */

/*
 * What registers and the frame hold as the call that returns to `call` is made, as far as the instructions before it
 * tell. False: nothing is known.
 */
bool walk_before(struct walk *walk, uint64_t call, struct machine *machine);

/* Where the frame is, by the unwind table: what compilers do to the stack pointer is not all understood here. */
void walk_place_frame(struct walk *walk, struct machine *machine);

#endif
