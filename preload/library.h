/*
 * library.h: the state of libprobe.so, on one screen, and the few calls between its rooms.
 *
 * Two kinds of memory. `library` is ordinary: set up once, before anything is recorded, and inherited by a forked
 * child. Everything else (struct process, struct thread, the call tree's tables) lies in *wiped* memory: anonymous
 * mappings with MADV_WIPEONFORK, which the kernel zeroes in a child of fork or raw clone, so that a child can never
 * write what belongs to its parent. The mappings of the recording itself are MADV_DONTFORK. A child of vfork shares
 * everything with its suspended parent and records as its parent.
 *
 * Nothing here calls malloc, stdio or any wrapped function; errno is left alone (sys.h).
 */
#ifndef PROBE_LIBRARY_H
#define PROBE_LIBRARY_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probe/trace.h"

#define HIDDEN __attribute__((visibility("hidden")))
#define PUBLIC __attribute__((visibility("default")))
#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

struct thread;
struct lane;

/* node/wasm.js's functions, which the wrappers of WebAssembly's ask. */
enum wasm_question {
	WASM_ASK_DESCRIPTOR, WASM_ASK_MODULE, WASM_ASK_REMEMBER, WASM_ASK_DECLARED, WASM_ASK_INSTANCE, WASM_ASK_BEGIN,
	WASM_ASK_END, WASM_ASK_SETTLE, WASM_ASK_SHOWN, WASM_ASK_LIST, WASM_ASK_SECTION, WASM_ASK_ADOPT, WASM_ASK_WRAP,
	WASM_QUESTIONS,
};
#define WASM_CONTEXTS 32             /* contexts that may wait for wrappers */
#define WASM_SHOWN    4

struct wasm_shown {                  /* handles; V8 clears them */
	uintptr_t *instance, *exports;
};

/* Set at the start of the first image's life, read-only afterwards. Ordinary memory. */
struct library {
	bool     ready;              /* options are read */
	bool     off;                /* nothing is recorded: no directory could be made, or we were told so */
	bool     follow;             /* PROBE_FOLLOW */
	bool     quiet;              /* PROBE_QUIET */
	bool     collect;            /* PROBE_GC */
	bool     wasm;               /* PROBE_WASM is not off: WebAssembly's functions are wrapped */
	bool     wasm_heap;          /* it is heap: modules are rewritten, so that they tell their blocks */
	bool     filtered;           /* a seccomp filter may kill for a system call that the program does not make:
	                              * threads of the program make none for us any more */
	bool     no_drain;           /* no thread of ours: the program's threads empty their rings themselves */
	bool     cut_off;            /* after chroot or setuid: the program's threads may not be able to open our
	                              * files */
	bool     first;              /* this is the recording's first process (of any image); false in its children */
	char     wasm_alloc[512];    /* PROBE_WASM_ALLOC; "" none */
	uint64_t mark_every;         /* PROBE_MARK_EVERY, nanoseconds; 0 none */
	uint32_t stack_depth;        /* PROBE_STACK_DEPTH, frames, 1 to 1024 */
	uint64_t cpu_period;         /* PROBE_CPU, nanoseconds of a thread's CPU time between its samples; 0 none */
	bool     block_stacks;       /* PROBE_STACK_DEPTH is not 0: births of blocks have a stack, as mappings always do */
	int      dir_fd;             /* the recording directory, O_PATH, high, close-on-exec, held from a chroot on;
	                              * −1 none */
	uint64_t dir_device, dir_inode; /* what dir_fd must be, in case the target replaced it */
	char     dir[PATH_MAX];      /* absolute path of the recording directory */
	char     path[PATH_MAX];     /* absolute path of libprobe.so */
	uintptr_t text_start, text_end; /* libprobe.so's own addresses */
	char     handed_on[2048];    /* PROBE_ variables of the environment but PROBE_OUT, as "NAME=value", each ended
	                              * by NUL, "" at the end: put back where a child's environment lacks them */
	uint8_t  boot_id[16];        /* of the host */
	uint32_t pid;                /* of the process that last started here, and */
	uint64_t start_ticks;        /* its start time: a forked child finds its parent's */
	char     complaint[512];     /* options that made no sense, for the report and the closing line; "" none */
};
extern struct library library HIDDEN;

