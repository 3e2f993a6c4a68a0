/*
 * counters.h: what the processor's counters say of a thread, where the kernel lets an unprivileged process ask
 * (perf_event_open(2), /proc/sys/kernel/perf_event_paranoid) and the machine has them; else nothing is counted, and nothing
 * said.
 *
 * Each counter is a descriptor of the process, high and closed by exec. They are few: the first threads have them. A program
 * that closes all descriptors closes them, too, and may have a file of its own at the number by then: before a
 * descriptor is used it is asked whether it is that counter.
 */
#ifndef PROBE_CPU_COUNTERS_H
#define PROBE_CPU_COUNTERS_H

#include "library.h"

#define COUNTERS_MOST   4            /* in a group */
#define COUNTED_THREADS 16

struct counter {
	uint32_t type;           /* PERF_TYPE_*; */
	uint32_t told;           /* enum trace_cpu */
	uint64_t config;         /* PERF_COUNT_* */
};

struct counter_group {
	uint32_t count;          /* of its counters; 0: none, or they are gone */
	uint32_t told[COUNTERS_MOST];    /* enum trace_cpu; */
	int32_t  fd[COUNTERS_MOST];      /* descriptor; the first leads the group; */
	uint64_t id[COUNTERS_MOST];      /* the kernel's, of the counter behind it; */
	uint64_t last[COUNTERS_MOST];    /* when it was read last */
};

/* Those that probe asks for. */
extern const struct counter counters_asked[] HIDDEN;
extern const uint32_t counters_asked_count HIDDEN;

/* Opens those of `table` that there are for the calling thread. NULL: none, or too many threads have some. One call at a
 * time; counters_forked comes first in a forked child, which inherits its parent's descriptors, and closes them. */
struct counter_group *counters_open(const struct counter *table, uint32_t count) HIDDEN;
void counters_close(struct counter_group *group) HIDDEN;
void counters_forked(void) HIDDEN;

/* The amounts since the last time, in the order of group->told. False: the counters are gone. Signal-safe. */
bool counters_read(struct counter_group *group, uint64_t *amounts) HIDDEN;

#endif
