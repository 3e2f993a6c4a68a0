/*
 * arena.h: memory for what is learnt of one module, all given back at once. It comes zeroed from the caller
 * (rewrite.h).
 */
#ifndef PROBE_REWRITE_ARENA_H
#define PROBE_REWRITE_ARENA_H

#include <stddef.h>

#include "node/rewrite/rewrite.h"

/* Zeroed, aligned to 16; NULL if there is none. */
void *arena_take(struct rewrite_arena *arena, size_t count, size_t each) HIDDEN;
void arena_free(struct rewrite_arena *arena) HIDDEN;

#endif
