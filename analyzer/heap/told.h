/*
 * told.h: what a program says of its blocks (include/probe.h): what type one of the heap's is, and which blocks there are in
 * its own pools. Those are of domain pool: what happens at their addresses says nothing of the heap's blocks, nor the other way
 * round. A site's blocks that are told different types are different sites from then on.
 */
#ifndef PROBE_TOLD_H
#define PROBE_TOLD_H

#include "heap/sites.h"
#include "heap/table.h"

struct told;

struct told *told_open(const struct process_info *process, struct sites *sites, uint32_t streams);

/* A TOLD or TOLD_ALLOC; `heap`: its live blocks. False: it makes no sense. */
bool told_event(struct told *told, struct table *heap, uint32_t stream, const struct trace_event *event);

/* A block of the heap dies or was born: where realloc moved it, its type goes with it. */
void told_moves_out(struct told *told, uint32_t stream, const struct trace_event *event, const struct block *block);
void told_moved_in(struct told *told, uint32_t stream, const struct trace_event *event, struct block *block);

/* Calls `each` for every block that is alive in a pool. `told` may be NULL. */
void told_each(const struct told *told, void (*each)(void *context, uint32_t site, uint64_t birth, uint64_t bytes),
	void *context);

/* Writes its sums into the process, and frees it. NULL: does nothing. */
void told_close(struct told *told, struct process_info *process);

#endif
