/* shape_by_size.c: the classes of a file by their size: is one like another, or does it begin with it? See shape.h. */
#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "trace/array.h"
#include "types/shape.h"
#include "util.h"

#define MOST_DEPTH   32       /* of entries within each other */
#define MOST_ENTRIES 4000000  /* looked at in one file */
#define MOST_PARTS   64       /* members of a class that are compared */

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

/* Index of the first class of this size, or where it would be. */
static size_t first_of(struct shapes *shapes, uint64_t size)
{
	size_t low = 0, high;

	if (!shapes->collected)
		collect_all(shapes);
	high = shapes->class_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (shapes->classes[middle].size < size)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool shape_has_larger(struct shapes *shapes, const Dwarf_Die *inner, uint64_t size)
{
	for (size_t i = first_of(shapes, size); i < shapes->class_count && shapes->classes[i].size == size; i++)
		if (shape_begins_with(shapes, &shapes->classes[i].die, inner))
			return true;
	return false;
}

/* ---- twins ---------------------------------------------------------------------------------------------------- */

struct part { uint64_t offset, size; };

static int by_offset(const void *left, const void *right)
{
	const struct part *a = left, *b = right;

	return (a->offset > b->offset) - (a->offset < b->offset);
}

/* The members of a class. Returns how many, MOST_PARTS: too many. */
static size_t parts_of(struct shapes *shapes, const Dwarf_Die *class, struct part parts[MOST_PARTS])
{
	Dwarf_Die die = *class, member, type;
	size_t count = 0;

	if (dwarf_child(&die, &member) != 0)
		return 0;
	do {
		Dwarf_Attribute attribute;
		Dwarf_Word offset;

		if (dwarf_tag(&member) != DW_TAG_member || !dwarf_attr(&member, DW_AT_data_member_location, &attribute) ||
		    dwarf_formudata(&attribute, &offset) != 0 || !shape_type_of(&member, &type))
			continue;
		parts[count++] = (struct part){offset, shape_size(shapes, &type)};
	} while (count < MOST_PARTS && dwarf_siblingof(&member, &member) == 0);
	qsort(parts, count, sizeof(*parts), by_offset);
	return count;
}

static bool may_be_twin(const char *name)
{
	return name && !strpbrk(name, "<{") && strncmp(name, "core::", 6) && strncmp(name, "alloc::", 7) &&
	       strncmp(name, "std::", 5);
}

bool shape_has_twin(struct shapes *shapes, const char *name)
{
	struct part own[MOST_PARTS], parts[MOST_PARTS];
	uint64_t size = shape_size_of_class(shapes, name);
	size_t first = first_of(shapes, size), count = MOST_PARTS;
	bool found = false;
	char *of;

	for (size_t i = first; size && i < shapes->class_count && shapes->classes[i].size == size; i++) {
		of = shape_name(shapes, &shapes->classes[i].die);
		if (of && !strcmp(of, name))
			count = parts_of(shapes, &shapes->classes[i].die, own);
		free(of);
	}
	for (size_t i = first; i < shapes->class_count && shapes->classes[i].size == size && !found; i++) {
		if (!count || count == MOST_PARTS)
			break;
		of = shape_name(shapes, &shapes->classes[i].die);
		found = may_be_twin(of) && strcmp(of, name) && parts_of(shapes, &shapes->classes[i].die, parts) == count &&
		        !memcmp(own, parts, count * sizeof(*own));
		free(of);
	}
	return found;
}
