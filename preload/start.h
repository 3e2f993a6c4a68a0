/*
 * start.h: what interposers tell the library about the life of the process, beyond library.h.
 */
#ifndef PROBE_START_H
#define PROBE_START_H

#include "library.h"

/*
 * Around a call that makes a child by copying the process. The child's recording may start within the call, in a
 * handler of pthread_atfork's, so what it needs to know is put down before: process_forking returns it for the child
 * (and, in the same breath, for the parent) to hand back.
 */
struct forking {
	uint64_t  before;                /* tick before the call */
	uintptr_t stack_low, stack_high; /* of the calling thread, 0 unknown */
};
struct forking process_forking(void) HIDDEN;
/* After the call: `result` as fork's. */
void process_forked(const struct forking *forking, long result, enum trace_how how) HIDDEN;

/* The process that forks next is about to leave by libc's own _exit(0), as daemon's caller does. */
extern bool process_forks_and_leaves HIDDEN;

/* main has returned `status`, or exit was called with it. */
void process_returned(int status) HIDDEN;

/* The calling thread loses its clock: from now on neither it nor a new thread is recorded; `why` is reported. */
void process_blind(const char *why) HIDDEN;

#endif
