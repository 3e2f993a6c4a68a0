/*
 * stack_gone_test.c: what was known and is gone: modules that come and go, and captures that are interrupted and left.
 */
#include <check.h>
#include <dlfcn.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "stack/stack.h"
#include "stack_look.h"
#include "suite.h"

/* ---- modules ---- */

static void module_range(void *module, uintptr_t *start, uintptr_t *end)
{
	struct dl_find_object object;
	void *symbol = dlsym(module, "run");

	ck_assert_int_eq(_dl_find_object(symbol, &object), 0);
	*start = (uintptr_t)object.dlfo_map_start;
	*end = (uintptr_t)object.dlfo_map_end;
}

START_TEST(generations)
{
	char folder[] = "/tmp/stack-modules-XXXXXX", command[1024], path[2][128];
	uintptr_t start, end, again, again_end;
	uint32_t nodes[3];
	void *module;

	setup();
	ck_assert_ptr_nonnull(mkdtemp(folder));
	for (int i = 0; i < 2; i++) {
		/* The same size and place, but other frames: the first one's rules are wrong for the second. */
		snprintf(path[i], sizeof(path[i]), "%s/m%d.so", folder, i);
		snprintf(command, sizeof(command),
			"echo 'int run(int (*f)(void)) { volatile char room[%d]; room[9] = 0; return f() + room[9];"
			" }' | gcc -O2 -fomit-frame-pointer -fno-stack-protector -shared -fPIC -x c -o %s -",
			i ? 1000 : 40, path[i]);
		ck_assert_int_eq(system(command), 0);
	}
	for (int i = 0; i < 3; i++) {
		int (*run)(uint32_t (*)(void));

		stack_loaded();
		module = dlopen(path[i & 1], RTLD_NOW);
		stack_loaded();
		ck_assert_ptr_nonnull(module);
		run = (int (*)(uint32_t (*)(void)))dlsym(module, "run");
		module_range(module, i ? &again : &start, i ? &again_end : &end);
		run(check_here);
		nodes[i] = look();
		run(look_here);
		if (i)
			ck_assert_msg(again == start && again_end == end, "the loader chose another place");
		ck_assert_uint_eq(last.generation[0], 0);
		ck_assert_uint_eq(last.generation[1], (uint32_t)i);
		ck_assert_uint_eq(stack_generation(start), (uint32_t)i);
		ck_assert_uint_eq(stack_generation(end), 0);
		ck_assert_uint_eq(stack_generation(start - 1), 0);
		dlclose(module);
		stack_unloaded(start, end);
	}
	ck_assert_uint_ne(nodes[0], TRACE_STACK_NONE);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(epochs)
{
	uint64_t made[4], before = 0;

	setup();
	for (int i = 0; i < 4; i++) {
		/* More epochs than a key has room for, before the third. */
		for (int bump = 0; i == 2 && bump < 3 * 65536; bump++)
			stack_loaded();
		look();
		made[i] = mine.lanes[0].stack->counts.rules - before;
		before += made[i];
	}
	ck_assert_uint_ge(made[0], last.count);
	ck_assert_uint_lt(made[1], made[0] / 2);
	ck_assert_uint_ge(made[2], made[0]);
	ck_assert_uint_lt(made[3], made[0] / 2);
}
END_TEST

/* ---- captures interrupted and left ---- */

static sigjmp_buf leave;
static volatile unsigned ticks, jumps;
static volatile bool may_leave;

static NOINLINE void interrupt_look(void)
{
	struct stack_start at = STACK_CALLER();

	stack_capture(&mine, &mine.lanes[1], at);
	BARRIER();
}

static void tick(int signal)
{
	(void)signal;
	ticks++;
	interrupt_look();
	if (may_leave) {
		jumps++;
		siglongjmp(leave, 1);
	}
}

static NOINLINE int wander(int depth, unsigned path)
{
	volatile char room[64];

	room[path & 63] = 1;
	if (depth == 0) {
		look();
		if (path % 61 == 0) {
			may_leave = false;
			check();
			may_leave = true;
		}
	} else if (path & 1) {
		wander(depth - 1, path >> 1);
	} else {
		room[1] = (char)wander(depth - 1, path >> 1);
	}
	return room[0];
}

START_TEST(interrupted_and_left)
{
	struct sigaction action = {.sa_handler = tick};
	struct itimerval often = {.it_interval.tv_usec = 200, .it_value.tv_usec = 200};
	volatile unsigned path = 1;

	setup();
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	while (jumps < 1500) {
		if (sigsetjmp(leave, 1) == 0) {
			may_leave = true;
			for (;; path = path * 1664525 + 1013904223)
				wander(12, path >> 8);
		}
		may_leave = false;
		path++;
	}
	memset(&often, 0, sizeof(often));
	setitimer(ITIMER_REAL, &often, NULL);
	check();
	ck_assert_uint_ge(ticks, jumps);
}
END_TEST

int main(void)
{
	TCase *test = tcase_create("gone");

	tcase_add_test(test, generations);
	tcase_add_test(test, epochs);
	tcase_add_test(test, interrupted_and_left);
	return suite_run("stack gone", test);
}
