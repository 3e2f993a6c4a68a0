/*
 * stack_stub.h: what stack/ needs of the rest of libprobe.so, for its unit tests; and libunwind's opinion of a stack.
 */
#ifndef STACK_STUB_H
#define STACK_STUB_H

#include "library.h"

#define FRAMES_MAX 1100

/* A stack, innermost first. */
struct frames {
	unsigned  count;
	uint32_t  end;               /* TRACE_STACK_*; meaningless where libunwind made it */
	uintptr_t pc[FRAMES_MAX];
	bool      exact[FRAMES_MAX]; /* not a return address; libunwind does not tell */
	uint32_t  generation[FRAMES_MAX];
};

extern unsigned stub_areas;          /* extents that may still be taken; UINT32_MAX at the start */
extern unsigned stub_areas_taken;

/* Sets up the calling thread as start.c would: its stack bounds, no root trampoline. */
void stub_thread(struct thread *thread);
void stub_start(void);
const struct trace_node *stub_node(uint32_t id);
void stub_frames(uint32_t node, struct frames *frames);

/* The stack at `at` by libunwind; to be called in the function whose caller `at` is, or deeper. */
void truth_frames(struct stack_start at, struct frames *frames);
/* Captures at `at` and fails the test if libunwind disagrees. Returns the captured stack. */
const struct frames *truth_check(struct thread *thread, struct stack_start at);

#endif
