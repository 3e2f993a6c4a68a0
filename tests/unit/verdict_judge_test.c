/* The verdict on processes made by hand: each case is what is known of one, and which verdict is right. */
#include "heap/verdict.h"
#include "suite.h"

#define MARKS 30

static uint64_t ticks[MARKS];
static uint32_t numbers[MARKS];
static struct process_info process;

/* 30 marks, of which the last one is `last`; a live heap of 10 MiB. */
static struct verdict_facts facts_of(const struct verdict_site *sites, size_t count, bool runtime)
{
	for (uint32_t i = 0; i < MARKS; i++) {
		ticks[i] = 1000000000ull * i;
		numbers[i] = i;
	}
	process = (struct process_info){
		.ns_per_tick = 1, .instants = {.kind = INSTANTS_MARKS, .ticks = ticks, .numbers = numbers,
		                               .count = MARKS, .marks = MARKS},
		.totals = {.allocs = 1000, .live_blocks = 100, .live_bytes = 10 << 20},
	};
	return (struct verdict_facts){.process = &process, .has_runtime = runtime, .sites = sites,
	                              .site_count = count, .run_ns = 29e9};
}

static struct growth growing(double per_mark)
{
	return (struct growth){TREND_GROWING, per_mark, per_mark / 100, 1 - 1e-8, MARKS, 0};
}

static struct verdict_site site_of(enum whose whose, double per_mark)
{
	return (struct verdict_site){
		.domain = DOMAIN_HEAP, .whose = whose, .stack = {4}, .live_bytes = (uint64_t)(per_mark * MARKS),
		.live_blocks = MARKS, .allocs = MARKS, .growth = growing(per_mark), .filled_mark = UINT32_MAX,
	};
}

START_TEST(a_kilobyte_a_mark_of_the_programs_own_is_a_leak)
{
	struct verdict_site site = site_of(WHOSE_OWN, 1000);
	struct verdict_facts facts = facts_of(&site, 1, true);
	struct verdict_evidence evidence = verdict_judge(&facts);

	ck_assert_int_eq(evidence.kind, VERDICT_LEAK);
	ck_assert_ptr_eq(evidence.site, &site);
	ck_assert_double_eq(evidence.rise, 29000);
}
END_TEST

START_TEST(what_the_runtime_keeps_for_itself_is_none)
{
	struct verdict_site sites[] = {site_of(WHOSE_RUNTIME, 2048), site_of(WHOSE_OWN, 50), site_of(WHOSE_LIBRARY, 2000)};
	struct verdict_facts facts = facts_of(sites, 3, true);

	ck_assert_int_eq(verdict_judge(&facts).kind, VERDICT_NONE);
	/* Where no runtime is, there is no noise: fifty bytes are a leak. */
	facts.has_runtime = false;
	ck_assert_int_eq(verdict_judge(&facts).kind, VERDICT_LEAK);
	ck_assert_ptr_eq(verdict_judge(&facts).site, &sites[1]);
}
END_TEST

START_TEST(a_line_of_the_program_is_to_blame_for_what_threads_keep_for_it)
{
	struct verdict_site sites[] = {site_of(WHOSE_LIBRARY, 300000), site_of(WHOSE_OWN, 16000), site_of(WHOSE_OWN, 600)};
	struct verdict_facts facts = facts_of(sites, 3, true);
	struct verdict_evidence evidence = verdict_judge(&facts);

	ck_assert_ptr_eq(evidence.site, &sites[1]);
	ck_assert_double_eq(evidence.library_rise, 29 * 300000.0);
	ck_assert_uint_eq(evidence.others, 1);
	ck_assert_double_eq(evidence.others_per_mark, 600);
	facts.site_count = 1;
	evidence = verdict_judge(&facts);
	ck_assert_int_eq(evidence.kind, VERDICT_LEAK);
	ck_assert_ptr_eq(evidence.site, &sites[0]);
	ck_assert_double_eq(evidence.library_rise, 0);
}
END_TEST

START_TEST(three_marks_are_not_enough_to_be_sure)
{
	struct verdict_site site = site_of(WHOSE_OWN, 1000000);
	struct verdict_facts facts = facts_of(&site, 1, true);
	struct verdict_evidence evidence;

	site.growth.confidence = 0.75;
	evidence = verdict_judge(&facts);
	ck_assert_int_eq(evidence.kind, VERDICT_UNKNOWN);
	ck_assert_ptr_eq(evidence.seems, &site);
	ck_assert(!evidence.may_be_garbage);
}
END_TEST

