/*
 * match.c: see match.h. The hot path of reading is birth() and death(); what follows them is for the few events that
 * are out of order.
 *
 * Events come by the clock, and two cores' clocks may differ by a little. So at an address a birth may seem to come
 * before the death of its predecessor, or a death before its birth. Births and deaths must alternate; where they do
 * not, an event of another stream within SKEW_NS is taken as the missing one. Within a stream its order is the truth.
 */
#include "heap/match.h"

#include <stdlib.h>

#include "heap/garbage.h"
#include "heap/history.h"
#include "heap/ledger.h"
#include "heap/maps.h"
#include "heap/sites.h"
#include "heap/survivors.h"
#include "heap/wasm.h"
#include "heap/workers.h"
#include "trace/array.h"

/*
 * Clocks of two cores differ by less. Not longer than needed: whoever frees a block that was never seen (inherited,
 * or from a module that bypasses the wrappers) just before another thread is given its address looks the same.
 */
#define SKEW_NS 1e4
#define LOOK_AHEAD 12            /* events whose slots are fetched before they are needed */
#define PENDING_MOST 65536u      /* pending entries at once; the oldest is settled early */

/* What a block in `pending` stands for (block.site): */
enum {
	PENDING_DEATH,           /* deaths (block.size of them) whose births were not seen yet; */
	PENDING_CREDIT,          /* or blocks that are gone (as many), whose deaths are still to be seen */
};

#define SEVERAL_STREAMS 0xffffffu /* of an entry: no stream in particular */

struct expiry {                  /* a pending entry, in order of time */
	uint64_t address;        /* of it */
	uint64_t tick;           /* when it was made */
};

struct matcher {
	struct table live;       /* blocks that are alive */
	struct sites sites;
	uint64_t *last_birth;    /* of each stream: address of its latest birth, 0 none; owned */
	uint32_t streams;        /* length of that */
	bool     teardown;       /* the leak instant is over */
	uint64_t next_instant;   /* an event later than this must wait for instant() */
	struct inherit *inherit; /* not owned */
	struct totals *totals;   /* of the process; not owned */
	struct process_info *process; /* not owned */
	struct table pending;    /* see above: one entry an address */
	struct expiry *expiries; /* ring of PENDING_MOST; owned; NULL until used */
	uint32_t expiry_first, expiry_count; /* in it */
	uint64_t skew;           /* SKEW_NS in ticks */
	struct maps *maps;       /* owned */
	struct history *history; /* owned by the process in the end; NULL: nothing is measured */
	struct garbage *garbage; /* owned; NULL: no collection at the end */
	bool     garbage_dies;   /* it is under way */
	struct workers *workers; /* owned; NULL: none ended before the process did */
	struct wasm *wasm;       /* owned */
	struct ledgers ledgers;
	uint64_t impossible;     /* events that make no sense */
};

static void instant(struct matcher *matcher, uint64_t tick);
static bool dead_on_arrival(struct matcher *matcher, uint32_t stream, const struct trace_event *event,
	uint32_t *owed);
static void imply_death(struct matcher *matcher, struct block *block);
static void orphan(struct matcher *matcher, uint32_t stream, uint64_t address, uint64_t tick);
static bool pays_debt(struct matcher *matcher, struct block *block, uint32_t stream, uint64_t tick);

static void owe(struct block *block, uint32_t deaths)
{
	block->owed = block->owed + deaths < 255 ? (block->owed + deaths) & 255 : 255;
}

static inline void birth(struct matcher *matcher, uint32_t stream, const struct trace_event *event)
{
	struct block *block;
	uint32_t owed = 0;
	bool existed;

	if (__builtin_expect(event->address == 0, 0)) {
		matcher->impossible++;
		return;
	}
	matcher->last_birth[stream] = event->address;
	ledgers_birth(&matcher->ledgers, event->address, event->size);
	if (__builtin_expect(matcher->inherit->open_count, 0))
		inherit_birth(matcher->inherit, event->address);
	if (__builtin_expect(matcher->pending.count, 0) && dead_on_arrival(matcher, stream, event, &owed))
		return;
	block = table_insert(&matcher->live, event->address, &existed);
	if (__builtin_expect(existed, 0))
		imply_death(matcher, block);
	block->size = event->size;
	block->tick = event->tick;
	block->stream = stream & 0xffffff;
	if (__builtin_expect(owed, 0))
		owe(block, owed);
	if (__builtin_expect(matcher->teardown, 0)) {
		matcher->totals->teardown_allocs++;
		block->site = SITE_NONE;
	} else {
		block->site = site_of(&matcher->sites, DOMAIN_HEAP, event->stack);
		site_birth(&matcher->sites, block->site, event->size);
	}
}

