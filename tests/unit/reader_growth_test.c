/*
 * reader_growth_test.c: the judgement of series whose truth is known: thousands of each kind, made by a generator with a
 * fixed seed. How often the judgement errs is printed, and may not get worse.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "heap/growth.h"
#include "suite.h"

#define MOST   400

static uint64_t state;

static uint64_t next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static double uniform(void)
{
	return (double)(next() >> 11) / 9007199254740992.0;
}

static double normal(void)
{
	return sqrt(-2 * log(1 - uniform())) * cos(2 * M_PI * uniform());
}

/* ---- kinds of series ------------------------------------------------------------------------------------------ */

struct made {
	uint64_t values[MOST];
	uint32_t marks[MOST];    /* their numbers, if they have gaps */
	bool     has_marks;
	size_t   count;
	uint64_t end;
};

static void put(struct made *made, double value)
{
	made->values[made->count++] = value > 0 ? (uint64_t)(value + 0.5) : 0;
}

static void even_noise(struct made *made, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(made, 10000 + 1000 * uniform());
	made->end = (uint64_t)(10000 + 1000 * uniform());
}

static void normal_noise(struct made *made, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(made, 100 + 50 * normal());
	made->end = (uint64_t)fmax(0, 100 + 50 * normal());
}

/* Each value is near the one before: queues, pools. */
static void slow_noise(struct made *made, size_t n)
{
	double value = normal();

	for (size_t i = 0; i <= n; i++) {
		value = 0.8 * value + 0.6 * normal();
		if (i < n)
			put(made, 10000 + 1000 * value);
		else
			made->end = (uint64_t)(10000 + 1000 * value);
	}
}

/* Mostly nothing, now and then some. */
static void rare_noise(struct made *made, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(made, uniform() < 0.1 ? 1 + 3 * uniform() : 0);
	made->end = uniform() < 0.1;
}

/* Garbage, collected each `period` marks; at the end too. */
static double saw(size_t i, double period, double phase)
{
	return fmod((double)i / period + phase, 1) * 1e6;
}

static void saw_tooth(struct made *made, size_t n)
{
	double period = 2 + uniform() * (double)n / 2.5, phase = uniform();

	for (size_t i = 0; i < n; i++)
		put(made, 5000 + saw(i, period, phase) + 10000 * uniform());
	made->end = 5000;
}

/* … but not at the end. */
static void saw_uncollected(struct made *made, size_t n)
{
	double period = 2 + uniform() * (double)n / 4, phase = uniform();

	for (size_t i = 0; i < n; i++)
		put(made, 5000 + saw(i, period, phase));
	made->end = made->values[n - 1];
}

static void table(struct made *made, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(made, 4e6);
	made->end = 4000000;
}

static void one_step(struct made *made, size_t n)
{
	size_t at = (size_t)(uniform() * (double)n);

	for (size_t i = 0; i < n; i++)
		put(made, i < at ? 1000 : 90000);
	made->end = 90000;
}

static void two_steps(struct made *made, size_t n)
{
	size_t at = (size_t)(uniform() * (double)n), second = (size_t)(uniform() * (double)n);

	for (size_t i = 0; i < n; i++)
		put(made, 1000 + (i < at ? 0 : 50000) + (i < second ? 0 : 20000));
	made->end = 71000;
}

/* One large, two small. */
static void three_steps(struct made *made, size_t n)
{
	static const double sizes[] = {90000, 3000, 7000};
	size_t at[3];

	for (int step = 0; step < 3; step++)
		at[step] = (size_t)(uniform() * (double)n);
	for (size_t i = 0; i < n; i++) {
		double sum = 1000;

		for (int step = 0; step < 3; step++)
			sum += i < at[step] ? 0 : sizes[step];
		put(made, sum);
	}
	made->end = 101000;
}

static void large_between(struct made *made, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(made, (i < n / 6 ? 0 : 20000) + (i < n / 2 - 1 ? 0 : 90000) + (i < n * 5 / 6 ? 0 : 20000));
	made->end = made->values[n - 1];
}

/* All of it in the last tenth. */
static void last_phase(struct made *made, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(made, 1000 + (i < n * 9 / 10 ? 0 : 5000.0 * (double)(i - n * 9 / 10)));
	made->end = made->values[n - 1];
}

/* A cache that fills within a tenth to a quarter of the marks, with noise when full. */
static void cache(struct made *made, size_t n)
{
	double fills = (double)n * (0.1 + 0.15 * uniform());

	for (size_t i = 0; i < n; i++)
		put(made, 1e6 * (1 - exp(-(double)i / fills)) - (uniform() < 0.3 ? 300 * uniform() : 0));
	made->end = made->values[n - 1];
}

static void one_block(struct made *made, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(made, (double)(i + 1));
	made->end = made->values[n - 1] + (next() & 1);
}

static void one_block_on_table(struct made *made, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(made, 4e6 + 24.0 * (double)i);
	made->end = made->values[n - 1];
}