START_TEST(garbage_may_look_like_a_leak)
{
	struct verdict_site sites[] = {site_of(WHOSE_OWN, 30000), site_of(WHOSE_OWN, 5000)};
	struct verdict_facts facts = facts_of(sites, 1, true);
	struct verdict_evidence evidence;

	sites[0].collectable = true;
	ck_assert_int_eq(verdict_judge(&facts).kind, VERDICT_LEAK);
	facts.garbage = true;
	evidence = verdict_judge(&facts);
	ck_assert_int_eq(evidence.kind, VERDICT_UNKNOWN);
	ck_assert(evidence.may_be_garbage);
	/* What a library of its own asked for is nobody's garbage, */
	facts.site_count = 2;
	ck_assert_ptr_eq(verdict_judge(&facts).site, &sites[1]);
	/* and so much of it cannot be. */
	sites[0].growth = growing(1e8);
	ck_assert_ptr_eq(verdict_judge(&facts).site, &sites[0]);
}
END_TEST

START_TEST(objects_that_grow_belong_to_a_heap_snapshot)
{
	struct verdict_site site = site_of(WHOSE_OWN, 5000);
	struct verdict_facts facts = facts_of(&site, 1, true);
	struct verdict_evidence evidence;

	facts.runtime = growing(400000);
	facts.collected = true;
	evidence = verdict_judge(&facts);
	ck_assert_int_eq(evidence.kind, VERDICT_RUNTIME_HEAP);
	ck_assert_double_eq(evidence.rise, 29 * 400000.0);
	/* Buffers that objects hold are most of it: a leak of those. */
	site.growth = growing(100000);
	ck_assert_int_eq(verdict_judge(&facts).kind, VERDICT_LEAK);
	/* Too little to speak of; and pages hold garbage, too. */
	facts.site_count = 0;
	facts.runtime = growing(30000);
	ck_assert_int_eq(verdict_judge(&facts).kind, VERDICT_NONE);
	facts.runtime = growing(200000);
	ck_assert_int_eq(verdict_judge(&facts).kind, VERDICT_RUNTIME_HEAP);
	facts.collected = false;
	ck_assert_int_eq(verdict_judge(&facts).kind, VERDICT_NONE);
}
END_TEST

START_TEST(workers_that_pile_up_are_a_leak)
{
	struct verdict_site site = site_of(WHOSE_OWN, 5000);
	struct verdict_facts facts = facts_of(&site, 1, true);

	facts.runtime = growing(4e6);
	facts.isolates = growing(1);
	ck_assert_int_eq(verdict_judge(&facts).kind, VERDICT_LEAK);
	ck_assert(verdict_judge(&facts).workers);
	ck_assert_ptr_eq(verdict_judge(&facts).site, &site);
	facts.site_count = 0;
	ck_assert_int_eq(verdict_judge(&facts).kind, VERDICT_LEAK);
}
END_TEST

START_TEST(the_larger_of_a_memory_and_a_site_leads)
{
	struct verdict_site site = site_of(WHOSE_OWN, 1000);
	struct verdict_facts facts = facts_of(&site, 1, true);
	struct wasm_memory memories[] = {{.id = 1, .bytes = 10 << 16, .maximum_bytes = 100 << 16},
	                                 {.id = 2, .bytes = 10 << 16, .trend = growing(65536)}};

	process.wasm_memories = memories;
	process.wasm_memory_count = 2;
	ck_assert_ptr_eq(verdict_judge(&facts).memory, &memories[1]);
	ck_assert_int_eq(verdict_judge(&facts).kind, VERDICT_LEAK);
	facts.hidden_memories = (bool[]){false, true};
	ck_assert_ptr_null(verdict_judge(&facts).memory);
	facts.hidden_memories = (bool[]){true, false};
	ck_assert_ptr_eq(verdict_judge(&facts).memory, &memories[1]);
	ck_assert_uint_eq(verdict_room(&memories[0]), 90 << 16);
	ck_assert_uint_eq(verdict_room(&memories[1]), (65536ull - 10) << 16);
	ck_assert_uint_eq(verdict_marks(4876, 10), 488);
	ck_assert_uint_eq(verdict_marks(4874, 10), 487);
	ck_assert_uint_eq(verdict_marks(4874, 0), 0);
	site.growth = growing(100000);
	ck_assert_ptr_null(verdict_judge(&facts).memory);
	ck_assert_ptr_eq(verdict_judge(&facts).site, &site);
}
END_TEST

