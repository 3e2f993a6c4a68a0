/* stack_truth.c: libunwind's opinion of a stack, and the comparison with ours. */
#define UNW_LOCAL_ONLY
#include <check.h>
#include <libunwind.h>
#include <stdio.h>

#include "stack_stub.h"

void truth_frames(struct stack_start at, struct frames *frames)
{
	unw_context_t context;
	unw_cursor_t cursor;
	unw_word_t sp, pc;

	frames->count = 0;
	unw_set_caching_policy(unw_local_addr_space, UNW_CACHE_NONE);
	unw_getcontext(&context);
	unw_init_local(&cursor, &context);
	for (;;) {
		if (unw_step(&cursor) <= 0)
			return;
		unw_get_reg(&cursor, UNW_REG_SP, &sp);
		unw_get_reg(&cursor, UNW_REG_IP, &pc);
		if (frames->count == 0 && (sp != at.sp || pc != at.pc))
			continue;
		if (frames->count == FRAMES_MAX || pc == 0)
			return;
		frames->pc[frames->count++] = pc;
	}
}

static void show(const char *who, const struct frames *frames)
{
	for (unsigned i = 0; i < frames->count; i++)
		fprintf(stderr, "%s %3u %#lx%s\n", who, i, (unsigned long)frames->pc[i],
		        frames->exact[i] ? " exact" : "");
}

const struct frames *truth_check(struct thread *thread, struct stack_start at)
{
	static __thread struct frames ours, truth;
	uint32_t node = stack_capture(thread, &thread->lanes[0], at);
	bool same;

	ck_assert_uint_ne(node, TRACE_STACK_NONE);
	stub_frames(node, &ours);
	truth_frames(at, &truth);
	same = ours.count == truth.count;
	for (unsigned i = 0; same && i < ours.count; i++)
		same = ours.pc[i] == truth.pc[i];
	if (!same || ours.end != TRACE_STACK_ROOT) {
		show("ours ", &ours);
		show("truth", &truth);
	}
	ck_assert_msg(same, "libunwind sees another stack: %u frames, ours %u", truth.count, ours.count);
	ck_assert_msg(ours.end == TRACE_STACK_ROOT, "ended %u", ours.end);
	return &ours;
}
