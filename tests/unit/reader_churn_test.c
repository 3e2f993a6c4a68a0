/* What is counted block by block: within a stretch of time, by lifetime, by size, at the peak of a stretch; and over time. */
#include <string.h>

#include "heap/churn.h"
#include "reader_check.h"
#include "reader_maker.h"
#include "suite.h"
#include "trace/recording.h"

static struct recording *open_churn(const struct maker *maker, const char *from, const char *to)
{
	char *dir = maker_directory();
	struct recording *recording;

	maker_write(maker, dir);
	recording = recording_open_churn(dir, &(struct recording_churn){.domain = DOMAIN_HEAP, .from = from, .to = to});
	maker_remove(dir);
	ck_assert_ptr_nonnull(recording);
	return recording;
}

static const struct churn_site *of_stack(const struct recording *recording, uint32_t stack)
{
	const struct process_info *process = &recording->processes[0];

	for (size_t i = 0; i < process->site_count; i++)
		if (process->sites[i].stack.index == stack && process->sites[i].domain == DOMAIN_HEAP)
			return &process->churn->sites[process->sites[i].history];
	ck_abort_msg("no site of stack %u", stack);
}

/* Blocks at two sites: A at 100, 200, 300 of 100 bytes, B at 250 of 1000; marks at 150 and 260. */
static struct maker with_marks(uint32_t *a, uint32_t *b)
{
	struct maker maker;

	maker_init(&maker, 100, 0);
	maker_record(&maker, TRACE_RECORD_MARK, 150, NULL, 0, "early");
	maker_record(&maker, TRACE_RECORD_MARK, 260, NULL, 0, "late");
	*a = maker_node(&maker, TRACE_STACK_ROOT, 0x1000);
	*b = maker_node(&maker, TRACE_STACK_ROOT, 0x2000);
	struct trace_event events[] = {
		event_alloc(100, 0x10000, 100, *a),
		event_alloc(200, 0x20000, 100, *a), event_free(210, 0x20000),
		event_alloc(250, 0x30000, 1000, *b),
		event_free(280, 0x30000),
		event_alloc(300, 0x40000, 100, *a),
		event_alloc(310, 0x50000, 5000, *b),
		event_free(320, 0x10000),
	};
	maker_ring(&maker, 0, 0, events, LENGTH(events), 64);
	return maker;
}

static void expect(const char *from, const char *to, const uint64_t a_wanted[4], const uint64_t b_wanted[4], uint64_t peak)
{
	uint32_t a, b;
	struct maker maker = with_marks(&a, &b);
	struct recording *recording = open_churn(&maker, from, to);
	const struct churn_site *sites[] = {of_stack(recording, a), of_stack(recording, b)};
	const uint64_t *wanted[] = {a_wanted, b_wanted};

	for (int i = 0; i < 2; i++) {
		const uint64_t found[] = {sites[i]->allocs, sites[i]->bytes, sites[i]->temporary, sites[i]->peak_bytes};

		for (int n = 0; n < 4; n++)
			ck_assert_msg(found[n] == wanted[i][n], "%s to %s, site %c, number %d: %lu, not %lu", from ? from : "",
			              to ? to : "", 'A' + i, n, found[n], wanted[i][n]);
	}
	ck_assert_uint_eq(recording->processes[0].churn->peak_bytes, peak);
	recording_close(recording);
	maker_free(&maker);
}

START_TEST(within_a_stretch)
{
	/* Allocations, bytes, temporary ones, and what is alive at the peak. */
	expect(NULL, NULL, (uint64_t[]){3, 300, 1, 200}, (uint64_t[]){2, 6000, 1, 5000}, 5200);
	/* Half open: the mark's own instant is before. At the peak the block of before it is there, too. */
	expect("early", "late", (uint64_t[]){1, 100, 1, 100}, (uint64_t[]){1, 1000, 1, 1000}, 1100);
	expect("late", NULL, (uint64_t[]){1, 100, 0, 200}, (uint64_t[]){1, 5000, 0, 5000}, 5200);
	expect(NULL, "early", (uint64_t[]){1, 100, 0, 100}, (uint64_t[]){0, 0, 0, 0}, 100);
	/* So are times, which are ticks less the first one here: what is born just then is not within, nor is it lost. */
	expect("199ns", "249ns", (uint64_t[]){0, 0, 0, 100}, (uint64_t[]){1, 1000, 1, 1000}, 1100);
	expect("199ns", "200ns", (uint64_t[]){0, 0, 0, 200}, (uint64_t[]){0, 0, 0, 0}, 200);
	/* The largest is what was alive as it began. */
	expect("275ns", "290ns", (uint64_t[]){0, 0, 0, 100}, (uint64_t[]){0, 0, 0, 1000}, 1100);
	/* Nothing happens there. */
	expect("1h", NULL, (uint64_t[]){0, 0, 0, 100}, (uint64_t[]){0, 0, 0, 5000}, 5100);
}
END_TEST