/* One per process image, in wiped memory. */
struct process {
	uint32_t live;               /* enum process_live; 0 at the start and, thanks to the wipe, after fork */
	uint32_t pid;                /* kernel's idea, to tell a vfork child from its parent */
	struct trace_process *header; /* in the recording; NULL while starting */
	struct area  *area;          /* record/area.c: the mapped file */
	struct drain *drain;         /* record/drain.c */
	struct stack_process *stack; /* stack/: the call tree's table, rule tables */
	struct ring_table *rings;    /* record/ring.c */
	struct meta_state *meta;     /* record/meta.c */
	struct type_table *types;    /* record/types.c; NULL until the program names one */
	struct thread_table *threads; /* record/thread.c */
	struct trace_meta *told;     /* node/told.c: the extent in use */
	struct aside *aside;         /* record/aside.c; NULL until the program maps a file as code */
	struct sampler *sampler;     /* record/sample.c; NULL until the first sample */
	struct looker *looker;       /* record/vtables.c; NULL until the first look */
};
enum process_live { PROCESS_NEW, PROCESS_STARTING, PROCESS_LIVE, PROCESS_OFF };
extern struct process *process HIDDEN; /* set once; the struct it points to is wiped at fork */

/*
 * A thread's lanes. lane 0 is the thread; lane n records what a signal handler does that interrupted lane n−1 in the
 * middle of an event. `busy` is the frame address of the wrapper that owns the lane, 0 if nobody: a handler that
 * finds it set takes the next lane, unless that frame is gone (longjmp left it).
 */
#define LANES 4
#define STACK_DEPTH_STANDARD 128u    /* frames */

struct lane {
	struct trace_event *next;    /* where the next event goes; NULL: no ring yet */
	struct trace_event *limit;   /* end of the ring; next == limit: full */
	struct trace_ring  *ring;    /* the ring */
	uint64_t  sequence;          /* of ring's event 0 */
	uint32_t  stream;            /* its id, in trace.h's sense */
	uint32_t  rings;             /* taken so far: later ones are larger */
	uintptr_t busy;              /* see above */
	struct stack_lane *stack;    /* stack/: what the last capture learnt; NULL until first used */
};

