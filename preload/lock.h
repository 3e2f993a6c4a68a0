/*
 * lock.h: the lock of the library's slow paths. Signals are blocked while it is held, so a handler never meets a
 * lock that its own thread holds; a forked child finds it open, because every lock lies in wiped memory.
 *
 * Under a seccomp filter that this library must not provoke (library.filtered) no system call may be made: then
 * signals stay as they are and taking the lock gives up after a while instead of sleeping.
 */
#ifndef PROBE_LOCK_H
#define PROBE_LOCK_H

#include <linux/futex.h>
#include <signal.h>

#include "library.h"
#include "sys.h"

struct lock {
	uint32_t word;           /* 0 open, 1 held, 2 held and somebody sleeps */
};

struct lock_hold {
	uint64_t signals;        /* the mask to put back */
	bool     masked;         /* whether there is one */
};

#define SIGNALS_ALL (~0ull)

static inline uint64_t signals_block(void)
{
	uint64_t all = SIGNALS_ALL, old = 0;

	sys(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, sizeof(old));
	return old;
}

static inline void signals_restore(uint64_t old)
{
	sys(SYS_rt_sigprocmask, SIG_SETMASK, &old, 0, sizeof(old));
}

/* False only under a filter, when the lock could not be had: the caller does without. */
static inline bool lock_take(struct lock *lock, struct lock_hold *hold)
{
	uint32_t open = 0;

	*hold = (struct lock_hold){.masked = !library.filtered};
	if (hold->masked)
		hold->signals = signals_block();
	if (__atomic_compare_exchange_n(&lock->word, &open, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return true;
	if (!hold->masked) {
		for (int spins = 0; spins < 1000000; spins++) {
			open = 0;
			if (__atomic_compare_exchange_n(&lock->word, &open, 1, false, __ATOMIC_ACQUIRE,
			                                __ATOMIC_RELAXED))
				return true;
			__builtin_ia32_pause();
		}
		return false;
	}
	while (__atomic_exchange_n(&lock->word, 2, __ATOMIC_ACQUIRE) != 0)
		sys(SYS_futex, &lock->word, FUTEX_WAIT_PRIVATE, 2, 0, 0, 0);
	return true;
}

static inline void lock_give(struct lock *lock, const struct lock_hold *hold)
{
	if (__atomic_exchange_n(&lock->word, 0, __ATOMIC_RELEASE) == 2 && hold->masked)
		sys(SYS_futex, &lock->word, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
	if (hold->masked)
		signals_restore(hold->signals);
}

#endif
