/*
 * stack.h: a stack with names, from the frame that asked for memory outwards, without libprobe.so's own frames.
 */
#ifndef PROBE_REPORT_STACK_H
#define PROBE_REPORT_STACK_H

#include "report/view.h"

struct stack_frame {
	const struct frame *frame; /* owned by names */
	struct node_id node;      /* whose frame it is; inlined ones share it */
	bool     engine;          /* the runtime's that runs a script (place_is_engine) */
	uint32_t wasm_index;      /* as the frame's; of a function whose place in its module a wrapper took: that place's */
};

struct stack {
	struct stack_frame *frames; /* owned */
	size_t   count;           /* inlined ones included */
	size_t   blame;           /* index of the frame to name in one line; == count: no frame has a name */
	size_t   maker;           /* index of the innermost that has a name and is not plumbing; == count: none */
	uint32_t ending;          /* TRACE_STACK_NONE … TRACE_STACK_LOST */
};

struct stack stack_resolve(struct view_process *process, struct node_id node);
/* If the frame to blame is WebAssembly's, the index of the script's function that called it; else the count. */
size_t stack_script(const struct stack *stack);
void stack_free(struct stack *stack);

/* Frames by why they have no name. */
struct name_sum { uint64_t frames, unknown[UNKNOWN_KINDS]; };

void stack_count_names(const struct stack *stack, struct name_sum *names);
const char *unknown_name(enum unknown why); /* the JSON report's word */

#endif
