/*
 * generations.c: how often generated code made room for other code, by granule of 4 KiB. A granule that is not in the
 * table is in its generation 0: nearly all are, since a runtime has to move or free code and use its place again first.
 *
 * Captures read without a lock; one writer at a time (node/code.c's lock) adds entries and raises them. An entry is one
 * word, a larger table is complete before it is published, and the old one stays where it is, for those who still read
 * in it: what they miss was raised at this very moment. Ordinary memory: a forked child goes on with its parent's.
 */
#include <sys/mman.h>

#include "stack.h"
#include "sys.h"

#define FIRST_BITS      12
#define LAST_BITS       24
#define GENERATION_BITS 28           /* of an entry; granules of 47-bit addresses need 35 */
#define GENERATION_MASK ((1u << GENERATION_BITS) - 1)

struct granules {
	uint32_t bits;               /* 2^bits slots */
	uint32_t used;               /* not 0 */
	uint64_t slots[];            /* granule + 1 above GENERATION_BITS, its generation below; 0: empty */
};

uint32_t code_epoch;
static struct granules *granules;

static inline uint64_t *slot_of(struct granules *table, uint64_t granule)
{
	uint32_t mask = (1u << table->bits) - 1;
	uint32_t i = (uint32_t)(granule * 0x9e3779b97f4a7c15ull >> 32) & mask;

	for (;; i = (i + 1) & mask) {
		uint64_t entry = __atomic_load_n(&table->slots[i], __ATOMIC_ACQUIRE);

		if (!entry || entry >> GENERATION_BITS == granule + 1)
			return &table->slots[i];
	}
}

uint32_t code_generation(uintptr_t address)
{
	struct granules *table = __atomic_load_n(&granules, __ATOMIC_ACQUIRE);

	return table ? (uint32_t)(__atomic_load_n(slot_of(table, address / CODE_GRANULE), __ATOMIC_ACQUIRE) &
	                          GENERATION_MASK) : 0;
}

static struct granules *table_make(uint32_t bits)
{
	size_t bytes = sizeof(struct granules) + (sizeof(uint64_t) << bits);
	long p = sys(SYS_mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p < 0 && p > -4096)
		return NULL;
	memory_claim((uintptr_t)p, bytes);
	((struct granules *)p)->bits = bits;
	return (struct granules *)p;
}

/* A table with room for one more; NULL: there is none. */
static struct granules *table_with_room(void)
{
	struct granules *table = granules, *larger;
	uint32_t bits = table ? table->bits + 1 : FIRST_BITS;

	if (table && table->used < 1u << (table->bits - 1))
		return table;
	if (bits > LAST_BITS || library.filtered || !(larger = table_make(bits)))
		return NULL;
	for (uint32_t i = 0; table && i < 1u << table->bits; i++)
		if (table->slots[i])
			*slot_of(larger, (table->slots[i] >> GENERATION_BITS) - 1) = table->slots[i];
	larger->used = table ? table->used : 0;
	__atomic_store_n(&granules, larger, __ATOMIC_RELEASE);
	return larger;
}

bool stack_code_raise(uintptr_t start, uintptr_t end)
{
	uint64_t first = start / CODE_GRANULE, last = (end - 1) / CODE_GRANULE;
	uint32_t highest = 0;
	bool all = true;

	for (uint64_t granule = first; granule <= last; granule++) {
		uint32_t generation = code_generation(granule * CODE_GRANULE);

		highest = generation > highest ? generation : highest;
	}
	highest = (highest + 1) & GENERATION_MASK;
	for (uint64_t granule = first; granule <= last; granule++) {
		struct granules *table = table_with_room();
		uint64_t *slot;

		if (!table) {
			all = false;
			break;
		}
		slot = slot_of(table, granule);
		table->used += !*slot;
		__atomic_store_n(slot, (granule + 1) << GENERATION_BITS | highest, __ATOMIC_RELEASE);
	}
	__atomic_add_fetch(&code_epoch, 1, __ATOMIC_RELEASE);
	return all;
}
