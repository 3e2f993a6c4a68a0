/* space.c: see space.h. */
#include "heap/space.h"

#include <stdlib.h>

#include "util.h"

/*
 * Clocks of two cores differ by less. Not longer than needed: whoever frees a block that was never seen (inherited,
 * or from a module that bypasses the wrappers) just before another thread is given its address looks the same.
 */
#define SKEW_NS 1e4
#define PENDING_MOST 65536u      /* pending entries at once; the oldest is settled early */

/* What a block in `pending` stands for (block.site): */
enum {
	PENDING_DEATH,           /* deaths (block.size of them) whose births were not seen yet; */
	PENDING_CREDIT,          /* or blocks that are gone (as many), whose deaths are still to be seen */
};

#define SEVERAL_STREAMS 0xffffffu /* of an entry: no stream in particular */

void space_open(struct space *space, enum domain domain, struct sites *sites, uint32_t streams, double ns_per_tick)
{
	*space = (struct space){.domain = domain, .sites = sites, .skew = (uint64_t)(SKEW_NS / ns_per_tick)};
	space->last_birth = xcalloc(streams, sizeof *space->last_birth);
	table_init(&space->pending);
}

void space_close(struct space *space)
{
	table_free(&space->pending);
	free(space->last_birth);
	free(space->expiries);
	*space = (struct space){0};
}

void space_owe(struct block *block, uint32_t deaths)
{
	block->owed = block->owed + deaths < 255 ? (block->owed + deaths) & 255 : 255;
}

/* The matter is closed: nobody was seen to allocate it in this process. */
static void settle(struct space *space, const struct block *entry)
{
	for (uint64_t i = 0; entry->site == PENDING_DEATH && i < entry->size; i++)
		space->unknown(space->context, entry->address);
}

/* Settles what has waited longer than clocks can differ at `tick`, and at least `room` entries if it is full. */
static void expire(struct space *space, uint64_t tick, uint32_t room)
{
	while (space->expiry_count) {
		const struct expiry *expiry = &space->expiries[space->expiry_first];
		struct block *entry;

		if (expiry->tick + space->skew >= tick && space->expiry_count + room <= PENDING_MOST)
			return;
		entry = table_find(&space->pending, expiry->address);
		if (entry && entry->tick == expiry->tick) {
			settle(space, entry);
			table_remove(&space->pending, entry);
		}
		space->expiry_first = (space->expiry_first + 1) % PENDING_MOST;
		space->expiry_count--;
	}
}

void space_settle(struct space *space, uint64_t tick)
{
	expire(space, tick, tick == UINT64_MAX ? PENDING_MOST + 1 : 0);
}

static void await(struct space *space, uint64_t address, uint32_t stream, uint64_t tick, uint32_t what)
{
	struct block *entry;
	bool existed;

	expire(space, tick, 1);
	if (!space->expiries)
		space->expiries = xcalloc(PENDING_MOST, sizeof *space->expiries);
	entry = table_insert(&space->pending, address, &existed);
	if (existed && entry->site != what)
		settle(space, entry);
	existed = existed && entry->site == what;
	entry->stream = existed && entry->stream != stream ? SEVERAL_STREAMS : stream & 0xffffff;
	entry->size = existed ? entry->size + 1 : 1;
	entry->tick = tick;
	entry->site = what;
	space->expiries[(space->expiry_first + space->expiry_count++) % PENDING_MOST] = (struct expiry){address, tick};
}

/* One of the pending deaths is explained. */
static void one_less(struct space *space, struct block *entry)
{
	if (--entry->size == 0)
		table_remove(&space->pending, entry);
}

/* Could an event of `stream` at `tick` belong before that of `entry`, by the clocks' difference? */
static bool in_reach(const struct space *space, const struct block *entry, uint32_t stream, uint64_t tick)
{
	return entry->stream != (stream & 0xffffff) && tick - entry->tick + space->skew <= 2 * space->skew;
}

bool space_orphan(struct space *space, uint32_t stream, uint64_t address, uint64_t tick)
{
	struct block *entry = space->pending.count ? table_find(&space->pending, address) : NULL;

	if (entry && entry->site == PENDING_CREDIT && tick - entry->tick <= space->skew) {
		one_less(space, entry); /* a predecessor's, counted when it was implied */
		return true;
	}
	await(space, address, stream, tick, PENDING_DEATH);
	return false;
}

/*
 * If one of the pending deaths is its own, which another core's clock put before it, the block counts and never becomes
 * a live one. Credits go on to it (`owed`).
 */
bool space_dead_on_arrival(struct space *space, uint32_t stream, const struct trace_event *event, uint32_t *owed)
{
	struct block *entry, born = {.address = event->address, .size = event->size, .tick = event->tick,
	                             .stream = stream & 0xffffff};

	expire(space, event->tick, 0);
	entry = table_find(&space->pending, event->address);
	if (!entry)
		return false;
	if (entry->site == PENDING_CREDIT) {
		*owed = (uint32_t)entry->size;
		table_remove(&space->pending, entry);
		return false;
	}
	/* One of this stream waits for the birth of some other block. */
	if (space->teardown || !in_reach(space, entry, stream, event->tick))
		return false;
	born.site = site_of(space->sites, space->domain, event->stack);
	space_count_birth(space, &born);
	space_count_death(space, &born, false);
	space->repaired++;
	one_less(space, entry);
	return true;
}

void space_imply_death(struct space *space, struct block *block)
{
	if (space->teardown) {
		space->teardown_frees++;
	} else {
		space_count_death(space, block, false);
		space->repaired++;
	}
	space_owe(block, 1);
}

/* The block dies and still owes deaths: whoever frees this address next, and soon, meant its predecessors. */
static void leave_credit(struct space *space, const struct block *block, uint64_t tick)
{
	if (tick - block->tick > space->skew)
		return;
	for (unsigned i = 0; i < block->owed; i++) {
		struct block *entry = table_find(&space->pending, block->address);

		if (entry && entry->site == PENDING_DEATH)
			one_less(space, entry);
		else
			await(space, block->address, block->stream, block->tick, PENDING_CREDIT);
	}
}

bool space_pays_debt(struct space *space, struct block *block, uint32_t stream, uint64_t tick)
{
	if (in_reach(space, block, stream, tick)) {
		block->owed--;
		return true;
	}
	leave_credit(space, block, tick);
	return false;
}
