/*
 * stack_look.h: the walk under test, as a wrapped call would start it: the caller's stack goes into `last`.
 */
#ifndef STACK_LOOK_H
#define STACK_LOOK_H

#include "stack_stub.h"

#define NOINLINE __attribute__((noinline))
#define BARRIER() __asm__ volatile("" ::: "memory")

extern __thread struct thread mine;
extern struct frames last;

void setup(void);

uint32_t look(void);      /* says nothing about what must be in it */
void check(void);         /* fails the test if libunwind disagrees */
uint32_t look_here(void); /* the same as functions to be called back: they are the innermost frame */
uint32_t check_here(void);

static inline bool within(uintptr_t pc, void *function)
{
	return pc > (uintptr_t)function && pc < (uintptr_t)function + 400;
}

#endif
