/*
 * code.c: see code.h. Codes are listed by the granules (4 KiB) that they touch: a hash of granules, each with a list of
 * links. Entries of code that V8 freed or moved away stay until something else comes to lie there, since V8 does not tell
 * and since that is what must be noticed.
 *
 * Ordinary memory, so that a forked child has it: if a thread held the lock at the fork, the child begins with an empty
 * map (enter).
 */
#include "node/code.h"

#include <string.h>
#include <sys/mman.h>

#include "lock.h"
#include "node/node.h"
#include "node/told.h"
#include "stack/stack.h"

#define CHUNK_BITS 12                /* entries of a chunk of a pool */
#define CHUNKS     1024
#define FIRST_BITS 12                /* of the hash */
#define LAST_BITS  24

struct code {
	uintptr_t start;
	uint32_t  size;              /* bytes; 0: the entry is free, and `id` is the next free one */
	uint32_t  id;                /* 0: it could not be recorded */
	uint32_t  name;              /* hash of the name */
	uint16_t  isolate;
	uint16_t  kind;              /* enum trace_code_kind */
};

struct link {
	uint32_t code;               /* index in codes */
	uint32_t next;               /* index in links; 0 the last */
};

struct granule {
	uint64_t key;                /* granule + 1; 0: empty */
	uint64_t first;              /* link */
};

/* Entries by index, from 1. Chunks are never moved nor given back. */
struct pool {
	void    *chunks[CHUNKS];
	uint32_t count;              /* entries given out so far */
	uint32_t free;               /* the first that was given back; 0 none */
};

static struct lock lock;             /* guards the rest */
static struct pool codes, links;
static struct granule *granules;     /* 2^granule_bits */
static uint32_t granule_bits, granules_used;
static uint32_t last_id;
static uint32_t lock_pid;            /* of the process that used the map last */
uint32_t code_known;

/* ---- memory ---------------------------------------------------------------------------------------------------- */

static void *map(size_t bytes)
{
	long p = library.filtered ? -1 :
		sys(SYS_mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p < 0 && p > -4096)
		return NULL;
	memory_claim((uintptr_t)p, bytes);
	return (void *)p;
}

static inline struct code *code_at(uint32_t index)
{
	return (struct code *)codes.chunks[index >> CHUNK_BITS] + (index & ((1u << CHUNK_BITS) - 1));
}

static inline struct link *link_at(uint32_t index)
{
	return (struct link *)links.chunks[index >> CHUNK_BITS] + (index & ((1u << CHUNK_BITS) - 1));
}

/* A new index; 0: no memory. */
static uint32_t pool_take(struct pool *pool, size_t entry)
{
	uint32_t index = pool->count + 1, chunk = index >> CHUNK_BITS;

	if (chunk >= CHUNKS || (!pool->chunks[chunk] && !(pool->chunks[chunk] = map(entry << CHUNK_BITS))))
		return 0;
	pool->count = index;
	return index;
}

static uint32_t code_take(void)
{
	uint32_t index = codes.free;

	if (!index)
		return pool_take(&codes, sizeof(struct code));
	codes.free = code_at(index)->id;
	return index;
}

static uint32_t link_take(void)
{
	uint32_t index = links.free;

	if (!index)
		return pool_take(&links, sizeof(struct link));
	links.free = link_at(index)->next;
	return index;
}

/* ---- granules -------------------------------------------------------------------------------------------------- */

static struct granule *slot_of(struct granule *table, uint32_t bits, uint64_t granule)
{
	uint32_t mask = (1u << bits) - 1, i = (uint32_t)(granule * 0x9e3779b97f4a7c15ull >> 32) & mask;

	while (table[i].key && table[i].key != granule + 1)
		i = (i + 1) & mask;
	return &table[i];
}

/* The granule's entry or NULL. */
static struct granule *granule_find(uint64_t granule)
{
	struct granule *slot = granules ? slot_of(granules, granule_bits, granule) : NULL;

	return slot && slot->key ? slot : NULL;
}

static bool granules_grow(void)
{
	uint32_t bits = granules ? granule_bits + 1 : FIRST_BITS;
	struct granule *larger;

	if (bits > LAST_BITS || !(larger = map(sizeof(*larger) << bits)))
		return false;
	granules_used = 0;
	for (uint32_t i = 0; granules && i < 1u << granule_bits; i++)
		if (granules[i].first) {
			*slot_of(larger, bits, granules[i].key - 1) = granules[i];
			granules_used++;
		}
	if (granules) {
		memory_disclaim((uintptr_t)granules);
		sys(SYS_munmap, granules, sizeof(*granules) << granule_bits);
	}
	granules = larger;
	granule_bits = bits;
	return true;
}