struct thread {
	uint32_t  live;              /* 1 while it belongs to this process; wiped to 0 at fork */
	uint32_t  tid;               /* kernel thread id */
	uint32_t  loading;           /* calls of dlopen that it is in */
	uintptr_t nest;              /* frame address of a wrapper whose real call may call other wrappers; 0 none */
	uintptr_t nest_start, nest_end; /* the code such inner calls come from */
	const void *nest_freed;      /* the block that it frees: an inner free of it is the same death; NULL none */
	const void *nest_born;       /* the last block that was recorded within it: not born again; NULL none */
	uintptr_t stack_low;         /* the thread's own stack: lowest address, 0 unknown; */
	uintptr_t stack_high;        /* and one past the highest that a walk may read */
	uintptr_t stack_top;         /* end of the mapping that libc made for the stack, 0 unknown; */
	size_t   stack_size;         /* and its size, guard included, 0 unknown */
	uintptr_t root;              /* return address in the trampoline at the thread's root; 0 unknown */
	void   *(*start)(void *);    /* the start routine and its argument, for the trampoline */
	void     *argument;
	uint32_t  creator;           /* node id: the stack that made it; TRACE_STACK_NONE unknown */
	const void *isolate;         /* V8's isolate that this thread was last seen in, once it tells of its code */
	struct lines *lines;         /* node/lines.c; NULL until first used */
	uint64_t  heap_told;         /* node/collect.c: when V8's heap was recorded last, ns; 0 never */
	uint32_t  heaps_told;        /* how often */
	void     *environment;       /* node/wrap.c: Node-API's, of the isolate that runs on this thread */
	uint64_t  marking_began;     /* node/collect.c: tick, of a full collection that has not ended; 0 none */
	uint64_t  found_alive;       /* what was born before this tick and is still there, the last full one found alive */
	uint64_t  found_before;      /* found_alive when the main script's top level had run */
	uint64_t  collection_began;  /* tick of the last full one, after its marking */
	uint32_t  collected_since;   /* full ones since the top level had run */
	bool      script_ran;        /* it has */
	const struct trace_wasm_memory *declared; /* node/wasm.c: the linear memory that it is making; NULL unknown */
	void     *wasm_environment;  /* node/wasm.c: Node-API's, as long as there are these: */
	void     *wasm_context;      /* in which wrappers are being made; NULL the isolate's own */
	uintptr_t *wasm_contexts[WASM_CONTEXTS]; /* node/contexts.c: in which none are made yet */
	uint32_t  wasm_context_count;
	struct wasm_shown wasm_shown[WASM_SHOWN]; /* node/exports.c */
	uint32_t  wasm_shown_next;
	struct watch_states *watch_states; /* node/revive.c; NULL until first used */
	uint32_t  wasm_unended;      /* node/compile.c: calls of which wasm.js believes that they are under way */
	void     *wasm_questions[WASM_QUESTIONS]; /* references */
	uintptr_t wasm_undefined;    /* `undefined`, as V8 has it */
	bool      wasm_rewritten;    /* its isolate has a module that was rewritten */
	uint64_t  wasm_moves;        /* node/watch.c: tick before the realloc inside a linear memory that is under way */
	bool      wasm_readable;     /* arguments of a call from wasm lie where they are expected */
	const struct stack_start *wrapped; /* the caller of the wrapper that tells of its result; NULL none */
	struct finalizers *finalizers; /* node/finalizers.c; NULL until first used */
	bool      collecting;        /* a garbage collection of our own is under way */
	bool      script_ended;      /* node/ending.c: of a worker */
	uint32_t  cpu_timer;         /* cpu/: its timer + 1; 0 none */
	bool      cpu_blocked;       /* the program believes that it has blocked the timer's signal */
	uint64_t  cpu_sampled;       /* CPU time at the last sample, ns */
	uint64_t  cpu_cost;          /* of it, what that sample took */
	struct counter_group *counters; /* cpu/counters.c; NULL none */
	uint64_t  faults_sampled;    /* page faults at the last sample */
	struct lane lanes[LANES];
};

/* The calling thread's state, or NULL. A pointer and no more: static TLS is scarce. */
extern __thread struct thread *self HIDDEN __attribute__((tls_model("initial-exec")));

/* ---- start.c: life and death of the library in a process ------------------------------------------------------- */

/*
 * Makes the process live if it is not: at the first wrapped call of an image, and in a fork's child. Returns false
 * if nothing is recorded. Any thread, signal handlers too.
 */
bool process_start(void) HIDDEN;

/* The calling thread's state, made if need be; NULL: not recorded (counted as lost). */
struct thread *thread_state(void) HIDDEN;

/* True in a child of vfork, which runs in its parent's memory: what it does is not its parent's end, say. */
bool process_is_borrowed(void) HIDDEN;

/* The program begins to end (once; later calls change nothing) / it ends now with `end` and `status`. */
void process_ending(void) HIDDEN;
void process_end(enum trace_end end, int status) HIDDEN;
/* exec failed after all: process_end(TRACE_END_EXEC) is taken back. */
void process_end_undo(void) HIDDEN;

/* ---- memory.c -------------------------------------------------------------------------------------------------- */

/* Makes `process` point to wiped memory. False: there is none, record nothing. */
bool memory_start(void) HIDDEN;

/* Zeroed memory that fork wipes; never given back. 64-byte aligned. NULL if there is none. Any thread. */
void *wiped_take(size_t bytes) HIDDEN;

/* Memory that was mapped for us beside that: what is told here is known as ours, until it is given back. Any thread. */
void memory_claim(uintptr_t start, size_t bytes) HIDDEN;
void memory_disclaim(uintptr_t start) HIDDEN;
/* The range number `i` of all that is ours, maybe empty; false: there are not that many. */
bool memory_range(uint32_t i, uintptr_t *start, size_t *bytes) HIDDEN;

/* ---- record/ --------------------------------------------------------------------------------------------------- */

/* The trace's clock, now. */
static inline uint64_t clock_tick(void);

