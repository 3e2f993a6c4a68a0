/* profile_tree.c: the stacks of a profile as one tree; see profile.h. */
#include <stdlib.h>
#include <string.h>

#include "export/profile.h"
#include "trace/array.h"
#include "util.h"

struct builder {
	struct profile_tree tree;
	uint32_t *slots;          /* indices of nodes, by parent and function; PROFILE_NONE free; owned */
	size_t    mask;           /* a power of two, less one */
};

static size_t slot_of(const struct builder *builder, uint32_t parent, uint32_t function)
{
	uint64_t hash = ((uint64_t)parent << 32 | function) * 0x9e3779b97f4a7c15ull;
	size_t at = (hash ^ hash >> 32) & builder->mask;

	for (; builder->slots[at] != PROFILE_NONE; at = (at + 1) & builder->mask) {
		const struct profile_node *node = &builder->tree.nodes[builder->slots[at]];

		if (node->parent == parent && node->function == function)
			break;
	}
	return at;
}

static void grow(struct builder *builder)
{
	free(builder->slots);
	builder->mask = builder->mask * 2 + 1;
	builder->slots = xmalloc((builder->mask + 1) * sizeof(*builder->slots));
	memset(builder->slots, 0xff, (builder->mask + 1) * sizeof(*builder->slots));
	for (size_t i = 1; i < builder->tree.count; i++)
		builder->slots[slot_of(builder, builder->tree.nodes[i].parent, builder->tree.nodes[i].function)] = (uint32_t)i;
}

static uint32_t add_node(struct builder *builder, uint32_t parent, uint32_t function)
{
	struct profile_tree *tree = &builder->tree;
	uint32_t made = (uint32_t)tree->count;

	array_room(tree->nodes, tree->count);
	tree->nodes[tree->count++] = (struct profile_node){parent, function, PROFILE_NONE, PROFILE_NONE, {0}};
	if (made) {
		tree->nodes[made].sibling = tree->nodes[parent].child;
		tree->nodes[parent].child = made;
	}
	return made;
}

static uint32_t child_of(struct builder *builder, uint32_t parent, uint32_t function)
{
	size_t at = slot_of(builder, parent, function);
	uint32_t made;

	if (builder->slots[at] != PROFILE_NONE)
		return builder->slots[at];
	made = add_node(builder, parent, function);
	builder->slots[at] = made;
	if (builder->tree.count * 2 > builder->mask)
		grow(builder);
	return made;
}

static struct profile_tree build(const struct profile *profile, bool frames, uint32_t *of_site)
{
	struct builder builder = {.mask = 1023};
	uint32_t *places = NULL;
	size_t capacity = 0;

	add_node(&builder, 0, PROFILE_NONE);
	grow(&builder);
	for (size_t i = 0; i < profile->site_count; i++) {
		const struct profile_site *site = &profile->sites[i];
		size_t count = profile_stack(profile, site, &places, &capacity);
		uint32_t at = 0;

		while (count--) {
			const struct profile_place *place = &profile->places[places[count]];

			for (uint32_t inlined = place->count; inlined--;) {
				uint32_t frame = profile->frame_ids[place->first + inlined];

				at = child_of(&builder, at, frames ? frame : profile->frames[frame].function);
			}
		}
		for (size_t value = 0; value < PROFILE_VALUES; value++)
			builder.tree.nodes[at].self[value] += site->values[value];
		if (of_site)
			of_site[i] = at;
	}
	free(places);
	free(builder.slots);
	return builder.tree;
}

struct profile_tree profile_tree_build(const struct profile *profile)
{
	return build(profile, false, NULL);
}

struct profile_tree profile_tree_of_functions(const struct profile *profile, uint32_t *of_site)
{
	return build(profile, false, of_site);
}

struct profile_tree profile_tree_of_frames(const struct profile *profile, uint32_t *of_site)
{
	return build(profile, true, of_site);
}

uint64_t *profile_tree_totals(const struct profile_tree *tree, enum profile_value value)
{
	uint64_t *totals = xcalloc(tree->count, sizeof(*totals));

	for (size_t i = tree->count; i--;) {
		totals[i] += tree->nodes[i].self[value];
		if (i)
			totals[tree->nodes[i].parent] += totals[i];
	}
	return totals;
}

void profile_tree_free(struct profile_tree *tree)
{
	free(tree->nodes);
}