START_TEST(without_a_stretch_it_is_as_ever)
{
	uint32_t a, b;
	struct maker maker = with_marks(&a, &b);
	struct recording *recording = open_churn(&maker, NULL, NULL);
	const struct process_info *process = &recording->processes[0];

	for (size_t i = 0; i < process->site_count; i++) {
		const struct churn_site *churn = &process->churn->sites[process->sites[i].history];

		ck_assert_uint_eq(churn->allocs, process->sites[i].allocs);
		ck_assert_uint_eq(churn->bytes, process->sites[i].bytes_allocated);
		ck_assert_uint_eq(churn->temporary, process->sites[i].temporary);
		ck_assert_uint_eq(churn->peak_bytes, process->sites[i].peak_bytes);
		ck_assert_uint_eq(churn->live_bytes, process->sites[i].live_bytes);
	}
	ck_assert_uint_eq(process->churn->peak_bytes, process->totals.peak_bytes);
	ck_assert_uint_eq(process->churn->peak_tick, 310);
	recording_close(recording);
	maker_free(&maker);
}
END_TEST

START_TEST(no_such_instant)
{
	uint32_t a, b;
	struct maker maker = with_marks(&a, &b);
	struct recording *recording = open_churn(&maker, "never", NULL);

	ck_assert_str_eq(recording->instant_unknown, "never");
	recording_close(recording);
	recording = open_churn(&maker, "early", "5 apples");
	ck_assert_str_eq(recording->instant_unknown, "5 apples");
	recording_close(recording);
	maker_free(&maker);
}
END_TEST

START_TEST(classes)
{
	ck_assert_uint_eq(churn_lifetime_class(0), 0);
	ck_assert_uint_eq(churn_lifetime_class(1023), 0);
	ck_assert_uint_eq(churn_lifetime_class(1024), 1);
	ck_assert_uint_eq(churn_lifetime_class(4095), 1);
	ck_assert_uint_eq(churn_lifetime_class(4096), 2);
	ck_assert_uint_eq(churn_lifetime_below(CHURN_SHORT - 1), 1048576);
	ck_assert_uint_eq(churn_lifetime_class(1e30), CHURN_LIFETIMES - 1);
	ck_assert_uint_eq(churn_size_class(0), 0);
	ck_assert_uint_eq(churn_size_class(16), 0);
	ck_assert_uint_eq(churn_size_class(17), 1);
	ck_assert_uint_eq(churn_size_class(64), 1);
	ck_assert_uint_eq(churn_size_class(65), 2);
	ck_assert_uint_eq(churn_size_class(UINT64_MAX), CHURN_SIZES - 1);
}
END_TEST

START_TEST(lifetimes_and_sizes)
{
	struct maker maker;
	struct recording *recording;
	const struct churn_site *site;
	uint32_t stack;

	maker_init(&maker, 100, 0);
	stack = maker_node(&maker, TRACE_STACK_ROOT, 0x1000);
	struct trace_event events[] = {
		event_alloc(1000, 0x10000, 16, stack), event_alloc(1001, 0x20000, 17, stack),
		event_free(1000 + 1023, 0x10000), event_free(1001 + 1024, 0x20000),
		event_alloc(3000, 0x30000, 64, stack), event_alloc(3001, 0x40000, 100, stack),
		event_out(2003001, 0x40000), event_in(2003002, 0x50000, 400, stack),
	};
	maker_ring(&maker, 0, 0, events, LENGTH(events), 64);
	recording = open_churn(&maker, NULL, NULL);
	site = of_stack(recording, stack);
	ck_assert_uint_eq(site->allocs, 5);
	ck_assert_uint_eq(site->sizes[0], 1);
	ck_assert_uint_eq(site->sizes[1], 2);
	ck_assert_uint_eq(site->sizes[2], 1);
	ck_assert_uint_eq(site->sizes[3], 1);
	ck_assert_uint_eq(site->lifetimes[0], 1);
	ck_assert_uint_eq(site->lifetimes[1], 1);
	ck_assert_uint_eq(site->lifetimes[6], 1);
	recording_close(recording);
	maker_free(&maker);
}
END_TEST

