/*
 * stack_walk_test.c: where a walk ends, or goes on elsewhere: signals, an overflow, other stacks, roots of threads, cuts.
 */
#include <check.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "stack/stack.h"
#include "stack_look.h"
#include "suite.h"

/* ---- signals ---- */

static volatile bool handled;

static void handler(int signal)
{
	(void)signal;
	check();
	handled = true;
}

/* The interrupted instruction is the function's first: looked up at pc − 1 it would belong to what lies before. */
void interrupted_first(void);
__asm__(".globl interrupted_first\n"
        "	.cfi_startproc\n"
        "	nop\n"
        "	.cfi_def_cfa_offset 4096\n"
        "	nop\n"
        "	.cfi_endproc\n"
        "interrupted_first:\n"
        "	.cfi_startproc\n"
        "	ud2\n"
        "	ret\n"
        "	.cfi_endproc\n");

static void skip(int signal, siginfo_t *info, void *context)
{
	(void)info;
	handler(signal);
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
}

/* Interrupted where the frame is gone: rbp is described as saved where it was popped from, below the stack pointer;
 * the return address is in a register, and the CFA is the stack pointer itself. */
void interrupted_popped(void), interrupted_empty(void);
__asm__(".globl interrupted_popped\ninterrupted_popped:\n.cfi_startproc\n"
        "push %rbp\n.cfi_def_cfa_offset 16\n.cfi_offset %rbp, -16\n"
        "mov $5, %ebp\n"
        "pop %rbp\n.cfi_def_cfa_offset 8\n"
        "ud2\nret\n.cfi_endproc\n"
        ".globl interrupted_empty\ninterrupted_empty:\n.cfi_startproc\n"
        "pop %rcx\n.cfi_def_cfa_offset 0\n.cfi_register %rip, %rcx\n"
        "ud2\n"
        "jmp *%rcx\n.cfi_endproc\n");

START_TEST(signals_in_epilogues)
{
	struct sigaction action = {.sa_sigaction = skip, .sa_flags = SA_SIGINFO};
	void (*const interrupted)(void) = _i ? interrupted_empty : interrupted_popped;
	bool found = false;

	setup();
	sigaction(SIGILL, &action, NULL);
	interrupted();
	ck_assert(handled);
	for (unsigned i = 1; i < last.count; i++)
		found |= last.exact[i] && within(last.pc[i], interrupted) && within(last.pc[i + 1], signals_in_epilogues_fn);
	ck_assert(found);
	ck_assert_uint_eq(last.end, TRACE_STACK_ROOT);
}
END_TEST

