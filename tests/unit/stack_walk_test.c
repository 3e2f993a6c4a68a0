/*
 * stack_walk_test.c: stacks that end oddly: signals, other stacks, code without descriptions, broken chains, cuts,
 * modules that come and go, captures that are interrupted and left.
 */
#include <check.h>
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#include "stack/stack.h"
#include "stack_stub.h"
#include "suite.h"

#define NOINLINE __attribute__((noinline))
#define BARRIER() __asm__ volatile("" ::: "memory")

static __thread struct thread mine;
static struct frames last;

/* A wrapper: captures its caller's stack into `last`, says nothing about what must be in it. */
static NOINLINE uint32_t look(void)
{
	struct stack_start at = STACK_CALLER();
	uint32_t node = stack_capture(&mine, &mine.lanes[0], at);

	stub_frames(node, &last);
	return node;
}

static NOINLINE void check(void)
{
	struct stack_start at = STACK_CALLER();

	truth_check(&mine, at);
	stub_frames(stack_capture(&mine, &mine.lanes[0], at), &last);
	BARRIER();
}

static void setup(void)
{
	stub_start();
	stub_thread(&mine);
}

static bool within(uintptr_t pc, void *function)
{
	return pc > (uintptr_t)function && pc < (uintptr_t)function + 400;
}

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

static uint32_t look_here(void)
{
	uint32_t node = look();

	BARRIER();
	return node;
}

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

/* ---- code without descriptions ---- */

typedef void generated_function(uintptr_t bp, uint32_t (*function)(void));

/* push rbp; [mov rsp, rbp | mov rdi, rbp]; push rbx; mov rsp, rbx; and -16, rsp; call *rsi; … restore; ret */
static generated_function *generate(bool framed)
{
	static const uint8_t with[] = {0x55, 0x48, 0x89, 0xe5, 0x53, 0x48, 0x83, 0xec, 0x08, 0xff, 0xd6, 0x48, 0x83,
	                               0xc4,
		0x08, 0x5b, 0x5d, 0xc3};
	static const uint8_t without[] = {0x55, 0x48, 0x89, 0xfd, 0x53, 0x48, 0x83, 0xec, 0x08, 0xff, 0xd6, 0x48,
	                                  0x83,
		0xc4, 0x08, 0x5b, 0x5d, 0xc3};
	uint8_t *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (framed)
		memcpy(code, with, sizeof(with));
	else
		memcpy(code, without, sizeof(without));
	return (generated_function *)code;
}

static NOINLINE uint32_t between(void)
{
	uint32_t node = look();

	BARRIER();
	return node;
}

static uint32_t check_here(void)
{
	check();
	return 0;
}

START_TEST(generated_code)
{
	generated_function *function;

	setup();
	function = generate(true);
	function(0, between);
	/* libunwind has to guess here, and is wrong where the caller keeps no frame pointer. */
	ck_assert(within(last.pc[0], between) && within(last.pc[1], (void *)function));
	ck_assert(within(last.pc[2], generated_code_fn) && !within(last.pc[3], generated_code_fn));
	ck_assert_uint_eq(last.end, TRACE_STACK_ROOT);
}
END_TEST

/* As in ld.so, which clears rbp before it calls constructors: no description, but a module's word for the root. */
void outermost(uint32_t (*)(void));
__asm__(".globl outermost\noutermost:\n"
        "push %rbp\nxor %ebp, %ebp\ncall *%rdi\npop %rbp\nret\n");

START_TEST(marked_root)
{
	setup();
	outermost(between);
	ck_assert_uint_eq(last.count, 2);
	ck_assert_uint_eq(last.end, TRACE_STACK_ROOT);
}
END_TEST

