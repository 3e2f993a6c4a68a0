/* reader_inherit_test.c: blocks that outlive a fork. Ticks are nanoseconds. */
#include <stdint.h>
#include <string.h>

#include "reader_check.h"
#include "reader_maker.h"
#include "suite.h"
#include "trace/recording.h"

#define A 0x7f0000001000
#define B 0x7f0000002000
#define C 0x7f0000003000
#define D 0x7f0000004000
#define E 0x7f0000005000

enum { PARENT = 100, CHILD = 200, GRANDCHILD = 300 };

#define RING(maker, events) maker_ring((maker), 0, 0, (events), LENGTH(events), LENGTH(events))

static const struct process_info *find(const struct recording *recording, uint32_t pid)
{
	for (size_t i = 0; i < recording->process_count; i++)
		if (recording->processes[i].header.pid == pid)
			return &recording->processes[i];
	ck_abort_msg("no process %u", pid);
}

static void check(const struct recording *recording, uint32_t pid, uint64_t inherited, uint64_t unmatched,
                  uint64_t frees)
{
	const struct totals *totals = &find(recording, pid)->totals;

	ck_assert_uint_eq(totals->inherited_frees, inherited);
	ck_assert_uint_eq(totals->unmatched_frees, unmatched);
	ck_assert_uint_eq(totals->frees, frees);
}

START_TEST(child)
{
	struct trace_event parent[] = {
		event_alloc(10, A, 1, 1), event_alloc(20, B, 1, 1), event_free(30, B), /* gone before the fork */
		event_alloc(100, C, 1, 1),                                             /* at its earliest instant */
		event_free(120, A),                                                    /* parent's copy: after the
		                                                                        * fork */
		event_alloc(301, D, 1, 1),                                             /* too late */
	};
	struct trace_event child_events[] = {
		event_free(400, A), event_free(410, B), event_out(420, C), event_in(421, C, 5, 1), event_free(430, D),
		event_free(440, A), /* a second time */
		event_free(450, C), /* its own by now */
	};
	struct recording *recording;
	struct maker makers[2];

	maker_init(&makers[0], PARENT, 0);
	maker_init(&makers[1], CHILD, 0);
	maker_forked(&makers[1], &makers[0], 100, 300);
	RING(&makers[0], parent);
	RING(&makers[1], child_events);
	recording = maker_open(makers, 2);
	check(recording, PARENT, 0, 0, 2);
	check(recording, CHILD, 2, 3, 1);
	ck_assert(find(recording, CHILD)->forked);
	ck_assert_uint_eq(find(recording, CHILD)->parent.index, 0);
	ck_assert_uint_eq(find(recording, PARENT)->totals.live_blocks, 2);
	recording_close(recording);
	maker_free(&makers[0]);
	maker_free(&makers[1]);
}
END_TEST

/* Born between the two ticks that the fork lies between, and even gone again: the child may have it. */
START_TEST(within_the_fork)
{
	struct trace_event parent[] = {event_alloc(150, A, 1, 1), event_free(160, A), event_alloc(300, B, 1, 1)};
	struct trace_event child_events[] = {event_free(400, A), event_free(410, B), event_free(420, C)};
	struct recording *recording;
	struct maker makers[2];

	maker_init(&makers[0], PARENT, 0);
	maker_init(&makers[1], CHILD, 0);
	maker_forked(&makers[1], &makers[0], 100, 300);
	RING(&makers[0], parent);
	RING(&makers[1], child_events);
	recording = maker_open(makers, 2);
	check(recording, CHILD, 2, 1, 0);
	recording_close(recording);
	maker_free(&makers[0]);
	maker_free(&makers[1]);
}
END_TEST

