/*
 * reader_inside.h: recordings of linear memories with blocks inside, made by hand; see reader_maker.h.
 */
#ifndef READER_INSIDE_H
#define READER_INSIDE_H

#include <sys/mman.h>

#include "reader_maker.h"

#define GIB (1ull << 30)
#define PAGE 65536ull
#define SURPLUS 61440ull
#define AT 0x7f0000000000ull       /* base of the first memory */
#define NEXT (AT + 16 * GIB)        /* and of the second */
#define RW (PROT_READ | PROT_WRITE)
#define V8 (TRACE_MAP_ANONYMOUS | TRACE_MAP_RUNTIME)

/* Nodes: V8 makes the memory; the program allocates in two places. */
enum { MAIN = TRACE_FIRST_NODE, MAPS, ONE, OTHER };

/* What a module of Rust's says of its allocator. */
extern const char inside_rust[];

/* A process image with these nodes. */
void inside_begin(struct maker *maker);
void inside_told(struct maker *maker, uint64_t tick, struct trace_wasm_heap told, const char *text);

/* The events of a memory of some pages at `base`; returns how many. */
size_t inside_memory(struct trace_event *events, uint64_t tick, uint64_t base, uint64_t pages);
/* A block's event, some with an alignment, which is told in the same field. */
struct trace_event inside_of(struct trace_event event);
struct trace_event inside_born(uint64_t tick, uint64_t address, uint64_t size, uint32_t stack);
struct trace_event inside_dies(uint64_t tick, uint64_t address);

/* Reads the image with these events, a stream each, and frees it. To be closed. */
struct recording *inside_finish(struct maker *maker, const struct trace_event *const *events, const size_t *counts,
	uint32_t streams);
/* The same of one stream, with no finding. */
struct recording *inside_finish_one(struct maker *maker, const struct trace_event *events, size_t count);

/* That of memory `index` of the process; fails if there is none. */
const struct wasm_heap *inside_heap(const struct recording *recording, size_t index);
/* Fails unless every byte of it is in one part. */
void inside_check_sum(const struct recording *recording, size_t index);

#endif
