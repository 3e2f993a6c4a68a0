/* tree.c: the call tree of a STEM.shared as one array, checked, so that whoever walks it need not; see shared.h. */
#include <stdlib.h>
#include <string.h>

#include "trace/extent.h"
#include "trace/shared.h"
#include "util.h"

/*
 * Nodes of one extent that have room in the file. Ids are given out as extents are taken, so an id far beyond what
 * the file could hold is damage; the slack is for extents that a cut file has lost.
 */
static size_t room(struct bytes file, const struct extent *extent, uint32_t *first, struct damage *damage)
{
	uint64_t most = file.size / 4 + 65536;
	struct trace_tree tree;
	size_t nodes;

	if (extent->size < sizeof tree)
		return 0;
	memcpy(&tree, extent->data, sizeof tree);
	*first = tree.first;
	nodes = (extent->size - sizeof tree) / sizeof(struct trace_node);
	if (nodes > tree.capacity)
		nodes = tree.capacity;
	if (nodes == 0) /* taken, then killed */
		return 0;
	if (tree.first < TRACE_FIRST_NODE || tree.first + nodes > most || tree.first + (uint64_t)nodes > UINT32_MAX) {
		damage_add(damage, ".shared", extent->offset, "the part of the call tree has impossible ids");
		return 0;
	}
	return nodes;
}

/* A parent must have come before its child, else walks might never end. */
static void check(struct process_info *process, struct damage *damage)
{
	uint64_t wrong = 0;

	for (size_t i = 0; i < process->node_count; i++) {
		struct trace_node *node = &process->nodes[i];

		if (node->address == 0 || node->parent < TRACE_FIRST_NODE)
			continue;
		if (node->parent < i + TRACE_FIRST_NODE && process->nodes[node->parent - TRACE_FIRST_NODE].address)
			continue;
		node->parent = TRACE_STACK_LOST;
		wrong++;
	}
	if (wrong)
		damage_add(damage, ".shared", 0, "nodes of the call tree have parents that cannot be theirs");
}

void shared_tree(struct bytes file, struct process_info *process, struct damage *damage)
{
	struct extent extent;
	uint32_t first = 0;
	size_t at, nodes, end = TRACE_FIRST_NODE;

	for (at = 0; extent_next(file, &at, &extent, NULL);)
		if (extent.kind == TRACE_EXTENT_TREE && (nodes = room(file, &extent, &first, damage)) &&
		    first + nodes > end)
			end = first + nodes;
	process->node_count = end - TRACE_FIRST_NODE;
	process->nodes = xcalloc(process->node_count, sizeof *process->nodes);
	for (at = 0; extent_next(file, &at, &extent, NULL);)
		if (extent.kind == TRACE_EXTENT_TREE && (nodes = room(file, &extent, &first, NULL)) &&
		    first + nodes <= end)
			memcpy(process->nodes + first - TRACE_FIRST_NODE, extent.data + sizeof(struct trace_tree),
			       nodes * sizeof *process->nodes);
	while (process->node_count && process->nodes[process->node_count - 1].address == 0)
		process->node_count--;
	process->nodes = xreallocarray(process->nodes, process->node_count, sizeof *process->nodes);
	check(process, damage);
}