START_TEST(signals)
{
	struct sigaction action = {.sa_sigaction = skip, .sa_flags = SA_SIGINFO | (_i ? SA_ONSTACK : 0)};
	stack_t alternative = {.ss_size = 1 << 18};
	bool found = false;

	setup();
	alternative.ss_sp = mmap(NULL, alternative.ss_size, PROT_READ | PROT_WRITE,
	                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sigaltstack(&alternative, NULL);
	sigaction(SIGILL, &action, NULL);
	interrupted_first();
	ck_assert(handled);
	for (unsigned i = 1; i < last.count; i++) {
		if (last.pc[i] != (uintptr_t)interrupted_first)
			continue;
		ck_assert(last.exact[i]);
		ck_assert_msg(last.exact[i - 1], "the restorer is nobody's caller");
		ck_assert(!last.exact[i - 2] && !last.exact[i + 1]);
		found = true;
	}
	ck_assert(found);
	ck_assert_uint_eq(last.end, TRACE_STACK_ROOT);
}
END_TEST

/* ---- a stack overflow, seen from its handler ---- */

static sigjmp_buf out;

static void overflowed(int signal)
{
	(void)signal;
	look();
	siglongjmp(out, 1);
}

static NOINLINE int endless(int depth, volatile char *above)
{
	volatile char room[3000];

	room[depth % 3000] = above[0];
	return depth == INT_MAX ? 0 : endless(depth + 1, room) + room[0];
}

static void *overflow(void *unused)
{
	struct sigaction action = {.sa_handler = overflowed, .sa_flags = SA_ONSTACK};
	stack_t alternative = {.ss_size = 1 << 16};
	volatile char first = 0;

	(void)unused;
	stub_thread(&mine);
	alternative.ss_sp = mmap(NULL, alternative.ss_size, PROT_READ | PROT_WRITE,
	                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sigaltstack(&alternative, NULL);
	sigaction(SIGSEGV, &action, NULL);
	if (sigsetjmp(out, 1) == 0)
		endless(0, &first);
	return NULL;
}

START_TEST(stack_overflow)
{
	pthread_t thread;

	stub_start();
	if (_i) {
		overflow(NULL);
	} else {
		pthread_create(&thread, NULL, overflow, NULL);
		pthread_join(thread, NULL);
	}
	ck_assert_uint_eq(last.end, TRACE_STACK_CUT);
	ck_assert_uint_eq(last.count, library.stack_depth);
	ck_assert(last.exact[2] && last.pc[2] > (uintptr_t)endless && last.pc[500] == last.pc[1000]);
}
END_TEST

/* ---- other stacks ---- */

static ucontext_t main_context, coroutine_context;

/* libunwind does not know where a coroutine ends: it agrees up to there. */
static NOINLINE void check_coroutine(void)
{
	static struct frames truth;
	struct stack_start at = STACK_CALLER();

	stub_frames(stack_capture(&mine, &mine.lanes[0], at), &last);
	truth_frames(at, &truth);
	ck_assert_uint_ge(truth.count, last.count);
	for (unsigned i = 0; i < last.count; i++)
		ck_assert_uint_eq(truth.pc[i], last.pc[i]);
}

static NOINLINE int deeper(int depth)
{
	volatile char room[500];

	room[0] = 1;
	if (depth == 0)
		check_coroutine();
	else
		deeper(depth - 1);
	return room[0];
}

static void coroutine(void)
{
	deeper(20);
	handled = true;
}

START_TEST(coroutines)
{
	size_t size = 1 << 16;
	/* Nothing above the stack: a walk that runs past its end would fault. */
	char *stack = mmap(NULL, size + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char room[1 << 15];

	setup();
	mprotect(stack + size, 4096, PROT_NONE);
	getcontext(&coroutine_context);
	coroutine_context.uc_stack.ss_sp = _i ? room : stack;
	coroutine_context.uc_stack.ss_size = _i ? sizeof(room) : size;
	coroutine_context.uc_link = &main_context;
	makecontext(&coroutine_context, coroutine, 0);
	swapcontext(&main_context, &coroutine_context);
	ck_assert(handled);
	ck_assert_uint_eq(last.count, 23);
	ck_assert(within(last.pc[21], coroutine));
	ck_assert_uint_eq(last.end, TRACE_STACK_ROOT);
}
END_TEST

/* Switches to a stack whose base has no end mark: the caller is said to be above its top, where nothing is. */
void on_stack(char *top, uint32_t (*function)(void));
__asm__(".globl on_stack\non_stack:\n.cfi_startproc\n"
        "push %rbx\n.cfi_def_cfa_offset 16\n"
        "mov %rsp, %rbx\nmov %rdi, %rsp\ncall *%rsi\nmov %rbx, %rsp\n"
        "pop %rbx\nret\n.cfi_endproc\n");

START_TEST(no_end_mark)
{
	size_t size = 1 << 16;
	char *stack = mmap(NULL, size + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	setup();
	mprotect(stack + size, 4096, PROT_NONE);
	on_stack(stack + size, look_here);
	ck_assert(within(last.pc[0], look_here) && within(last.pc[1], on_stack));
	ck_assert_uint_eq(last.count, 2);
	ck_assert_uint_eq(last.end, TRACE_STACK_LOST);
}
END_TEST

/* ---- a thread: its root, its small stack, its depth ---- */

static NOINLINE void *routine(void *unused)
{
	(void)unused;
	stub_thread(&mine);
	check();
	mine.root = last.pc[1]; /* as if start_thread were the trampoline */
	look();
	return NULL;
}

START_TEST(thread_root)
{
	pthread_t thread;
	pthread_attr_t attributes;

	stub_start();
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 1 << 18);
	pthread_create(&thread, &attributes, routine, NULL);
	pthread_join(thread, NULL);
	ck_assert_uint_eq(last.count, 1);
	ck_assert_uint_eq(last.end, TRACE_STACK_ROOT);
}
END_TEST

static NOINLINE int recursion(int depth)
{
	int result = depth ? recursion(depth - 1) : (int)look();

	BARRIER();
	return result + 1;
}

START_TEST(depth_is_cut)
{
	setup();
	library.stack_depth = 50;
	/* The outer frames are known from this one, and may not be added to a stack that they make too long. */
	recursion(30);
	ck_assert_uint_eq(last.end, TRACE_STACK_ROOT);
	recursion(45);
	ck_assert_uint_eq(last.count, 50);
	ck_assert_uint_eq(last.end, TRACE_STACK_CUT);
	ck_assert(within(last.pc[0], recursion) && last.pc[1] == last.pc[45] && last.pc[46] != last.pc[45]);
	recursion(20000);
	ck_assert_uint_eq(last.count, 50);
	ck_assert_uint_eq(last.end, TRACE_STACK_CUT);
	library.stack_depth = 1;
	recursion(3);
	ck_assert_uint_eq(last.count, 1);
	library.stack_depth = 1024;
	recursion(900);
	ck_assert_uint_gt(last.count, 901);
	ck_assert_uint_eq(last.end, TRACE_STACK_ROOT);
}
END_TEST

int main(void)
{
	TCase *test = tcase_create("walk");

	tcase_add_loop_test(test, signals, 0, 2);
	tcase_add_loop_test(test, signals_in_epilogues, 0, 2);
	tcase_add_loop_test(test, stack_overflow, 0, 2);
	tcase_add_loop_test(test, coroutines, 0, 2);
	tcase_add_test(test, no_end_mark);
	tcase_add_test(test, thread_root);
	tcase_add_test(test, depth_is_cut);
	return suite_run("stack walk", test);
}
