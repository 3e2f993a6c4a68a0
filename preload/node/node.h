/*
 * node.h: what the rest of the library tells the room that names generated code. Data goes
 *
 *	interpose ─▶ isolates.c (a V8 isolate is found: ask it) ─▶ events.c (it tells of its code) ─▶ code.c ─▶ told.c
 *
 * Nothing here runs on the path of malloc. In a program without V8 it is one test of a pointer in the wrappers of mmap and
 * its like.
 */
#ifndef PROBE_NODE_H
#define PROBE_NODE_H

#include "library.h"
#include "node/builtins.h"
#include "node/v8.h"

/* Sees whether the program or one of its libraries has V8. Once per image. */
void node_start(void) HIDDEN;

/* The process is live: says what is missing. */
void node_tell(void) HIDDEN;

/* Called by node_look. */
void isolates_look(void) HIDDEN;
void code_unmapped(uintptr_t start, uintptr_t end) HIDDEN;
extern uint32_t code_known HIDDEN;           /* codes in the map; a hint */

/*
 * A chance to find the calling thread's isolate and to ask it for its code: from a wrapper that V8 calls now and then and
 * that may run V8's own functions: mmap and its like, never malloc, which V8 calls with its locks held. Only where V8's
 * file called the wrapper, from `pc`: asking allocates, and an allocator that calls mmap would be entered again.
 */
static inline void node_look(uintptr_t pc)
{
	if (unlikely(v8.set_handler) && pc - v8.start < v8.end - v8.start)
		isolates_look();
}

/* Was a wrapper called from `pc` by V8, while it runs an isolate? */
static inline bool node_runs(uintptr_t pc)
{
	return unlikely(v8.set_handler) && pc - v8.start < v8.end - v8.start && v8.current();
}

/* [start, end) is about to be unmapped. */
static inline void node_unmap(const void *start, size_t bytes)
{
	if (unlikely(__atomic_load_n(&code_known, __ATOMIC_RELAXED)))
		code_unmapped((uintptr_t)start, (uintptr_t)start + bytes);
	if (unlikely(__atomic_load_n(&builtins_copies, __ATOMIC_RELAXED)))
		builtins_unmapped((uintptr_t)start, (uintptr_t)start + bytes);
}

/* The calling thread has returned from its start routine: an isolate of its own is gone. */
void node_thread_ends(void) HIDDEN;

#endif
