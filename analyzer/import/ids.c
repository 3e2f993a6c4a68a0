/* ids.c: see ids.h. */
#include "import/ids.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "util.h"

#define BITS_LEAST  10u
#define OLDER_MOST  64           /* of one id that are looked at for one that fits */

static uint64_t random_factor(const void *fallback)
{
	uint64_t factor;

	if (getrandom(&factor, sizeof factor, GRND_NONBLOCK) != sizeof factor)
		factor = (uintptr_t)fallback;
	/* Odd, and with bits at both ends, or neighbours would crowd together. */
	return factor | 0x9000000000000001;
}

/* ---- what is alive --------------------------------------------------------------------------------------------- */

static void resize(struct log_live *live, unsigned bits)
{
	struct log_block_entry *old = live->slots;
	size_t slots = old ? live->mask + 1 : 0;

	live->mask = ((size_t)1 << bits) - 1;
	live->shift = 64 - bits;
	live->slots = xcalloc(live->mask + 1, sizeof *live->slots);
	for (size_t i = 0; i < slots; i++) {
		size_t at;

		if (!old[i].what)
			continue;
		for (at = log_live_slot(live, old[i].id); live->slots[at].what; at = (at + 1) & live->mask)
			;
		live->slots[at] = old[i];
	}
	free(old);
}

void log_live_open(struct log_live *live)
{
	*live = (struct log_live){.factor = random_factor(live)};
	resize(live, BITS_LEAST);
}

void log_live_free(struct log_live *live)
{
	free(live->slots);
	free(live->older);
	*live = (struct log_live){0};
}

static uint32_t keep_older(struct log_live *live, struct log_block_entry entry)
{
	uint32_t index = live->older_free;

	if (index) {
		live->older_free = live->older[index - 1].older;
	} else {
		if (live->older_count == live->older_room) {
			live->older_room = live->older_room * 2 + 64;
			live->older = xreallocarray(live->older, live->older_room, sizeof *live->older);
		}
		if (live->older_count >= UINT32_MAX - 1)
			fatal(3, "more blocks of one id than can be counted");
		index = (uint32_t)++live->older_count;
	}
	live->older[index - 1] = entry;
	return index;
}

void log_live_add(struct log_live *live, struct log_block_entry entry)
{
	size_t at = log_live_slot(live, entry.id);

	while (live->slots[at].what && live->slots[at].id != entry.id)
		at = (at + 1) & live->mask;
	if (live->slots[at].what) {
		entry.older = keep_older(live, live->slots[at]);
		live->slots[at] = entry;
		return;
	}
	live->slots[at] = entry;
	/* At most three quarters are in use. */
	if (++live->count * 4 > (live->mask + 1) * 3)
		resize(live, 64 - live->shift + 1);
}

/* Moves later slots of its run back, so that no search ends early. */
static void clear_slot(struct log_live *live, size_t hole)
{
	for (size_t at = (hole + 1) & live->mask; live->slots[at].what; at = (at + 1) & live->mask) {
		size_t home = log_live_slot(live, live->slots[at].id);

		if (((at - home) & live->mask) < ((at - hole) & live->mask))
			continue;
		live->slots[hole] = live->slots[at];
		hole = at;
	}
	live->slots[hole].what = 0;
	live->count--;
}

struct log_block_entry log_live_take(struct log_live *live, struct log_block_entry *entry, uint64_t size,
                                     bool (*fits)(const void *context, uint32_t what), const void *context)
{
	struct log_block_entry taken = *entry, *before = entry;

	if (!entry->older) {
		clear_slot(live, (size_t)(entry - live->slots));
		return taken;
	}
	if (entry->size != size || !fits(context, entry->what)) {
		for (int i = 0; before->older && i < OLDER_MOST; i++) {
			struct log_block_entry *other = &live->older[before->older - 1];

			if (other->size == size && fits(context, other->what)) {
				uint32_t index = before->older;

				taken = *other;
				before->older = other->older;
				other->older = live->older_free;
				live->older_free = index;
				return taken;
			}
			before = other;
		}
	}
	/* The latest goes, and the one before it takes its slot. */
	{
		uint32_t index = entry->older;

		*entry = live->older[index - 1];
		live->older[index - 1].older = live->older_free;
		live->older_free = index;
	}
	return taken;
}

