/*
 * bounds.c: which words a walk may read.
 *
 * On the thread's own stack everything from the stack pointer to its high end is there. Any other stack (one of a
 * coroutine, a sigaltstack, a clone) ends nobody knows where, and the program may unmap it and map another in its
 * place at any time between two captures, so nothing learnt about one is kept: each walk asks the kernel for each
 * page that it comes to. The question is rt_sigprocmask with a `how` that does not exist: it reads the word (EFAULT
 * if it cannot) and then changes nothing (EINVAL). It needs no descriptor, and a filter that forbids it would break
 * pthread_create.
 *
 * What remains: a walk that runs past the end of such a stack reads its neighbour, which another thread may unmap
 * between question and read. The limit keeps that rare, it cannot be excluded without copying.
 */
#include <errno.h>

#include "stack.h"
#include "sys.h"

#define PAGE         4096u
#define GUARD_PAGES  256u            /* above an interrupted sp, to look for the end of a guard */
#define RED_ZONE     128u            /* below an interrupted sp: the function's still (psABI 3.2.2) */
#define FOREIGN_MAX  (1u << 20)      /* bytes above sp that a walk on a stack of unknown size may reach */
#define MAIN_REACH   (128ull << 20)  /* the kernel maps nothing unasked so near below the main stack's end */

bool bounds_readable(uintptr_t address)
{
	return sys(SYS_rt_sigprocmask, 0x7fff, address & ~7ul, 0, 8) == -EINVAL;
}

/* On the thread's own stack? Its low end is unknown for the main thread, which grows. */
static bool is_own(const struct thread *thread, uintptr_t sp)
{
	uintptr_t high = thread->stack_high;
	uintptr_t low = thread->stack_low ? thread->stack_low : high - (high > MAIN_REACH ? MAIN_REACH : high);

	return sp >= low && sp < high;
}

void bounds_enter(struct bounds *bounds, const struct thread *thread, uintptr_t sp)
{
	bounds->low = sp;
	if (likely(is_own(thread, sp))) {
		bounds->high = thread->stack_high & ~7ul;
		bounds->limit = 0;
		return;
	}
	bounds->high = ((sp - 1) | (PAGE - 1)) + 1;
	bounds->limit = sp + FOREIGN_MAX;
}

bool bounds_interrupted(struct bounds *bounds, const struct thread *thread, uintptr_t sp)
{
	/* What an epilogue has popped is still described as saved in its slot, which by now lies below sp. */
	uintptr_t low = sp - RED_ZONE, page = low & ~(uintptr_t)(PAGE - 1);

	/* A stack overflow leaves sp in the guard: what lies above the guard can still be read. */
	for (unsigned i = 0; !bounds_readable(page); i++, page += PAGE)
		if (i == GUARD_PAGES || page >> ADDRESS_BITS)
			return false;
	bounds->low = page > low ? page : low;
	if (is_own(thread, bounds->low)) {
		bounds->high = thread->stack_high & ~7ul;
		bounds->limit = 0;
	} else {
		bounds->high = page + PAGE;
		bounds->limit = bounds->low + FOREIGN_MAX;
	}
	return true;
}

bool bounds_extend(struct bounds *bounds, uintptr_t address)
{
	if (address & 7 || address < bounds->low || address >= bounds->limit)
		return false;
	while (bounds->high <= address) {
		if (!bounds_readable(bounds->high))
			return false;
		bounds->high += PAGE;
	}
	return true;
}
