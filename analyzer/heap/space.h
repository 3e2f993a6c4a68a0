/*
 * space.h: births and deaths at the addresses of one space that blocks live in: the process's heap, or its linear
 * memories. Which table an address belongs to is the caller's matter. What is inline is the hot path of reading; what
 * is in space.c is for the few events that are out of order.
 *
 * Events come by the clock, and two cores' clocks may differ by a little. So at an address a birth may seem to come
 * before the death of its predecessor, or a death before its birth. Births and deaths must alternate; where they do
 * not, an event of another stream within the clocks' difference is taken as the missing one. Within a stream its order
 * is the truth.
 */
#ifndef PROBE_SPACE_H
#define PROBE_SPACE_H

#include "heap/sites.h"
#include "heap/table.h"

struct expiry {                  /* a pending entry, in order of time */
	uint64_t address;        /* of it */
	uint64_t tick;           /* when it was made */
};

struct space {
	enum domain domain;
	bool     teardown;       /* the leak instant is over: nothing counts for sites */
	struct sites *sites;     /* not owned */
	uint64_t *last_birth;    /* of each stream: address of its latest birth, 0 none; owned */
	struct table pending;    /* see space.c: one entry an address */
	struct expiry *expiries; /* a ring; owned; NULL until used */
	uint32_t expiry_first, expiry_count; /* in it */
	uint64_t skew;           /* ticks that two cores' clocks may differ by */
	uint64_t repaired;       /* events put in order, or implied because an address was used again */
	uint64_t teardown_allocs, teardown_frees;
	void   (*unknown)(void *context, uint64_t address); /* a death of what nobody was seen to bear … */
	void    *context;        /* … with this */
};

/* `unknown` and `context` are the caller's to set. */
void space_open(struct space *space, enum domain domain, struct sites *sites, uint32_t streams, double ns_per_tick);
void space_close(struct space *space);

/* Settles what is pending: no event before `tick` will come. UINT64_MAX: all of it. */
void space_settle(struct space *space, uint64_t tick);

/* For space_birth: did the block die before it was born, by another core's clock? Else *owed are deaths of older ones. */
bool space_dead_on_arrival(struct space *space, uint32_t stream, const struct trace_event *event, uint32_t *owed);
/* For space_birth: `block` is where another one begins. */
void space_imply_death(struct space *space, struct block *block);
void space_owe(struct block *block, uint32_t deaths);

/* A death at an address, not 0, where nothing is alive. True: it is that of a block whose death was implied before. */
bool space_orphan(struct space *space, uint32_t stream, uint64_t address, uint64_t tick);
/* Is a death at the address of `block`, which owes some, that of its predecessor? */
bool space_pays_debt(struct space *space, struct block *block, uint32_t stream, uint64_t tick);

static inline void space_count_birth(struct space *space, const struct block *block)
{
	if (space->domain == DOMAIN_HEAP)
		site_birth(space->sites, block->site, block->size);
	else
		site_birth_inside(space->sites, block->site, block->size);
	site_tell(space->sites, BLOCK_BORN, block->site, block);
	site_churn(space->sites, BLOCK_BORN, block, false);
}

static inline void space_count_death(struct space *space, const struct block *block, bool temporary)
{
	if (space->domain == DOMAIN_HEAP)
		site_death(space->sites, block->site, block->size, temporary);
	else
		site_death_inside(space->sites, block->site, block->size, temporary);
	site_tell(space->sites, BLOCK_DIES, block->site, block);
	site_churn(space->sites, BLOCK_DIES, block, temporary);
}

/*
 * A birth, not at address 0. NULL: the block is dead already. *existed: another one was alive there, and is implied to
 * have died.
 */
static inline struct block *space_birth(struct space *space, struct table *live, uint32_t stream,
	const struct trace_event *event, bool *existed)
{
	struct block *block;
	uint32_t owed = 0;

	space->last_birth[stream] = event->address;
	space->sites->family = event->detail;
	if (__builtin_expect(space->pending.count, 0) && space_dead_on_arrival(space, stream, event, &owed))
		return NULL;
	block = table_insert(live, event->address, existed);
	if (__builtin_expect(*existed, 0))
		space_imply_death(space, block);
	block->size = event->size;
	block->tick = event->tick;
	block->stream = stream & 0xffffff;
	if (__builtin_expect(owed, 0))
		space_owe(block, owed);
	if (__builtin_expect(space->teardown, 0)) {
		space->teardown_allocs++;
		block->site = SITE_NONE;
	} else {
		block->site = site_of(space->sites, space->domain, event->stack);
		space_count_birth(space, block);
	}
	return block;
}

/* Ends a block, but for taking it out of its table; `stream` is its death's. */
static inline void space_death(struct space *space, const struct block *block, uint32_t stream)
{
	bool temporary = block->stream == (stream & 0xffffff) && space->last_birth[stream] == block->address;

	if (__builtin_expect(space->teardown, 0))
		space->teardown_frees++;
	else
		space_count_death(space, block, temporary);
}

#endif
