/*
 * timers.c: see cpu.h. POSIX timers on the threads' own CPU clocks, of which the kernel tells the thread itself
 * (SIGEV_THREAD_ID). They end with their thread, are not inherited by fork, and exec deletes them and what they had sent
 * (timer_create(2)); what is left of one that has ended is deleted with its thread's state.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "cpu/counters.h"
#include "cpu/cpu.h"
#include "identity.h"
#include "interpose/next.h"
#include "record/thread.h"
#include "sys.h"

typedef void handler(int);

/* The kernel's clock of the CPU time of a thread of this process (include/linux/posix-timers.h: CPUCLOCK_PERTHREAD,
 * CPUCLOCK_SCHED). */
#define THREAD_CLOCK(tid) ((int)(~(tid) << 3 | 4 | 2))

/* Ours first, so that it is not what a program counts up or down to from either end. */
#define SIGNAL_FIRST 51
#define SIGNAL_LOWEST 34             /* those before it are libc's own */
#define SIGNAL_HIGHEST 64

NEXT(sigaction, int(int, const struct sigaction *, struct sigaction *))
NEXT(signal, handler *(int, handler *))

/* Ordinary memory: a forked child has its parent's handler. */
static int signal_number;            /* 0: none */
static void (*pretended)(int);       /* SIG_DFL or SIG_IGN */
static bool refused;                 /* asked for, and not possible here */
static bool paused;
static bool catches;                 /* the program has a handler */
static bool on_its_stack;            /* no alternate stacks */
static uint32_t counted;             /* set of 1 << enum trace_cpu: what counters tell here */

int cpu_signal(void)
{
	return __atomic_load_n(&signal_number, __ATOMIC_RELAXED);
}

void (*cpu_pretend(void (*wish)(int)))(int)
{
	return __atomic_exchange_n(&pretended, wish, __ATOMIC_RELAXED);
}

void (*cpu_pretended(void))(int)
{
	return __atomic_load_n(&pretended, __ATOMIC_RELAXED);
}

void cpu_program_catches(void)
{
	__atomic_store_n(&catches, true, __ATOMIC_RELAXED);
}

bool cpu_may_restart(void)
{
	return !__atomic_load_n(&catches, __ATOMIC_RELAXED);
}

/*
 * On an alternate stack only where the threads were given theirs without the C library: Go does so, since no handler may run on
 * its small stacks. The handler is short, and nothing that it calls is to be interrupted.
 */
static bool catch(int number)
{
	struct sigaction ours = {
		.sa_sigaction = cpu_on_signal, .sa_flags = SA_SIGINFO | SA_RESTART | (on_its_stack ? 0 : SA_ONSTACK),
	};

	sigfillset(&ours.sa_mask);
	return next_sigaction()(number, &ours, NULL) == 0;
}

void cpu_leave_alternate_stacks(void)
{
	bool was = __atomic_exchange_n(&on_its_stack, true, __ATOMIC_RELAXED);

	if (!was && signal_number)
		catch(signal_number);
}

/* A signal that nobody cares for; it is caught from now on. 0: there is none. */
static int catch_another(void)
{
	struct sigaction theirs;
	int count = SIGNAL_HIGHEST - SIGNAL_LOWEST + 1;
	uint64_t waiting = 0;

	sys(SYS_rt_sigpending, &waiting, sizeof(waiting));
	for (int i = 0; i < count; i++) {
		int number = SIGNAL_LOWEST + (SIGNAL_FIRST - SIGNAL_LOWEST + i) % count;

		if (number != signal_number && !(waiting >> (number - 1) & 1) && next_sigaction()(number, NULL, &theirs) == 0 &&
		    !(theirs.sa_flags & SA_SIGINFO) && theirs.sa_handler == SIG_DFL && catch(number))
			return number;
	}
	return 0;
}

/* By a filter that the program has inherited: what we ask the kernel for may be what it kills for. */
static bool is_filtered(void)
{
	static char status[4096];
	long n = identity_read("/proc/self/status", status, sizeof(status));
	const char *line = n > 0 ? strstr(status, "\nSeccomp:\t") : NULL;

	return line && line[sizeof("\nSeccomp:\t") - 1] != '0';
}