START_TEST(grandchild)
{
	struct trace_event top[] = {
		event_alloc(10, A, 1, 1), event_alloc(11, B, 1, 1), event_alloc(12, C, 1, 1),
		event_alloc(13, E, 1, 1),
	};
	struct trace_event middle[] = {
		event_free(300, A),       /* before the second fork: not the grandchild's any more; */
		event_alloc(310, D, 1, 1),
		event_free(99990, E),     /* nor this one, just before it */
		event_free(200000, B),
	};
	struct trace_event bottom[] = {
		event_free(300000, A), event_free(300010, B), event_free(300020, C), event_free(300030, D),
		event_free(300040, 0x5550), event_free(300050, E),
	};
	struct recording *recording;
	struct maker makers[3];

	maker_init(&makers[0], PARENT, 0);
	maker_init(&makers[1], CHILD, 0);
	maker_init(&makers[2], GRANDCHILD, 0);
	maker_forked(&makers[1], &makers[0], 100, 200);
	maker_forked(&makers[2], &makers[1], 100000, 100100);
	RING(&makers[0], top);
	RING(&makers[1], middle);
	RING(&makers[2], bottom);
	recording = maker_open(makers, 3);
	check(recording, PARENT, 0, 0, 0);
	check(recording, CHILD, 3, 0, 0);
	check(recording, GRANDCHILD, 3, 3, 0);
	recording_close(recording);
	for (int i = 0; i < 3; i++)
		maker_free(&makers[i]);
}
END_TEST

/* A process that was forked and then became another program has nothing of its parent's; a fork from it may. */
START_TEST(after_exec)
{
	struct trace_event parent[] = {event_alloc(10, A, 1, 1)};
	struct trace_event first[] = {event_free(300, A)};
	struct trace_event second[] = {event_free(500, A), event_alloc(510, B, 1, 1)};
	struct trace_event last[] = {event_free(700, B), event_free(710, A)};
	struct recording *recording;
	struct maker makers[4];

	maker_init(&makers[0], PARENT, 0);
	maker_init(&makers[1], CHILD, 0);
	maker_init(&makers[2], CHILD, 1);
	maker_init(&makers[3], GRANDCHILD, 0);
	maker_forked(&makers[1], &makers[0], 100, 200);
	maker_forked(&makers[2], &makers[0], 100, 200); /* says so, wrongly */
	maker_header(&makers[2])->anchor[0] = (struct trace_anchor){400, 400};
	maker_forked(&makers[3], &makers[2], 600, 650);
	RING(&makers[0], parent);
	RING(&makers[1], first);
	RING(&makers[2], second);
	RING(&makers[3], last);
	recording = maker_open(makers, 4);
	ck_assert_uint_eq(recording->processes[1].totals.inherited_frees, 1);
	ck_assert_uint_eq(recording->processes[2].header.image, 1);
	ck_assert(!recording->processes[2].forked);
	ck_assert_uint_eq(recording->processes[2].totals.inherited_frees, 0);
	ck_assert_uint_eq(recording->processes[2].totals.unmatched_frees, 1);
	ck_assert_uint_eq(recording->processes[3].parent.index, 2); /* the image that ran when it forked */
	check(recording, GRANDCHILD, 1, 1, 0);
	recording_close(recording);
	for (int i = 0; i < 4; i++)
		maker_free(&makers[i]);
}
END_TEST

/* A handler at exit may fork: what lived then is inherited, though it no longer counts for the parent. */
START_TEST(in_teardown)
{
	struct trace_event parent[] = {
		event_alloc(10, A, 1, 1), event_alloc(11, B, 1, 1),
		event_alloc(50, D, 1, 1), /* at the leak instant: before it, though a fork ends here */
		event_free(60, A), event_alloc(70, C, 1, 1),
	};
	struct trace_event child_events[] = {event_free(300, A), event_free(301, B), event_free(302, C)};
	struct recording *recording;
	struct maker makers[3];

	maker_init(&makers[0], PARENT, 0);
	maker_init(&makers[1], CHILD, 0);
	maker_init(&makers[2], GRANDCHILD, 0);
	maker_header(&makers[0])->ending_tick = 50;
	maker_forked(&makers[1], &makers[0], 100, 200);
	maker_forked(&makers[2], &makers[0], 30, 40);
	RING(&makers[0], parent);
	RING(&makers[1], child_events);
	RING(&makers[2], child_events);
	recording = maker_open(makers, 3);
	check(recording, CHILD, 2, 1, 0);
	check(recording, GRANDCHILD, 2, 1, 0);
	ck_assert_uint_eq(find(recording, PARENT)->totals.live_blocks, 3);
	recording_close(recording);
	for (int i = 0; i < 3; i++)
		maker_free(&makers[i]);
}
END_TEST