static void after_warm_up(struct made *made, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(made, (i == 0 ? 0 : 500000) + 64.0 * (double)i);
	made->end = made->values[n - 1];
}

static void bursts(struct made *made, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(made, (double)(i / 10) * 4096);
	made->end = made->values[n - 1];
}

static void leak_in_noise(struct made *made, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(made, 500 + (double)i + 5 * normal());
	made->end = (uint64_t)(500 + n);
}

/* Collected at the end; the leak is as large as a twentieth of a tooth at each mark. */
static void leak_in_saw(struct made *made, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(made, 50000.0 * (double)i + saw(i, 5, 0.3));
	made->end = (uint64_t)(50000 * n);
}

static void late_leak(struct made *made, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(made, 3000 + (i < n * 6 / 10 ? 0 : 100.0 * (double)(i - n * 6 / 10)));
	made->end = made->values[n - 1];
}

/* An array that doubles when it is full; the last time not long ago. */
static void doubling(struct made *made, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		double size = 1 << 20;

		for (double at = 0.85 * (double)n; (double)i < at && size > 1; at /= 2)
			size /= 2;
		put(made, size);
	}
	made->end = made->values[n - 1];
}

/* One buffer that is filled at an even rate up to mark `full`, and made larger by `factor` when it has no room. */
static void fill_buffer(struct made *made, size_t n, double full, double factor)
{
	double size = 700 * uniform() + 1, rate = 1000 * (0.5 + uniform());

	for (size_t i = 0; i < n; i++) {
		while (size < rate * fmin((double)i, full))
			size *= factor;
		put(made, size);
	}
	made->end = made->values[n - 1];
}

static void buffer_by_two(struct made *made, size_t n)
{
	fill_buffer(made, n, (double)n, 2);
}

static void buffer_by_half(struct made *made, size_t n)
{
	fill_buffer(made, n, (double)n, 1.5);
}

static void buffer_that_is_full(struct made *made, size_t n)
{
	fill_buffer(made, n, (double)n * (0.05 + 0.3 * uniform()), uniform() < 0.5 ? 1.5 : 2);
}

static void square_root(struct made *made, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(made, 1e5 * sqrt((double)i + 1));
	made->end = made->values[n - 1];
}

/* ---- told now and then: values at some of 64 slices of time, and at the last one ---- */

/* The numbers of `n` slices; how far into the run they are, from 0 to 1, is for the caller. */
static void pick_slices(struct made *made, size_t n)
{
	made->has_marks = true;
	for (size_t i = 0; i < n; i++) {
		size_t left = n - 1 - i, first = i ? made->marks[i - 1] + 1 : 0, room = 63 - left - first;

		made->marks[i] = i + 1 == n ? 63 : (uint32_t)(first + next() % (room / (left + 1) * 2 % (room + 1) + 1));
	}
}

#define TOLD(made, i) ((made)->marks[i] / 63.0)

static void told_noise(struct made *made, size_t n)
{
	pick_slices(made, n);
	for (size_t i = 0; i < n; i++)
		put(made, 10000 + 1000 * uniform());
	made->end = made->values[n - 1];
}

static void told_table(struct made *made, size_t n)
{
	double at = uniform();

	pick_slices(made, n);
	for (size_t i = 0; i < n; i++)
		put(made, 1e6 * (TOLD(made, i) < at ? 1 : 4) + 1e5 * uniform());
	made->end = made->values[n - 1];
}

/* Fills within a third of the run. */
static void told_cache(struct made *made, size_t n)
{
	double fills = 0.05 + 0.1 * uniform();

	pick_slices(made, n);
	for (size_t i = 0; i < n; i++)
		put(made, 1e6 * (1 - exp(-TOLD(made, i) / fills)) + 1e4 * uniform());
	made->end = made->values[n - 1];
}

/* Collected at the end: what was told before had garbage in it. */
static void told_garbage(struct made *made, size_t n)
{
	double promoted = uniform();

	pick_slices(made, n);
	for (size_t i = 0; i < n; i++)
		put(made, 3e6 + (i + 1 < n ? 2e7 * promoted * TOLD(made, i) : 2e5 * uniform()));
	made->end = made->values[n - 1];
}

/* With a tenth of the rise as noise. */
static void told_leak(struct made *made, size_t n)
{
	pick_slices(made, n);
	for (size_t i = 0; i < n; i++)
		put(made, 4e6 + 1e7 * TOLD(made, i) + 1e6 * uniform());
	made->end = made->values[n - 1];
}

/* ---- rates ---------------------------------------------------------------------------------------------------- */

/* The share of series of one kind and length whose trend is `trend`. */
static double share(const char *name, void (*make)(struct made *, size_t), size_t n, enum trend trend)
{
	static const char *const names[] = {"unknown", "steady", "once", "growing"};
	const int rounds = n > 64 ? 200 : 1000;
	size_t hits = 0;
	double rate;

	state = 88172645463325252ull;
	for (int i = 0; i < rounds; i++) {
		struct made made = {0};

		make(&made, n);
		hits += growth_judge((struct series){made.values, made.has_marks ? made.marks : NULL, made.count,
		                                     made.end}).trend == trend;
	}
	rate = (double)hits / rounds;
	printf("%-18s %3zu marks: %-7s %6.2f %%\n", name, n, names[trend], 100 * rate);
	return rate;
}

