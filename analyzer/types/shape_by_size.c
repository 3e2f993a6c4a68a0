/* shape_by_size.c: the classes of a file by their size, to find which of them begin with another one; see shape.h. */
#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "trace/array.h"
#include "types/shape.h"
#include "util.h"

#define MOST_DEPTH   32       /* of entries within each other */
#define MOST_ENTRIES 4000000  /* looked at in one file */

struct shape_class {
	uint64_t  size;
	Dwarf_Die die;            /* the class, or the typedef that gives it a name */
};

struct walk {
	struct shapes *shapes;
	void     *seen;           /* the last entry: what does not lie behind it is damage */
	size_t    left;           /* entries that may still be looked at */
};

static bool is_class(int tag)
{
	return tag == DW_TAG_structure_type || tag == DW_TAG_class_type;
}

static void add(struct shapes *shapes, const Dwarf_Die *die)
{
	uint64_t size = shape_size(shapes, die);

	if (!size)
		return;
	array_room(shapes->classes, shapes->class_count);
	shapes->classes[shapes->class_count++] = (struct shape_class){size, *die};
}

static void collect(struct walk *walk, Dwarf_Die *outer, int depth)
{
	Dwarf_Die child, target;

	if (depth >= MOST_DEPTH || dwarf_child(outer, &child) != 0)
		return;
	do {
		int tag = dwarf_tag(&child);

		if ((char *)child.addr <= (char *)walk->seen || !walk->left)
			return;
		walk->seen = child.addr;
		walk->left--;
		if (is_class(tag) && dwarf_diename(&child) && !dwarf_hasattr(&child, DW_AT_declaration))
			add(walk->shapes, &child);
		else if (tag == DW_TAG_typedef && shape_type_of(&child, &target) && is_class(dwarf_tag(&target)) &&
		         !dwarf_diename(&target))
			add(walk->shapes, &child);
		if (is_class(tag) || tag == DW_TAG_namespace || tag == DW_TAG_subprogram || tag == DW_TAG_lexical_block)
			collect(walk, &child, depth + 1);
	} while (dwarf_siblingof(&child, &child) == 0);
}

static int by_size(const void *left, const void *right)
{
	const struct shape_class *a = left, *b = right;

	return (a->size > b->size) - (a->size < b->size);
}

static void collect_all(struct shapes *shapes)
{
	struct walk walk = {.shapes = shapes, .left = MOST_ENTRIES};
	Dwarf_CU *unit = NULL;
	Dwarf_Die die, split;
	uint8_t type;

	shapes->collected = true;
	while (shapes->dwarf && dwarf_get_units(shapes->dwarf, unit, &unit, NULL, &type, &die, &split) == 0) {
		walk.seen = NULL;
		if (type == DW_UT_skeleton && split.addr)
			collect(&walk, &split, 0);
		else if (die.addr)
			collect(&walk, &die, 0);
	}
	if (shapes->class_count)
		qsort(shapes->classes, shapes->class_count, sizeof(*shapes->classes), by_size);
}

/* Each unit has an entry of its own for a class. */
static bool is_same(struct shapes *shapes, const Dwarf_Die *a, const Dwarf_Die *b)
{
	char *left = shape_name(shapes, a), *right = shape_name(shapes, b);
	bool same = left && right && !strcmp(left, right);

	free(left);
	free(right);
	return same;
}

size_t shape_larger(struct shapes *shapes, const Dwarf_Die *inner, uint64_t size, Dwarf_Die *found)
{
	size_t low = 0, high, count = 0;

	if (!shapes->collected)
		collect_all(shapes);
	high = shapes->class_count;
	while (low < high) { /* the first of this size */
		size_t middle = low + (high - low) / 2;

		if (shapes->classes[middle].size < size)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < shapes->class_count && shapes->classes[low].size == size && count < 2; low++) {
		const Dwarf_Die *die = &shapes->classes[low].die;

		if (!shape_begins_with(shapes, die, inner) || (count && is_same(shapes, found, die)))
			continue;
		*found = *die;
		count++;
	}
	return count;
}
