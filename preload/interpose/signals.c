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

/* ---- what it does ------------------------------------------------------------------------------------------------- */

static int action_of_ours(int number, const struct sigaction *wish, struct sigaction *before)
{
	struct sigaction was = {.sa_handler = cpu_pretended()};
	bool catches = wish && ((wish->sa_flags & SA_SIGINFO) ||
	                        (wish->sa_handler != SIG_DFL && wish->sa_handler != SIG_IGN));
	int result = 0;

	/* A child of vfork has its parent's memory, but its own table of handlers, and no timers. */
	if (process_is_borrowed()) {
		result = next_sigaction()(number, wish, NULL);
	} else if (catches) {
		cpu_give_way();
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
	if (likely(!cpu_signal() || number != cpu_signal()))
		return next_sigaction()(number, wish, before);
	return action_of_ours(number, wish, before);
}

PUBLIC handler *signal(int number, handler *wish)
{
	struct sigaction action = {.sa_handler = wish, .sa_flags = SA_RESTART}, before;

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
		if (unlikely(cpu_signal() && number == cpu_signal() && !process_is_borrowed())) { \
			cpu_give_way(); \
			next_signal()(number, SIG_DFL); \
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

/* The set without our signal. */
static const sigset_t *without(const sigset_t *set, sigset_t *copy)
{
	if (!set || !cpu_signal() || sigismember(set, cpu_signal()) != 1)
		return set;
	*copy = *set;
	sigdelset(copy, cpu_signal());
	return copy;
}

/* The mask was changed, and the program is to believe that our signal is as any other. */
static void masked(int how, const sigset_t *set, sigset_t *before)
{
	struct thread *thread = cpu_signal() ? self : NULL;
	bool was, ours;

	if (likely(!thread || !thread->live))
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
