/*
 * cpu.h: where a process spent CPU time: its samples, added up by thread and stack. Always read, for they are few; each
 * sample with its time is kept only if it was asked for.
 */
#ifndef PROBE_HEAP_CPU_H
#define PROBE_HEAP_CPU_H

#include "heap/table.h"
#include "model.h"

struct cpu_row {                 /* a stack of one thread */
	uint32_t thread;         /* index in process_info.threads; UINT32_MAX unknown */
	struct node_id stack;    /* its innermost frame is where the thread was interrupted */
	uint64_t samples;
	uint64_t amounts[TRACE_CPU_KINDS]; /* sums, by enum trace_cpu */
};

struct cpu_sample {
	uint64_t tick;           /* when it was taken */
	uint64_t time_ns;        /* CPU time of its thread since the one before */
	uint32_t row;
};

struct cpu_stream {
	uint32_t thread;         /* as in a row: of a signal handler's stream, the thread that it ran on */
	bool     left_out;       /* it is none of those that were asked for */
};

struct cpu {
	struct trace_cpu_sampling sampling; /* period 0: no samples were to be taken */
	/* What is wanted: */
	uint64_t from, to;       /* ticks: a sample after the first, and not after the second, counts */
	const char *const *wanted; size_t wanted_count; /* threads, by id or name; none: all; not owned */
	bool     keep;           /* each sample */
	/* What there is: */
	struct cpu_stream *streams; size_t stream_count; /* by index; owned */
	struct cpu_row *rows;    size_t row_count; /* in the order in which they came; owned */
	struct table ids;        /* (thread, stack) → index in rows; no slots until the first */
	struct cpu_sample *samples; size_t sample_count; /* by time; owned */
	uint64_t taken;          /* samples */
	uint64_t amounts[TRACE_CPU_KINDS]; /* sums over the rows */
	uint64_t handlers_ns;    /* of the CPU time: what taking the samples took */
	uint64_t unknown_stacks; /* samples whose stack is not in the call tree */
};

/* The process's, which is made if there is none. */
struct cpu *cpu_of(struct process_info *process);
void cpu_free(struct cpu *cpu);
/* Before the first event: whose stream number `index` of `count` is, by its id. */
void cpu_stream(struct process_info *process, size_t index, size_t count, struct stream_id id);
/* False: it makes no sense. */
bool cpu_event(struct process_info *process, uint32_t stream, const struct trace_event *event);

/* Is one of these counted, sample by sample? Time always is. */
static inline bool cpu_counts(const struct cpu *cpu, enum trace_cpu kind)
{
	return kind == TRACE_CPU_TIME || cpu->sampling.counters >> kind & 1 || cpu->amounts[kind];
}

#endif
