/*
 * start.h: what interposers tell the library about the life of the process, beyond library.h.
 */
#ifndef PROBE_START_H
#define PROBE_START_H

#include "library.h"

/* In a child that began as a copy: at `before` its parent was about to make it; its stack, 0 unknown. */
void process_forked(uint64_t before, uintptr_t stack_low, uintptr_t stack_high) HIDDEN;

/* main has returned `status`, or exit was called with it. */
void process_returned(int status) HIDDEN;

/* The calling thread loses its clock: from now on neither it nor any new thread is recorded; `why` is in the report. */
void process_blind(const char *why) HIDDEN;

#endif
