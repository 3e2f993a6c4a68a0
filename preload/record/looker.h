/*
 * looker.h: who looks through memory for objects: what vtables.c, which does, and tables.c, which knows tables, share.
 */
#ifndef PROBE_LOOKER_H
#define PROBE_LOOKER_H

#include "interpose/modules.h"
#include "library.h"
#include "lock.h"
#include "record/pages.h"

#define WINDOW       (4u << 20)      /* bytes that mincore is asked of at once */
#define COPY         (128u << 10)    /* bytes that are copied at once */
#define MODULES_MOST 512u
#define PAGE_BITS    16              /* of the hash of pages where tables may lie */
#define SEEN_BITS    13
#define RECORD_BYTES (60u << 10)

/* The turns of mappings. */
enum turn { TURN_MALLOC, TURN_REST, TURN_LARGE, TURNS };

struct seen { uint64_t address; uint32_t id; }; /* id 0: it is no table */

struct looker {
	struct lock lock;            /* guards the rest */
	struct areas *areas;
	struct module_parts modules[MODULES_MOST];
	uint32_t module_count, unloaded;
	bool     stale;              /* there was a look before: seen may hold what is not so any more */
	bool     refused;            /* process_vm_readv is not allowed */
	int      memory;             /* the file, −1 none */
	uint64_t pages[1u << (PAGE_BITS - 6)]; /* a bit for each hash */
	struct seen seen[1u << SEEN_BITS];     /* by hash; the last one of each */
	struct seen *tables;         /* all of which an id was given: open addressing, 2 × TABLES_MOST; NULL until the first */
	uint32_t table_count;
	uint64_t cost_ns;            /* of all looks */
	uint64_t mark_bytes;         /* of words at marks, so far */
	uint32_t marks_skip;         /* so many marks to come are not looked at */
	/* of this look */
	struct trace_vtables head;
	uint64_t began_ns, limit_ns; /* of the thread's CPU time */
	uint64_t written, most;      /* bytes of words; how many there may be, about */
	uint64_t previous;           /* address of the last word in this record */
	bool     over;               /* time is up */
	enum turn turn;
	bool     has_large;          /* there are large mappings */
	uint32_t done;               /* set of enum trace_vtables_flags: what this look has come to */
	uint32_t used;               /* bytes of out */
	uint8_t  out[RECORD_BYTES];
	uint8_t  resident[WINDOW / TRACE_PAGE];
	uint64_t copy[COPY / 8];
};

/* Copies memory of our own, as much as is there from `from` on; bytes, 0 none. */
size_t looker_copy(struct looker *looker, void *into, uintptr_t from, size_t bytes) HIDDEN;

/* Which modules there are now, and where in them tables may lie. */
void looker_learn_modules(struct looker *looker) HIDDEN;

static inline uint32_t page_hash(uint64_t address)
{
	return (uint32_t)((address >> 12) * 0x9e3779b97f4a7c15u >> (64 - PAGE_BITS));
}

/* The number of the table of virtual functions at `address`, which is told if it is new; 0: there is none. */
uint32_t looker_table_at(struct looker *looker, uint64_t address) HIDDEN;

#endif
