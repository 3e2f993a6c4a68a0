/* when.h: ticks of a process as time of day, to be compared with when files changed. */
#ifndef PROBE_NAMES_WHEN_H
#define PROBE_NAMES_WHEN_H

#include "model.h"

/* Nanoseconds since 1970, 0 unknown. */
static inline uint64_t realtime_of(const struct process_info *process, uint64_t tick)
{
	const struct trace_process *header = &process->header;
	double ns = ((double)tick - (double)header->anchor[0].tick) * process->ns_per_tick;

	if (!header->realtime_ns || !header->anchor[0].monotonic_ns || !(ns > -1e18 && ns < 1e18))
		return 0;
	return header->realtime_ns + (uint64_t)(int64_t)ns;
}

#endif
