/* limits.c: see limits.h. */
#include "heap/limits.h"

/* What it had last, as far as is known; of what is resident the heap alone is known of a process that was never sampled. */
static uint64_t resident(const struct process_info *process)
{
	return process->ledger_count ? process->ledgers[process->ledger_count - 1].rss_bytes : process->totals.live_bytes;
}

static double room(uint64_t limit, uint64_t used)
{
	return limit > used ? (double)(limit - used) : 0;
}

struct limit limits_nearest(const struct process_info *process, bool reserved)
{
	const struct limits *limits = &process->limits;
	uint64_t rss = resident(process), taken = limits->address_space_used > rss ? limits->address_space_used : rss;
	struct limit nearest = {.kind = limits->told && !limits->group ? LIMIT_UNKNOWN : LIMIT_NONE};

	if (!limits->told)
		return nearest;
	if (limits->group && limits->group != TRACE_LIMIT_NONE)
		nearest = (struct limit){LIMIT_GROUP, limits->group, room(limits->group, rss)};
	if (limits->address_space != TRACE_LIMIT_NONE && !reserved &&
	    (nearest.kind != LIMIT_GROUP || room(limits->address_space, taken) < nearest.room))
		nearest = (struct limit){LIMIT_ADDRESS_SPACE, limits->address_space, room(limits->address_space, taken)};
	return nearest;
}
