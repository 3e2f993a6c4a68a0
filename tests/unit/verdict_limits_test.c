/* verdict_limits_test.c: which limit a process reaches first. */
#include "heap/limits.h"
#include "suite.h"

#define MIB (1ull << 20)

static struct ledger ledgers[] = {{.rss_bytes = 10 * MIB}, {.rss_bytes = 60 * MIB}};

static struct limit nearest(uint64_t address_space, uint64_t used, uint64_t group, bool reserved)
{
	const struct process_info process = {
		.limits = {true, address_space, used, group, ""}, .ledgers = ledgers, .ledger_count = 2,
		.totals = {.live_bytes = 50 * MIB},
	};

	return limits_nearest(&process, reserved);
}

static void is(struct limit limit, enum limit_kind kind, uint64_t bytes, double room)
{
	ck_assert_int_eq(limit.kind, kind);
	ck_assert_uint_eq(limit.bytes, bytes);
	ck_assert_double_eq(limit.room, room);
}

START_TEST(the_first_one)
{
	is(nearest(TRACE_LIMIT_NONE, 90 * MIB, TRACE_LIMIT_NONE, false), LIMIT_NONE, 0, 0);
	is(nearest(TRACE_LIMIT_NONE, 90 * MIB, 100 * MIB, false), LIMIT_GROUP, 100 * MIB, 40 * MIB);
	is(nearest(110 * MIB, 90 * MIB, TRACE_LIMIT_NONE, false), LIMIT_ADDRESS_SPACE, 110 * MIB, 20 * MIB);
	is(nearest(110 * MIB, 90 * MIB, 100 * MIB, false), LIMIT_ADDRESS_SPACE, 110 * MIB, 20 * MIB);
	is(nearest(140 * MIB, 90 * MIB, 100 * MIB, false), LIMIT_GROUP, 100 * MIB, 40 * MIB);
	is(nearest(80 * MIB, 90 * MIB, TRACE_LIMIT_NONE, false), LIMIT_ADDRESS_SPACE, 80 * MIB, 0); /* set later */
	is(nearest(110 * MIB, 5 * MIB, TRACE_LIMIT_NONE, false), LIMIT_ADDRESS_SPACE, 110 * MIB, 50 * MIB); /* at the start */
}
END_TEST

START_TEST(linear_memories_have_their_addresses)
{
	is(nearest(110 * MIB, 90 * MIB, TRACE_LIMIT_NONE, true), LIMIT_NONE, 0, 0);
	is(nearest(110 * MIB, 90 * MIB, 200 * MIB, true), LIMIT_GROUP, 200 * MIB, 140 * MIB);
}
END_TEST

START_TEST(unknown)
{
	struct process_info process = {.limits = {.told = false}};

	is(nearest(TRACE_LIMIT_NONE, 90 * MIB, 0, false), LIMIT_UNKNOWN, 0, 0);
	is(nearest(110 * MIB, 90 * MIB, 0, false), LIMIT_ADDRESS_SPACE, 110 * MIB, 20 * MIB);
	is(limits_nearest(&process, false), LIMIT_NONE, 0, 0);
	process.limits = (struct limits){true, TRACE_LIMIT_NONE, 0, 100 * MIB, ""};
	process.totals.live_bytes = 30 * MIB; /* it was never sampled */
	is(limits_nearest(&process, false), LIMIT_GROUP, 100 * MIB, 70 * MIB);
}
END_TEST

SUITE_MAIN("limits", the_first_one, linear_memories_have_their_addresses, unknown)