static bool granule_link(uint64_t granule, uint32_t code)
{
	struct granule *slot;
	uint32_t link;

	if ((!granules || granules_used >= 1u << (granule_bits - 1)) && !granules_grow())
		return false;
	link = link_take();
	if (!link)
		return false;
	slot = slot_of(granules, granule_bits, granule);
	granules_used += !slot->key;
	slot->key = granule + 1;
	*link_at(link) = (struct link){code, (uint32_t)slot->first};
	slot->first = link;
	return true;
}

static void granule_unlink(uint64_t granule, uint32_t code)
{
	struct granule *slot = granule_find(granule);
	uint32_t before = 0;

	for (uint32_t link = slot ? (uint32_t)slot->first : 0; link; before = link, link = link_at(link)->next) {
		if (link_at(link)->code != code)
			continue;
		if (before)
			link_at(before)->next = link_at(link)->next;
		else
			slot->first = link_at(link)->next;
		link_at(link)->next = links.free;
		links.free = link;
		return;
	}
}

/* ---- codes ----------------------------------------------------------------------------------------------------- */

static uint64_t first_granule(const struct code *code)
{
	return code->start / CODE_GRANULE;
}

static uint64_t last_granule(const struct code *code)
{
	return (code->start + code->size - 1) / CODE_GRANULE;
}

static void forget(uint32_t index)
{
	struct code *code = code_at(index);

	for (uint64_t granule = first_granule(code); granule <= last_granule(code); granule++)
		granule_unlink(granule, index);
	code->size = 0;
	code->id = codes.free;
	codes.free = index;
	code_known--;
}

/* The code that begins at `start`, or 0. */
static uint32_t beginning_at(uintptr_t start)
{
	struct granule *slot = granule_find(start / CODE_GRANULE);

	for (uint32_t link = slot ? (uint32_t)slot->first : 0; link; link = link_at(link)->next)
		if (code_at(link_at(link)->code)->start == start)
			return link_at(link)->code;
	return 0;
}

static void renew(uintptr_t start, uintptr_t end)
{
	if (!stack_code_raise(start, end))
		meta_warn("generated code could not be told apart for want of memory: some of its names may be wrong");
}

/* Forgets what lies in [start, end) and returns the generation of what comes there. */
static uint32_t make_room(uintptr_t start, uintptr_t end)
{
	uintptr_t low = start, high = end;
	bool used = false, mixed = false;

	for (uint64_t granule = start / CODE_GRANULE; granule <= (end - 1) / CODE_GRANULE; granule++) {
		struct granule *slot = granule_find(granule);
		uint32_t next;

		for (uint32_t link = slot ? (uint32_t)slot->first : 0; link; link = next) {
			uint32_t index = link_at(link)->code;
			const struct code *code = code_at(index);

			next = link_at(link)->next;
			if (code->start >= end || code->start + code->size <= start)
				continue;
			low = code->start < low ? code->start : low;
			high = code->start + code->size > high ? code->start + code->size : high;
			used = true;
			forget(index);
		}
	}
	/* All that was forgotten is older than what comes to any part of its place. */
	if (used)
		renew(low, high);
	/* And so is what was forgotten before: one generation must hold for all of what comes. */
	for (uint64_t granule = start / CODE_GRANULE; granule <= (end - 1) / CODE_GRANULE; granule++)
		mixed |= stack_generation(granule * CODE_GRANULE) != stack_generation(start);
	if (mixed)
		renew(start, end);
	return stack_generation(start);
}

/* An entry for code at [start, start + size). 0: no memory. */
static uint32_t place(struct code code)
{
	uint32_t index = code_take();

	if (!index)
		return 0;
	*code_at(index) = code;
	code_known++;
	for (uint64_t granule = first_granule(&code); granule <= last_granule(&code); granule++)
		if (!granule_link(granule, index)) {
			forget(index);
			return 0;
		}
	return index;
}

/* ---- callers --------------------------------------------------------------------------------------------------- */

static bool enter(struct lock_hold *hold)
{
	if (unlikely(lock_pid != process->pid)) {
		/* A forked child: whoever held the lock is not here, and left things as they were. */
		if (lock_pid && lock.word) {
			codes = links = (struct pool){0};
			granules = NULL;
			code_known = granules_used = 0;
			lock = (struct lock){0};
		}
		lock_pid = process->pid;
	}
	return lock_take(&lock, hold);
}

static uint32_t hash_of(const char *name, size_t length)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (uint8_t)name[i]) * 16777619u;
	return hash;
}

