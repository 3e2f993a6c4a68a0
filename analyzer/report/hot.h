/*
 * hot.h: what a program does most, by stack: allocates, in number or in bytes, frees again at once, has alive at the peak,
 * lets live for a moment only; or where its CPU time goes, by samples. Built from a view; top-down and bottom-up trees are
 * joined by symbol over all processes.
 */
#ifndef PROBE_REPORT_HOT_H
#define PROBE_REPORT_HOT_H

#include "heap/churn.h"
#include "heap/cpu.h"
#include "report/hot_tree.h"
#include "report/page.h"
#include "report/stack.h"
#include "report/view.h"

/* The instant at which several processes had most together, as well as it can be told. */
struct hot_moment {
	uint64_t at_ns;          /* of CLOCK_MONOTONIC; 0: there is none */
	uint64_t most;           /* bytes: at no instant were there more */
};

enum hot_by {
	HOT_ALLOCS, HOT_BYTES, HOT_TEMPORARY, HOT_PEAK, HOT_LIFETIME,
	HOT_CPU, HOT_INSTRUCTIONS, HOT_CYCLES, HOT_CACHE_MISSES, HOT_PAGE_FAULTS, /* of CPU samples, as in enum trace_cpu */
	HOT_BYS,
};

struct hot_options {
	enum hot_by by;
	enum domain domain;
	const char *const *matches; size_t match_count; /* patterns: each must match a function, file, module or the type */
	const char *from, *to;   /* as in struct recording_churn, like … */
	const char *const *threads; size_t thread_count;
	struct hot_moment moment; /* peaks are what was alive then */
	bool     all_frames;     /* none is left out */
	double   fold;           /* branches, and in JSON sites, with less than this share of all are folded; 0 to 1 */
	bool     join;           /* the same stack is one row, of whatever process */
	size_t   top;            /* functions that are listed, in JSON sites */
};

/* What a site did; of its blocks born within the stretch of time. */
struct hot_counts {
	uint64_t allocs, bytes, temporary;
	uint64_t peak;           /* bytes alive at the peak */
	uint64_t brief;          /* blocks of short lives; 0 if lifetimes were not asked for */
	uint64_t samples, cpu[TRACE_CPU_KINDS]; /* of CPU samples, by enum trace_cpu */
};

/* A site, or a stack with CPU samples; or several of the same stack: then these are one's, but for the sums. */
struct hot_row {
	size_t   process;         /* index in the view */
	size_t   process_count;   /* how many have it */
	bool     joined;          /* hot_join.c's */
	struct node_id stack;
	const struct site *site;  /* NULL: CPU samples */
	const struct cpu_row *cpu; /* NULL: a site */
	const struct churn_site *churn; /* NULL: not asked for */
	struct hot_counts counts;
	uint64_t value;           /* the one that was asked for, not 0 */
};

/* Where a function is, or is called: of what shares a name, the line if it is one. */
struct hot_place {
	struct stack_frame at;    /* at.frame NULL: none yet */
	size_t   process;         /* it is of */
	bool     several;         /* lines */
};

struct hot_frame {               /* what a tree calls a frame: a function */
	char    *label;           /* owned; not escaped */
	const struct frame *frame; /* one of them; NULL: it stands for what is no frame, or for several */
	struct hot_place place;   /* of what is its own */
};

struct hot {
	const struct hot_options *options; /* the caller's */
	const struct view *view;  /* the same */
	struct hot_row *rows; size_t row_count; /* that match; largest value first; owned */
	struct churn_site *churns; size_t churn_count; /* of joined rows; owned; NULL: of none */
	struct hot_counts all;    /* sums over all sites, … */
	struct hot_counts matching; /* … and over those that match, with a value or not */
	uint64_t total;           /* of the values of the rows */
	struct churn_site churn;  /* lifetimes and sizes of those that match */
	struct hot_frame *frames; size_t frame_count; /* owned */
	struct table ids;         /* hash of a frame → index in frames */
	struct hot_tree down, up; /* from the outermost frame, and from the innermost */
	struct hot_place *down_places, *up_places; size_t down_count, up_count; /* by node; owned */
	struct hot_sums functions; /* by frame */
};

