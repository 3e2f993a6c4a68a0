/*
 * maps.h: the domain `map`: which addresses are mapped, which of them can be accessed, and which stack made them so.
 * What mmap maps accessible is a block of its site; what mprotect makes accessible of a PROT_NONE reservation is one
 * of mprotect's. A block dies when its last byte is unmapped, replaced or made inaccessible.
 */
#ifndef PROBE_MAPS_H
#define PROBE_MAPS_H

#include "heap/sites.h"

struct maps;

struct maps *maps_open(struct sites *sites);
void maps_close(struct maps *maps);

/*
 * One event of kind MAP, UNMAP, PROTECT, REMAP_OUT, REMAP_IN, ADVISE or BREAK. `stream` tells apart the two halves
 * of mremaps at the same time. False: the range is impossible.
 */
bool maps_event(struct maps *maps, uint32_t stream, const struct trace_event *event);

/* Calls `each` with the site, the tick of the birth and the bytes of each block that is alive. */
void maps_each(const struct maps *maps, void (*each)(void *context, uint32_t site, uint64_t birth, uint64_t bytes),
	void *context);

/*
 * Tells of what is mapped in [start, end), by address: each part of a range that one call made accessible, with its stack,
 * or that nobody can access (then TRACE_STACK_NONE).
 */
typedef void maps_teller(void *context, uint64_t start, uint64_t end, uint32_t stack);
void maps_tell(const struct maps *maps, uint64_t start, uint64_t end, maps_teller *tell, void *context);

#endif
