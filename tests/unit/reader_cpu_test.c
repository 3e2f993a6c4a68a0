/* CPU samples by thread and stack: of a stretch of time, of one thread, each kept; and what processes took. */
#include "heap/cpu.h"
#include "reader_check.h"
#include "reader_maker.h"
#include "suite.h"
#include "trace/recording.h"

enum { MAIN = 4, WORKER = 9, HANDLER = 11 }; /* streams */

static struct trace_event sample(uint64_t tick, enum trace_cpu kind, uint64_t amount, uint64_t cost, uint32_t stack)
{
	return event_make(TRACE_EVENT_CPU, tick, cost, amount, stack, kind, 0);
}

/* Two threads; the second has a signal handler's stream. Stacks A and B; a mark at 250. */
static struct maker sampled(uint32_t *a, uint32_t *b)
{
	struct trace_thread threads[] = {{.stream = MAIN, .tid = 100}, {.stream = WORKER, .tid = 101},
	                                 {.stream = HANDLER, .tid = 101, .lane = 1}};
	struct trace_cpu_sampling sampling = {.period_ns = 5000000, .counters = 1 << TRACE_CPU_CYCLES};
	struct maker maker;

	maker_init(&maker, 100, 0);
	maker_record(&maker, TRACE_RECORD_THREAD, 2, &threads[0], sizeof threads[0], "main");
	maker_record(&maker, TRACE_RECORD_THREAD, 3, &threads[1], sizeof threads[1], "worker");
	maker_record(&maker, TRACE_RECORD_THREAD, 3, &threads[2], sizeof threads[2], "worker");
	maker_record(&maker, TRACE_RECORD_CPU, 4, &sampling, sizeof sampling, NULL);
	maker_record(&maker, TRACE_RECORD_MARK, 250, NULL, 0, "half");
	*a = maker_node(&maker, TRACE_STACK_ROOT, 0x1000);
	*b = maker_node(&maker, TRACE_STACK_ROOT, 0x2000);
	struct trace_event of_main[] = {
		sample(100, TRACE_CPU_TIME, 5000, 0, *a), sample(100, TRACE_CPU_CYCLES, 900, 0, *a),
		sample(200, TRACE_CPU_TIME, 6000, 10, *b),
		event_alloc(210, 0x10000, 8, *a),
		sample(300, TRACE_CPU_TIME, 7000, 20, *a),
	};
	struct trace_event of_worker[] = {sample(150, TRACE_CPU_TIME, 100, 0, *a), sample(350, TRACE_CPU_TIME, 50, 70, *a)};
	struct trace_event of_handler[] = {sample(260, TRACE_CPU_TIME, 30, 0, *b)};
	maker_ring(&maker, MAIN, 0, of_main, LENGTH(of_main), 64);
	maker_ring(&maker, WORKER, 0, of_worker, LENGTH(of_worker), 64);
	maker_ring(&maker, HANDLER, 0, of_handler, LENGTH(of_handler), 64);
	return maker;
}

static struct recording *open_cpu(const struct maker *maker, struct recording_cpu wants)
{
	char *dir = maker_directory();
	struct recording *recording;

	maker_write(maker, dir);
	recording = recording_open_cpu(dir, &wants);
	maker_remove(dir);
	ck_assert_ptr_nonnull(recording);
	return recording;
}

/* Its row of the thread with this tid and of this stack; all zero: there is none. */
static struct cpu_row row_of(const struct recording *recording, uint32_t tid, uint32_t stack)
{
	const struct process_info *process = &recording->processes[0];

	for (size_t i = 0; i < process->cpu->row_count; i++) {
		const struct cpu_row *row = &process->cpu->rows[i];

		if (row->stack.index == stack && process->threads[row->thread].tid == tid) {
			ck_assert_uint_eq(process->threads[row->thread].lane, 0);
			return *row;
		}
	}
	return (struct cpu_row){0};
}

