/*
 * wasm_stacks.h: stacks of blocks inside linear memories start at the frame that asked for memory. Above it lie what
 * the report of a block takes (glue of V8's, the hooks' own functions, whose names begin with "probe.hook") and the
 * function of the allocator that was called, which only the names of functions and their indices tell.
 */
#ifndef PROBE_NAMES_WASM_STACKS_H
#define PROBE_NAMES_WASM_STACKS_H

#include "names/names.h"

/*
 * Of all sites of domain wasm-heap and all refused growths of a recording; and makes the names of watched functions
 * readable. Once, before anything looks
 * at them.
 */
void names_wasm_stacks(struct recording *recording, struct names *names);

/* The same of a stack of a single block, as it was recorded. */
struct node_id names_wasm_stack(const struct recording *recording, struct names *names, struct process_id process,
                                struct node_id stack);

#endif
