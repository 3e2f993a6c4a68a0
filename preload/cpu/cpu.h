/*
 * cpu.h: CPU samples (PROBE_CPU). Each thread has a timer that goes by its own CPU time and sends it a real-time signal;
 * the handler records the stack that it interrupted, and how much CPU time the thread took since its last sample.
 *
 *	timers.c ─▶ (the kernel) ─▶ handler.c ─▶ stack/interrupted.c, record/
 *
 * The signal is one that the program does not use: interpose/signals.c sees to it that it never gets hold of it.
 */
#ifndef PROBE_CPU_H
#define PROBE_CPU_H

#include <signal.h>

#include "library.h"

/* Chooses a signal. Once per image, before a thread has a timer; does nothing unless library.cpu_period is set. */
void cpu_start(void) HIDDEN;
/* In a forked child, first: it gives up what was its parent's. */
void cpu_forked(void) HIDDEN;
/* Tells the recording of a process about it. */
void cpu_tell(void) HIDDEN;

/* Sets the timer of the calling thread, whose state is complete. */
void cpu_thread_begins(struct thread *thread) HIDDEN;
/* Its state is about to be another thread's. */
void cpu_thread_gone(struct thread *thread) HIDDEN;

/* No signal is sent any more, by no thread's timer / they are set again. Any thread. */
void cpu_pause(void) HIDDEN;
void cpu_resume(void) HIDDEN;

/* The signal, 0 none: signal-safe. */
int cpu_signal(void) HIDDEN;
/* The program wants the signal for itself: another one is taken, or no more samples. Does what the program wished of it. */
void cpu_give_way(void) HIDDEN;
/* The program catches some signal: so it knows that calls may return EINTR, and counts on those that its own handlers made. */
void cpu_program_catches(void) HIDDEN;
bool cpu_may_restart(void) HIDDEN;
/* The program gives its threads alternate stacks. */
void cpu_leave_alternate_stacks(void) HIDDEN;
/* What the program wants of it without catching it: SIG_DFL or SIG_IGN. Returns what it was. */
void (*cpu_pretend(void (*wish)(int)))(int) HIDDEN;
void (*cpu_pretended(void))(int) HIDDEN;

/* handler.c: of our signal, however it comes. */
void cpu_on_signal(int number, siginfo_t *info, void *context) HIDDEN;

/* The value that our timers send with the signal. */
#define CPU_COOKIE 0x65626f7270

#endif
