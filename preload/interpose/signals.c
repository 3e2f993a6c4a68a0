/*
 * signals.c: keeps the signal of our CPU timers to ourselves (cpu/cpu.h). For the program it is one that nobody uses: who
 * asks what it does is told the default, who catches it gets it, and the timers take another one. It is never blocked, or
 * a daemon that blocks all signals and waits for them in one thread would have no samples, and would be handed ours.
 */
#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "cpu/cpu.h"
#include "interpose/next.h"
#include "record/event.h"
#include "start.h"

typedef void handler(int);

NEXT(sigaction, int(int, const struct sigaction *, struct sigaction *))
NEXT(signal, handler *(int, handler *))
NEXT(sigprocmask, int(int, const sigset_t *, sigset_t *))
NEXT(pthread_sigmask, int(int, const sigset_t *, sigset_t *))
NEXT(sigwait, int(const sigset_t *, int *))
NEXT(sigwaitinfo, int(const sigset_t *, siginfo_t *))
NEXT(sigtimedwait, int(const sigset_t *, siginfo_t *, const struct timespec *))
NEXT(signalfd, int(int, const sigset_t *, int))
NEXT(sigaltstack, int(const stack_t *, stack_t *))

/* ---- what it does ------------------------------------------------------------------------------------------------- */

static bool is_function(const struct sigaction *wish)
{
	return (wish->sa_flags & SA_SIGINFO) || (wish->sa_handler != SIG_DFL && wish->sa_handler != SIG_IGN);
}

static int action_of_ours(int number, const struct sigaction *wish, struct sigaction *before)
{
	struct sigaction was = {.sa_handler = cpu_pretended()};
	bool catches = wish && is_function(wish);
	int result = 0;

	/* A child of vfork has its parent's memory, but its own table of handlers, and no timers. */
	if (process_is_borrowed()) {
		result = next_sigaction()(number, wish, NULL);
	} else if (catches) {
		cpu_give_way();
		cpu_program_catches();
		result = next_sigaction()(number, wish, NULL);
	} else if (wish) {
		cpu_pretend(wish->sa_handler);
	}
	if (result == 0 && before)
		*before = was;
	return result;
}

PUBLIC int sigaction(int number, const struct sigaction *wish, struct sigaction *before)
{
	struct sigaction open;

	if (likely(!cpu_signal()))
		return next_sigaction()(number, wish, before);
	if (number == cpu_signal())
		return action_of_ours(number, wish, before);
	/* A handler that blocks all signals may never come back (longjmp), and is to have samples, too; but not one on an
	 * alternate stack, which has no room for them. */
	if (wish && is_function(wish)) {
		cpu_program_catches();
		open = *wish;
		if (wish->sa_flags & SA_ONSTACK)
			sigaddset(&open.sa_mask, cpu_signal());
		else
			sigdelset(&open.sa_mask, cpu_signal());
		wish = &open;
	}
	return next_sigaction()(number, wish, before);
}

PUBLIC handler *signal(int number, handler *wish)
{
	struct sigaction action = {.sa_handler = wish, .sa_flags = SA_RESTART}, before;

	if (cpu_signal() && wish != SIG_DFL && wish != SIG_IGN)
		cpu_program_catches();
	if (likely(!cpu_signal() || number != cpu_signal() || wish == SIG_ERR))
		return next_signal()(number, wish);
	return action_of_ours(number, &action, &before) == 0 ? before.sa_handler : SIG_ERR;
}

/* The rarer ways: the signal is the program's from then on, whatever it does with it. */
#define GIVE_WAY(name, result, parameters, arguments) \
	NEXT(name, result parameters) \
	result name parameters; \
\
	PUBLIC result name parameters \
	{ \
		if (unlikely(cpu_signal())) { \
			cpu_program_catches(); \
			if (number == cpu_signal() && !process_is_borrowed()) \
				cpu_give_way(); \
		} \
		return next_##name() arguments; \
	}

GIVE_WAY(bsd_signal, handler *, (int number, handler *wish), (number, wish))
GIVE_WAY(sysv_signal, handler *, (int number, handler *wish), (number, wish))
GIVE_WAY(__sysv_signal, handler *, (int number, handler *wish), (number, wish))
GIVE_WAY(sigset, handler *, (int number, handler *wish), (number, wish))
GIVE_WAY(sigignore, int, (int number), (number))
GIVE_WAY(siginterrupt, int, (int number, int interrupt), (number, interrupt))

/* ---- whether it is blocked ---------------------------------------------------------------------------------------- */

#define NEARLY_ALL 48                /* signals; who names that many means all of them, not ours */

#define WAYS_MOST  16                /* it may name all of them, time and again */
static uint32_t ways_given;

/* The set without our signal. A program that names it among few others has a use for it, and gets it. */
static const sigset_t *without(const sigset_t *set, sigset_t *copy)
{
	if (!set || !cpu_signal() || sigismember(set, cpu_signal()) != 1)
		return set;
	if (__builtin_popcountl(*(const unsigned long *)(const void *)set) < NEARLY_ALL && ways_given < WAYS_MOST &&
	    !process_is_borrowed()) {
		ways_given++;
		cpu_give_way();
		if (!cpu_signal() || sigismember(set, cpu_signal()) != 1)
			return set;
	}
	*copy = *set;
	sigdelset(copy, cpu_signal());
	return copy;
}

/* The mask was changed, and the program is to believe that our signal is as any other. */
static void masked(int how, const sigset_t *set, sigset_t *before)
{
	struct thread *thread = cpu_signal() ? self : NULL;
	bool was, ours;

	if (likely(!thread || !thread->live) || process_is_borrowed())
		return;
	was = thread->cpu_blocked;
	ours = set && sigismember(set, cpu_signal()) == 1;
	if (set)
		thread->cpu_blocked = how == SIG_SETMASK ? ours : how == SIG_BLOCK ? was || ours : was && !ours;
	if (before && was)
		sigaddset(before, cpu_signal());
}

/* set and before may be the same. */
#define MASK(name) \
	PUBLIC int name(int how, const sigset_t *set, sigset_t *before) \
	{ \
		sigset_t copy, wish; \
		int result; \
\
		if (likely(!cpu_signal())) \
			return next_##name()(how, set, before); \
		if (set) \
			wish = *set; \
		result = next_##name()(how, without(set, &copy), before); \
		if (result == 0) \
			masked(how, set ? &wish : NULL, before); \
		return result; \
	}

MASK(sigprocmask)
MASK(pthread_sigmask)

/* ---- waiting for it ----------------------------------------------------------------------------------------------- */

PUBLIC int sigwait(const sigset_t *set, int *number)
{
	sigset_t copy;

	return next_sigwait()(without(set, &copy), number);
}

PUBLIC int sigwaitinfo(const sigset_t *set, siginfo_t *info)
{
	sigset_t copy;

	return next_sigwaitinfo()(without(set, &copy), info);
}

PUBLIC int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout)
{
	sigset_t copy;

	return next_sigtimedwait()(without(set, &copy), info, timeout);
}

PUBLIC int signalfd(int fd, const sigset_t *set, int flags)
{
	sigset_t copy;

	return next_signalfd()(fd, without(set, &copy), flags);
}

/* ---- where it is handled ------------------------------------------------------------------------------------------ */

PUBLIC int sigaltstack(const stack_t *restrict wish, stack_t *restrict before)
{
	/* They are often too small: a sample takes some 5 KiB with the kernel's frame. */
	if (cpu_signal() && wish && !(wish->ss_flags & SS_DISABLE) && !process_is_borrowed())
		cpu_leave_alternate_stacks();
	return next_sigaltstack()(wish, before);
}
