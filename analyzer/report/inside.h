/*
 * inside.h: what is told of the blocks inside linear memories, put together as both reports show it.
 */
#ifndef PROBE_REPORT_INSIDE_H
#define PROBE_REPORT_INSIDE_H

#include "report/view.h"

/* The functions of a memory's allocator, of all its instances, each once; to be freed. */
const struct wasm_watched **inside_watched(const struct process_info *info, const struct wasm_memory *memory,
                                           size_t *count);
/* The same of those that turned out not to be its allocator's (memory->heap->dropped). */
const struct wasm_watched **inside_dropped(const struct process_info *info, const struct wasm_memory *memory,
                                           size_t *count);
/* Why they were chosen: of the first instance that says it, or of the first that was dropped; NULL unknown. */
const char *inside_why(const struct process_info *info, const struct wasm_memory *memory);
const char *inside_why_dropped(const struct process_info *info, const struct wasm_memory *memory);
/* How many instances tell of this memory's blocks. */
uint64_t inside_instances(const struct process_info *info, const struct wasm_memory *memory);

/* What an allocator is called by how it lays out its blocks; NULL unknown. */
const char *inside_layout(enum wasm_layout layout);

/* Growths that a memory was refused, from one stack. */
struct inside_refused {
	struct node_id stack;
	uint64_t count, bytes;    /* bytes: of the largest of them */
};

/* Most first; to be freed. */
struct inside_refused *inside_refused(const struct process_info *info, const struct wasm_memory *memory, size_t *count);

/* Blocks at addresses of no memory that is known. */
struct inside_stray { uint64_t allocs, unknown_frees, live_bytes; };
struct inside_stray inside_stray(const struct view *view);

/* Instances that do not tell, for one reason. */
struct inside_unwatched {
	const char *why;          /* a sentence's middle, not escaped */
	uint64_t count, bytes;    /* bytes: of the largest of their modules, 0 unknown */
};

/* Of all processes of a view, most first; to be freed. */
struct inside_unwatched *inside_unwatched(const struct view *view, size_t *count);
/* "3 instances of modules of up to 1.2 MiB: it has no code". To be freed. */
char *inside_sentence(const struct inside_unwatched *unwatched);

#endif
