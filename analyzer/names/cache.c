/* cache.c: an open-addressing hash table; see cache.h. */
#include "names/cache.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "util.h"

#define CHUNK_BYTES (64u << 10)

struct cache_chunk {
	struct cache_chunk *before;
	size_t   size, used;      /* bytes */
	uint64_t bytes[];
};

static void grow(struct cache *cache)
{
	size_t capacity = cache->capacity ? cache->capacity * 2 : 64;
	struct cache_slot *slots = xcalloc(capacity, sizeof(*slots));

	for (size_t i = 0; i < cache->capacity; i++) {
		size_t at = cache->slots[i].hash & (capacity - 1);

		if (!cache->slots[i].entry)
			continue;
		while (slots[at].entry)
			at = (at + 1) & (capacity - 1);
		slots[at] = cache->slots[i];
	}
	free(cache->slots);
	cache->slots = slots;
	cache->capacity = capacity;
}

/* The slot of a key, or the free one where it would be. There is a free one. */
static struct cache_slot *slot_of(const struct cache *cache, uint64_t hash, const void *key, size_t size)
{
	for (size_t at = hash & (cache->capacity - 1);; at = (at + 1) & (cache->capacity - 1)) {
		struct cache_slot *slot = &cache->slots[at];

		if (!slot->entry || (slot->hash == hash && slot->entry->size == size && memcmp(slot->entry->key, key, size) == 0))
			return slot;
	}
}

/* Entries are freed all together: they lie in chunks. */
static struct cache_entry *room(struct cache *cache, size_t bytes)
{
	struct cache_chunk *chunk = cache->chunks;

	bytes = (bytes + sizeof(uint64_t) - 1) / sizeof(uint64_t) * sizeof(uint64_t);
	if (!chunk || chunk->size - chunk->used < bytes) {
		size_t most = cache->count < 64 ? 2048 : CHUNK_BYTES, size = bytes > most ? bytes : most;

		chunk = xmalloc(sizeof(*chunk) + size);
		*chunk = (struct cache_chunk){.before = cache->chunks, .size = size};
		cache->chunks = chunk;
	}
	chunk->used += bytes;
	return (struct cache_entry *)((char *)chunk->bytes + chunk->used - bytes);
}

const struct cache_entry *cache_find(const struct cache *cache, const void *key, size_t size)
{
	return cache->count ? slot_of(cache, XXH3_64bits(key, size), key, size)->entry : NULL;
}

struct cache_entry *cache_at(struct cache *cache, const void *key, size_t size)
{
	uint64_t hash = XXH3_64bits(key, size);
	struct cache_entry *entry;
	struct cache_slot *slot;

	if (cache->count * 2 >= cache->capacity)
		grow(cache);
	slot = slot_of(cache, hash, key, size);
	if (slot->entry)
		return slot->entry;
	entry = room(cache, sizeof(*entry) + size + 1);
	entry->value = NULL;
	entry->hash = hash;
	entry->size = size;
	memcpy(entry->key, key, size);
	entry->key[size] = '\0';
	*slot = (struct cache_slot){hash, entry};
	cache->count++;
	return entry;
}

void cache_free(struct cache *cache, void (*release)(void *value))
{
	for (size_t i = 0; release && i < cache->capacity; i++)
		if (cache->slots[i].entry && cache->slots[i].entry->value)
			release(cache->slots[i].entry->value);
	while (cache->chunks) {
		struct cache_chunk *chunk = cache->chunks;

		cache->chunks = chunk->before;
		free(chunk);
	}
	free(cache->slots);
	*cache = (struct cache){0};
}