#define SHARE(kind, n, trend) share(#kind, kind, n, trend)

static const size_t lengths[] = {6, 8, 12, 20, 40, 64, 100, 300};

#define EACH(n) size_t i_ = 0, n = lengths[0]; i_ < sizeof lengths / sizeof *lengths && (n = lengths[i_], 1); i_++

START_TEST(noise_is_no_growth)
{
	for (EACH(n)) {
		ck_assert_double_lt(SHARE(even_noise, n, TREND_GROWING), 0.01);
		ck_assert_double_lt(SHARE(normal_noise, n, TREND_GROWING), 0.01);
		ck_assert_double_lt(SHARE(rare_noise, n, TREND_GROWING), 0.01);
		ck_assert_double_lt(SHARE(slow_noise, n, TREND_GROWING), n < 40 ? 0.05 : 0.01);
	}
	/* Three marks cannot say much, and are said not to. */
	ck_assert_double_lt(SHARE(even_noise, 3, TREND_GROWING), 0.05);
	ck_assert_double_lt(SHARE(even_noise, 5, TREND_GROWING), 0.02);
}
END_TEST

START_TEST(garbage_is_no_growth)
{
	for (EACH(n)) {
		ck_assert_double_lt(SHARE(saw_tooth, n, TREND_GROWING), 0.01);
		if (n >= 12)
			ck_assert_double_lt(SHARE(saw_uncollected, n, TREND_GROWING), 0.02);
	}
}
END_TEST

START_TEST(what_is_filled_once_is_no_growth)
{
	for (EACH(n)) {
		ck_assert_double_eq(SHARE(table, n, TREND_ONCE), 1);
		ck_assert_double_eq(SHARE(one_step, n, TREND_ONCE), 1);
		ck_assert_double_eq(SHARE(two_steps, n, TREND_GROWING), 0);
		ck_assert_double_lt(SHARE(three_steps, n, TREND_GROWING), 0.01);
		ck_assert_double_eq(SHARE(large_between, n, TREND_ONCE), 1);
		ck_assert_double_eq(SHARE(last_phase, n, TREND_GROWING), 0);
		if (n >= 12)
			ck_assert_double_gt(SHARE(cache, n, TREND_ONCE), 0.99);
		ck_assert_double_lt(SHARE(buffer_that_is_full, n, TREND_GROWING), 0.01);
	}
}
END_TEST

START_TEST(growth_is_found)
{
	for (EACH(n)) {
		ck_assert_double_eq(SHARE(one_block, n, TREND_GROWING), 1);
		ck_assert_double_eq(SHARE(one_block_on_table, n, TREND_GROWING), 1);
		ck_assert_double_eq(SHARE(after_warm_up, n, TREND_GROWING), 1);
		ck_assert_double_eq(SHARE(square_root, n, TREND_GROWING), 1);
		if (n >= 12)
			ck_assert_double_eq(SHARE(late_leak, n, TREND_GROWING), 1);
		if (n >= 40) {
			ck_assert_double_eq(SHARE(bursts, n, TREND_GROWING), 1);
			ck_assert_double_gt(SHARE(leak_in_noise, n, TREND_GROWING), n < 64 ? 0.9 : 0.99);
			ck_assert_double_eq(SHARE(leak_in_saw, n, TREND_GROWING), 1);
		}
	}
	ck_assert_double_eq(SHARE(one_block, 3, TREND_GROWING), 1);
	ck_assert_double_eq(SHARE(one_block, 4, TREND_GROWING), 1);
	for (size_t n = 40; n <= 320; n *= 2) {
		ck_assert_double_gt(SHARE(buffer_by_two, n, TREND_GROWING), 0.99);
		ck_assert_double_gt(SHARE(buffer_by_half, n, TREND_GROWING), 0.99);
	}
	ck_assert_double_eq(SHARE(doubling, 64, TREND_GROWING), 1);
	ck_assert_double_eq(SHARE(doubling, 300, TREND_GROWING), 1);
}
END_TEST

START_TEST(told_seldom)
{
	for (size_t n = 4; n < 10; n++) {
		ck_assert_double_lt(SHARE(told_noise, n, TREND_GROWING), 0.02);
		ck_assert_double_lt(SHARE(told_table, n, TREND_GROWING), 0.03);
		ck_assert_double_lt(SHARE(told_cache, n, TREND_GROWING), 0.06);
		ck_assert_double_lt(SHARE(told_garbage, n, TREND_GROWING), 0.01);
		ck_assert_double_gt(SHARE(told_leak, n, TREND_GROWING), 0.9);
	}
}
END_TEST

SUITE_MAIN("growth", noise_is_no_growth, garbage_is_no_growth, what_is_filled_once_is_no_growth, growth_is_found,
	   told_seldom)
