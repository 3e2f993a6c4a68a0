/*
 * log_check.h: the records of an allocation log put together: which DROP ends which block, whatever their order; what
 * contradicts itself. Writes the recording as it goes. Takes blocks in the order of the log.
 */
#ifndef PROBE_IMPORT_LOG_CHECK_H
#define PROBE_IMPORT_LOG_CHECK_H

#include "import/ids.h"
#include "import/log_line.h"
#include "import/writer.h"
#include "names/cache.h"

#define LOG_EXAMPLES 5           /* of a finding */

enum log_finding {
	LOG_FOUND_ALLOCATED_TWICE, /* an id; its blocks count on their own */
	LOG_FOUND_DROPPED_TWICE,
	LOG_FOUND_NEVER_ALLOCATED, /* and dropped */
	LOG_FOUND_DROPPED_OTHERWISE, /* with another size or type than it was allocated with, which hold */
	LOG_FOUND_GAP,           /* ids that are missing in between */
	LOG_FOUND_NO_SEQUENCE,   /* so many are missing that ids were not counted up */
	LOG_FOUND_UNPARSABLE,    /* lines */
	LOG_FOUND_CUT_SHORT,     /* last lines that do not end */
	LOG_FINDINGS
};

struct log_file {
	const char *name;        /* as it is to be shown; not owned */
	uint64_t first_line;     /* lines of the whole log before it */
};

struct log_resolved { uint32_t node, type; }; /* of a key; node 0: none, type 0: unknown */

struct log_check {
	struct writer *writer;   /* not owned */
	struct log_file *files;  size_t file_count; /* owned; whose blocks come now is the last one */
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
	struct { uint64_t count; char *examples[LOG_EXAMPLES]; } found[LOG_FINDINGS];
};

void log_check_open(struct log_check *check, struct writer *writer);
/* Blocks of this file come next. `name` must outlive the check. */
void log_check_file(struct log_check *check, const char *name);
void log_check_block(struct log_check *check, const struct log_block *block);
/* After the last block: what is known only now, and the records of sums and findings. `growth`: NULL, or what the user says. */
void log_check_end(struct log_check *check, const int64_t *growth);
void log_check_free(struct log_check *check);

const char *log_finding_name(enum log_finding finding);

#endif
