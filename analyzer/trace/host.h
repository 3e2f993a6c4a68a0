/*
 * host.h: whether what was recorded was recorded here, and what has become of it.
 */
#ifndef PROBE_HOST_H
#define PROBE_HOST_H

#include <stdbool.h>

#include "probe/trace.h"

/* Has this machine not been started anew since? */
bool host_same_boot(const struct trace_process *header);

/* Are the pids that this process sees those that we see? */
bool host_same_pids(const struct trace_process *header);

/* Start time of the process that has this pid here and now, clock ticks since boot; 0 if there is none. */
uint64_t host_start_ticks(uint32_t pid);

#endif
