/*
 * log_check.h: the records of an allocation log put together: which DROP ends which block, whatever their order; what
 * contradicts itself. Writes the recording as it goes. Takes blocks in the order of the log.
 */
#ifndef PROBE_IMPORT_LOG_CHECK_H
#define PROBE_IMPORT_LOG_CHECK_H

#include "import/log_findings.h"
#include "names/cache.h"

struct log_resolved { uint32_t node, type; }; /* of a key; node 0: none, type 0: unknown */

struct log_check {
	struct writer *writer;   /* not owned */
	struct log_findings findings; /* whose blocks come now is the last of its files */
	struct log_live live;
	struct id_set ids;       /* that were allocated, from … */
	uint64_t  lowest, highest; /* … to */
	struct cache types, nodes; /* their values are numbers from 1 */
	uint32_t *type_of;       /* by node − TRACE_FIRST_NODE; owned */
	size_t    node_count;
	const char **type_names; size_t type_count; /* by number − 1; in the cache */
	struct log_resolved *resolved; size_t resolved_room; /* of the block's keys; owned */
	struct trace_log sums;
	uint64_t  first_memory, last_memory; /* bytes */
	uint64_t  live_blocks, live_bytes;
	uint64_t  allocated_bytes; /* dropped or not */
};

void log_check_open(struct log_check *check, struct writer *writer);
/* Blocks of this file come next. `name` must outlive the check. */
void log_check_file(struct log_check *check, const char *name);
void log_check_block(struct log_check *check, const struct log_block *block);
/*
 * After the last block: what is known only now, and the records of sums and findings. `growth`: NULL, or what the user
 * says.
 */
void log_check_end(struct log_check *check, const int64_t *growth);
void log_check_free(struct log_check *check);

#endif
