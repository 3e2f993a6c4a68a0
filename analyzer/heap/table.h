/*
 * table.h: address → live block. Open addressing with linear probing and backward-shift removal, because this is
 * what reading does most: a lookup is one cache miss, which table_prefetch can hide.
 */
#ifndef PROBE_TABLE_H
#define PROBE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct block {
	uint64_t address;        /* of its first byte; 0: this slot is empty */
	uint64_t size;           /* bytes */
	uint64_t tick;           /* of its birth */
	uint32_t site;           /* index of its site */
	uint32_t stream : 24;    /* index of the stream that bore it (the lowest 24 bits) */
	uint32_t owed : 8;       /* deaths still to come that belong to older blocks at this address */
};
_Static_assert(sizeof(struct block) == 32, "two to a cache line");

struct table {
	struct block *slots;     /* owned; `mask` + 1 of them */
	size_t   mask;           /* a power of two, less one */
	size_t   count;          /* slots in use */
	uint64_t factor;         /* of the hash; random, so that no file can be made to collide */
	unsigned shift;          /* of the hash: its upper bits count */
};

void table_init(struct table *table);
void table_free(struct table *table);

/*
 * The block at `address` (not 0), NULL if there is none. Pointers into the table hold until the next insertion or
 * removal.
 */
static inline struct block *table_find(const struct table *table, uint64_t address);

/* The block at `address`; a new one is all zero but for its address. */
struct block *table_insert(struct table *table, uint64_t address, bool *existed);
void table_remove(struct table *table, struct block *block);

static inline size_t table_slot(const struct table *table, uint64_t address)
{
	return (size_t)((address ^ address >> 32) * table->factor >> table->shift);
}

static inline void table_prefetch(const struct table *table, uint64_t address)
{
	__builtin_prefetch(&table->slots[table_slot(table, address)]);
}

static inline struct block *table_find(const struct table *table, uint64_t address)
{
	for (size_t at = table_slot(table, address);; at = (at + 1) & table->mask) {
		if (table->slots[at].address == address)
			return &table->slots[at];
		if (table->slots[at].address == 0)
			return NULL;
	}
}

#endif
