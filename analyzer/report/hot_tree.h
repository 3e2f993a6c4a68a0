/*
 * hot_tree.h: values along paths of frames, added up: what each frame has itself, and what it has with all that it calls.
 * A frame is a number here; nothing is known of names.
 */
#ifndef PROBE_HOT_TREE_H
#define PROBE_HOT_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heap/table.h"

#define HOT_NONE UINT32_MAX

struct hot_node {
	uint32_t frame;          /* HOT_NONE: the root */
	uint32_t parent;         /* index; HOT_NONE: of the root */
	uint32_t child, next;    /* the first child, largest total first, and the next one of the parent; HOT_NONE: none */
	uint64_t self;           /* of paths that end here */
	uint64_t total;          /* of paths that come by or end here */
};

struct hot_tree {
	struct hot_node *nodes; size_t count; /* owned; nodes[0] is the root */
	struct table edges;      /* (parent, frame) → index */
};

void hot_tree_init(struct hot_tree *tree);
void hot_tree_free(struct hot_tree *tree);

/* A path from the root's child on; returns the node that it ends at. */
uint32_t hot_tree_add(struct hot_tree *tree, const uint32_t *path, size_t length, uint64_t value);
/* The node below `parent` for this frame, which is made if there is none; values are the caller's. */
uint32_t hot_tree_child(struct hot_tree *tree, uint32_t parent, uint32_t frame);
/* After the last path: puts children in order. */
void hot_tree_sort(struct hot_tree *tree);

/* Is the node shown where all below `least` is folded? The root is. */
static inline bool hot_tree_shows(const struct hot_tree *tree, uint32_t node, uint64_t least)
{
	return node == 0 || tree->nodes[node].total >= least;
}

/* How many children of a node are folded, and their sum. */
size_t hot_tree_folded(const struct hot_tree *tree, uint32_t node, uint64_t least, uint64_t *sum);

/* The next node in the order in which a tree is printed, HOT_NONE after the last. Begins at the root, 0. */
uint32_t hot_tree_next(const struct hot_tree *tree, uint32_t node, uint64_t least);

/* ---- frames alone ----------------------------------------------------------------------------------------------- */

struct hot_sum { uint64_t self, total; };

struct hot_sums {
	struct hot_sum *list; size_t count; /* by frame; owned */
	uint32_t *stamps;        /* by frame: the path that was counted last; owned */
	uint32_t paths;
};

void hot_sums_free(struct hot_sums *sums);
/* A path whose value is the frame path[own]'s. A frame that is there several times (recursion) has it once in its total. */
void hot_sums_add(struct hot_sums *sums, const uint32_t *path, size_t length, size_t own, uint64_t value);

#endif
