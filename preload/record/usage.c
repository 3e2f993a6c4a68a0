/* usage.c: see usage.h. */
#include "record/usage.h"

#include "sys.h"

static uint64_t microseconds(struct timeval time)
{
	return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_usec;
}

static void tell(const struct rusage *usage, uint32_t flags, uint32_t pid)
{
	struct trace_usage record = {
		.user_us = microseconds(usage->ru_utime),
		.system_us = microseconds(usage->ru_stime),
		.peak_rss = (uint64_t)usage->ru_maxrss << 10, /* kilobytes on Linux */
		.minor_faults = (uint64_t)usage->ru_minflt,
		.major_faults = (uint64_t)usage->ru_majflt,
		.voluntary = (uint64_t)usage->ru_nvcsw,
		.involuntary = (uint64_t)usage->ru_nivcsw,
		.flags = flags,
		.pid = pid,
	};

	meta_write(TRACE_RECORD_USAGE, &record, sizeof(record), NULL, 0);
}

void usage_tell(void)
{
	struct rusage usage;

	if (!library.filtered && sys(SYS_getrusage, RUSAGE_SELF, &usage) == 0)
		tell(&usage, 0, 0);
}

void usage_tell_child(uint32_t pid, const struct rusage *usage)
{
	tell(usage, TRACE_USAGE_CHILD, pid);
}
