/*
 * code.h: which generated code lay at an address, in which generation of it. Places overlap at will: what a runtime
 * wrote over is still there in earlier generations.
 */
#ifndef PROBE_NAMES_CODE_H
#define PROBE_NAMES_CODE_H

#include "model.h"

struct code_entry {
	const struct code_place *place; /* of the process or of one it was forked from; code is not NULL. Not owned */
	uint32_t  order;          /* of equal generations the higher one counts */
};

struct code_index {           /* all zero: not built */
	struct code_entry *entries; /* by generation, then order; owned */
	size_t    count;          /* entries */
	uint64_t *borders;        /* where places begin or end, ascending; owned */
	size_t    border_count;
	uint32_t *lists;          /* entries, ascending, list after list; owned */
	size_t   *starts;         /* in lists, by node of the tree; one more than nodes; owned */
	bool      built;          /* all of it is filled in */
};

/* Of a process with all that it has from those that it was forked from. */
void code_index_build(struct code_index *index, const struct recording *recording, struct process_id process);
void code_index_free(struct code_index *index);

/*
 * Of the places with `address` in them the one with the highest generation that is not above `generation`; of equal
 * ones the one that was told last. NULL: there is none.
 */
const struct code_place *code_at(const struct code_index *index, uint64_t address, uint32_t generation);

#endif