uint32_t code_add(enum trace_code_kind kind, uint32_t isolate, uintptr_t start, uint32_t size, const char *name,
	size_t length)
{
	struct code code = {.start = start, .size = size, .name = hash_of(name, length), .isolate = (uint16_t)isolate,
		.kind = (uint16_t)kind};
	struct trace_code record = {.address = start, .size = size, .kind = code.kind, .isolate = code.isolate};
	struct lock_hold hold;
	uint32_t there;

	if (!size || start >> ADDRESS_BITS || (start + size) >> ADDRESS_BITS || !enter(&hold))
		return 0;
	there = beginning_at(start);
	if (there && code_at(there)->id && code_at(there)->size == size && code_at(there)->name == code.name &&
	    code_at(there)->kind == code.kind) {
		/* WebAssembly's is told to each isolate that may run it; what is flushed is compiled again. */
		if (code_at(there)->isolate != code.isolate)
			code_at(there)->isolate = 0;
		code.id = code_at(there)->id;
	} else {
		record.generation = make_room(start, start + size);
		record.id = last_id + 1;
		there = place(code);
		if (there && told_write(TRACE_RECORD_CODE, &record, sizeof(record), name, length))
			code_at(there)->id = code.id = last_id = record.id;
	}
	lock_give(&lock, &hold);
	return code.id;
}

void code_move(uintptr_t from, uintptr_t to)
{
	struct trace_code_moved record = {.address = to};
	struct lock_hold hold;
	struct code code;
	uint32_t there;

	if (!enter(&hold))
		return;
	there = beginning_at(from);
	if (there && from != to && !(to >> ADDRESS_BITS) && !((to + code_at(there)->size) >> ADDRESS_BITS)) {
		/* What is left behind stays in the map: whatever comes there is another's. */
		code = *code_at(there);
		code.start = to;
		record.id = code.id;
		record.generation = make_room(to, to + code.size);
		if (place(code) && code.id)
			told_write(TRACE_RECORD_MOVED, &record, sizeof(record), NULL, 0);
	}
	lock_give(&lock, &hold);
}

/* Nothing that was told lies in [start, end) from now on, whoever runs there before it is told. */
static void tell_gone(uintptr_t start, uintptr_t end)
{
	struct trace_code record = {.address = start, .size = (uint32_t)(end - start), .id = last_id + 1,
		.kind = TRACE_CODE_GONE};

	renew(start, end);
	record.generation = stack_generation(start);
	if (told_write(TRACE_RECORD_CODE, &record, sizeof(record), NULL, 0))
		last_id = record.id;
}

/*
 * Forgets what is in this granule, or the isolate's part of it (0: all). Where nothing is left the granule as a whole is
 * told to be empty, else the places of those that went.
 */
static void clear_granule(struct granule *slot, uint32_t isolate)
{
	uintptr_t start = (uintptr_t)(slot->key - 1) * CODE_GRANULE, end = start + CODE_GRANULE;
	bool whole = true, used = false;
	uint32_t next;

	for (uint32_t link = (uint32_t)slot->first; link; link = link_at(link)->next)
		whole = whole && (!isolate || code_at(link_at(link)->code)->isolate == isolate);
	for (uint32_t link = (uint32_t)slot->first; link; link = next) {
		struct code code = *code_at(link_at(link)->code);

		next = link_at(link)->next;
		if (isolate && code.isolate != isolate)
			continue;
		forget(link_at(link)->code);
		if (!whole || code.start < start || code.start + code.size > end)
			tell_gone(code.start, code.start + code.size);
		used = true;
	}
	if (whole && used)
		tell_gone(start, end);
}

void code_unmapped(uintptr_t start, uintptr_t end)
{
	struct lock_hold hold;

	if (start >= end || !process || process->live != PROCESS_LIVE || process_is_borrowed() || !enter(&hold))
		return;
	if (granules && (end - start) / CODE_GRANULE > 1u << granule_bits) {
		for (uint32_t i = 0; i < 1u << granule_bits; i++)
			if (granules[i].first && (granules[i].key - 1) * CODE_GRANULE >= start &&
			    (granules[i].key - 1) * CODE_GRANULE < end)
				clear_granule(&granules[i], 0);
	} else {
		for (uint64_t granule = start / CODE_GRANULE; granule <= (end - 1) / CODE_GRANULE; granule++) {
			struct granule *slot = granule_find(granule);

			if (slot && slot->first)
				clear_granule(slot, 0);
		}
	}
	lock_give(&lock, &hold);
}

void code_isolate_ended(uint32_t isolate)
{
	struct lock_hold hold;

	if (!enter(&hold))
		return;
	for (uint32_t i = 0; granules && i < 1u << granule_bits; i++)
		if (granules[i].first)
			clear_granule(&granules[i], isolate);
	lock_give(&lock, &hold);
}

void code_raise(uintptr_t start, uintptr_t end)
{
	struct lock_hold hold;

	if (!enter(&hold))
		return;
	renew(start, end);
	lock_give(&lock, &hold);
}

void code_tell(enum trace_record_type type, const void *head, size_t head_size, const void *tail, size_t tail_size)
{
	struct lock_hold hold;

	if (!enter(&hold))
		return;
	told_write(type, head, head_size, tail, tail_size);
	lock_give(&lock, &hold);
}
