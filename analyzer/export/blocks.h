/*
 * blocks.h: the single blocks of a view, for formats that list them. What was recorded is read once more, so that memory
 * grows with what is alive at once, and not with how much there was.
 */
#ifndef PROBE_EXPORT_BLOCKS_H
#define PROBE_EXPORT_BLOCKS_H

#include "report/view.h"

struct export_block {
	uint64_t id;              /* of all that are exported, from 0; of a log's blocks the log's own */
	uint64_t size;            /* bytes */
	struct node_id stack;     /* where it was allocated */
	uint32_t told;            /* as in struct site */
};

struct block_sink {
	void    *context;
	/* What follows is of this process. */
	void   (*process)(void *context, struct view_process *process, enum domain domain);
	void   (*alloc)(void *context, const struct export_block *block);
	void   (*drop)(void *context, const struct export_block *block);
	/* Should the export end early? */
	bool   (*is_over)(void *context);
};

/*
 * Of one domain, or of each process the one that is its own: heap, of a log log. Where a process tells the types of its
 * blocks, which it may do at any time of their life, a block's alloc comes when it dies, or at the process's end. False: a
 * recording cannot be read any more, a message was printed.
 */
bool blocks_replay(const struct view *view, int domain, const struct block_sink *sink);

#endif
