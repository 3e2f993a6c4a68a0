/*
 * types.c: see types.h.
 *
 * A name is known by what it says, not by where it lies: a caller may have built it on its stack, or in a module that is
 * unloaded later. To hash and compare some twenty bytes costs less than the stack of the event that it is for.
 *
 * The table is open addressing over slots that go from NULL to a name once, by a compare-and-swap, and never change again; a
 * name's number is that of its slot, so whoever finds the name has its number, and nobody waits. (Not for the lock of
 * wiped_take and meta_write either: it is held with signals blocked, so a handler never interrupts its holder.)
 *
 * The record must be in the file before an event has the number, or a kill would leave events of a type without a name. Who
 * put the name there writes the record and then sets `told`; who finds it unset (another thread, or a handler which
 * interrupted that one) does not wait but writes it, too: a reader takes the same name twice. `told` is stored with release
 * after the record and read with acquire, so who sees it set publishes its events after the record.
 *
 * Two threads may put the same new name at once: each makes an entry, and both look at the same slots in the same order, so
 * the slower one's compare-and-swap fails in the slot where the other's is, finds it equal and takes it: a name has one slot.
 * Of an entry that lost, some bytes of wiped memory are gone; there are no more of them than threads for each name.
 */
#include "record/types.h"

#include <string.h>

#define SLOTS  8192u             /* a power of two, below TRACE_TYPES_MOST */
#define PROBES 64u               /* slots that a name may be in */
_Static_assert(SLOTS < TRACE_TYPES_MOST, "numbers fit");

struct type_name {
	uint64_t hash;
	uint32_t length;
	uint32_t told;               /* 1: its record is written */
	char     text[];
};

struct type_table {
	struct type_name *slots[SLOTS];
};

static struct type_table *table_get(void)
{
	struct type_table *table = __atomic_load_n(&process->types, __ATOMIC_ACQUIRE), *none = NULL;

	if (table)
		return table;
	table = wiped_take(sizeof(*table));
	if (table && !__atomic_compare_exchange_n(&process->types, &none, table, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		table = none;
	return table;
}

static uint32_t tell(struct type_name *name, uint32_t number)
{
	struct trace_type record = {.id = number};

	if (!__atomic_load_n(&name->told, __ATOMIC_ACQUIRE)) {
		meta_write(TRACE_RECORD_TYPE, &record, sizeof(record), name->text, name->length);
		__atomic_store_n(&name->told, 1, __ATOMIC_RELEASE);
	}
	return number;
}

static struct type_name *make(const char *text, uint32_t length, uint64_t hash)
{
	struct type_name *name = wiped_take(sizeof(*name) + length);

	if (name) {
		name->hash = hash;
		name->length = length;
		memcpy(name->text, text, length);
	}
	return name;
}

uint32_t type_number(const char *text)
{
	struct type_table *table = text ? table_get() : NULL;
	uint64_t hash = 1469598103934665603ull;
	struct type_name *fresh = NULL;
	uint32_t length = 0;

	for (; text && length < TYPE_NAME_MOST && text[length]; length++)
		hash = (hash ^ (unsigned char)text[length]) * 1099511628211ull;
	if (!table || !length)
		return 0;
	for (uint32_t i = 0; i < PROBES; i++) {
		uint32_t slot = (uint32_t)((hash * 0x9e3779b97f4a7c15u >> 40) + i) % SLOTS;
		struct type_name *name = __atomic_load_n(&table->slots[slot], __ATOMIC_ACQUIRE);

		if (!name) {
			if (!fresh && !(fresh = make(text, length, hash)))
				return 0;
			if (__atomic_compare_exchange_n(&table->slots[slot], &name, fresh, false, __ATOMIC_ACQ_REL,
			                                __ATOMIC_ACQUIRE))
				return tell(fresh, slot + 1);
		}
		if (name->hash == hash && name->length == length && !memcmp(name->text, text, length))
			return tell(name, slot + 1);
	}
	meta_warn("more names of types were told than there is room for: blocks of some have none");
	return 0;
}
