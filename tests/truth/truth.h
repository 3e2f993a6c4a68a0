/*
 * truth.h: libtruth.so is libprobe.so, of the very same objects, with a second opinion: what a capture made of a stack
 * is compared, there and then, with what libunwind's unw_step makes of it. It is preloaded into unmodified programs;
 * what it found lies in a file that outlives them, however they end.
 *
 *	capture.c ─▶ unwind.c (libunwind) ─▶ judge.c (where they part, and why) ─▶ tally.c (the file)
 *
 * TRUTH_OUT    the folder for the files, one a process image; without it nothing is compared
 * TRUTH_EVERY  compare one capture in so many, 1 if not set
 */
#ifndef TRUTH_H
#define TRUTH_H

#include "stack/stack.h"

#define TRUTH_FRAMES (STACK_DEPTH_MAX + 64)

/* A stack, innermost frame first. */
struct chain {
	uint32_t  count;
	uint32_t  end;                  /* ours: TRACE_STACK_*; libunwind's: enum unwind_end */
	uint64_t  frame[TRUTH_FRAMES];  /* as in the call tree: address, STACK_EXACT; an interpreted frame's bytecode */
	uintptr_t pc[TRUTH_FRAMES];     /* libunwind's only: where it runs */
	bool      far;                  /* libunwind's only: it ended with a frame pointer that it takes for too far away */
};

/* ---- unwind.c -------------------------------------------------------------------------------------------------- */

enum unwind_end {
	UNWIND_ROOT,                 /* the return address in the trampoline */
	UNWIND_ENDED,                /* there is no caller, or it gives up: it does not tell which */
	UNWIND_FAILED,
	UNWIND_FULL,                 /* more frames than fit */
	UNWIND_NEVER,                /* it never came by the wrapper's caller */
};

bool unwind_start(void) HIDDEN;
/* The stack at `at`, which is an outer frame of this call, up to the thread's root. */
void unwind_chain(const struct thread *thread, struct stack_start at, struct chain *chain) HIDDEN;
/* Whether libunwind has a description of the code that a return address lies behind. */
bool unwind_described(uintptr_t pc) HIDDEN;
/* Modules came or went: what it has learnt may be wrong. */
void unwind_forget(void) HIDDEN;

/* ---- judge.c --------------------------------------------------------------------------------------------------- */

/*
 * Why two chains differ, at the last frame that they have in common: `guessed` if its code has no call frame
 * information. V8's code has none: libunwind takes rbp for a frame pointer there, within limits.
 */
enum cause {
	CAUSE_NONE,
	CAUSE_STOPPED_GUESSING,      /* libunwind ends there, we go on */
	CAUSE_STOPPED,
	CAUSE_STOPPED_FAR,           /* it guesses, but not so far */
	CAUSE_STOPPED_POPPED,        /* we go on as libunwind did in the thread's comparison before, from the same code:
	                              * V8's deoptimizer, which has popped the frame by now */
	CAUSE_PARTED_GUESSING,       /* both go on, elsewhere */
	CAUSE_PARTED,
	CAUSE_BEYOND_GUESSING,       /* we say that this is the root, libunwind goes on */
	CAUSE_BEYOND,
	CAUSE_LOST_GUESSING,         /* we are lost, libunwind goes on */
	CAUSE_LOST,
	CAUSE_LOST_BOTH,             /* neither goes on, and it is not the root */
	CAUSE_ENDED,                 /* the same frames, but libunwind only gives up where we know the root */
	CAUSE_NEVER,                 /* libunwind never came by the caller */
	CAUSES,
};

struct verdict {
	enum cause cause;
	uint32_t common;             /* frames */
	bool     ours, theirs;       /* the first frame that is not lies behind a call */
};

/* `before` is the last stack of this thread that was whole: libunwind's, or ours where it guesses no farther. */
struct verdict judge(const struct chain *ours, const struct chain *theirs, const struct chain *before) HIDDEN;
/* Whether what lies before `pc` is a call. */
bool judge_called(uintptr_t pc) HIDDEN;
/* Copies bytes of this process; false if they cannot be read. */
bool judge_read(uintptr_t at, void *bytes, size_t count) HIDDEN;

/* ---- tally.c: the file; tests/endtoend/unwound.py reads it ----------------------------------------------------- */

#define TALLY_MAGIC       0x315955544152544cull
#define TALLY_MODULES     96
#define TALLY_DIFFERENCES 512
#define TALLY_FRAMES      48

enum { TALLY_DESCRIBED = 1, TALLY_CALLED = 2, TALLY_EXACT = 4 };

struct tally_frame {
	uint64_t address;
	uint64_t offset;             /* in the module */
	uint32_t module;             /* 1 + its number; 0 none: generated code */
	uint32_t flags;
};

struct tally_side {
	uint32_t count;              /* of all frames */
	uint32_t end;
	struct tally_frame frames[TALLY_FRAMES]; /* from `first` of the difference on */
};

/* Captures that differ in the same way are one: the first of them. */
struct difference {
	uint64_t key;                /* 0: free */
	uint64_t count;
	uint32_t cause;              /* enum cause */
	uint32_t common;
	uint32_t first;              /* number of the first frame that is told of */
	uint32_t called;             /* the first frame not in common lies behind a call: 1 ours, 2 theirs */
	struct tally_side ours, theirs;
};

struct tally {
	uint64_t magic;
	uint64_t captures;
	uint64_t overtaken;          /* differ, but what is known of code changed meanwhile: not counted */
	uint64_t ends[4];            /* of those that were compared, by TRACE_STACK_* */
	uint64_t frames;             /* of the same */
	uint64_t causes[CAUSES];     /* of the same */
	uint64_t untold;             /* differences for which there was no room */
	uint64_t modules;
	char     module[TALLY_MODULES][256];
	struct difference differences[TALLY_DIFFERENCES];
};

extern struct tally *tally HIDDEN; /* NULL: nothing is compared */
bool tally_start(void) HIDDEN;
void tally_add(const struct verdict *verdict, const struct chain *ours, const struct chain *theirs) HIDDEN;

#endif
