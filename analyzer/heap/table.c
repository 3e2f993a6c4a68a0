/* table.c: see table.h. */
#include "heap/table.h"

#include <stdlib.h>
#include <sys/random.h>

#include "util.h"

#define SMALLEST_BITS 6u

static void resize(struct table *table, unsigned bits)
{
	struct block *old = table->slots;
	size_t slots = old ? table->mask + 1 : 0;

	table->mask = ((size_t)1 << bits) - 1;
	table->shift = 64 - bits;
	table->slots = xcalloc(table->mask + 1, sizeof *table->slots);
	for (size_t i = 0; i < slots; i++) {
		size_t at;

		if (!old[i].address)
			continue;
		for (at = table_slot(table, old[i].address); table->slots[at].address; at = (at + 1) & table->mask)
			;
		table->slots[at] = old[i];
	}
	free(old);
}

void table_init(struct table *table)
{
	*table = (struct table){0};
	if (getrandom(&table->factor, sizeof table->factor, GRND_NONBLOCK) != sizeof table->factor)
		table->factor = (uintptr_t)table;
	/* Odd, and with bits at both ends, or neighbours would crowd together. */
	table->factor |= 0x9000000000000001;
	resize(table, SMALLEST_BITS);
}

void table_free(struct table *table)
{
	free(table->slots);
	*table = (struct table){0};
}

struct block *table_insert(struct table *table, uint64_t address, bool *existed)
{
	size_t at;

	/* Two thirds full: beyond, probing gets long. */
	if ((table->count + 1) * 3 > (table->mask + 1) * 2)
		resize(table, 64 - table->shift + 1);
	for (at = table_slot(table, address); table->slots[at].address; at = (at + 1) & table->mask)
		if (table->slots[at].address == address) {
			*existed = true;
			return &table->slots[at];
		}
	table->count++;
	table->slots[at].address = address;
	*existed = false;
	return &table->slots[at];
}

void table_remove(struct table *table, struct block *block)
{
	size_t hole = (size_t)(block - table->slots), at = hole;

	for (;;) {
		size_t home;

		at = (at + 1) & table->mask;
		if (!table->slots[at].address)
			break;
		home = table_slot(table, table->slots[at].address);
		/* May it move into the hole? Only if its home is not behind the hole, going round. */
		if (((at - home) & table->mask) >= ((at - hole) & table->mask)) {
			table->slots[hole] = table->slots[at];
			hole = at;
		}
	}
	table->slots[hole] = (struct block){0};
	table->count--;
}
