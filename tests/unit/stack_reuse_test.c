/*
 * stack_reuse_test.c: captures that reuse what the last one learnt against captures that walk everything, over stacks
 * made to deceive: the same stack pointer and return address over different outer frames, stale words in frames that
 * nobody initialized, frame pointers that differ where nothing else does, jumps, exceptions' kin and coroutines.
 */
#include <alloca.h>
#include <check.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "stack/stack.h"
#include "stack_stub.h"
#include "suite.h"

#define CAPTURES 1000000ul

/* The address sanitizer does not follow stacks that are used again. */
#if defined(__SANITIZE_ADDRESS__)
#define COROUTINES false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define COROUTINES false
#endif
#endif
#ifndef COROUTINES
#define COROUTINES true
#endif

#ifdef __clang__
#define FRAMED __attribute__((noinline))
#define BARE   __attribute__((noinline))
#else
#define FRAMED __attribute__((noinline, optimize("O2,no-omit-frame-pointer,no-optimize-sibling-calls")))
#define BARE   __attribute__((noinline, optimize("O2,omit-frame-pointer,no-optimize-sibling-calls")))
#endif

static struct thread mine;
static uint64_t captures, shorter, lost;
static uintptr_t high;               /* of the whole stack */
static uint64_t seed = 88172645463325252ull;
static volatile uintptr_t sink;
static jmp_buf back;

static unsigned pick(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % n;
}

/* Lane 0 reuses; lane 1 forgets before each capture. Equal stacks have equal nodes. */
static __attribute__((noinline)) void look(void)
{
	struct stack_start at = STACK_CALLER();
	uint32_t quick = stack_capture(&mine, &mine.lanes[0], at), slow;
	struct stack_lane *lane = mine.lanes[1].stack;

	shorter += mine.lanes[0].stack->same != 0;
	if (lane)
		lane->memo_plain = lane->memo_count = 0;
	slow = stack_capture(&mine, &mine.lanes[1], at);
	if (quick != slow) {
		static struct frames a, b;

		stub_frames(quick, &a);
		stub_frames(slow, &b);
		for (unsigned i = 0; i < a.count || i < b.count; i++)
			if (i >= a.count || i >= b.count || a.pc[i] != b.pc[i])
				ck_abort_msg("capture %lu: frame %u of %u and %u differs", captures, i, a.count,
				             b.count);
		ck_abort_msg("capture %lu: one stack, two nodes", captures);
	}
	if (++captures % 50021 == 0 && mine.stack_high == high)
		truth_check(&mine, at);
	__asm__ volatile("" ::: "memory");
}

typedef void step_function(unsigned depth, unsigned room);
static step_function framed, bare, saving, switching, probing;
static step_function *const steps[] = {framed, bare, saving, framed, bare, switching};

/*
 * `room` is what the frames from here inwards may still take together: however it is shared out, the innermost frames
 * lie at the same place. Two call sites each, so that the same frame has two return addresses.
 */
static inline __attribute__((always_inline)) void onwards(unsigned depth, unsigned room)
{
	step_function *next = depth == 0 ? probing : steps[pick(sizeof(steps) / sizeof(*steps))];

	if (pick(2)) {
		next(depth - (depth > 0), room);
		sink++;
	} else {
		next(depth - (depth > 0), room);
		sink--;
	}
}

static FRAMED void framed(unsigned depth, unsigned room)
{
	unsigned taken = depth ? pick(room + 1) : room;
	char *uninitialized = alloca(taken * 16 + 16);

	__asm__ volatile("" : "+r"(uninitialized)::"memory");
	onwards(depth, room - taken);
	sink += (uintptr_t)uninitialized;
}

static BARE void bare(unsigned depth, unsigned room)
{
	char uninitialized[48];

	__asm__ volatile("" ::"r"(uninitialized) : "memory");
	onwards(depth, room);
	if (pick(200) == 0 && depth == 2)
		longjmp(back, 1);
}

/* rbp holds a value, here a different one each time, and is saved by whoever needs it. */
static BARE void saving(unsigned depth, unsigned room)
{
	uintptr_t a = pick(3), b = sink, c = depth * a, d = room ^ b, e = a + b;

	__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e));
	onwards(depth, room);
	__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e));
	sink = a ^ b ^ c ^ d ^ e;
}

/* Some outer frames are those of another stack. */
static ucontext_t returning[16], inner[16];
static char *stacks[16];
static unsigned nesting;
static struct { unsigned depth, room; } passed;

static void coroutine(void)
{
	unsigned mine_now = nesting - 1;

	onwards(passed.depth, passed.room);
	nesting = mine_now;
	setcontext(&returning[mine_now]);
}

static BARE void switching(unsigned depth, unsigned room)
{
	if (!COROUTINES || nesting == 16 || depth < 3 || pick(8)) {
		onwards(depth, room);
		return;
	}
	if (!stacks[nesting])
		stacks[nesting] = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	getcontext(&inner[nesting]);
	inner[nesting].uc_stack.ss_sp = stacks[nesting];
	inner[nesting].uc_stack.ss_size = 1 << 16;
	makecontext(&inner[nesting], coroutine, 0);
	passed.depth = depth;
	passed.room = room;
	nesting++;
	swapcontext(&returning[nesting - 1], &inner[nesting - 1]);
}

static BARE void probing(unsigned depth, unsigned room)
{
	(void)depth;
	(void)room;
	/* From several places, and with no register that lives through the calls: rbp is the caller's. */
	switch (pick(4)) {
	case 0:
		look();
		/* fall through */
	case 1:
		look();
		/* fall through */
	default:
		look();
	}
	sink++;
}

static void handler(int signal)
{
	(void)signal;
	onwards(3, 2);
}

START_TEST(agrees)
{
	struct sigaction action = {.sa_handler = handler};
	uintptr_t here = (uintptr_t)__builtin_frame_address(0) & ~15ul;

	stub_start();
	stub_thread(&mine);
	high = mine.stack_high;
	sigaction(SIGUSR1, &action, NULL);
	while (captures < CAPTURES) {
		nesting = 0;
		if (setjmp(back) == 0)
			for (unsigned i = 0; i < 1000; i++) {
				/* Depth 3 and little room: few places, met again and again. */
				onwards(1 + pick(8), 3);
				if (i % 100 == 0)
					raise(SIGUSR1);
				/* A lane goes on to another thread, whose stack ends elsewhere. */
				if (i == 500 || i == 520) {
					lost += i == 520 ? mine.lanes[0].stack->counts.lost - lost : 0;
					mine.stack_high = i == 500 ? here : high;
				}
			}
		mine.stack_high = high;
		/* The same addresses are others' code from now on: other nodes. */
		if (pick(256) == 0)
			stack_unloaded((uintptr_t)probing, (uintptr_t)probing + 64);
	}
	/* Not in vain: most captures found something to reuse. */
	ck_assert_uint_gt(shorter, captures / 2);
	ck_assert_uint_eq(mine.lanes[0].stack->counts.lost, lost);
}
END_TEST

int main(void)
{
	TCase *test = tcase_create("reuse");

	tcase_add_test(test, agrees);
	return suite_run("stack reuse", test);
}
