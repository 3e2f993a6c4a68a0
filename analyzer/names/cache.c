/* cache.c: an open-addressing hash table; see cache.h. */
#include "names/cache.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

static uint64_t hash_of(const void *key, size_t size)
{
	const unsigned char *bytes = key;
	uint64_t hash = 0xcbf29ce484222325ull; /* FNV-1a */

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3ull;
	return hash ^ hash >> 32;
}

static void grow(struct cache *cache)
{
	size_t capacity = cache->capacity ? cache->capacity * 2 : 64;
	struct cache_entry **slots = xcalloc(capacity, sizeof(*slots));

	for (size_t i = 0; i < cache->capacity; i++) {
		struct cache_entry *entry = cache->slots[i];

		if (!entry)
			continue;
		size_t at = entry->hash & (capacity - 1);

		while (slots[at])
			at = (at + 1) & (capacity - 1);
		slots[at] = entry;
	}
	free(cache->slots);
	cache->slots = slots;
	cache->capacity = capacity;
}

/* The slot of a key, or the free one where it would be. There is a free one. */
static size_t slot_of(const struct cache *cache, uint64_t hash, const void *key, size_t size)
{
	const struct cache_entry *entry;
	size_t at;

	for (at = hash & (cache->capacity - 1); (entry = cache->slots[at]); at = (at + 1) & (cache->capacity - 1))
		if (entry->hash == hash && entry->size == size && memcmp(entry->key, key, size) == 0)
			break;
	return at;
}

const struct cache_entry *cache_find(const struct cache *cache, const void *key, size_t size)
{
	return cache->count ? cache->slots[slot_of(cache, hash_of(key, size), key, size)] : NULL;
}

struct cache_entry *cache_at(struct cache *cache, const void *key, size_t size)
{
	uint64_t hash = hash_of(key, size);
	struct cache_entry *entry;
	size_t at;

	if (cache->count * 2 >= cache->capacity)
		grow(cache);
	at = slot_of(cache, hash, key, size);
	if (cache->slots[at])
		return cache->slots[at];
	entry = xmalloc(sizeof(*entry) + size + 1);
	entry->value = NULL;
	entry->hash = hash;
	entry->size = size;
	memcpy(entry->key, key, size);
	entry->key[size] = '\0';
	cache->slots[at] = entry;
	cache->count++;
	return entry;
}

void cache_free(struct cache *cache, void (*release)(void *value))
{
	for (size_t i = 0; i < cache->capacity; i++) {
		if (cache->slots[i] && cache->slots[i]->value && release)
			release(cache->slots[i]->value);
		free(cache->slots[i]);
	}
	free(cache->slots);
	*cache = (struct cache){0};
}
