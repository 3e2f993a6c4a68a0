/* usage.c: see usage.h. The last record of a process holds; of its children each is another child's. */
#include "trace/usage.h"

#include "heap/cpu.h"
#include "trace/array.h"

#define TIME_MOST_US (UINT64_MAX / 1000000) /* sums of many stay in bounds, in nanoseconds, too */

static bool read_usage(struct process_info *process, struct payload payload, uint64_t tick)
{
	struct usage usage = {.told = true, .tick = tick};

	if (!payload_take(&payload, &usage.record, sizeof usage.record) || usage.record.user_us > TIME_MOST_US ||
	    usage.record.system_us > TIME_MOST_US)
		return false;
	if (!(usage.record.flags & TRACE_USAGE_CHILD)) {
		if (tick >= process->usage.tick)
			process->usage = usage;
		return true;
	}
	array_room(process->child_usages, process->child_usage_count);
	process->child_usages[process->child_usage_count++] = usage;
	return true;
}

bool usage_record(struct process_info *process, const struct trace_record *record, struct payload payload)
{
	struct trace_cpu_sampling sampling;

	if (record->type == TRACE_RECORD_USAGE)
		return read_usage(process, payload, record->tick);
	if (!payload_take(&payload, &sampling, sizeof sampling) || !sampling.period_ns)
		return false;
	cpu_of(process)->sampling = sampling;
	return true;
}
