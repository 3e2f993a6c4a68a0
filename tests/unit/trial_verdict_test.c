/* trial_verdict_test.c: whether the functions that are watched are a module's allocator, as its frees tell. */
#include <stdlib.h>

#include "node/trial.h"
#include "suite.h"

#define BASE   0x7f0000000000u
#define LIVE   60000u                /* far more than a trial can remember */
#define ROUNDS 2000000u
#define SLOTS  32u

static struct thread one = {.live = 1, .tid = 1}, two = {.live = 1, .tid = 2};
static uint32_t module;
static uintptr_t base;

static enum trial_goes sees(uint32_t ticket, uint64_t old, uint64_t new)
{
	return trial_sees(ticket, old, new, &module, &base);
}

static uint32_t begin(uint64_t low)
{
	static uintptr_t next = BASE;

	self = &one;
	next += 1ul << 33;
	return trial_begin(7, next, true, false, low);
}

static uint32_t any(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* Blocks come and go at random among `live` at once; of 100 deaths `unknown` are of others. What the trial comes to. */
static enum trial_goes come_and_go(uint32_t live, uint32_t unknown, uint32_t seed)
{
	uint64_t *blocks = calloc(live, sizeof(*blocks)), next = 1024;
	uint32_t ticket = begin(0);
	enum trial_goes goes = TRIAL_ON;

	ck_assert_uint_ne(ticket, 0);
	for (uint32_t i = 0; i < live && goes == TRIAL_ON; i++)
		goes = sees(ticket, 0, blocks[i] = next += 16 + any(&seed) % 64 * 8);
	for (uint32_t i = 0; i < ROUNDS && goes == TRIAL_ON; i++) {
		uint64_t *block = &blocks[any(&seed) % live];

		if (any(&seed) % 100 < unknown) {
			goes = sees(ticket, *block + 8, 0);
			continue;
		}
		goes = sees(ticket, *block, 0);
		if (goes == TRIAL_ON)
			goes = sees(ticket, 0, *block); /* what is free is given out again */
	}
	free(blocks);
	return goes;
}

START_TEST(right)
{
	for (uint32_t seed = 1; seed < 20; seed++) {
		ck_assert_int_eq(come_and_go(LIVE, 0, seed), TRIAL_OVER);
		ck_assert_int_eq(come_and_go(20, 0, seed), TRIAL_OVER);
		ck_assert_int_eq(come_and_go(400, 2, seed), TRIAL_OVER);
	}
}
END_TEST

START_TEST(wrong)
{
	for (uint32_t seed = 1; seed < 20; seed++) {
		ck_assert_int_eq(come_and_go(LIVE, 30, seed), TRIAL_REFUTED);
		ck_assert_int_eq(come_and_go(20, 30, seed), TRIAL_REFUTED);
		ck_assert_uint_eq(module, 7);
	}
}
END_TEST

/* A realloc is a death and a birth; a death in what the module began with tells nothing. */
START_TEST(moved_and_older)
{
	uint32_t ticket = begin(4096), deaths = 0;

	ck_assert_int_eq(sees(ticket, 0, 8192), TRIAL_ON);
	for (uint64_t pointer = 16; pointer < 4096; pointer += 8)
		ck_assert_int_eq(sees(ticket, pointer, 0), TRIAL_ON);
	for (uint64_t pointer = 8192; sees(ticket, pointer, pointer + 16) == TRIAL_ON; pointer += 16)
		deaths++;
	ck_assert_uint_eq(deaths, 255);
	ck_assert_int_eq(sees(ticket, 5, 0), TRIAL_OVER);
}
END_TEST

START_TEST(frees_nothing)
{
	uint32_t ticket = begin(0), births = 1;

	for (uint64_t pointer = 16; sees(ticket, 0, pointer) == TRIAL_ON; pointer += 16)
		births++;
	ck_assert_uint_eq(births, 1u << 20);
}
END_TEST

START_TEST(another_instance)
{
	uint32_t first, second;

	self = &one;
	first = trial_begin(1, BASE, true, true, 0);
	ck_assert_int_eq(sees(first, 0, 16), TRIAL_ON);
	self = &two;
	second = trial_begin(1, BASE, true, true, 0); /* by all that its isolate knows */
	ck_assert_uint_eq(second, 0);
	ck_assert_int_eq(sees(second, 16, 0), TRIAL_OVER);
	self = &one;
	ck_assert_int_eq(sees(first, 24, 0), TRIAL_OVER);
	ck_assert_uint_eq(trial_begin(1, BASE, true, true, 0), 0); /* nor does it begin again */
	ck_assert_uint_eq(trial_begin(1, BASE, false, false, 0), 0);
	first = trial_begin(1, BASE, true, false, 0); /* another memory in the place of one that is gone */
	ck_assert_int_eq(sees(first, 0, 16), TRIAL_ON);
	trial_disturb(BASE);
	ck_assert_int_eq(sees(first, 0, 32), TRIAL_OVER);
}
END_TEST

/* Those whose instance is gone are not in the way. */
START_TEST(many)
{
	uint32_t tickets[SLOTS + 5];

	for (uint32_t i = 0; i < SLOTS + 5; i++) {
		tickets[i] = begin(0);
		ck_assert_uint_ne(tickets[i], 0);
	}
	for (uint32_t i = 0; i < SLOTS + 5; i++)
		ck_assert_int_eq(sees(tickets[i], 0, 16), i < 5 ? TRIAL_OVER : TRIAL_ON);
	self = &two;
	ck_assert_uint_eq(trial_begin(1, BASE, true, false, 0), 0); /* all are another thread's */
	self = &one;
	trial_thread_ends();
	ck_assert_int_eq(sees(tickets[20], 0, 16), TRIAL_OVER);
	self = &two;
	ck_assert_uint_ne(trial_begin(1, BASE, true, false, 0), 0);
}
END_TEST

SUITE_MAIN("trial", right, wrong, moved_and_older, frees_nothing, another_instance, many)
