/*
 * handler.c: a thread's timer has fired. All signals are blocked. The handler runs between any two instructions of the
 * thread, in the middle of an event, too: then it takes the next lane, as any handler's events do (record/event.h); locks
 * are held with signals blocked, so none is met that its own thread holds. errno is not touched.
 */
#include <errno.h>
#include <sys/resource.h>
#include <time.h>
#include <ucontext.h>

#include "cpu/counters.h"
#include "cpu/cpu.h"
#include "record/event.h"
#include "stack/interrupted.h"
#include "sys.h"

static uint64_t thread_cpu_ns(void)
{
	struct timespec time = {0};

	/* Not by the vDSO: it asks the kernel all the same. */
	sys(SYS_clock_gettime, CLOCK_THREAD_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static uint64_t page_faults(void)
{
	struct rusage usage = {0};

	sys(SYS_getrusage, RUSAGE_THREAD, &usage);
	return (uint64_t)usage.ru_minflt + (uint64_t)usage.ru_majflt;
}

/* What the counters told since the last time goes behind `events`, which are `count`; returns how many there are then. */
static unsigned add_counters(struct thread *thread, struct trace_event *events, unsigned count)
{
	uint64_t amounts[COUNTERS_MOST];

	if (!thread->counters || !counters_read(thread->counters, amounts))
		return count;
	for (uint32_t i = 0; i < thread->counters->count; i++)
		if (amounts[i])
			events[count++] = (struct trace_event){.size = amounts[i], .detail = (uint8_t)thread->counters->told[i]};
	return count;
}

#define EVENTS_MOST (2 + COUNTERS_MOST)

static void record(struct thread *thread, struct stack_start at, const ucontext_t *context)
{
	uint64_t now = thread_cpu_ns(), faults = page_faults();
	struct trace_event events[EVENTS_MOST] = {
		{.address = thread->cpu_cost, .size = now - thread->cpu_sampled, .detail = TRACE_CPU_TIME},
		{.size = faults - thread->faults_sampled, .detail = TRACE_CPU_PAGE_FAULTS},
	}, *room;
	unsigned count = add_counters(thread, events, events[1].size ? 2 : 1);
	struct lane *lane = event_lane(thread, at.sp);
	uint32_t stack;

	if (!lane)
		return;
	stack = stack_interrupted(thread, lane, at, context);
	room = event_room(thread, lane, count);
	if (room) {
		uint64_t tick = clock_tick();

		for (unsigned i = 0; i < count; i++) {
			room[i] = events[i];
			room[i].tick = tick;
			room[i].stack = stack;
			room[i].kind = TRACE_EVENT_CPU;
		}
		event_publish(lane, count);
		thread->cpu_sampled = now;
		thread->faults_sampled = faults;
		thread->cpu_cost = thread_cpu_ns() - now;
	}
	event_lane_done(lane);
}

/* ---- calls that the signal interrupted ---------------------------------------------------------------------------- */

/*
 * The kernel restarts most calls by itself (SA_RESTART), but not these (signal(7)): after any handler they return EINTR.
 * The thread had hardly begun to wait: its timer goes by CPU time. Where the program has a handler of its own the EINTR can be
 * that one's, which has just returned; and a program that catches signals is prepared for it. sigsuspend, pause and
 * sigtimedwait wait for nothing else.
 */
static bool restarts(uint32_t number)
{
	switch (number) {
	case SYS_poll: case SYS_ppoll: case SYS_select: case SYS_pselect6:
	case SYS_epoll_wait: case SYS_epoll_pwait: case SYS_epoll_pwait2:
	case SYS_nanosleep: case SYS_clock_nanosleep: case SYS_futex:
	case SYS_recvfrom: case SYS_recvmsg: case SYS_recvmmsg: case SYS_sendto: case SYS_sendmsg: case SYS_sendmmsg:
	case SYS_accept: case SYS_accept4: case SYS_connect:
	case SYS_msgrcv: case SYS_msgsnd: case SYS_semop: case SYS_semtimedop: case SYS_io_getevents:
		return number != SYS_connect; /* it goes on by itself, and a second one says EALREADY */
	}
	return false;
}

#define CODE_BEFORE 40               /* bytes before a syscall instruction in which its number is loaded */

/* The number of the system call whose instruction ends at pc: the last constant that goes into eax, or for libc's futexes
 * into a register that is copied to it. UINT32_MAX: it cannot be told. */
static uint32_t call_number(const uint8_t *pc)
{
	const uint8_t *call = pc - 2;

	if (call[0] != 0x0f || call[1] != 0x05 || (((uintptr_t)call - CODE_BEFORE) ^ (uintptr_t)call) >> 12)
		return UINT32_MAX;
	for (const uint8_t *at = call - 5; at > call - CODE_BEFORE; at--) {
		uint32_t number = at[1] | at[2] << 8 | at[3] << 16 | (uint32_t)at[4] << 24;

		if (at[0] == 0xb8 && at[-1] != 0x41 && restarts(number))
			return number;
		if (at[-1] == 0x41 && at[0] >= 0xb8 && at[0] <= 0xbf && number == SYS_futex)
			return number;
	}
	return UINT32_MAX;
}

/* Other signals that are about to be handled have a right to their EINTR. */
static bool others_wait(const ucontext_t *context)
{
	uint64_t waiting = 0, blocked = *(const uint64_t *)(const void *)&context->uc_sigmask;

	sys(SYS_rt_sigpending, &waiting, sizeof(waiting));
	return waiting & ~blocked & ~(1ull << (cpu_signal() - 1));
}

static void restart(ucontext_t *context)
{
	greg_t *registers = context->uc_mcontext.gregs;
	uint32_t number;

	if (likely(registers[REG_RAX] != -EINTR) || !cpu_may_restart())
		return;
	number = call_number((const uint8_t *)registers[REG_RIP]);
	if (number == UINT32_MAX || others_wait(context))
		return;
	registers[REG_RAX] = number;
	registers[REG_RIP] -= 2;
}

/* ---- the handler -------------------------------------------------------------------------------------------------- */

/* Somebody sends the program a signal that it does not know to be ours. Where it believes to have blocked it, it waits. */
static void not_ours(int number, siginfo_t *info, ucontext_t *context)
{
	struct {
		void (*handler)(int);
		unsigned long flags;
		void *restorer;
		uint64_t mask;
	} standard = {.handler = SIG_DFL};
	uint64_t mask = 1ull << (number - 1);

	if (self && self->live && self->cpu_blocked && number == cpu_signal()) {
		cpu_give_way();
		sigaddset(&context->uc_sigmask, number);
		self->cpu_blocked = cpu_signal() && sigismember(&context->uc_sigmask, cpu_signal()) == 1;
		if (self->cpu_blocked)
			sigdelset(&context->uc_sigmask, cpu_signal());
		sys(SYS_rt_tgsigqueueinfo, sys(SYS_getpid), sys(SYS_gettid), number, info);
		return;
	}
	if (cpu_pretended() == SIG_IGN)
		return;
	sys(SYS_rt_sigaction, number, &standard, NULL, sizeof(mask));
	sys(SYS_tgkill, sys(SYS_getpid), sys(SYS_gettid), number);
	sys(SYS_rt_sigprocmask, SIG_UNBLOCK, &mask, NULL, sizeof(mask));
}

void cpu_on_signal(int number, siginfo_t *info, void *context)
{
	struct thread *thread = self;

	if (info->si_code != SI_TIMER || info->si_value.sival_ptr != (void *)CPU_COOKIE) {
		not_ours(number, info, context);
		return;
	}
	if (library.filtered)
		return;
	if (thread && thread->live && process->live == PROCESS_LIVE)
		record(thread, STACK_CALLER(), context);
	restart(context);
}
