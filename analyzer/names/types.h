/*
 * types.h: what the blocks of a site are, as far as its stack tells: the type of what lies in them, the object that they
 * belong to, and why that is believed. A wrong answer is worse than none: where frames contradict each other there is no
 * type. The evidence, best first: an allocator of the standard library by its name (`frame`), debug information
 * (`debuginfo`: received.c), what else names tell.
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
	const char *first;        /* class of the member that a `type` begins with, if that has virtual functions */
	const char *evidence;     /* a clause, for both; NULL if there is neither */
	uint64_t    size;         /* bytes of one `type`; 0 unknown */
	uint64_t    before;       /* bytes of the block before the first */
	bool        raw;          /* it is no object: what its first words hold says nothing */
	bool        survivors;    /* it is what those alive are: of those that died nothing tells */
};

/*
 * Of the blocks of one stack: whether they are of one size, and of what that is a multiple. Of all that there ever were,
 * or of those alive.
 */
struct block_sizes {
	uint64_t  blocks, bytes;
	bool      alive;          /* some of the stack's are */
};

/* Where the functions of a stack are in their files: innermost first. */
struct stack_nodes {
	struct names *names;
	struct process_id process;
	const struct node_id *nodes; /* of its call tree */
	size_t    count;
	uint64_t  smallest, largest; /* of its blocks, bytes; 0: unknown */
	uint8_t   family;         /* enum trace_family: how they were asked for */
};

struct types *types_open(void);
void types_close(struct types *types);

/*
 * Innermost frame first. The names of functions must stay where they are as long as `types` is there: each is looked
 * at once.
 */
struct block_type types_of(struct types *types, const struct frame *const *frames, size_t count,
                           struct block_sizes sizes);

/* The same, with what debug information tells. */
struct block_type types_of_stack(struct types *types, const struct frame *const *frames, size_t count,
                                 const struct stack_nodes *stack, struct block_sizes sizes);

/* Of mappings of one stack: a runtime's own. */
struct block_type types_of_mapping(struct types *types, const struct frame *const *frames, size_t count);

/* T[n] if all blocks of these sizes are n > 1 of it; else the type. Owned by the types. */
const char *types_counted(struct types *types, const struct block_type *is, uint64_t smallest, uint64_t largest);

#endif
