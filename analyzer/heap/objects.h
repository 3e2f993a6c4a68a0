/*
 * objects.h: which blocks are C++ objects, by the tables of virtual functions that memory was found to point to
 * (TRACE_RECORD_VTABLES). A word that was found counts where a block begins that was alive before the look began; or behind the
 * number of elements that operator new[] puts before an array, if the second element is where it must be.
 */
#ifndef PROBE_OBJECTS_H
#define PROBE_OBJECTS_H

#include "heap/sites.h"
#include "heap/table.h"

struct objects;

/* NULL: nobody looked. */
struct objects *objects_open(const struct process_info *process, struct sites *sites);

/* The tick after which objects_instant must be called, before an event is replayed; UINT64_MAX: never again. */
uint64_t objects_next(const struct objects *objects);
/* The replay has come to `tick`; `live`: the heap's blocks. */
void objects_instant(struct objects *objects, uint64_t tick, const struct table *live);

/* The leak instant: what the last look found and is still there. */
void objects_end(struct objects *objects, const struct table *live);

/*
 * Into the sites of the process, which are complete, and frees it. A site of which all blocks that were ever looked at are of one
 * class has that class. Else the live blocks of each class become a row of their own, with what is known of them: that they are
 * alive; how many of the dead ones were of it is not known. Where less than half of them are objects, it is taken for chance.
 */
void objects_close(struct objects *objects, struct process_info *process);

#endif
