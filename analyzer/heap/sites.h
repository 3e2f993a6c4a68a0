/*
 * sites.h: what each stack of one process allocated, counted as events come. Every count is O(1); what was alive of
 * a site at the peak is settled lazily: a site remembers which peak it has settled, and it does so when it is next
 * touched after a new one.
 */
#ifndef PROBE_SITES_H
#define PROBE_SITES_H

#include "heap/churn.h"
#include "heap/watch.h"
#include "model.h"
#include "trace/damage.h"

#define SITE_NONE UINT32_MAX

struct site_count {              /* one cache line */
	uint64_t allocs, frees;  /* births and deaths */
	uint64_t bytes_allocated; /* sum of births */
	uint64_t live_bytes;     /* now */
	uint64_t temporary;      /* see model.h */
	uint64_t peak_bytes;     /* alive at the peak `peak`: */
	uint64_t peak;           /* number of the peak that is settled */
	uint32_t stack;          /* node id */
	uint8_t  domain;         /* enum domain */
	uint8_t  family;         /* enum trace_family: how its first block was asked for */
	uint16_t told;           /* what the process says its blocks are, 0 nothing */
};
_Static_assert(sizeof(struct site_count) == 64, "one cache line");

struct site_since { uint64_t blocks, bytes; }; /* of a site, alive at the leak instant: born after the mark asked for */

struct sites {
	struct site_count *list; size_t count; /* owned */
	struct site_since *since; size_t since_count; /* by site; owned; NULL: no mark was asked for */
	struct size_range *ranges; size_t range_count; /* of what is alive at the leak instant, by site; owned; NULL before */
	uint32_t *of_stack[DOMAINS]; /* node id → index in list or SITE_NONE; owned; NULL until the domain is used */
	struct table told;       /* the same of sites whose blocks' type was told; no slots until the first */
	uint32_t  stacks;        /* ids of nodes end here */
	const struct process_info *process; /* its call tree */
	const struct block_watch *watch; /* its */
	struct churn *churn;     /* its */
	uint64_t  now;           /* tick of the event that is being replayed, */
	uint8_t   family;        /* and its enum trace_family, if it is a birth on the heap */
	uint64_t  live_bytes;    /* of the heap, now */
	uint64_t  peak_bytes;    /* and the most there ever was, */
	uint64_t  peak;          /* which is peak number … */
	uint64_t  unknown_stacks; /* events whose stack is not in the tree */
};

void sites_init(struct sites *sites, const struct process_info *process);
void sites_free(struct sites *sites);

/* The site that is not yet known; for site_of. */
uint32_t site_add(struct sites *sites, enum domain domain, uint32_t stack);

/* The block, of a site, is of the type `told`: it goes over to the site of these. */
void site_retype(struct sites *sites, struct block *block, uint32_t told);

/* Writes sites and the sums over domain heap into `process`. */
void sites_finish(struct sites *sites, struct process_info *process);

/* Index of the site of `stack` in `domain`. */
static inline uint32_t site_of(struct sites *sites, enum domain domain, uint32_t stack)
{
	if (__builtin_expect(stack < sites->stacks && sites->of_stack[domain] != NULL, 1)) {
		uint32_t site = sites->of_stack[domain][stack];

		if (__builtin_expect(site != SITE_NONE, 1))
			return site;
	}
	return site_add(sites, domain, stack);
}

/* Tells of a block, if anybody wants to know. */
static inline void site_tell(const struct sites *sites, enum block_change change, uint32_t site, const struct block *block)
{
	if (__builtin_expect(sites->watch != NULL, 0))
		sites->watch->changed(sites->watch->context, sites->process, change, &sites->list[site], block);
}

/* Likewise, of what is counted block by block. */
static inline void site_churn(const struct sites *sites, enum block_change change, const struct block *block, bool temporary)
{
	enum domain domain;

	if (__builtin_expect(sites->churn == NULL, 1))
		return;
	domain = sites->list[block->site].domain;
	if (change == BLOCK_BORN)
		churn_birth(sites->churn, domain, block, sites->now);
	else
		churn_death(sites->churn, domain, block, sites->now, temporary);
}

/* Before live_bytes of a site changes: what it is now was alive at the last peak, if nothing changed since. */
static inline void site_settle(struct sites *sites, struct site_count *site)
{
	if (site->peak != sites->peak) {
		site->peak_bytes = site->live_bytes;
		site->peak = sites->peak;
	}
}

/* A birth in a space that lies inside another. */
static inline void site_birth_inside(struct sites *sites, uint32_t index, uint64_t bytes)
{
	struct site_count *site = &sites->list[index];

	site_settle(sites, site);
	site->allocs++;
	site->bytes_allocated += bytes;
	site->live_bytes += bytes;
}

/* A birth on the heap. */
static inline void site_birth(struct sites *sites, uint32_t index, uint64_t bytes)
{
	site_birth_inside(sites, index, bytes);
	sites->live_bytes += bytes;
	if (sites->live_bytes > sites->peak_bytes) {
		sites->peak_bytes = sites->live_bytes;
		sites->peak++;
	}
}

static inline void site_death_inside(struct sites *sites, uint32_t index, uint64_t bytes, bool temporary)
{
	struct site_count *site = &sites->list[index];

	site_settle(sites, site);
	site->frees++;
	site->live_bytes -= bytes;
	site->temporary += temporary;
}

/* A death on the heap. */
static inline void site_death(struct sites *sites, uint32_t index, uint64_t bytes, bool temporary)
{
	site_death_inside(sites, index, bytes, temporary);
	sites->live_bytes -= bytes;
}

#endif