/* Blocks inside a memory, the memory, and the stack that grows it are one leak: whoever allocates the blocks is to blame. */
START_TEST(a_line_inside_a_memory_is_to_blame_for_its_growth)
{
	struct verdict_site sites[] = {site_of(WHOSE_OWN, 40000), site_of(WHOSE_OWN, 20000), site_of(WHOSE_OWN, 65536)};
	struct verdict_facts facts = facts_of(sites, 3, true);
	struct wasm_memory memories[] = {{.id = 1, .bytes = 1 << 16}, {.id = 2, .bytes = 10 << 16, .trend = growing(65536)}};
	struct verdict_evidence evidence;

	sites[0].domain = sites[1].domain = DOMAIN_WASM_HEAP;
	sites[2].domain = DOMAIN_WASM_MEMORY;
	process.wasm_memories = memories;
	process.wasm_memory_count = 2;
	evidence = verdict_judge(&facts);
	ck_assert_int_eq(evidence.kind, VERDICT_LEAK);
	ck_assert_ptr_eq(evidence.site, &sites[0]);
	ck_assert_ptr_null(evidence.memory);
	ck_assert_ptr_eq(evidence.around, &memories[1]);
	ck_assert_uint_eq(evidence.others, 1);
	ck_assert_double_eq(evidence.others_per_mark, 20000);
	/* What they keep explains less than half of it. */
	sites[0].growth = growing(5000);
	evidence = verdict_judge(&facts);
	ck_assert_ptr_eq(evidence.memory, &memories[1]);
	ck_assert_ptr_null(evidence.around);
	/* Small blocks take more than their bytes. */
	sites[0].growth.blocks_per_mark = 2000;
	evidence = verdict_judge(&facts);
	ck_assert_ptr_null(evidence.memory);
	ck_assert_ptr_eq(evidence.around, &memories[1]);
	/* Holes have room for what leaks: the memory need not grow. */
	memories[1].trend = (struct growth){0};
	facts.site_count = 2;
	sites[0].growth = growing(30000);
	evidence = verdict_judge(&facts);
	ck_assert_ptr_eq(evidence.site, &sites[0]);
	ck_assert_ptr_null(evidence.around);
}
END_TEST

/* Which stack lets a memory grow is chance, where it is known what is inside. */
START_TEST(a_stack_that_lets_a_memory_grow_is_no_leak_by_itself)
{
	struct verdict_site site = site_of(WHOSE_OWN, 100000);
	struct verdict_facts facts = facts_of(&site, 1, true);
	struct wasm_heap heap = {0};
	struct wasm_growth growth[] = {{{5}, 1, 1}, {{4}, 10, 1 << 20}};
	struct wasm_memory memory = {.id = 1, .bytes = 1 << 20, .stack = {6}, .growth = growth, .growth_count = 2};

	site.domain = DOMAIN_WASM_MEMORY;
	process.wasm_memories = &memory;
	process.wasm_memory_count = 1;
	ck_assert_int_eq(verdict_judge(&facts).kind, VERDICT_LEAK);
	memory.heap = &heap;
	ck_assert_int_eq(verdict_judge(&facts).kind, VERDICT_NONE);
	/* Memories that are made and kept are another matter. */
	site.stack.index = 6;
	ck_assert_int_eq(verdict_judge(&facts).kind, VERDICT_LEAK);
	site.stack.index = 4;
	heap.no_deaths = true;
	ck_assert_int_eq(verdict_judge(&facts).kind, VERDICT_LEAK);
}
END_TEST

START_TEST(free_memory_is_retained_where_it_is_a_good_part)
{
	struct verdict_facts facts = facts_of(NULL, 0, true);
	struct ledger_part parts[] = {{.kind = LEDGER_RETAINED, .bytes = 6 << 20, .trimmable = 5 << 20},
	                              {.kind = LEDGER_RETAINED, .bytes = 6 << 20, .trimmable = 5 << 20},
	                              {.kind = LEDGER_FILE, .bytes = 20 << 20}};
	struct ledger ledgers[] = {{.rss_bytes = 200 << 20}, {.rss_bytes = 40 << 20, .parts = parts, .part_count = 3}};
	struct verdict_evidence evidence;

	process.ledgers = ledgers;
	process.ledger_count = 2;
	evidence = verdict_judge(&facts);
	ck_assert_int_eq(evidence.kind, VERDICT_RETAINED);
	ck_assert_uint_eq(evidence.trimmable, 10 << 20);
	ck_assert_uint_eq(evidence.retained, 12 << 20);
	/* All but 2 MiB of it was garbage until the end. */
	process.sites = &(struct site){.domain = DOMAIN_HEAP, .garbage = {.bytes = 8 << 20}};
	process.site_count = 1;
	ck_assert_int_eq(verdict_judge(&facts).kind, VERDICT_NONE);
	process.site_count = 0;
	ledgers[1].rss_bytes = 51 << 20;
	ck_assert_int_eq(verdict_judge(&facts).kind, VERDICT_NONE);
	ck_assert_ptr_null(verdict_judge(&facts).ledger);
	/* Of little, half is still little. */
	parts[0].trimmable = parts[1].trimmable = 2000000;
	ledgers[1].rss_bytes = 8 << 20;
	ck_assert_int_eq(verdict_judge(&facts).kind, VERDICT_NONE);
}
END_TEST