START_TEST(by_thread_and_stack)
{
	uint32_t a, b;
	struct maker maker = sampled(&a, &b);
	struct recording *recording = maker_open(&maker, 1);
	const struct cpu *cpu = recording->processes[0].cpu;

	ck_assert_uint_eq(cpu->taken, 6);
	ck_assert_uint_eq(cpu->row_count, 4);
	ck_assert_uint_eq(cpu->amounts[TRACE_CPU_TIME], 5000 + 6000 + 7000 + 100 + 50 + 30);
	/* A sample cannot have taken more than the time that it stands for. */
	ck_assert_uint_eq(cpu->handlers_ns, 10 + 20 + 50);
	ck_assert_uint_eq(cpu->sampling.period_ns, 5000000);
	ck_assert_uint_eq(row_of(recording, 100, a).samples, 2);
	ck_assert_uint_eq(row_of(recording, 100, a).amounts[TRACE_CPU_TIME], 12000);
	ck_assert_uint_eq(row_of(recording, 100, a).amounts[TRACE_CPU_CYCLES], 900);
	ck_assert_uint_eq(row_of(recording, 100, b).amounts[TRACE_CPU_TIME], 6000);
	ck_assert_uint_eq(row_of(recording, 101, a).amounts[TRACE_CPU_TIME], 150);
	/* The handler's are its thread's. */
	ck_assert_uint_eq(row_of(recording, 101, b).amounts[TRACE_CPU_TIME], 30);
	ck_assert(cpu_counts(cpu, TRACE_CPU_TIME) && cpu_counts(cpu, TRACE_CPU_CYCLES));
	ck_assert(!cpu_counts(cpu, TRACE_CPU_INSTRUCTIONS));
	ck_assert_uint_eq(cpu->sample_count, 0);
	/* They are no blocks. */
	ck_assert_uint_eq(recording->processes[0].totals.allocs, 1);
	ck_assert_uint_eq(recording->finding_count, 0);
	recording_close(recording);
	maker_free(&maker);
}
END_TEST

START_TEST(of_a_stretch)
{
	uint32_t a, b;
	struct maker maker = sampled(&a, &b);
	struct recording *recording = open_cpu(&maker, (struct recording_cpu){.from = "half"});

	ck_assert_uint_eq(recording->processes[0].cpu->amounts[TRACE_CPU_TIME], 7000 + 50 + 30);
	recording_close(recording);
	recording = open_cpu(&maker, (struct recording_cpu){.to = "half"});
	ck_assert_uint_eq(recording->processes[0].cpu->amounts[TRACE_CPU_TIME], 5000 + 6000 + 100);
	recording_close(recording);
	/* A time is a tick less the first one here: the sample at the begin is not in it, that at the end is. */
	recording = open_cpu(&maker, (struct recording_cpu){.from = "99ns", .to = "199ns"});
	ck_assert_uint_eq(recording->processes[0].cpu->amounts[TRACE_CPU_TIME], 6000 + 100);
	recording_close(recording);
	recording = open_cpu(&maker, (struct recording_cpu){.from = "never"});
	ck_assert_str_eq(recording->instant_unknown, "never");
	recording_close(recording);
	maker_free(&maker);
}
END_TEST

START_TEST(of_one_thread)
{
	static const char *const worker[] = {"worker"}, *const tid[] = {"100"};
	uint32_t a, b;
	struct maker maker = sampled(&a, &b);
	struct recording *recording = open_cpu(&maker, (struct recording_cpu){.threads = worker, .thread_count = 1});

	ck_assert_uint_eq(recording->processes[0].cpu->amounts[TRACE_CPU_TIME], 100 + 50 + 30);
	recording_close(recording);
	recording = open_cpu(&maker, (struct recording_cpu){.threads = tid, .thread_count = 1});
	ck_assert_uint_eq(recording->processes[0].cpu->amounts[TRACE_CPU_TIME], 18000);
	recording_close(recording);
	maker_free(&maker);
}
END_TEST

