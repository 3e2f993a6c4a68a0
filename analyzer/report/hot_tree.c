/* hot_tree.c: see hot_tree.h. */
#include "report/hot_tree.h"

#include <stdlib.h>
#include <string.h>

#include "trace/array.h"
#include "util.h"

void hot_tree_init(struct hot_tree *tree)
{
	*tree = (struct hot_tree){0};
	table_init(&tree->edges);
	array_room(tree->nodes, tree->count);
	tree->nodes[tree->count++] = (struct hot_node){HOT_NONE, HOT_NONE, HOT_NONE, HOT_NONE, 0, 0};
}

void hot_tree_free(struct hot_tree *tree)
{
	free(tree->nodes);
	table_free(&tree->edges);
	*tree = (struct hot_tree){0};
}

uint32_t hot_tree_child(struct hot_tree *tree, uint32_t parent, uint32_t frame)
{
	bool existed;
	/* No key is 0, since a frame's number is below HOT_NONE. */
	struct block *edge = table_insert(&tree->edges, (uint64_t)parent << 32 | (frame + 1), &existed);

	if (!existed) {
		edge->site = (uint32_t)tree->count;
		array_room(tree->nodes, tree->count);
		tree->nodes[tree->count++] = (struct hot_node){
			.frame = frame, .parent = parent, .child = HOT_NONE, .next = tree->nodes[parent].child,
		};
		tree->nodes[parent].child = edge->site;
	}
	return edge->site;
}

uint32_t hot_tree_add(struct hot_tree *tree, const uint32_t *path, size_t length, uint64_t value)
{
	uint32_t at = 0;

	tree->nodes[0].total += value;
	for (size_t i = 0; i < length; i++) {
		at = hot_tree_child(tree, at, path[i]);
		tree->nodes[at].total += value;
	}
	tree->nodes[at].self += value;
	return at;
}

struct sibling { uint64_t total; uint32_t frame, node; };

static int by_total(const void *left, const void *right)
{
	const struct sibling *a = left, *b = right;

	if (a->total != b->total)
		return a->total < b->total ? 1 : -1;
	return (a->frame > b->frame) - (a->frame < b->frame);
}

void hot_tree_sort(struct hot_tree *tree)
{
	struct sibling *siblings = xcalloc(tree->count, sizeof(*siblings));

	for (size_t parent = 0; parent < tree->count; parent++) {
		size_t count = 0;

		for (uint32_t at = tree->nodes[parent].child; at != HOT_NONE; at = tree->nodes[at].next)
			siblings[count++] = (struct sibling){tree->nodes[at].total, tree->nodes[at].frame, at};
		if (count < 2)
			continue;
		qsort(siblings, count, sizeof(*siblings), by_total);
		tree->nodes[parent].child = siblings[0].node;
		for (size_t i = 0; i < count; i++)
			tree->nodes[siblings[i].node].next = i + 1 < count ? siblings[i + 1].node : HOT_NONE;
	}
	free(siblings);
}

size_t hot_tree_folded(const struct hot_tree *tree, uint32_t node, uint64_t least, uint64_t *sum)
{
	size_t count = 0;

	*sum = 0;
	for (uint32_t at = tree->nodes[node].child; at != HOT_NONE; at = tree->nodes[at].next) {
		if (hot_tree_shows(tree, at, least))
			continue;
		*sum += tree->nodes[at].total;
		count++;
	}
	return count;
}

/* Children are in order of size: those that are folded come last. */
uint32_t hot_tree_next(const struct hot_tree *tree, uint32_t node, uint64_t least)
{
	uint32_t next = tree->nodes[node].child;

	while (next == HOT_NONE || !hot_tree_shows(tree, next, least)) {
		if (node == 0)
			return HOT_NONE;
		next = tree->nodes[node].next;
		node = tree->nodes[node].parent;
	}
	return next;
}

/* ---- frames alone ----------------------------------------------------------------------------------------------- */

void hot_sums_free(struct hot_sums *sums)
{
	free(sums->list);
	free(sums->stamps);
	*sums = (struct hot_sums){0};
}

void hot_sums_add(struct hot_sums *sums, const uint32_t *path, size_t length, size_t own, uint64_t value)
{
	uint32_t most = 0;

	for (size_t i = 0; i < length; i++)
		most = path[i] > most ? path[i] : most;
	if (length && most >= sums->count) {
		size_t count = (size_t)most * 2 + 64;

		sums->list = xreallocarray(sums->list, count, sizeof(*sums->list));
		sums->stamps = xreallocarray(sums->stamps, count, sizeof(*sums->stamps));
		memset(sums->list + sums->count, 0, (count - sums->count) * sizeof(*sums->list));
		memset(sums->stamps + sums->count, 0, (count - sums->count) * sizeof(*sums->stamps));
		sums->count = count;
	}
	sums->paths++;
	for (size_t i = 0; i < length; i++) {
		if (sums->stamps[path[i]] == sums->paths)
			continue;
		sums->stamps[path[i]] = sums->paths;
		sums->list[path[i]].total += value;
	}
	if (own < length)
		sums->list[path[own]].self += value;
}
