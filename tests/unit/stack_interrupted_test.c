/*
 * stack_interrupted_test.c: what a signal interrupted, at every instruction of generated code that has no call frame
 * information: the processor traps after each, and calls and returns are counted along. The code is shaped as V8's: with a
 * frame, with checks before it, without one, with words pushed; called directly, by register, by a table.
 */
#include <check.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "stack/interrupted.h"
#include "stack_stub.h"
#include "suite.h"

#define TRAP  0x100                  /* EFLAGS.TF */
#define DEPTH 32

static uint8_t *code;
static size_t used;
static struct thread mine;

static void put(const char *bytes, size_t size)
{
	memcpy(code + used, bytes, size);
	used += size;
}

#define PUT(bytes) put(bytes, sizeof(bytes) - 1)

static void put_call(size_t target)
{
	int32_t distance = (int32_t)target - (int32_t)(used + 5);

	PUT("\xe8");
	put((const char *)&distance, 4);
}

static void put_address(size_t target)
{
	uint64_t address = (uintptr_t)(code + target);

	put((const char *)&address, 8);
}

static size_t aligned(void)
{
	while (used % 32)
		PUT("\xcc");
	return used;
}

#define MAKE_FRAME  PUT("\x55\x48\x89\xe5")         /* push %rbp; mov %rsp,%rbp */
#define LEAVE_FRAME PUT("\x5d\xc3")                 /* pop %rbp; ret */
#define NOPS        PUT("\x90\x90")

/* Returns the entry of the outermost function. */
static size_t generate(void)
{
	size_t bare, pushing, framed, checked, table, outer;

	bare = aligned();
	NOPS;
	PUT("\xc3");
	framed = aligned();
	MAKE_FRAME;
	PUT("\x6a\x08\x48\x83\xec\x20");             /* push $8; sub $32,%rsp: what is there is old */
	NOPS;
	put_call(bare);
	PUT("\x48\x83\xc4\x28");
	LEAVE_FRAME;
	pushing = aligned();
	PUT("\x53\x56\x57");                         /* push %rbx, %rsi, %rdi */
	NOPS;
	PUT("\x5f\x5e\x5b\xc3");
	checked = aligned();
	PUT("\x8b\x59\x00\xf6\xc3\x00");             /* mov 0(%rcx),%ebx; test $0,%bl */
	MAKE_FRAME;
	PUT("\x51\x57");
	put_call(pushing);
	PUT("\x5f\x59");
	LEAVE_FRAME;
	table = aligned();
	put_address(pushing);
	put_address(framed);
	put_address(checked);
	outer = aligned();
	MAKE_FRAME;
	PUT("\x41\x55\x53\x49\xbd");                 /* push %r13, %rbx; mov $table,%r13 */
	put_address(table);
	put_call(bare);
	put_call(framed);
	put_call(pushing);
	PUT("\x41\xff\x95\x00\x00\x00\x00");         /* call *0(%r13), by 32 bits */
	PUT("\x41\xff\x55\x08");                     /* call *8(%r13) */
	PUT("\x49\x8b\x4d\x10\xff\xd1");             /* mov 16(%r13),%rcx; call *%rcx */
	put_call(framed);                            /* over the old words that others left */
	PUT("\x5b\x41\x5d");
	LEAVE_FRAME;
	return outer;
}

static struct {
	uintptr_t called[DEPTH];     /* return addresses, outermost first */
	unsigned  depth;
	uintptr_t before;            /* where the last trap was */
	unsigned  seen, wrong;
	uintptr_t wrong_at;
} truth;

static bool in_code(uintptr_t pc)
{
	return pc - (uintptr_t)code < used;
}

/* Follows what the instruction at `before` did. */
static void follow(const ucontext_t *context)
{
	uintptr_t sp = (uintptr_t)context->uc_mcontext.gregs[REG_RSP], before = truth.before;
	uintptr_t pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
	const uint8_t *at = (const uint8_t *)before;

	truth.before = pc;
	if (!in_code(before)) {
		if (in_code(pc))
			truth.called[truth.depth++] = *(uintptr_t *)sp;
	} else if (at[0] == 0xc3) {
		truth.depth--;
	} else if (at[0] == 0xe8 || at[0] == 0xff || (at[0] == 0x41 && at[1] == 0xff)) {
		truth.called[truth.depth++] = *(uintptr_t *)sp;
	}
}

static __attribute__((noinline)) void check(struct stack_start handler, const ucontext_t *context)
{
	static struct frames frames;
	uintptr_t pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
	bool right;

	stub_frames(stack_interrupted(&mine, &mine.lanes[0], handler, context), &frames);
	right = frames.count > truth.depth && frames.pc[0] == pc && frames.exact[0] && frames.end == TRACE_STACK_ROOT;
	for (unsigned i = 0; right && i < truth.depth; i++)
		right = frames.pc[i + 1] == truth.called[truth.depth - 1 - i] && !frames.exact[i + 1];
	truth.seen++;
	if (!right && !truth.wrong++)
		truth.wrong_at = pc - (uintptr_t)code;
}

static void on_trap(int number, siginfo_t *info, void *argument)
{
	const ucontext_t *context = argument;

	(void)number, (void)info;
	follow(context);
	if (in_code((uintptr_t)context->uc_mcontext.gregs[REG_RIP]))
		check(STACK_CALLER(), context);
}

START_TEST(every_instruction)
{
	struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
	size_t outer;

	stub_start();
	stub_thread(&mine);
	code = mmap(NULL, 65536, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(code, MAP_FAILED);
	outer = generate();
	ck_assert_int_eq(sigaction(SIGTRAP, &action, NULL), 0);
	__asm__ volatile("pushfq\n\t"
	                 "orq %1, (%%rsp)\n\t"
	                 "popfq\n\t"
	                 "call *%0\n\t"
	                 "pushfq\n\t"
	                 "andq %2, (%%rsp)\n\t"
	                 "popfq"
	                 :
	                 : "r"((uintptr_t)(code + outer)), "i"(TRAP), "i"(~TRAP)
	                 : "rax", "rcx", "rdx", "rbx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
	ck_assert_uint_gt(truth.seen, 80);
	ck_assert_msg(truth.wrong == 0, "%u of %u stacks are wrong, the first at %zu of the code (outer begins at %zu)",
	              truth.wrong, truth.seen, (size_t)truth.wrong_at, outer);
	munmap(code, 65536);
}
END_TEST

SUITE_MAIN("stack interrupted", every_instruction)