/*
 * A new extent of the recording, zeroed but for a complete header (extent header and nothing else), at least `bytes`
 * large, rounded up; NULL if the disk, a limit or a filter forbids. Any thread; takes a lock with signals blocked.
 */
struct trace_extent *area_take(enum trace_extent_kind kind, size_t bytes) HIDDEN;

/*
 * Appends a record to the recording's meta extents: the payload is `head` and then `tail` (either may be empty).
 * Any thread; takes a lock with signals blocked. Does nothing while the process is not live.
 */
void meta_write(enum trace_record_type type, const void *head, size_t head_size, const void *tail, size_t tail_size)
	HIDDEN;
/* A sentence for the report, without full stop. Each distinct text is written once. */
void meta_warn(const char *text) HIDDEN;

/* ---- stack/ ---------------------------------------------------------------------------------------------------- */

/* Where a walk begins: the state in the caller of a wrapper, just after the wrapper returned. */
struct stack_start { uintptr_t pc, sp, bp; };

/* In a wrapper (compiled with -fno-omit-frame-pointer, not inlined): its caller's state. */
#define STACK_CALLER() \
	({ \
		uintptr_t *frame_ = __builtin_frame_address(0); \
		(struct stack_start){.pc = frame_[1], .sp = (uintptr_t)(frame_ + 2), .bp = frame_[0]}; \
	})

/*
 * The call-tree node of the stack at `at`; TRACE_STACK_NONE if none can be had. Called with lane->busy set, so never
 * twice at once for a lane. Takes no lock, makes no system call but when a table must grow.
 */
uint32_t stack_capture(struct thread *thread, struct lane *lane, struct stack_start at) HIDDEN;

/* A module comes: called before the real dlopen and after it. */
void stack_loaded(void) HIDDEN;
/* Modules in [start, end) are gone: addresses there belong to the next generation from now on. */
void stack_unloaded(uintptr_t start, uintptr_t end) HIDDEN;
/* How many modules were unloaded at an address before, and how often generated code there made room for other. */
uint32_t stack_generation(uintptr_t address) HIDDEN;

/* V8's interpreter runs in [start, end): frames there are recorded by the bytecode that they stand at. Gone: no more, for
 * all that begins in [start, end). One caller at a time. */
void stack_interpreter(uintptr_t start, uintptr_t end) HIDDEN;
void stack_interpreter_gone(uintptr_t start, uintptr_t end) HIDDEN;
/*
 * Generated code in [start, end) is gone: what comes there belongs to a later generation, the same in the whole range.
 * One caller at a time. False: there was no memory to note it.
 */
bool stack_code_raise(uintptr_t start, uintptr_t end) HIDDEN;
/* The part of stack_generation that stack_code_raise makes. */
uint32_t code_generation(uintptr_t address) HIDDEN;

/* ---- clock ----------------------------------------------------------------------------------------------------- */

extern uint32_t clock_kind HIDDEN; /* enum trace_clock, fixed before the first event */
uint64_t clock_monotonic_ns(void) HIDDEN;

/*
 * The processor reads the counter whenever it likes, also before earlier loads are done: a death could be stamped before
 * the birth that another thread handed it, a birth before the death that made the room. LFENCE waits for all that comes
 * before (Intel SDM 2B, RDTSC; AMD APM 3, LFENCE, dispatch-serializing under Linux). Births need nothing behind: the
 * record, its publication and the handing over are stores that depend on the value or follow it in program order.
 * With one thread its sequence is the order, and the fence is left out.
 *
 * The lowest bits are noise that no compression removes. They are dropped: a grain is some 6 ns, less than it takes to
 * read the counter, and much less than to hand a block over to another thread.
 */
#define CLOCK_GRAIN 16u
extern bool clock_fenced HIDDEN; /* set before a second thread can record */

static inline uint64_t clock_tick(void)
{
	if (likely(clock_kind == TRACE_CLOCK_TSC)) {
		uint32_t low, high;

		if (__atomic_load_n(&clock_fenced, __ATOMIC_RELAXED))
			__asm__ volatile("lfence" : : : "memory");
		__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
		return (uint64_t)high << 32 | (low & -CLOCK_GRAIN);
	}
	return clock_monotonic_ns() & -(uint64_t)CLOCK_GRAIN;
}

#endif
