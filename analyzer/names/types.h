/*
 * types.h: what the blocks of a site are, as far as the names of its stack tell: the type of what lies in them, the
 * object that they belong to, and why that is believed. A wrong answer is worse than none: where frames contradict each
 * other there is no type.
 *
 * What a Rust name claims need not be so: linkers and LLVM merge functions whose code is the same, and one name is
 * left. So a claim of an inner frame is held against what the frames further out mention (rust_doubt.h). What debug
 * information says was inlined was not merged, and has types where the older scheme's names have parameters.
 *
 * Deaths would tell more (drop_in_place::<T>), but frees are recorded without a stack.
 */
#ifndef PROBE_NAMES_TYPES_H
#define PROBE_NAMES_TYPES_H

#include "model.h"

struct types;

struct block_type {           /* strings are owned by the types */
	const char *type;         /* of what lies in the block: a vector's buffer holds elements; NULL unknown */
	const char *owner;        /* the object it belongs to, if that is another; NULL unknown */
	const char *evidence;     /* a clause, for both; NULL if there is neither */
};

/*
 * Of the blocks of one stack: whether they are of one size, and of what that is a multiple. Of all that there ever were,
 * or of those alive.
 */
struct block_sizes {
	uint64_t  blocks, bytes;
	bool      alive;          /* some of the stack's are */
};

struct types *types_open(void);
void types_close(struct types *types);

/*
 * Innermost frame first. The names of functions must stay where they are as long as `types` is there: each is looked
 * at once.
 */
struct block_type types_of(struct types *types, const struct frame *const *frames, size_t count,
                           struct block_sizes sizes);

#endif
