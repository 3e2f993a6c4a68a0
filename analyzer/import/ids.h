/*
 * ids.h: what is known of the ids of a log: which ones live, which drops still wait for their ALLOCATE, and which ids
 * there ever were. What is alive is an open-addressing table like heap/table.h, but any number is an id, and nothing
 * keeps a log from giving one to several blocks; those hang behind the latest one.
 */
#ifndef PROBE_IMPORT_IDS_H
#define PROBE_IMPORT_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A block that is alive; or a drop of what nobody has allocated so far. */
struct log_block_entry {
	uint64_t id;
	uint64_t size;           /* bytes */
	uint64_t line;           /* of the whole log */
	uint32_t what;           /* a block: its node, from 1; a drop: LOG_ENTRY_… and its type; 0: the slot is empty */
	uint32_t older;          /* index in `older`, + 1, of another of this id and kind; 0 none */
};
_Static_assert(sizeof(struct log_block_entry) == 32, "two to a cache line");

#define LOG_ENTRY_DROP  (1u << 31)
#define LOG_ENTRY_AGAIN (1u << 30) /* a drop: its id had been allocated and dropped before */

struct log_live {                /* all zero: empty */
	struct log_block_entry *slots; /* owned */
	size_t    mask;          /* a power of two, less one */
	size_t    count;         /* slots in use */
	uint64_t  factor;        /* of the hash; random, so that no file can be made to collide */
	unsigned  shift;
	struct log_block_entry *older; size_t older_count, older_room; /* owned; what is gone is in … */
	uint32_t  older_free;    /* … a list: index + 1 of the first; 0 none */
};

void log_live_open(struct log_live *live);
void log_live_free(struct log_live *live);

static inline size_t log_live_slot(const struct log_live *live, uint64_t id)
{
	return (size_t)((id ^ id >> 32) * live->factor >> live->shift);
}

static inline void log_live_prefetch(const struct log_live *live, uint64_t id)
{
	__builtin_prefetch(&live->slots[log_live_slot(live, id)]);
}

/* The latest of an id; NULL: there is none. Holds until the next change. */
static inline struct log_block_entry *log_live_find(const struct log_live *live, uint64_t id)
{
	for (size_t at = log_live_slot(live, id);; at = (at + 1) & live->mask) {
		struct log_block_entry *entry = &live->slots[at];

		if (!entry->what)
			return NULL;
		if (entry->id == id)
			return entry;
	}
}

/* Beside those of its id, which must be of its kind. */
void log_live_add(struct log_live *live, struct log_block_entry entry);

/*
 * Takes one of those of `entry`, which was found, out: that of `size` and for which `fits` is true, if one of the latest
 * few is; else the latest.
 */
struct log_block_entry log_live_take(struct log_live *live, struct log_block_entry *entry, uint64_t size,
                                     bool (*fits)(const void *context, uint32_t what), const void *context);

/* ---- which ids there were -------------------------------------------------------------------------------------- */

struct id_group {                /* 64 ids in a row */
	uint64_t key;            /* of the first, / 64, + 1; 0: the slot is empty */
	uint64_t bits;           /* those there were */
	uint64_t first, last;    /* lines of the whole log: of the one that was met first, and last */
};

struct id_set {                  /* all zero: empty */
	struct id_group *slots;  /* owned */
	size_t    mask, count;   /* as above */
	uint64_t  factor;
	unsigned  shift;
	size_t    latest;        /* slot: ids that follow each other are near to each other */
};

void id_set_open(struct id_set *set);
void id_set_free(struct id_set *set);

/* False: it was there already. */
bool id_set_add(struct id_set *set, uint64_t id, uint64_t line);
bool id_set_has(const struct id_set *set, uint64_t id);

struct id_gap {                  /* ids that are missing in between others */
	uint64_t first, last;
	uint64_t from, to;       /* lines between which ids around it were met */
};

struct id_gaps {
	uint64_t missing;        /* ids */
	uint64_t runs;           /* of missing ones in a row */
	struct id_gap gaps[5];   /* the first */
	uint64_t lowest, highest; /* of the ids there were */
	uint64_t ids;            /* how many these are */
};

/* From the lowest to the highest id. Sorts the set, which is good for nothing else after. */
struct id_gaps id_set_gaps(struct id_set *set);

#endif
