/*
 * unlooked.h: which processes' memory was not looked through for objects, or not all of it, so that a class may be missing.
 */
#ifndef PROBE_UNLOOKED_H
#define PROBE_UNLOOKED_H

#include "model.h"

/* A clause that says so and why, to be freed; NULL: all was looked at, or the process has no objects of C++. */
char *unlooked_clause(const struct process_info *process);

/* Does the look at the end lack a part of memory, because that would have taken too long? */
bool unlooked_in_part(const struct process_info *process);

#endif