/* A long run, in which steps widen often: each step has the most that there was within it. */
START_TEST(over_time)
{
	struct process_info process = {.ns_per_tick = 1};
	uint64_t most = 0, state = 1, live = 0, first = 5, last = 5;
	enum { EVENTS = 20000 };
	static struct { uint64_t tick, live; } truth[EVENTS];
	struct churn *churn;

	churn_open(&process, DOMAIN_HEAP, 0, UINT64_MAX);
	churn = process.churn;
	for (size_t i = 0; i < EVENTS; i++) {
		struct block block = {.size = 1 + next_random(&state) % 1000, .tick = last};

		if (live > block.size && next_random(&state) % 2) {
			live -= block.size;
			churn_death(churn, DOMAIN_HEAP, &block, last, false);
		} else {
			live += block.size;
			churn_birth(churn, DOMAIN_HEAP, &block, last);
		}
		truth[i].tick = last;
		truth[i].live = live;
		most = live > most ? live : most;
		last += next_random(&state) % 500;
	}
	churn_finish(churn, 1);
	ck_assert_uint_eq(churn->peak_bytes, most);
	ck_assert_uint_eq(churn->first, first);
	ck_assert_uint_ge(churn->step_count, CHURN_STEPS / 2);
	ck_assert_uint_le(churn->step_count, CHURN_STEPS);
	for (size_t i = 0, step = 0; step < churn->step_count; step++) {
		uint64_t top = i ? truth[i - 1].live : 0, low = top;

		for (; i < EVENTS && truth[i].tick < first + (step + 1) * churn->width; i++) {
			top = truth[i].live > top ? truth[i].live : top;
			low = truth[i].live < low ? truth[i].live : low;
		}
		ck_assert_uint_eq(churn->lows[step], low);
		ck_assert_msg(churn->steps[step] == top, "step %zu has %lu, not %lu", step, churn->steps[step], top);
	}
	churn_free(churn);
}
END_TEST

/* A block whose type is told goes over to another site with all that it counts for, if it was born within. */
START_TEST(retyped)
{
	struct process_info process = {.ns_per_tick = 1};
	struct block old = {.size = 50, .tick = 5}, block = {.size = 100, .tick = 20};
	struct churn *churn;

	churn_open(&process, DOMAIN_HEAP, 10, UINT64_MAX);
	churn = process.churn;
	churn_birth(churn, DOMAIN_HEAP, &old, 5);
	churn_birth(churn, DOMAIN_HEAP, &block, 20);
	churn_retype(churn, DOMAIN_HEAP, &block, 70, 21);
	churn_retype(churn, DOMAIN_HEAP, &old, 71, 22);
	churn_retype(churn, DOMAIN_POOL, &old, 72, 23);
	block.site = 70;
	churn_death(churn, DOMAIN_HEAP, &block, 30, true);
	churn_finish(churn, 73);
	ck_assert_uint_eq(churn->sites[0].allocs + churn->sites[0].bytes + churn->sites[0].sizes[2], 0);
	ck_assert_uint_eq(churn->sites[70].allocs, 1);
	ck_assert_uint_eq(churn->sites[70].bytes, 100);
	ck_assert_uint_eq(churn->sites[70].sizes[2], 1);
	ck_assert_uint_eq(churn->sites[70].temporary, 1);
	ck_assert_uint_eq(churn->sites[71].allocs, 0);
	ck_assert_uint_eq(churn->sites[0].peak_bytes, 0);
	ck_assert_uint_eq(churn->sites[70].peak_bytes, 100);
	ck_assert_uint_eq(churn->sites[71].peak_bytes, 50);
	ck_assert_uint_eq(churn->peak_bytes, 150);
	churn_free(churn);
}
END_TEST

