/*
 * verdict.h: is it a leak, free memory that the allocator keeps, a cache, the runtime's heap, or nothing? A pure function
 * of what is known of a process; it asks nobody. report/verdicts.c gathers the facts, report/verdict_words.c says them.
 *
 * In this order; the first that holds:
 *
 *   1. Worker threads pile up: more isolates are alive from mark to mark. A leak; what they hold is not looked into.
 *   2. A leak: what a line of the program keeps, or a linear memory, grows, with SURE_LEAST confidence. Of several the one
 *      that rose most. In a process with a runtime it must have risen by OWN_LEAST: there, a little grows for a while;
 *      but not inside linear memories, where the runtime keeps nothing.
 *      What has none of the program's own code in its stack (threads of node's pool) must rise by LIBRARY_LEAST; if some
 *      line of the program grows as well, that line is to blame, since such threads work for somebody.
 *      A linear memory that grows is no leak of its own where what grows inside it is a half of that or more: then the line
 *      that allocates there is to blame.
 *      Where a memory's blocks are told, single stacks that let it grow are no leak.
 *      But not if the runtime's heap of objects grows RUNTIME_FACTOR times as fast: listeners, closures and arrays that
 *      are kept hold some native memory, too, and a heap snapshot tells more of them.
 *      Nor if it may be garbage: no collection was seen, and it is less than GARBAGE_MOST. (V8 collects before it holds as
 *      much outside its heap.) Then the verdict is unknown.
 *   3. The runtime's heap grows, by RUNTIME_LEAST at least: what it says of its objects; where it does not, its pages do, by
 *      no more than what was alive after a collection at the end.
 *   4. Free memory is retained: RETAINED_LEAST and a RETAINED_SHARE of what is resident, without what the library's own
 *      collection freed at the end.
 *   5. A cache: a line of the program filled something in several steps while it was watched, of CACHE_LEAST bytes or more
 *      and a CACHE_SHARE of the live heap; it has its size since, and keeps it.
 *   6. None, if there was enough to see growth by; else unknown, and what would be enough.
 *
 * A run without marks that is shorter than SHORT_NS has no verdict but that nothing is left, or free memory retained.
 *
 * The memory that the runtime's own code keeps for itself (its heap's bookkeeping, compiled code) is no leak of the
 * program's and never leads to a verdict of its own.
 */
#ifndef PROBE_VERDICT_H
#define PROBE_VERDICT_H

#include "model.h"

#define SURE_LEAST     0.85      /* confidence: growth in three steps or more */
#define OWN_LEAST      16384.0   /* bytes */
#define LIBRARY_LEAST  65536.0   /* bytes */
#define RUNTIME_FACTOR 8.0
#define INSIDE_FACTOR  2.0
#define RUNTIME_LEAST  1048576.0 /* bytes of objects … */
#define PAGES_LEAST    8388608.0 /* … or of pages: garbage is in them */
#define GARBAGE_MOST   268435456.0 /* bytes */
#define UNTOLD_LEAST   1048576.0 /* bytes */
#define RETAINED_LEAST 4194304.0 /* bytes */
#define RETAINED_SHARE 0.2
#define CACHE_LEAST    65536.0   /* bytes */
#define CACHE_SHARE    0.05
#define CACHE_STEPS    3u
#define MARKS_LEAST    6u        /* what the test of growth needs */
#define SHORT_NS       5e8       /* a run without marks: what it builds up and then works with looks like growth */

enum whose { WHOSE_OWN, WHOSE_LIBRARY, WHOSE_RUNTIME };

/* All that one line allocates in one domain, whoever called it. */
struct verdict_site {
	enum domain domain;
	enum whose whose;
	bool     collectable;    /* asked for by the runtime: an object of its heap may hold it */
	uint64_t untold_bytes;   /* freed by the collection at the end, and no earlier one had looked at any of the line's: a
	                          * script's top level may have held it, or nothing */
	struct growth untold;    /* of what was there, with that */
	struct node_id stack;    /* the largest of its stacks */
	struct growth growth;
	uint64_t live_bytes, live_blocks, allocs; /* live: when the program began to end … */
	uint64_t garbage_bytes;  /* … of it what a script held until it ended, and the last collection freed */
	uint64_t filled_mark;    /* number of the mark at which it had nine tenths of live_bytes for good */
	uint32_t steps;          /* marks at which it had more than at the one before, up to then */
};

struct verdict_facts {
	const struct process_info *process;
	bool     incomplete;     /* something is missing from its record */
	bool     has_runtime;    /* a runtime that generates code */
	bool     garbage;        /* what its collector would free may be among what was alive at the end */
	const struct verdict_site *sites; size_t site_count; /* without those that are suppressed */
	const bool *hidden_memories; /* by index in the process's: suppressed; NULL: none */
	bool     suppressed;     /* something that grows is */
	struct growth isolates;  /* of the number of isolates alive; of none: UNKNOWN */
	struct node_id maker;    /* of most worker threads; index TRACE_STACK_NONE: not known */
	struct growth runtime;   /* of the runtime's heap: of live objects if `collected`, else of its pages */
	bool     collected;
	uint64_t runtime_bytes;  /* its size at the end, by the same measure */
	uint64_t runtime_limit;  /* that it may have; 0 unknown */
	double   run_ns;         /* how long it was watched */
};

/* What the verdict rests on; whatever is not concerned is NULL or 0. */
struct verdict_evidence {
	enum verdict_kind kind;
	const struct verdict_site *site; /* LEAK, CACHE */
	const struct wasm_memory *memory; /* LEAK */
	const struct wasm_memory *around; /* LEAK of blocks inside linear memories: the one that grows with them */
	bool     workers;        /* LEAK: isolates pile up; `site` is the line that grows most with them, if known */
	double   rise;           /* LEAK, RUNTIME_HEAP: bytes from the mark on from which it grows */
	double   library_rise;   /* LEAK: of what grows beside it without code of the program in its stack */
	size_t   others;         /* LEAK: further lines of the program that grow */
	double   others_per_mark; /* LEAK: bytes of them */
	const struct ledger *ledger; /* RETAINED: of when */
	uint64_t retained, trimmable; /* bytes of it */
	const struct verdict_site *seems; /* UNKNOWN: what grows, but at too few marks to be sure … */
	bool     may_be_garbage; /* … or often enough, but what of it is garbage is not known */
	const struct verdict_site *untold; /* NONE, UNKNOWN: what rose most of all that only the collection at the end
	                          * looked at, and freed */
	bool     is_short;       /* UNKNOWN: the run was, and has no marks */
};

struct verdict_evidence verdict_judge(const struct verdict_facts *facts);

/* How far something has risen since it began to: bytes. */
double verdict_rise(const struct instants *instants, const struct growth *growth);
/* How much room is left of a memory: bytes, the format's own limit where it declares none; 0 none. */
uint64_t verdict_room(const struct wasm_memory *memory);

/* After how many more marks, at this rate, so much room is taken; 0 if it does not grow. */
uint64_t verdict_marks(double room, double per_mark);

/* Is `a` a worse verdict than `b`? */
bool verdict_worse(const struct verdict *a, const struct verdict *b);

#endif