/* ---- which ids there were -------------------------------------------------------------------------------------- */

static size_t group_slot(const struct id_set *set, uint64_t key)
{
	size_t at = (size_t)((key ^ key >> 32) * set->factor >> set->shift);

	while (set->slots[at].key && set->slots[at].key != key)
		at = (at + 1) & set->mask;
	return at;
}

static void resize_set(struct id_set *set, unsigned bits)
{
	struct id_group *old = set->slots;
	size_t slots = old ? set->mask + 1 : 0;

	set->mask = ((size_t)1 << bits) - 1;
	set->shift = 64 - bits;
	set->slots = xcalloc(set->mask + 1, sizeof *set->slots);
	for (size_t i = 0; i < slots; i++)
		if (old[i].key)
			set->slots[group_slot(set, old[i].key)] = old[i];
	free(old);
}

void id_set_open(struct id_set *set)
{
	*set = (struct id_set){.factor = random_factor(set)};
	resize_set(set, BITS_LEAST);
}

void id_set_free(struct id_set *set)
{
	free(set->slots);
	*set = (struct id_set){0};
}

bool id_set_add(struct id_set *set, uint64_t id, uint64_t line)
{
	uint64_t key = id / 64 + 1, bit = 1ull << id % 64;
	struct id_group *group = &set->slots[set->latest];
	bool is_new;

	if (group->key != key) {
		set->latest = group_slot(set, key);
		group = &set->slots[set->latest];
	}
	if (!group->key) {
		group->key = key;
		group->first = line;
		if (++set->count * 4 > (set->mask + 1) * 3) {
			resize_set(set, 64 - set->shift + 1);
			set->latest = group_slot(set, key);
			group = &set->slots[set->latest];
		}
	}
	is_new = !(group->bits & bit);
	group->bits |= bit;
	group->last = line;
	return is_new;
}

bool id_set_has(const struct id_set *set, uint64_t id)
{
	return set->slots[group_slot(set, id / 64 + 1)].bits >> id % 64 & 1;
}

static int by_key(const void *left, const void *right)
{
	const struct id_group *a = left, *b = right;

	return (a->key > b->key) - (a->key < b->key);
}

static void note_gap(struct id_gaps *gaps, struct id_gap gap)
{
	if (gaps->runs < sizeof gaps->gaps / sizeof *gaps->gaps)
		gaps->gaps[gaps->runs] = gap;
	gaps->runs++;
	gaps->missing += gap.last - gap.first + 1;
}

struct id_gaps id_set_gaps(struct id_set *set)
{
	struct id_gaps gaps = {0};
	size_t count = 0;

	for (size_t i = 0; i <= set->mask; i++)
		if (set->slots[i].key)
			set->slots[count++] = set->slots[i];
	qsort(set->slots, count, sizeof *set->slots, by_key);
	for (size_t i = 0; i < count; i++) {
		const struct id_group *group = &set->slots[i], *below = group;
		uint64_t base = (group->key - 1) * 64;

		/* Where the gap begins is the group before. */
		if (i)
			below--;
		for (uint64_t bits = group->bits; bits; bits &= bits - 1, below = group) {
			uint64_t id = base + (unsigned)__builtin_ctzll(bits);

			if (!gaps.ids++)
				gaps.lowest = id;
			else if (id - gaps.highest > 1)
				note_gap(&gaps, (struct id_gap){gaps.highest + 1, id - 1, below->first, group->last});
			gaps.highest = id;
		}
	}
	return gaps;
}
