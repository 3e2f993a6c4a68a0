/* stack_look.c: see stack_look.h. */
#include "stack_look.h"

#include "stack/stack.h"

__thread struct thread mine;
struct frames last;

void setup(void)
{
	stub_start();
	stub_thread(&mine);
}

NOINLINE uint32_t look(void)
{
	struct stack_start at = STACK_CALLER();
	uint32_t node = stack_capture(&mine, &mine.lanes[0], at);

	stub_frames(node, &last);
	return node;
}

NOINLINE void check(void)
{
	struct stack_start at = STACK_CALLER();

	truth_check(&mine, at);
	stub_frames(stack_capture(&mine, &mine.lanes[0], at), &last);
	BARRIER();
}

NOINLINE uint32_t look_here(void)
{
	uint32_t node = look();

	BARRIER();
	return node;
}

NOINLINE uint32_t check_here(void)
{
	check();
	return 0;
}