/* Ends a block; `stream` is its death's. */
static inline void end_block(struct matcher *matcher, struct block *block, uint32_t stream, uint64_t tick)
{
	bool temporary = block->stream == (stream & 0xffffff) && matcher->last_birth[stream] == block->address;

	if (__builtin_expect(matcher->teardown, 0))
		matcher->totals->teardown_frees++;
	else
		site_death(&matcher->sites, block->site, block->size, temporary);
	if (__builtin_expect(matcher->garbage_dies, 0))
		garbage_death(matcher->garbage, block->site, block->tick, tick, block->size);
	table_remove(&matcher->live, block);
}

static inline void death(struct matcher *matcher, uint32_t stream, const struct trace_event *event)
{
	struct block *block = event->address ? table_find(&matcher->live, event->address) : NULL;

	if (__builtin_expect(!block, 0)) {
		orphan(matcher, stream, event->address, event->tick);
		return;
	}
	if (__builtin_expect(block->owed, 0) && pays_debt(matcher, block, stream, event->tick))
		return;
	if (__builtin_expect(matcher->workers != NULL, 0) && !matcher->teardown)
		workers_death(matcher->workers, stream, event->tick, block->site, block->tick, block->size);
	end_block(matcher, block, stream, event->tick);
}

static void mapping(struct matcher *matcher, uint32_t stream, const struct trace_event *event)
{
	if (event->kind == 0 || event->kind >= TRACE_EVENT_KINDS) {
		matcher->impossible++;
	} else if (!matcher->teardown) {
		if (maps_event(matcher->maps, stream, event))
			wasm_event(matcher->wasm, stream, event);
		else
			matcher->impossible++;
	}
}

void matcher_events(void *context, uint32_t stream, const struct trace_event *events, size_t count)
{
	struct matcher *matcher = context;

	for (size_t i = 0; i < count; i++) {
		const struct trace_event *event = &events[i];

		if (i + LOOK_AHEAD < count)
			table_prefetch(&matcher->live, events[i + LOOK_AHEAD].address);
		if (__builtin_expect(event->tick > matcher->next_instant, 0))
			instant(matcher, event->tick);
		switch (event->kind) {
		case TRACE_EVENT_ALLOC:
		case TRACE_EVENT_REALLOC_IN:
			birth(matcher, stream, event);
			break;
		case TRACE_EVENT_FREE:
		case TRACE_EVENT_REALLOC_OUT:
			death(matcher, stream, event);
			break;
		default:
			mapping(matcher, stream, event);
		}
	}
}

/* ---- events out of order ---- */

/* The matter is closed: nobody was seen to allocate it in this process. */
static void settle(struct matcher *matcher, const struct block *entry)
{
	for (uint64_t i = 0; entry->site == PENDING_DEATH && i < entry->size; i++)
		inherit_ask(matcher->inherit, entry->address);
}

/* Settles what has waited longer than clocks can differ at `tick`, and at least `room` entries if it is full. */
static void expire(struct matcher *matcher, uint64_t tick, uint32_t room)
{
	while (matcher->expiry_count) {
		const struct expiry *expiry = &matcher->expiries[matcher->expiry_first];
		struct block *entry;

		if (expiry->tick + matcher->skew >= tick && matcher->expiry_count + room <= PENDING_MOST)
			return;
		entry = table_find(&matcher->pending, expiry->address);
		if (entry && entry->tick == expiry->tick) {
			settle(matcher, entry);
			table_remove(&matcher->pending, entry);
		}
		matcher->expiry_first = (matcher->expiry_first + 1) % PENDING_MOST;
		matcher->expiry_count--;
	}
}