START_TEST(broken_chain)
{
	generated_function *function;
	uintptr_t here = (uintptr_t)&function;
	uintptr_t loop[4] = {(uintptr_t)loop, (uintptr_t)between + 1, 0, 0};
	uintptr_t wrong[9];

	setup();
	/* Nothing, misaligned, below sp, beyond the stack, not an address, at itself, into text. */
	memcpy(wrong, (uintptr_t[9]){0, 1, here + 1, here - 100000, mine.stack_high + 4096, ~0ul - 7, 1ul << 62,
		(uintptr_t)loop, (uintptr_t)between}, sizeof(wrong));
	function = generate(false);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		function(wrong[i], between);
		ck_assert(within(last.pc[0], between) && within(last.pc[1], (void *)function));
		ck_assert_msg(last.end == TRACE_STACK_LOST, "bp %#lx: ended %u after %u", (unsigned long)wrong[i],
		              last.end,
			last.count);
	}
	function(mine.stack_high - 8, between);
	ck_assert_uint_eq(last.end, TRACE_STACK_LOST);
	/* The same frames, cut and lost in turns: they are not the same stack. */
	library.stack_depth = 2;
	for (int i = 0; i < 4; i++) {
		function(i & 1 ? 1 : (uintptr_t)loop, between);
		ck_assert_uint_eq(last.count, 2);
		ck_assert_uint_eq(last.end, i & 1 ? TRACE_STACK_LOST : TRACE_STACK_CUT);
	}
	library.stack_depth = 1024;
	function((mine.stack_high & ~7ul) - 16, between);
	ck_assert_uint_ne(last.end, TRACE_STACK_CUT);
}
END_TEST

/* ---- descriptions that take more than sp and bp ---- */

void by_rbx(uint32_t (*)(void)), by_memory(uint32_t (*)(void)), by_value(uint32_t (*)(void));
void by_many(uint32_t (*)(void)), by_remembered(uint32_t (*)(void)), by_last(uint32_t (*)(void));
__asm__(
	/* As in ld.so's lazy binding: sp is realigned, rbx keeps the frame. */
	".globl by_rbx\nby_rbx:\n.cfi_startproc\n"
	"push %rbx\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset %rbx, 0\n"
	"mov %rsp, %rbx\n.cfi_def_cfa_register %rbx\n"
	"push %rbp\n.cfi_offset %rbp, -24\n"
	"xor %ebp, %ebp\n"
	"and $-64, %rsp\ncall *%rdi\n"
	"mov -8(%rbx), %rbp\nmov %rbx, %rsp\n.cfi_def_cfa_register %rsp\n"
	"pop %rbx\nret\n.cfi_endproc\n"
	/* As in OpenSSL: the old sp is kept on the stack: CFA = *(rsp + 16) + 8; rbp is at CFA − 16. */
	".globl by_memory\nby_memory:\n.cfi_startproc\n"
	"mov %rsp, %rax\n.cfi_def_cfa_register %rax\n"
	"push %rbp\n.cfi_offset %rbp, -16\n"
	"sub $64, %rsp\nand $-64, %rsp\nmov %rax, 16(%rsp)\n"
	".cfi_escape 0x0f, 0x05, 0x77, 0x10, 0x06, 0x23, 0x08\n"
	"xor %ebp, %ebp\ncall *%rdi\n"
	"mov 16(%rsp), %rax\n.cfi_def_cfa %rax, 8\n"
	"mov -8(%rax), %rbp\nmov %rax, %rsp\n.cfi_def_cfa_register %rsp\nret\n.cfi_endproc\n"
	/* rbp's value by expression: rbp = *(rsp + 8) − 5; and a constant folded into the CFA. */
	".globl by_value\nby_value:\n.cfi_startproc\n"
	"sub $24, %rsp\n.cfi_def_cfa_offset 32\n"
	"lea 5(%rbp), %rax\nmov %rax, 8(%rsp)\n"
	".cfi_escape 0x16, 0x06, 0x06, 0x77, 0x08, 0x06, 0x35, 0x1c, 0x96\n"
	".cfi_escape 0x0f, 0x06, 0x77, 0x10, 0x32, 0x33, 0x24, 0x22\n"
	"mov $77, %ebp\ncall *%rdi\n"
	"mov 8(%rsp), %rbp\nsub $5, %rbp\nadd $24, %rsp\n.cfi_def_cfa %rsp, 8\nret\n.cfi_endproc\n"
	/* CFA from r12 after a detour through r13; both saved. */
	".globl by_many\nby_many:\n.cfi_startproc\n"
	"push %r12\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset %r12, 0\n"
	"push %r13\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset %r13, 0\n"
	"lea 24(%rsp), %r12\n.cfi_def_cfa %r12, 0\n"
	"sub $104, %rsp\nand $-32, %rsp\n"
	"call *%rdi\n"
	"lea -24(%r12), %rsp\n.cfi_def_cfa %rsp, 24\n"
	"pop %r13\npop %r12\n.cfi_def_cfa_offset 8\nret\n.cfi_endproc\n"
	/* The call is the last instruction: its return address belongs to another function, with another CFA. */
	".globl by_last\nby_last:\n.cfi_startproc\n"
	"sub $40, %rsp\n.cfi_def_cfa_offset 48\ncall *%rdi\n.cfi_endproc\n"
	".cfi_startproc\nadd $40, %rsp\nret\n.cfi_endproc\n"
	/* remember_state within remember_state, and an early way out before the call. */
	".globl by_remembered\nby_remembered:\n.cfi_startproc\n"
	"push %rbp\n.cfi_def_cfa_offset 16\n.cfi_offset %rbp, -16\n"
	"test %rdi, %rdi\njnz 1f\n"
	".cfi_remember_state\npop %rbp\n.cfi_def_cfa_offset 8\n.cfi_restore %rbp\n"
	".cfi_remember_state\nret\n.cfi_restore_state\nret\n"
	"1:\n.cfi_restore_state\n"
	"sub $16, %rsp\n.cfi_def_cfa_offset 32\n"
	"mov $3, %ebp\ncall *%rdi\n"
	"add $16, %rsp\n.cfi_def_cfa_offset 16\npop %rbp\n.cfi_restore %rbp\n.cfi_def_cfa_offset 8\n"
	"ret\n.cfi_endproc\n");