/* The value that `by` asks for. */
uint64_t hot_value(const struct hot_counts *counts, enum hot_by by);
const char *hot_by_name(enum hot_by by);
static inline bool hot_is_bytes(enum hot_by by) { return by == HOT_BYTES || by == HOT_PEAK; }
static inline bool hot_is_cpu(enum hot_by by) { return by >= HOT_CPU; }
static inline enum trace_cpu hot_cpu_kind(enum hot_by by) { return (enum trace_cpu)(by - HOT_CPU); }
/* Are births and deaths put together there, block by block? */
static inline bool hot_has_blocks(enum domain domain)
{
	return domain == DOMAIN_HEAP || domain == DOMAIN_WASM_HEAP || domain == DOMAIN_POOL;
}

/* Does it take counting block by block? */
bool hot_needs_churn(const struct hot_options *options);

/* hot_peak.c: of the processes of a view, of one recording, whose blocks were counted one by one. */
struct hot_moment hot_moment(const struct view *view);
/* Puts what was alive at that instant in the place of each process's own peak; `at` is the recording, read for it. */
void hot_take_moment(const struct view *view, const struct recording *at, uint64_t at_ns);

/* ---- for hot.c, hot_join.c and hot_threads.c ------------------------------------------------------------------- */

void hot_add_counts(struct hot_counts *sum, const struct hot_counts *counts);
void hot_add_churn(struct churn_site *sum, const struct churn_site *churn);
void hot_join(struct hot *hot); /* leaves rows without order */

/* hot_path.c: room for a path, to be freed; and the value of a row goes into the trees and sums, by its stack. */
struct hot_path *hot_path_new(void);
void hot_add_path(struct hot *hot, struct hot_path *path, const struct stack *stack, const struct hot_row *row);

/* ---------------------------------------------------------------------------------------------------------------- */

struct hot *hot_build(const struct view *view, const struct hot_options *options);
void hot_free(struct hot *hot);

/* The frames with a value of their own, most first; how many there are of them. To be freed. */
uint32_t *hot_functions(const struct hot *hot, size_t *count);

void hot_text(const struct page *page, const struct view *view, const struct hot_options *options);
void hot_json(FILE *file, const struct view *view, const struct hot_options *options);

/* ---- hot_draw.c: for hot_text.c --------------------------------------------------------------------------------- */

/* A value of what is added up. To be freed. */
char *hot_number(const struct hot *hot, uint64_t value);
/* A function and its place in `room` columns, and the end of the line; counts its name. */
void hot_put_frame(const struct page *page, const struct hot *hot, uint32_t frame, const struct hot_place *place, size_t room,
                   struct name_sum *names);
void hot_put_tree(const struct page *page, const struct hot *hot, bool down, struct name_sum *names);

/* hot_graph.c: memory over time, and the classes of lifetimes and sizes. `utf8`: a terminal shows block characters. */
void hot_graph(const struct page *page, const struct hot *hot, bool utf8);
void hot_classes(const struct page *page, const struct hot *hot, bool utf8);

/* ---- hot_cpu.c: of CPU samples ---------------------------------------------------------------------------------- */

/* Of the processes of a view that have samples. */
struct hot_cpu {
	size_t   processes;
	uint64_t samples, amounts[TRACE_CPU_KINDS], handlers_ns; /* sums */
	bool     counted[TRACE_CPU_KINDS]; /* somewhere */
	uint64_t period_ns;       /* the shortest; 0 unknown */
	bool     whole;           /* all samples of all of these are in the sums, and what they took is known: */
	uint64_t user_ns, system_ns;
};

struct hot_cpu hot_cpu_sums(const struct view *view, const struct hot_options *options);
void hot_cpu_answer(const struct page *page, const struct hot *hot, const char *process);
/* Into an object of JSON: null where it was not counted. */
struct json_t;
void hot_cpu_json(struct json_t *object, const struct hot *hot, const struct hot_counts *counts);
struct json_t *hot_cpu_sampling(const struct hot *hot);

/* A thread that has some of what was asked for, if blocks were counted one by one, or CPU samples. */
struct hot_thread {
	size_t   process;         /* index in the view */
	const struct thread_info *thread; /* NULL unknown */
	struct hot_counts counts; /* peak is not known */
};

/* Those with any value, most first; of a peak, by bytes. To be freed. */
struct hot_thread *hot_threads(const struct hot *hot, size_t *count);

#endif
