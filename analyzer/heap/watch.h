/*
 * watch.h: for whoever wants each single block, not the sums: exporters. Told as events are replayed, of what counts in
 * sums and totals and nothing else, so that both add up.
 */
#ifndef PROBE_HEAP_WATCH_H
#define PROBE_HEAP_WATCH_H

#include <stdint.h>

#include "heap/table.h"
#include "model.h"

enum block_change { BLOCK_BORN, BLOCK_DIES, BLOCK_RETYPED };

struct site_count;

struct block_watch {
	void    *context;
	/* Of the block's members site, stream and owed mean nothing here. RETYPED: the site is the new one. */
	void   (*changed)(void *context, const struct process_info *process, enum block_change change,
	                  const struct site_count *site, const struct block *block);
};

#endif
