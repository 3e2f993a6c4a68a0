/*
 * arena.c: see arena.h. Pieces are mapped 256 KiB at a time, or as large as what is asked for.
 */
#include "node/rewrite/arena.h"

#define PIECE_BYTES (256u << 10)

struct arena_piece {
	struct arena_piece *before;
	size_t bytes, used;
};

#define HEAD ((sizeof(struct arena_piece) + 15) & ~15ull)

void *arena_take(struct rewrite_arena *arena, size_t count, size_t each)
{
	struct arena_piece *piece = arena->last;
	size_t bytes;
	void *taken;

	if (__builtin_mul_overflow(count, each, &bytes) || bytes > SIZE_MAX / 2)
		return NULL;
	bytes = (bytes + 15) & ~15ull;
	if (!piece || piece->bytes - piece->used < bytes) {
		size_t wanted = bytes + HEAD > PIECE_BYTES ? bytes + HEAD : PIECE_BYTES;

		piece = arena->memory.map(arena->memory.context, wanted);
		if (!piece)
			return NULL;
		piece->bytes = wanted;
		piece->used = HEAD;
		piece->before = arena->last;
		arena->last = piece;
	}
	taken = (char *)piece + piece->used;
	piece->used += bytes;
	return taken;
}

void arena_free(struct rewrite_arena *arena)
{
	for (struct arena_piece *piece = arena->last, *before; piece; piece = before) {
		before = piece->before;
		arena->memory.unmap(arena->memory.context, piece, piece->bytes);
	}
	arena->last = NULL;
}
