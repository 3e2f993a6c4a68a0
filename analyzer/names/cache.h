/*
 * cache.h: from a few bytes to a pointer. A hash table that only grows.
 */
#ifndef PROBE_NAMES_CACHE_H
#define PROBE_NAMES_CACHE_H

#include <stddef.h>
#include <stdint.h>

struct cache_entry {
	void     *value;          /* the caller's; NULL until it is set */
	uint64_t  hash;           /* of the key */
	size_t    size;           /* bytes of the key */
	char      key[];          /* the cache's copy of it, a NUL after it */
};

/* The hash stands here, too: an entry is looked at when it is the one. */
struct cache_slot { uint64_t hash; struct cache_entry *entry; };

struct cache {                /* all zero: empty */
	struct cache_slot *slots; /* entry NULL where free; the entries stay where they are when it grows */
	size_t    capacity;       /* slots, a power of two, or 0 */
	size_t    count;          /* entries */
	struct cache_chunk *chunks; /* in which they lie */
};

/* The entry of a key, made if it is not there. It stays where it is until cache_free. */
struct cache_entry *cache_at(struct cache *cache, const void *key, size_t size);

/* The entry of a key, NULL if it is not there. */
const struct cache_entry *cache_find(const struct cache *cache, const void *key, size_t size);

/* Gives each value to `release` (unless NULL), then frees the cache. */
void cache_free(struct cache *cache, void (*release)(void *value));

#endif
