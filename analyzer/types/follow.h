/*
 * follow.h: follows the pointer to a block through the instructions after the call that returned it, and notes each place
 * of a known type that it comes to. Branches are taken as they are while the pointer is not NULL; others both ways.
 * What is noted does not depend on the block's size: receiver.c chooses.
 */
#ifndef PROBE_TYPES_FOLLOW_H
#define PROBE_TYPES_FOLLOW_H

#include "types/program.h"

#define FOLLOW_CLAIMS 32      /* places of one call; further ones are not noted */

/* Why a type is believed, best first. */
enum claim_why {
	CLAIM_VTABLE,             /* its table of virtual functions is stored into the block; the last one counts */
	CLAIM_CONSTRUCTOR,        /* its constructor gets the pointer, called or inlined */
	CLAIM_VARIABLE,           /* a variable has the pointer */
	CLAIM_MEMBER,             /* a member of a struct, an element, a global variable has it */
	CLAIM_RETURN,             /* the function returns it */
	CLAIM_INLINED,            /* a parameter of an inlined function has it */
	CLAIM_ARGUMENT,           /* a called function takes it */
	CLAIM_DECLARED,           /* … of which there is only a declaration */
	CLAIM_PLUMBING,           /* a variable of an inlined allocator has it */
	CLAIM_KINDS,
};

struct claim {
	enum claim_why why;
	uint8_t   inlined;        /* how many functions deep */
	int64_t   at;             /* where in the block the pointer of this type points to */
	Dwarf_Die type;           /* pointed to; not of VTABLE … */
	const char *symbol;       /* … which has its symbol, as has a CONSTRUCTOR without debug information; the file's */
};

struct followed {
	struct claim claims[FOLLOW_CLAIMS]; /* in the order in which the pointer came there */
	size_t    count;
	bool      returned;       /* the function returns a pointer into the block … */
	int64_t   returned_at;    /* … to there */
	uint8_t   stored_through; /* it stores the pointer to where its argument of this number points, from 1; 0: no */
	bool      is_typed;       /* it has debug information, and returns something else than void * */
};

/*
 * `vaddr`: the return address of the call that gave a pointer to the block, at `at` in it: returned it, or stored it
 * through its argument number `through`, if that is not 0.
 */
void follow(struct program *program, uint64_t vaddr, int64_t at, uint8_t through, struct followed *followed);

#endif
