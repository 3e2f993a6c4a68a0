/* counters.c: see counters.h. Groups lie in ordinary memory, so that a forked child knows what it inherited. */
#include "cpu/counters.h"

#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>

#include "sys.h"

#define HIGH_FD 56                   /* not among those whose numbers a program counts on */

const struct counter counters_asked[] = {
	{PERF_TYPE_HARDWARE, TRACE_CPU_INSTRUCTIONS, PERF_COUNT_HW_INSTRUCTIONS},
	{PERF_TYPE_HARDWARE, TRACE_CPU_CYCLES, PERF_COUNT_HW_CPU_CYCLES},
	{PERF_TYPE_HARDWARE, TRACE_CPU_CACHE_MISSES, PERF_COUNT_HW_CACHE_MISSES},
};
const uint32_t counters_asked_count = sizeof(counters_asked) / sizeof(counters_asked[0]);

static struct counter_group groups[COUNTED_THREADS];

static bool is_there(const struct counter_group *group, uint32_t i)
{
	uint64_t id = 0;

	return sys(SYS_ioctl, group->fd[i], PERF_EVENT_IOC_ID, &id) == 0 && id == group->id[i];
}

/* Adds one counter to the group; false: there is none of that kind, or no descriptor. */
static bool add(struct counter_group *group, const struct counter *counter)
{
	struct perf_event_attr attributes = {
		.type = counter->type,
		.size = sizeof(attributes),
		.config = counter->config,
		.read_format = PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
		.exclude_kernel = 1, /* else it takes a privilege nearly everywhere */
		.exclude_hv = 1,
	};
	long fd = sys(SYS_perf_event_open, &attributes, 0, -1, group->count ? group->fd[0] : -1, PERF_FLAG_FD_CLOEXEC);
	long high;

	if (fd < 0)
		return false;
	high = sys(SYS_fcntl, fd, F_DUPFD_CLOEXEC, HIGH_FD);
	sys(SYS_close, fd);
	group->fd[group->count] = (int32_t)high;
	if (high < 0 || sys(SYS_ioctl, high, PERF_EVENT_IOC_ID, &group->id[group->count]) != 0)
		return false;
	group->told[group->count] = counter->told;
	group->last[group->count++] = 0;
	return true;
}

struct counter_group *counters_open(const struct counter *table, uint32_t count)
{
	struct counter_group *group = groups;

	while (group < groups + COUNTED_THREADS && group->count)
		group++;
	if (group == groups + COUNTED_THREADS)
		return NULL;
	for (uint32_t i = 0; i < count && i < COUNTERS_MOST; i++)
		add(group, &table[i]);
	return group->count ? group : NULL;
}

void counters_close(struct counter_group *group)
{
	for (uint32_t i = 0; i < group->count; i++)
		if (is_there(group, i))
			sys(SYS_close, group->fd[i]);
	group->count = 0;
}

void counters_forked(void)
{
	for (struct counter_group *group = groups; group < groups + COUNTED_THREADS; group++)
		counters_close(group);
}

bool counters_read(struct counter_group *group, uint64_t *amounts)
{
	struct { uint64_t count, enabled, running, value[COUNTERS_MOST]; } told;
	long bytes = (long)(3 + group->count) * 8;

	if (!group->count || !is_there(group, 0) || sys(SYS_read, group->fd[0], &told, bytes) != bytes ||
	    told.count != group->count)
		return false;
	for (uint32_t i = 0; i < group->count; i++) {
		uint64_t value = told.value[i];

		/* The processor has fewer counters than are asked for: they took turns. */
		if (told.running && told.running < told.enabled)
			value = (uint64_t)((double)value * ((double)told.enabled / (double)told.running));
		amounts[i] = value > group->last[i] ? value - group->last[i] : 0;
		group->last[i] = value;
	}
	return true;
}
