/*
 * shared.h: what stands in a STEM.shared: the process, records, the call tree, rings. Pure: works on bytes, keeps
 * nothing.
 */
#ifndef PROBE_SHARED_H
#define PROBE_SHARED_H

#include "model.h"
#include "trace/damage.h"
#include "trace/file.h"

/* Events of one stream that lie in a ring and have no other home. */
struct ring_view {
	uint32_t stream;         /* whose */
	uint32_t count;          /* events */
	uint64_t first;          /* sequence of the first */
	uint64_t offset;         /* of the ring in the file */
	const struct trace_event *events; /* in the file, or in `copy` */
	struct trace_event *copy; /* owned; NULL unless the process was running */
};

/*
 * The process header, checked: false if it is not there (never finished, damaged, another version). Also counts what
 * is damaged among the extents of the file, once for all of this file's functions.
 */
bool shared_header(struct bytes file, struct trace_process *header, struct damage *damage);

/* The records: fills in exe, argv, modules, threads, children, marks, generated code and warnings of `process`. */
void shared_meta(struct bytes file, struct process_info *process, struct damage *damage);

/* The call tree: fills in nodes and node_count. What is missing or impossible leads to TRACE_STACK_LOST. */
void shared_tree(struct bytes file, struct process_info *process, struct damage *damage);

/*
 * The rings that hold events. `running`: the process may write on, so events are copied, and a ring that was drained
 * meanwhile is left out; then the log must be mapped after this call. Free with rings_free.
 */
struct ring_view *shared_rings(struct bytes file, bool running, size_t *count, struct damage *damage);
void rings_free(struct ring_view *rings, size_t count);

#endif