START_TEST(each)
{
	static const uint64_t ticks[] = {100, 150, 200, 260, 300, 350}, times[] = {5000, 100, 6000, 30, 7000, 50};
	uint32_t a, b;
	struct maker maker = sampled(&a, &b);
	struct recording *recording = open_cpu(&maker, (struct recording_cpu){.keep = true});
	const struct cpu *cpu = recording->processes[0].cpu;

	ck_assert_uint_eq(cpu->sample_count, LENGTH(ticks));
	for (size_t i = 0; i < LENGTH(ticks); i++) {
		ck_assert_uint_eq(cpu->samples[i].tick, ticks[i]);
		ck_assert_uint_eq(cpu->samples[i].time_ns, times[i]);
		ck_assert_uint_lt(cpu->samples[i].row, cpu->row_count);
	}
	recording_close(recording);
	maker_free(&maker);
}
END_TEST

/* Any bytes at all may be in a file. */
START_TEST(what_makes_no_sense)
{
	struct maker maker;
	struct recording *recording;
	const struct cpu *cpu;

	maker_init(&maker, 100, 0);
	struct trace_event events[] = {
		sample(100, TRACE_CPU_TIME, 1000, 0, 77), sample(110, TRACE_CPU_KINDS, 1, 0, TRACE_STACK_ROOT),
		sample(120, TRACE_CPU_TIME, UINT64_MAX, 0, TRACE_STACK_ROOT), sample(130, TRACE_CPU_TIME, 5, 0, TRACE_STACK_NONE),
	};
	maker_ring(&maker, 3, 0, events, LENGTH(events), 64);
	recording = maker_open(&maker, 1);
	cpu = recording->processes[0].cpu;
	ck_assert_uint_eq(cpu->taken, 2);
	ck_assert_uint_eq(cpu->amounts[TRACE_CPU_TIME], 1005);
	ck_assert_uint_eq(cpu->rows[0].stack.index, TRACE_STACK_LOST);
	ck_assert_uint_eq(cpu->rows[0].thread, UINT32_MAX);
	/* An unknown stack, and two events. */
	ck_assert_uint_eq(recording->finding_count, 1);
	ck_assert_uint_eq(recording->findings[0].count, 3);
	recording_close(recording);
	maker_free(&maker);
}
END_TEST

START_TEST(what_processes_took)
{
	struct trace_usage early = {.user_us = 10, .system_us = 1, .peak_rss = 4096}, late = {.user_us = 30, .peak_rss = 8192};
	struct trace_usage child = {.user_us = 7, .flags = TRACE_USAGE_CHILD, .pid = 200}, wild = {.user_us = UINT64_MAX};
	struct maker maker;
	struct recording *recording;
	const struct process_info *process;

	maker_init(&maker, 100, 0);
	maker_record(&maker, TRACE_RECORD_USAGE, 50, &early, sizeof early, NULL);
	maker_record(&maker, TRACE_RECORD_USAGE, 90, &late, sizeof late, NULL);
	maker_record(&maker, TRACE_RECORD_USAGE, 70, &child, sizeof child, NULL);
	maker_record(&maker, TRACE_RECORD_USAGE, 95, &wild, sizeof wild, NULL);
	maker_record(&maker, TRACE_RECORD_USAGE, 96, &late, sizeof late / 2, NULL);
	recording = maker_open(&maker, 1);
	process = &recording->processes[0];
	ck_assert(process->usage.told);
	ck_assert_uint_eq(process->usage.record.user_us, 30);
	ck_assert_uint_eq(process->usage.record.peak_rss, 8192);
	ck_assert_uint_eq(process->child_usage_count, 1);
	ck_assert_uint_eq(process->child_usages[0].record.pid, 200);
	/* More than a clock can tell, and one that is cut. */
	ck_assert_uint_eq(recording->findings[0].count, 2);
	recording_close(recording);
	maker_free(&maker);
}
END_TEST

SUITE_MAIN("cpu", by_thread_and_stack, of_a_stretch, of_one_thread, each, what_makes_no_sense, what_processes_took)
