/*
 * step.h: runs a function with a trap after each of its instructions, wherever they are: in libc, in the dynamic
 * linker, in the unwinder of exceptions. The trap's handler makes a call that is recorded, with its stack. Only the
 * library that is preloaded is stepped over, as it may block signals: it runs freely up to its return address, where
 * an int3 is put.
 */
#ifndef STEP_H
#define STEP_H

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#define STEP_FLAG 0x100

static struct {
	unsigned long traps;
	int       on;
	uintptr_t start, end;        /* of the code that malloc lies in */
	uint8_t  *planted;           /* where the int3 is, instead of */
	uint8_t   byte;
	char     *page;
} step;

static inline uint8_t *step_writable(uintptr_t code)
{
	uintptr_t page = code & ~(uintptr_t)4095;

	mprotect((void *)page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
	return (uint8_t *)code;
}

static inline void step_trapped(int number, siginfo_t *info, void *context)
{
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
	uintptr_t pc = (uintptr_t)registers[REG_RIP];

	(void)number;
	(void)info;
	if (step.planted && pc == (uintptr_t)step.planted + 1) {
		*step.planted = step.byte;
		step.planted = NULL;
		registers[REG_RIP]--;
		registers[REG_EFL] |= STEP_FLAG;
	}
	if (!step.on) {
		registers[REG_EFL] &= ~STEP_FLAG;
	} else if (pc >= step.start && pc < step.end) {
		step.planted = step_writable(*(uintptr_t *)registers[REG_RSP]);
		step.byte = *step.planted;
		*step.planted = 0xcc;
		registers[REG_EFL] &= ~STEP_FLAG;
	} else {
		step.traps++;
		mprotect(step.page, 4096, step.traps & 1 ? PROT_READ : PROT_READ | PROT_WRITE);
	}
}

static inline void step_find(void)
{
	char line[512];
	unsigned long start, end;
	FILE *maps = fopen("/proc/self/maps", "r");

	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx", &start, &end) == 2 && (uintptr_t)malloc >= start &&
		    (uintptr_t)malloc < end) {
			step.start = start;
			step.end = end;
		}
	if (maps)
		fclose(maps);
	step.page = (char *)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Handlers run on the thread's stack, or with SA_ONSTACK in `flags` on another. Returns how many traps there were. */
static inline unsigned long step_through(void (*function)(int), int argument, int flags)
{
	struct sigaction action, before;
	unsigned long traps = step.traps;

	if (!step.page)
		step_find();
	action.sa_sigaction = step_trapped;
	action.sa_flags = SA_SIGINFO | flags;
	sigemptyset(&action.sa_mask);
	sigaction(SIGTRAP, &action, &before);
	step.on = 1;
	__builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() | STEP_FLAG);
	function(argument);
	*(volatile int *)&step.on = 0;
	__asm__ volatile("nop\n\tnop" ::: "memory");
	sigaction(SIGTRAP, &before, NULL);
	return step.traps - traps;
}

#endif