START_TEST(a_cache_has_levelled_off)
{
	struct verdict_site site = site_of(WHOSE_OWN, 0);
	struct verdict_facts facts = facts_of(&site, 1, true);

	site.growth = (struct growth){.trend = TREND_STEADY, .marks = MARKS, .confidence = 0.9};
	site.live_bytes = 1 << 20;
	site.steps = 10;
	site.filled_mark = 9;
	ck_assert_int_eq(verdict_judge(&facts).kind, VERDICT_CACHE);
	ck_assert_ptr_eq(verdict_judge(&facts).site, &site);
	site.filled_mark = 25; /* it may well go on */
	ck_assert_int_eq(verdict_judge(&facts).kind, VERDICT_NONE);
	site.filled_mark = 9;
	site.steps = 1; /* a table */
	ck_assert_int_eq(verdict_judge(&facts).kind, VERDICT_NONE);
	site.steps = 10;
	site.live_bytes = 60000;
	ck_assert_int_eq(verdict_judge(&facts).kind, VERDICT_NONE);
}
END_TEST

START_TEST(too_little_to_see_growth_by_is_unknown)
{
	struct verdict_facts facts = facts_of(NULL, 0, false);

	process.instants.count = 5;
	ck_assert_int_eq(verdict_judge(&facts).kind, VERDICT_UNKNOWN);
	process.instants.count = 6;
	ck_assert_int_eq(verdict_judge(&facts).kind, VERDICT_NONE);
	process.instants.kind = INSTANTS_SLICES;
	ck_assert_int_eq(verdict_judge(&facts).kind, VERDICT_NONE);
	facts.run_ns = 4e8;
	ck_assert_int_eq(verdict_judge(&facts).kind, VERDICT_UNKNOWN);
	ck_assert(verdict_judge(&facts).is_short);
	/* Where nothing is left, nothing leaked. */
	process.totals.live_blocks = 0;
	ck_assert_int_eq(verdict_judge(&facts).kind, VERDICT_NONE);
	facts.incomplete = true;
	ck_assert_int_eq(verdict_judge(&facts).kind, VERDICT_UNKNOWN);
	facts.incomplete = false;
	process.header.flags = TRACE_PROCESS_OWN_HEAP;
	ck_assert_int_eq(verdict_judge(&facts).kind, VERDICT_UNKNOWN);
	process.instants.count = 0;
	ck_assert_int_eq(verdict_judge(&facts).kind, VERDICT_UNKNOWN);
}
END_TEST

START_TEST(a_short_run_without_marks_has_no_leak)
{
	struct verdict_site site = site_of(WHOSE_OWN, 1000000);
	struct verdict_facts facts = facts_of(&site, 1, true);

	facts.isolates = growing(1);
	facts.runtime = growing(1e8);
	process.instants.kind = INSTANTS_SLICES;
	facts.run_ns = 4e8;
	ck_assert_int_eq(verdict_judge(&facts).kind, VERDICT_UNKNOWN);
	ck_assert_ptr_null(verdict_judge(&facts).seems);
	ck_assert(!verdict_judge(&facts).may_be_garbage);
	facts.run_ns = 6e8;
	ck_assert_int_eq(verdict_judge(&facts).kind, VERDICT_LEAK);
}
END_TEST

START_TEST(of_many_processes_the_worst_leads)
{
	struct verdict leak = {.kind = VERDICT_LEAK, .weight = 1}, larger = {.kind = VERDICT_LEAK, .weight = 2},
	               retained = {.kind = VERDICT_RETAINED, .weight = 1e9}, none = {.kind = VERDICT_NONE, .weight = 7},
	               unknown = {.kind = VERDICT_UNKNOWN, .weight = 8};

	ck_assert(verdict_worse(&larger, &leak));
	ck_assert(!verdict_worse(&leak, &leak));
	ck_assert(verdict_worse(&leak, &retained));
	ck_assert(verdict_worse(&retained, &none));
	ck_assert(verdict_worse(&unknown, &none));
}
END_TEST

SUITE_MAIN("verdict", a_kilobyte_a_mark_of_the_programs_own_is_a_leak, what_the_runtime_keeps_for_itself_is_none,
	a_line_of_the_program_is_to_blame_for_what_threads_keep_for_it, three_marks_are_not_enough_to_be_sure,
	garbage_may_look_like_a_leak, objects_that_grow_belong_to_a_heap_snapshot, workers_that_pile_up_are_a_leak,
	the_larger_of_a_memory_and_a_site_leads, a_line_inside_a_memory_is_to_blame_for_its_growth,
	a_stack_that_lets_a_memory_grow_is_no_leak_by_itself, free_memory_is_retained_where_it_is_a_good_part,
	a_cache_has_levelled_off, too_little_to_see_growth_by_is_unknown, a_short_run_without_marks_has_no_leak,
	of_many_processes_the_worst_leads)
