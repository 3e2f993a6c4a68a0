/* interrupted.h: the stack that a signal interrupted. */
#ifndef PROBE_INTERRUPTED_H
#define PROBE_INTERRUPTED_H

#include <ucontext.h>

#include "library.h"

/*
 * The call-tree node of the interrupted instruction, EXACT. `handler` is the caller's state of the handler (STACK_CALLER:
 * what returns to the kernel), `context` what the kernel gave it. As stack_capture.
 */
uint32_t stack_interrupted(struct thread *thread, struct lane *lane, struct stack_start handler,
                           const ucontext_t *context) HIDDEN;

#endif
