/*
 * marks.h: marks from outside (STEM.marks, trace.h), and which instant a user means by a mark.
 */
#ifndef PROBE_MARKS_H
#define PROBE_MARKS_H

#include "model.h"
#include "trace/damage.h"
#include "trace/file.h"

/* Adds the marks of a STEM.marks to the process's own, and sorts all of them. The process's clock is calibrated. */
void marks_add(struct process_info *process, struct bytes file, struct damage *damage);

/*
 * Sets process.since of each process to the mark `wanted`: the last with this label; if none has it and it is "#N", the
 * process's Nth mark. A process without that mark takes the time of the mark in the first process that has it. False: no
 * process has it.
 */
bool marks_since(struct process_info *processes, size_t count, const char *wanted);

/*
 * The tick of each process at `wanted`: a mark as above or, if there is none, a time after the recording's start, such as
 * 1.5s, 200ms, 2min. False: it is neither.
 */
bool marks_instant(struct process_info *processes, size_t count, const char *wanted, uint64_t *ticks);

#endif