static void await(struct matcher *matcher, uint64_t address, uint32_t stream, uint64_t tick, uint32_t what)
{
	struct block *entry;
	bool existed;

	expire(matcher, tick, 1);
	if (!matcher->expiries)
		matcher->expiries = xcalloc(PENDING_MOST, sizeof *matcher->expiries);
	entry = table_insert(&matcher->pending, address, &existed);
	if (existed && entry->site != what)
		settle(matcher, entry);
	existed = existed && entry->site == what;
	entry->stream = existed && entry->stream != stream ? SEVERAL_STREAMS : stream & 0xffffff;
	entry->size = existed ? entry->size + 1 : 1;
	entry->tick = tick;
	entry->site = what;
	matcher->expiries[(matcher->expiry_first + matcher->expiry_count++) % PENDING_MOST] =
		(struct expiry){address, tick};
}

/* One of the pending deaths is explained. */
static void one_less(struct matcher *matcher, struct block *entry)
{
	if (--entry->size == 0)
		table_remove(&matcher->pending, entry);
}

/* Could an event of `stream` at `tick` belong before that of `entry`, by the clocks' difference? */
static bool in_reach(const struct matcher *matcher, const struct block *entry, uint32_t stream, uint64_t tick)
{
	return entry->stream != (stream & 0xffffff) && tick - entry->tick + matcher->skew <= 2 * matcher->skew;
}

/* A death at an address where nothing is alive. */
static void orphan(struct matcher *matcher, uint32_t stream, uint64_t address, uint64_t tick)
{
	struct block *entry;

	if (matcher->teardown) {
		matcher->totals->teardown_frees++;
		return;
	}
	if (address == 0) {
		matcher->impossible++;
		return;
	}
	entry = matcher->pending.count ? table_find(&matcher->pending, address) : NULL;
	if (entry && entry->site == PENDING_CREDIT && tick - entry->tick <= matcher->skew) {
		one_less(matcher, entry); /* a predecessor's, counted when it was implied */
		return;
	}
	await(matcher, address, stream, tick, PENDING_DEATH);
}

/*
 * A birth while deaths are pending: is one of them its own, which another core's clock put before it? Then it counts
 * and never becomes a live block. Credits go on to the block (`owed`).
 */
static bool dead_on_arrival(struct matcher *matcher, uint32_t stream, const struct trace_event *event,
	uint32_t *owed)
{
	struct block *entry;
	uint32_t site;

	expire(matcher, event->tick, 0);
	entry = table_find(&matcher->pending, event->address);
	if (!entry)
		return false;
	if (entry->site == PENDING_CREDIT) {
		*owed = (uint32_t)entry->size;
		table_remove(&matcher->pending, entry);
		return false;
	}
	/* One of this stream waits for the birth of some other block. */
	if (matcher->teardown || !in_reach(matcher, entry, stream, event->tick))
		return false;
	site = site_of(&matcher->sites, DOMAIN_HEAP, event->stack);
	site_birth(&matcher->sites, site, event->size);
	site_death(&matcher->sites, site, event->size, false);
	matcher->totals->repaired++;
	one_less(matcher, entry);
	return true;
}

/* A birth where a block is alive: that one's death is still to come, or was never seen. */
static void imply_death(struct matcher *matcher, struct block *block)
{
	if (matcher->teardown) {
		matcher->totals->teardown_frees++;
	} else {
		site_death(&matcher->sites, block->site, block->size, false);
		matcher->totals->repaired++;
	}
	owe(block, 1);
}

/* The block dies and still owes deaths: whoever frees this address next, and soon, meant its predecessors. */
static void leave_credit(struct matcher *matcher, const struct block *block, uint64_t tick)
{
	if (tick - block->tick > matcher->skew)
		return;
	for (unsigned i = 0; i < block->owed; i++) {
		struct block *entry = table_find(&matcher->pending, block->address);

		if (entry && entry->site == PENDING_DEATH)
			one_less(matcher, entry);
		else
			await(matcher, block->address, block->stream, block->tick, PENDING_CREDIT);
	}
}

/* Is a death at the address of `block` that of its predecessor, which was implied when the block was born? */
static bool pays_debt(struct matcher *matcher, struct block *block, uint32_t stream, uint64_t tick)
{
	if (in_reach(matcher, block, stream, tick)) {
		block->owed--;
		return true;
	}
	leave_credit(matcher, block, tick);
	return false;
}

