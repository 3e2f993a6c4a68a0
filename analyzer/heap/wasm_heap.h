/*
 * wasm_heap.h: blocks inside linear memories, as their own allocators told of them: the domain `wasm-heap`. Each memory
 * has a table of its own; the blocks end with their memory, and are no leak then. They lie inside what malloc or mmap gave
 * and never count for the heap's totals.
 */
#ifndef PROBE_WASM_HEAP_H
#define PROBE_WASM_HEAP_H

#include "heap/table.h"
#include "heap/wasm.h"

struct wasm_heaps;

/* `process` has its records; with `streams` streams. `wasm` and `sites` must outlive the events. */
struct wasm_heaps *wasm_heaps_open(struct process_info *process, struct sites *sites, struct wasm *wasm,
	uint32_t streams);

/* A birth or death in a linear memory (trace_detail_is_wasm), in order of time. False: it makes no sense. */
bool wasm_heaps_event(struct wasm_heaps *heaps, uint32_t stream, const struct trace_event *event);

/* The leak instant: no event comes any more. `heaps` may be NULL. */
void wasm_heaps_end(struct wasm_heaps *heaps);

/* Calls `each` with the site, the tick of the birth and the bytes of each block that is alive. `heaps` may be NULL. */
void wasm_heaps_each(const struct wasm_heaps *heaps,
	void (*each)(void *context, uint32_t site, uint64_t birth, uint64_t bytes), void *context);

/* Calls `each` for every memory that is alive; its heap->live may be NULL. */
void wasm_heaps_each_memory(const struct wasm_heaps *heaps, void (*each)(void *context, const struct wasm_memory *memory),
	void *context);

/*
 * After wasm_close: what is known of each memory's heap goes to the memory, records are told whose they are. `heaps` may be
 * NULL. Frees it.
 */
void wasm_heaps_close(struct wasm_heaps *heaps, struct process_info *process);

/* ---- wasm_parts.c, for wasm_heap.c ------------------------------------------------------------------------------ */

/* Of a memory whose heap->live are its live blocks; `told` as recorded of its first instance, or NULL. */
void wasm_parts_find(const struct wasm_memory *memory, const struct wasm_told *told);

#endif