static void (*const odd[])(uint32_t (*)(void)) = {by_memory, by_remembered, by_value, by_rbx, by_many};

static unsigned nested;

static uint32_t nest(void)
{
	unsigned mine_now = nested++;

	if (mine_now == sizeof(odd) / sizeof(*odd))
		check();
	else
		odd[mine_now](nest);
	BARRIER();
	return 0;
}

START_TEST(odd_descriptions)
{
	setup();
	for (unsigned i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		uint64_t full = mine.lanes[0].stack ? mine.lanes[0].stack->counts.full : 0;

		odd[i](check_here);
		ck_assert_uint_eq(last.end, TRACE_STACK_ROOT);
		/* The first two are rules; the others need all registers. */
		ck_assert_msg((mine.lanes[0].stack->counts.full > full) == (i >= 2), "case %u", i);
	}
	by_last((uint32_t (*)(void))check);
	ck_assert_uint_eq(last.end, TRACE_STACK_ROOT);
	nest();
	ck_assert_uint_ge(last.count, 2 * sizeof(odd) / sizeof(*odd));
	ck_assert_uint_eq(mine.lanes[0].stack->counts.unreadable, 0);
}
END_TEST

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
		run(between);
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
	TCase *test = tcase_create("walk");

	tcase_add_loop_test(test, signals, 0, 2);
	tcase_add_loop_test(test, signals_in_epilogues, 0, 2);
	tcase_add_loop_test(test, stack_overflow, 0, 2);
	tcase_add_loop_test(test, coroutines, 0, 2);
	tcase_add_test(test, no_end_mark);
	tcase_add_test(test, thread_root);
	tcase_add_test(test, depth_is_cut);
	tcase_add_test(test, generated_code);
	tcase_add_test(test, marked_root);
	tcase_add_test(test, broken_chain);
	tcase_add_test(test, odd_descriptions);
	tcase_add_test(test, generations);
	tcase_add_test(test, epochs);
	tcase_add_test(test, interrupted_and_left);
	return suite_run("stack walk", test);
}