/* ---- instants ---- */

static void schedule(struct matcher *matcher)
{
	uint64_t ending = matcher->process->header.ending_tick;

	matcher->next_instant = inherit_next(matcher->inherit);
	if (matcher->teardown)
		return;
	if (ending && ending < matcher->next_instant)
		matcher->next_instant = ending;
	if (garbage_next(matcher->garbage) < matcher->next_instant)
		matcher->next_instant = garbage_next(matcher->garbage);
	if (history_next(matcher->history) < matcher->next_instant)
		matcher->next_instant = history_next(matcher->history);
	if (ledgers_next(&matcher->ledgers) < matcher->next_instant)
		matcher->next_instant = ledgers_next(&matcher->ledgers);
}

static void leak_instant(struct matcher *matcher)
{
	garbage_complete(matcher->garbage);
	survivors_take(matcher->process, &matcher->sites, matcher->history, &matcher->live, matcher->maps, matcher->wasm,
	               matcher->garbage);
	matcher->teardown = true;
	matcher->garbage_dies = false;
}

/* Time goes past next_instant: the leak instant, one where growth is measured, a sample's, or a fork that begins or ends. */
static void instant(struct matcher *matcher, uint64_t tick)
{
	uint64_t ending = matcher->process->header.ending_tick;

	inherit_instant(matcher->inherit, tick, &matcher->live, &matcher->pending);
	if (!matcher->teardown) {
		history_instant(matcher->history, &matcher->sites, tick);
		matcher->garbage_dies = garbage_instant(matcher->garbage, tick, &matcher->sites);
		ledgers_instant(&matcher->ledgers, tick, &matcher->live, matcher->maps, &matcher->sites);
	}
	if (!matcher->teardown && ending && tick > ending)
		leak_instant(matcher);
	schedule(matcher);
}

struct matcher *matcher_open(struct process_info *process, struct inherit *inherit, uint32_t streams)
{
	struct matcher *matcher = xcalloc(1, sizeof *matcher);

	matcher->process = process;
	matcher->totals = &process->totals;
	matcher->inherit = inherit;
	matcher->streams = streams;
	matcher->last_birth = xcalloc(streams, sizeof *matcher->last_birth);
	matcher->skew = (uint64_t)(SKEW_NS / process->ns_per_tick);
	table_init(&matcher->live);
	table_init(&matcher->pending);
	sites_init(&matcher->sites, process);
	matcher->maps = maps_open(&matcher->sites);
	matcher->history = history_open(process);
	matcher->garbage = garbage_open(process);
	matcher->workers = workers_open(process, streams);
	matcher->wasm = wasm_open(process, &matcher->sites);
	ledgers_open(&matcher->ledgers, process);
	inherit_begin(inherit);
	schedule(matcher);
	return matcher;
}

void matcher_close(struct matcher *matcher, struct damage *damage)
{
	expire(matcher, UINT64_MAX, PENDING_MOST + 1);
	inherit_instant(matcher->inherit, UINT64_MAX, &matcher->live, &matcher->pending);
	ledgers_instant(&matcher->ledgers, UINT64_MAX, &matcher->live, matcher->maps, &matcher->sites);
	ledgers_close(&matcher->ledgers);
	if (!matcher->teardown)
		leak_instant(matcher);
	wasm_close(matcher->wasm);
	sites_finish(&matcher->sites, matcher->process);
	for (size_t i = 0; i < matcher->process->site_count; i++) {
		struct site *site = &matcher->process->sites[i];

		site->garbage = garbage_of_site(matcher->garbage, site->history);
		site->held = workers_of_site(matcher->workers, site->history);
	}
	garbage_free(matcher->garbage);
	workers_free(matcher->workers);
	matcher->process->history = matcher->history;
	history_judge(matcher->process);
	wasm_judge(matcher->process);
	damage_some(damage, matcher->impossible, "events make no sense");
	damage_some(damage, matcher->sites.unknown_stacks, "events name a stack that is not in the call tree");
	maps_close(matcher->maps);
	sites_free(&matcher->sites);
	table_free(&matcher->live);
	table_free(&matcher->pending);
	free(matcher->last_birth);
	free(matcher->expiries);
	free(matcher);
}