/* Two threads, of which one frees a block of the other's: it is its maker's. */
START_TEST(by_thread)
{
	static const char *const names[] = {"worker"}, *const ids[] = {"77"}, *const both[] = {"77", "worker"};
	const struct { const char *const *wanted; size_t count; uint64_t sums[2][3]; uint64_t peak; } cases[] = {
		{NULL, 0, {{2, 30, 0}, {1, 500, 1}}, 530}, {names, 1, {{0, 0, 0}, {1, 500, 1}}, 500},
		{ids, 1, {{2, 30, 0}, {0, 0, 0}}, 30}, {both, 2, {{2, 30, 0}, {1, 500, 1}}, 530},
	};
	struct trace_thread threads[] = {{.stream = 4, .tid = 77, .creator = TRACE_STACK_NONE},
	                                 {.stream = 9, .tid = 78, .creator = TRACE_STACK_NONE}};
	struct maker maker;
	uint32_t stack;

	maker_init(&maker, 100, 0);
	maker_record(&maker, TRACE_RECORD_THREAD, 2, &threads[0], sizeof threads[0], "main");
	maker_record(&maker, TRACE_RECORD_THREAD, 3, &threads[1], sizeof threads[1], "worker");
	stack = maker_node(&maker, TRACE_STACK_ROOT, 0x1000);
	struct trace_event of_main[] = {event_alloc(100, 0x10000, 10, stack), event_alloc(200, 0x20000, 20, stack)};
	struct trace_event of_worker[] = {event_alloc(300, 0x30000, 500, stack), event_free(310, 0x30000),
	                                  event_free(400, 0x10000)};
	maker_ring(&maker, 4, 0, of_main, LENGTH(of_main), 64);
	maker_ring(&maker, 9, 0, of_worker, LENGTH(of_worker), 64);
	for (size_t i = 0; i < LENGTH(cases); i++) {
		char *dir = maker_directory();
		struct recording *recording;
		const struct churn *churn;

		maker_write(&maker, dir);
		recording = recording_open_churn(dir, &(struct recording_churn){
			.domain = DOMAIN_HEAP, .threads = cases[i].wanted, .thread_count = cases[i].count});
		maker_remove(dir);
		churn = recording->processes[0].churn;
		ck_assert_uint_eq(churn->stream_count, 2);
		ck_assert_uint_eq(churn->peak_bytes, cases[i].peak);
		for (size_t stream = 0; stream < 2; stream++) {
			const struct churn_stream *is = &churn->streams[stream];
			const uint64_t *sums = cases[i].sums[recording->processes[0].threads[is->thread].tid - 77];

			ck_assert_uint_eq(is->allocs, sums[0]);
			ck_assert_uint_eq(is->bytes, sums[1]);
			ck_assert_uint_eq(is->temporary, sums[2]);
		}
		recording_close(recording);
	}
	maker_free(&maker);
}
END_TEST

/* What dies because its death is never told has no age. */
START_TEST(ageless)
{
	struct process_info process = {.ns_per_tick = 1};
	struct block block = {.size = 100, .tick = 20};

	churn_open(&process, DOMAIN_WASM_HEAP, 0, UINT64_MAX);
	churn_birth(process.churn, DOMAIN_WASM_HEAP, &block, 20);
	churn_death(process.churn, DOMAIN_WASM_HEAP, &block, 20, false);
	ck_assert_uint_eq(process.churn->sites[0].lifetimes[0], 1);
	churn_ageless(process.churn, DOMAIN_WASM_HEAP, &block);
	ck_assert_uint_eq(process.churn->sites[0].lifetimes[0], 0);
	churn_ageless(NULL, DOMAIN_WASM_HEAP, &block);
	churn_free(process.churn);
}
END_TEST

SUITE_MAIN("churn", by_thread, ageless, retyped, within_a_stretch, without_a_stretch_it_is_as_ever, no_such_instant,
           classes, lifetimes_and_sizes, over_time)
