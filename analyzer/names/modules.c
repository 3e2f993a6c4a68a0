/* modules.c: the modules of one process, sorted; see modules.h. */
#include "names/modules.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

/* Modules lie apart in a sound recording, so one step is enough. A damaged one must not make each look-up slow. */
#define MOST_STEPS 64

static bool is_same(const struct module *a, const struct module *b)
{
	return a->bias == b->bias && strcmp(a->path, b->path) == 0 && a->build_id_size == b->build_id_size &&
	       (!a->build_id_size || memcmp(a->build_id, b->build_id, a->build_id_size) == 0);
}

static bool is_after(const struct module *module, uint64_t address, uint32_t generation)
{
	return module->generation != generation ? module->generation > generation : module->start > address;
}

const struct module *module_at(const struct module_index *index, uint64_t address, uint32_t generation)
{
	const struct module *found = NULL;
	size_t low = 0, high = index->count; /* the first one after the address is in [low, high] */
	int steps = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (is_after(index->ranges[middle].module, address, generation))
			high = middle;
		else
			low = middle + 1;
	}
	for (size_t i = low; i-- > 0;) {
		const struct module_range *range = &index->ranges[i];

		if (range->module->generation != generation || range->reach <= address)
			break;
		if (++steps > MOST_STEPS)
			return NULL;
		if (range->module->end <= address)
			continue;
		if (found && !is_same(found, range->module))
			return NULL;
		found = range->module;
	}
	return found;
}

static int compare(const void *left, const void *right)
{
	const struct module *a = ((const struct module_range *)left)->module;
	const struct module *b = ((const struct module_range *)right)->module;

	if (a->generation != b->generation)
		return a->generation < b->generation ? -1 : 1;
	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->end < b->end ? -1 : a->end > b->end;
}

void module_index_build(struct module_index *index, const struct process_info *process)
{
	index->built = true;
	index->ranges = xcalloc(process->module_count, sizeof(*index->ranges));
	index->count = process->module_count;
	for (size_t i = 0; i < index->count; i++)
		index->ranges[i].module = &process->modules[i];
	qsort(index->ranges, index->count, sizeof(*index->ranges), compare);
	for (size_t i = 0; i < index->count; i++) {
		struct module_range *range = &index->ranges[i];

		range->reach = range->module->end;
		if (i > 0 && range[-1].module->generation == range->module->generation &&
		    range[-1].reach > range->reach)
			range->reach = range[-1].reach;
	}
}

void module_index_free(struct module_index *index)
{
	free(index->ranges);
	*index = (struct module_index){0};
}
