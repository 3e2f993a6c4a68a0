/* time.h: ticks of a process's clock and nanoseconds of its host's CLOCK_MONOTONIC. After clock_calibrate. */
#ifndef PROBE_TIME_H
#define PROBE_TIME_H

#include "model.h"

/* False: the process left no reading of both clocks, or the time is out of all bounds. */
static inline bool time_of_tick(const struct process_info *process, uint64_t tick, uint64_t *monotonic_ns)
{
	const struct trace_anchor *anchor = &process->header.anchor[0];
	double after = ((double)tick - (double)anchor->tick) * process->ns_per_tick;

	if (!anchor->monotonic_ns || !(after > -9e18 && after < 9e18))
		return false;
	*monotonic_ns = anchor->monotonic_ns + (uint64_t)(int64_t)after;
	return true;
}

/* 0 for what was before the clock began. */
static inline bool tick_of_time(const struct process_info *process, uint64_t monotonic_ns, uint64_t *tick)
{
	const struct trace_anchor *anchor = &process->header.anchor[0];
	double after = ((double)monotonic_ns - (double)anchor->monotonic_ns) / process->ns_per_tick;

	if (!anchor->monotonic_ns || !(after > -9e18 && after < 9e18))
		return false;
	if (after < 0 && (uint64_t)(int64_t)-after > anchor->tick)
		*tick = 0;
	else
		*tick = anchor->tick + (uint64_t)(int64_t)after;
	return true;
}

#endif
