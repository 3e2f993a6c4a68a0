/*
 * churn.h: what each site did within a stretch of time, how long its blocks lived, how large they were, and what was alive
 * when the domain was largest within that stretch. Counted block by block, and only if it was asked for: reading takes
 * longer then, and memory a record of fixed size for each site. Of domains whose blocks are matched (space.h).
 */
#ifndef PROBE_HEAP_CHURN_H
#define PROBE_HEAP_CHURN_H

#include "heap/table.h"
#include "model.h"

#define CHURN_LIFETIMES 16       /* classes of lifetimes, of which each is four times the one before: */
#define CHURN_LIFETIME_LEAST 1024 /* nanoseconds: those of the first class lived less */
#define CHURN_SHORT     6        /* classes that are short-lived churn: less than 1.05 ms */
#define CHURN_SIZES     16       /* classes of sizes likewise: */
#define CHURN_SIZE_LEAST 16      /* bytes: those of the first class have at most so many; the last class has the rest */
#define CHURN_STEPS     256      /* of the series over time at most; half as many at least, once it has run so long */

struct churn_site {
	uint64_t allocs, bytes, temporary; /* blocks born within the stretch */
	uint64_t peak_bytes;     /* alive when the domain was largest within the stretch, whenever born */
	uint64_t lifetimes[CHURN_LIFETIMES]; /* of blocks born within, and dead by the leak instant; counts */
	uint64_t sizes[CHURN_SIZES]; /* of blocks born within; counts */
	uint64_t live_bytes;     /* now */
	uint64_t settled;        /* the number of the peak that peak_bytes is of, as in sites.h */
};

/* Of the blocks that one stream bore. */
struct churn_stream {
	uint32_t thread;         /* index in process_info.threads; UINT32_MAX: unknown */
	bool     left_out;       /* it is none of those that were asked for */
	uint64_t allocs, bytes, temporary, brief; /* as of a site; brief: of the CHURN_SHORT classes */
};

struct churn {
	enum domain domain;
	const char *const *wanted; size_t wanted_count; /* threads, by id or name; none: all; not owned */
	struct churn_stream *streams; size_t stream_count; /* by index, as in blocks; owned */
	struct churn_stream other; /* beyond what a block's number can tell */
	uint64_t from, to;       /* ticks: a block born after the first, and not after the second, counts */
	double   ns_per_tick;
	struct churn_site *sites; size_t site_count; /* by struct site.history; owned */
	bool     begun;          /* the stretch */
	uint64_t live_bytes;     /* of the domain, now */
	uint64_t peak_bytes, peak_tick; /* the most within the stretch, and when it was there first */
	uint64_t peak;           /* which is peak number … */
	uint64_t first, width;   /* ticks: the series over time, of the stretch, begins there; of a step of it */
	uint64_t steps[CHURN_STEPS]; size_t step_count; /* the most bytes at once within each step, … */
	uint64_t lows[CHURN_STEPS]; /* … and the least */
	uint64_t last;           /* tick of the last event that counted */
};

/* For a process whose clock is known; it owns it. The domain is the heap, pools, or inside linear memories. */
void churn_open(struct process_info *process, enum domain domain, uint64_t from, uint64_t to);
/* Is this the thread's id or name? */
bool churn_is_called(const struct thread_info *thread, const char *wanted);
/* Before the first event: whose stream number `index` of `count` is, by its id. */
void churn_stream(struct process_info *process, size_t index, size_t count, struct stream_id id);
void churn_free(struct churn *churn);

/* A block of a site of `domain` is born, dies, or goes over from one site to another; `now` is the event's tick. */
void churn_birth(struct churn *churn, enum domain domain, const struct block *block, uint64_t now);
void churn_death(struct churn *churn, enum domain domain, const struct block *block, uint64_t now, bool temporary);
void churn_retype(struct churn *churn, enum domain domain, const struct block *block, uint32_t to, uint64_t now);
/* The block that died just now did so only because its death is never told: it has no age. */
void churn_ageless(struct churn *churn, enum domain domain, const struct block *block);
/* No event comes any more, at `end` or before: after it every site has a record. */
void churn_finish(struct churn *churn, size_t site_count);

/* Which class: 0 … CHURN_LIFETIMES − 1, 0 … CHURN_SIZES − 1. */
unsigned churn_lifetime_class(double ns);
unsigned churn_size_class(uint64_t bytes);
/* The upper bound of a class; of the last there is none: UINT64_MAX. */
uint64_t churn_lifetime_below(unsigned class); /* nanoseconds, exclusive */
uint64_t churn_size_most(unsigned class);      /* bytes, inclusive */

#endif