/* Several children at once, some forked while another's fork goes on. */
START_TEST(many_children)
{
	enum { CHILDREN = 50, BLOCKS = 200 };
	struct maker makers[CHILDREN + 1];
	struct trace_event parent[2 * BLOCKS], child_events[BLOCKS];
	struct recording *recording;

	/* Block i lives from 1000·i to 1000·(i + 20). */
	maker_init(&makers[0], PARENT, 0);
	size_t count = 0;
	for (uint64_t i = 0; i < BLOCKS; i++) {
		parent[count++] = event_alloc(1000 * i + 1000, A + 64 * i, 1, 1);
		if (i >= 20)
			parent[count++] = event_free(1000 * i + 1001, A + 64 * (i - 20));
	}
	maker_chunk(&makers[0], 0, 0, parent, count, TRACE_CODEC_ZSTD);
	for (uint64_t i = 0; i < BLOCKS; i++)
		child_events[i] = event_free(1000000 + 10 * i, A + 64 * i);
	for (uint32_t i = 0; i < CHILDREN; i++) {
		maker_init(&makers[i + 1], CHILD + i, 0);
		/* Each fork lasts for 2500 ticks, the next begins 2000 later. */
		maker_forked(&makers[i + 1], &makers[0], 50500 + 2000 * i, 53000 + 2000 * i);
		maker_ring(&makers[i + 1], 0, 0, child_events, BLOCKS, BLOCKS);
	}
	recording = maker_open(makers, CHILDREN + 1);
	for (uint32_t i = 0; i < CHILDREN; i++) /* 20 at the first instant, and births at …500 + 500, 1500, 2500 */
		check(recording, CHILD + i, 23, BLOCKS - 23, 0);
	recording_close(recording);
	for (int i = 0; i <= CHILDREN; i++)
		maker_free(&makers[i]);
}
END_TEST

/* Files that claim to be each other's parents. */
START_TEST(circle)
{
	struct trace_event events[] = {event_free(300, A), event_alloc(310, B, 1, 1)};
	struct recording *recording;
	struct maker makers[3];

	for (uint32_t i = 0; i < 3; i++)
		maker_init(&makers[i], PARENT + i, 0);
	for (uint32_t i = 0; i < 3; i++) {
		maker_forked(&makers[i], &makers[(i + 1) % 3], 100, 200);
		RING(&makers[i], events);
	}
	recording = maker_open(makers, 3);
	for (uint32_t i = 0; i < 3; i++)
		check(recording, PARENT + i, 0, 1, 0);
	recording_close(recording);
	for (int i = 0; i < 3; i++)
		maker_free(&makers[i]);
}
END_TEST

/* The parent was not recorded, or is its own. */
START_TEST(no_parent)
{
	struct trace_event events[] = {event_free(300, A)};
	struct recording *recording;
	struct maker makers[2];

	maker_init(&makers[0], CHILD, 0);
	maker_init(&makers[1], PARENT, 0);
	maker_forked(&makers[0], &makers[1], 100, 200);
	RING(&makers[0], events);
	recording = maker_open(makers, 1);
	check(recording, CHILD, 0, 1, 0);
	ck_assert_uint_eq(recording->processes[0].parent.index, UINT32_MAX);
	recording_close(recording);

	maker_forked(&makers[0], &makers[0], 100, 200);
	recording = maker_open(makers, 1);
	check(recording, CHILD, 0, 1, 0);
	recording_close(recording);
	maker_free(&makers[0]);
	maker_free(&makers[1]);
}
END_TEST

SUITE_MAIN("inherit", child, within_the_fork, grandchild, after_exec, in_teardown, many_children, circle, no_parent)
