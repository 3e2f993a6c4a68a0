/*
 * limits.h: how much memory the process may have, by whom, and how much address space it has taken.
 */
#ifndef PROBE_RECORD_LIMITS_H
#define PROBE_RECORD_LIMITS_H

#include "library.h"

/* Records it: when the process starts, and when it begins to end. */
void limits_tell(void) HIDDEN;

/*
 * The least limit of the control group that `groups` (as /proc/self/cgroup) names and of those above it, of which files
 * are under `mount` (/sys/fs/cgroup). TRACE_LIMIT_NONE: none of them has one; 0: it cannot be told. `group`, of `size` bytes,
 * becomes the directory of the one that has it, or "".
 */
uint64_t limits_of_groups(const char *groups, const char *mount, char *group, size_t size) HIDDEN;

#endif