void cpu_start(void)
{
	struct counter_group *group;

	if (!library.cpu_period)
		return;
	/* valgrind's signals and clocks are not the kernel's. */
	if (library.no_drain || is_filtered()) {
		library.cpu_period = 0;
		refused = true;
		return;
	}
	signal_number = catch_another();
	group = counters_open(counters_asked, counters_asked_count);
	for (uint32_t i = 0; group && i < group->count; i++)
		counted |= 1u << group->told[i];
	if (group)
		counters_close(group);
}

void cpu_forked(void)
{
	counters_forked();
}

void cpu_tell(void)
{
	struct trace_cpu_sampling record = {
		.period_ns = library.cpu_period,
		.counters = 1u << TRACE_CPU_TIME | 1u << TRACE_CPU_PAGE_FAULTS | counted,
	};

	if (refused)
		meta_warn("there are no CPU samples under valgrind, nor under a seccomp filter");
	if (!library.cpu_period)
		return;
	if (signal_number)
		meta_write(TRACE_RECORD_CPU, &record, sizeof(record), NULL, 0);
	else
		meta_warn("there are no CPU samples: the program uses every real-time signal");
}

/* ---- a thread's timer --------------------------------------------------------------------------------------------- */

static void set(struct thread *thread)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = cpu_signal(),
		.sigev_value.sival_ptr = (void *)CPU_COOKIE,
		._sigev_un._tid = (pid_t)thread->tid,
	};
	struct itimerspec each = {
		.it_interval.tv_sec = (time_t)(library.cpu_period / 1000000000u),
		.it_interval.tv_nsec = (long)(library.cpu_period % 1000000000u),
	};
	int timer = 0;
	long error;

	each.it_value = each.it_interval;
	if (!event.sigev_signo || paused || !thread->tid || thread->cpu_timer)
		return;
	error = sys(SYS_timer_create, THREAD_CLOCK(thread->tid), &event, &timer);
	if (error == -EAGAIN) /* else the thread has ended */
		meta_warn("some threads have no CPU samples: the kernel gives no more timers (RLIMIT_SIGPENDING)");
	if (error)
		return;
	thread->cpu_timer = (uint32_t)timer + 1;
	sys(SYS_timer_settime, timer, 0, &each, NULL);
}

static void unset(struct thread *thread)
{
	if (thread->cpu_timer)
		sys(SYS_timer_delete, thread->cpu_timer - 1);
	thread->cpu_timer = 0;
}

static void begin(struct thread *thread)
{
	set(thread);
	thread->counters = counted && thread->cpu_timer ? counters_open(counters_asked, counters_asked_count) : NULL;
}

/* The calling thread's. What the program believes stays: a new thread inherits it. */
static void unblock(struct thread *thread, bool believed)
{
	uint64_t ours, old = 0;

	if (!cpu_signal())
		return;
	ours = 1ull << (cpu_signal() - 1);
	sys(SYS_rt_sigprocmask, SIG_UNBLOCK, &ours, &old, sizeof(old));
	thread->cpu_blocked = believed || (old & ours);
}

void cpu_thread_begins(struct thread *thread)
{
	if (library.filtered)
		return;
	thread->cpu_sampled = thread->cpu_cost = 0;
	thread->faults_sampled = 0;
	thread_alone(thread, begin);
	if (thread->cpu_timer)
		unblock(thread, thread->cpu_blocked);
}

void cpu_thread_gone(struct thread *thread)
{
	if (library.filtered)
		return;
	unset(thread);
	if (thread->counters)
		counters_close(thread->counters);
	thread->counters = NULL;
}

/* ---- all threads' ------------------------------------------------------------------------------------------------- */

static void change(bool pause, int number)
{
	if (!signal_number || library.filtered || !process_start() || process_is_borrowed())
		return;
	threads_each(unset);
	__atomic_store_n(&signal_number, number, __ATOMIC_RELAXED);
	paused = pause;
	threads_each(set);
}

void cpu_pause(void)
{
	change(true, signal_number);
}

void cpu_resume(void)
{
	change(false, signal_number);
}

void cpu_give_way(void)
{
	int number = catch_another(), before = signal_number;

	if (!number)
		meta_warn("there are no more CPU samples from some time on: the program uses every real-time signal");
	change(paused, number);
	next_signal()(before, cpu_pretend(SIG_DFL));
	if (self && self->live)
		unblock(self, false);
}
