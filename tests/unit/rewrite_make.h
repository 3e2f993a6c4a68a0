/*
 * rewrite_make.h: wasm modules put together byte by byte, and memory that counts what is not given back.
 */
#ifndef PROBE_TEST_REWRITE_MAKE_H
#define PROBE_TEST_REWRITE_MAKE_H

#include "node/rewrite/rewrite.h"

struct made {
	uint8_t bytes[4096];
	size_t size;
};

/* An empty module. */
void make_start(struct made *made);
/* A section of these bytes. */
void make_section(struct made *made, uint8_t id, const void *content, size_t size);

/* The smallest module with a malloc (function 0, [i32] → [i32]) and a free (1, [i32] → []), exported so. */
void make_allocator(struct made *made, const char *malloc_name, const char *free_name);

/* Reads a module into a rewrite whose memory is counted. */
bool make_read(struct rewrite *rewrite, const struct made *made);
/* Pieces of memory that were not given back. */
extern int make_pieces;

#endif
