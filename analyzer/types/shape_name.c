/* shape_name.c: what types are called; see shape.h. */
#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "types/shape_definitions.h"
#include "util.h"

#define MOST_DEPTH 32         /* of pointers to pointers, typedefs of typedefs, and so on */
#define LONGEST    4096       /* bytes of a name */

/* gcc has the words in another order than demanglers and clang. */
static const char *base_name(const char *name)
{
	static const char *const names[][2] = {
		{"long int", "long"}, {"long unsigned int", "unsigned long"}, {"short int", "short"},
		{"short unsigned int", "unsigned short"}, {"long long int", "long long"},
		{"long long unsigned int", "unsigned long long"}, {"_Bool", "bool"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(name, names[i][0]))
			return names[i][1];
	return name;
}

static char *own_name(struct shapes *shapes, Dwarf_Die *type)
{
	const char *name = dwarf_diename(type), *scope = shape_scope(shapes, type);

	if (!name || strlen(name) > LONGEST)
		return NULL;
	/* size_t is the same with and without std:: */
	if (dwarf_tag(type) == DW_TAG_typedef && scope && !strcmp(scope, "std::"))
		scope = NULL;
	return xasprintf("%s%s", scope ? scope : "", name);
}

static char *name_of(struct shapes *shapes, const Dwarf_Die *type, int depth);

static char *function_name(struct shapes *shapes, Dwarf_Die *function, int depth)
{
	Dwarf_Die result, parameter, type;
	char *text = shape_type_of(function, &result) ? name_of(shapes, &result, depth + 1) : xstrdup("void");
	char *joined = text ? xasprintf("%s (*)(", text) : NULL;
	size_t count = 0;

	free(text);
	if (joined && dwarf_child(function, &parameter) == 0)
		do {
			char *name, *longer;

			if (dwarf_tag(&parameter) != DW_TAG_formal_parameter)
				continue;
			name = shape_type_of(&parameter, &type) ? name_of(shapes, &type, depth + 1) : NULL;
			longer = xasprintf("%s%s%s", joined, count ? ", " : "", name ? name : "?");
			free(name);
			free(joined);
			joined = longer;
		} while (++count < 16 && strlen(joined) < LONGEST && dwarf_siblingof(&parameter, &parameter) == 0);
	text = joined ? xasprintf("%s)", joined) : NULL;
	free(joined);
	return text;
}

static char *with(char *inner, const char *suffix)
{
	char *text = inner ? xasprintf("%s%s", inner, suffix) : NULL;

	free(inner);
	return text;
}

static char *typedef_name(struct shapes *shapes, Dwarf_Die *type, int depth)
{
	Dwarf_Die target, bare;
	int tag;

	if (!shape_type_of(type, &target))
		return xstrdup("void");
	if (!shape_strip(shapes, &target, &bare))
		return own_name(shapes, type);
	tag = dwarf_tag(&bare);
	if (tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type ||
	    tag == DW_TAG_enumeration_type) {
		/* The typedef that names what has no name itself is the innermost. */
		if (dwarf_diename(&bare) || target.addr != bare.addr)
			return name_of(shapes, &target, depth + 1);
		return own_name(shapes, type);
	}
	if (shape_is_member(shapes, type))
		return name_of(shapes, &target, depth + 1);
	return own_name(shapes, type);
}

static char *name_of(struct shapes *shapes, const Dwarf_Die *type, int depth)
{
	Dwarf_Die die = *type, target;
	const char *name;

	if (depth >= MOST_DEPTH)
		return NULL;
	switch (dwarf_tag(&die)) {
	case DW_TAG_base_type:
		name = dwarf_diename(&die);
		return name && strlen(name) < LONGEST ? xstrdup(base_name(name)) : NULL;
	case DW_TAG_typedef:
		return typedef_name(shapes, &die, depth);
	case DW_TAG_const_type:
		return shape_type_of(&die, &target) ? with(name_of(shapes, &target, depth + 1), " const")
		                                    : xstrdup("void const");
	case DW_TAG_volatile_type:
	case DW_TAG_restrict_type:
	case DW_TAG_atomic_type:
		return shape_type_of(&die, &target) ? name_of(shapes, &target, depth + 1) : xstrdup("void");
	case DW_TAG_pointer_type:
		if (!shape_type_of(&die, &target))
			return xstrdup("void*");
		if (dwarf_tag(&target) == DW_TAG_subroutine_type)
			return function_name(shapes, &target, depth);
		return with(name_of(shapes, &target, depth + 1), "*");
	case DW_TAG_reference_type:
		return shape_type_of(&die, &target) ? with(name_of(shapes, &target, depth + 1), "&") : NULL;
	case DW_TAG_array_type:
		return shape_type_of(&die, &target) ? with(name_of(shapes, &target, depth + 1), "[]") : NULL;
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
	case DW_TAG_enumeration_type:
		return own_name(shapes, &die);
	}
	return NULL;
}

char *shape_name(struct shapes *shapes, const Dwarf_Die *type)
{
	Dwarf_Die bare = *type;

	/* Of what lies in a block const tells nothing. */
	for (int i = 0; i < MOST_DEPTH; i++) {
		int tag = dwarf_tag(&bare);

		if (tag != DW_TAG_const_type && tag != DW_TAG_volatile_type && tag != DW_TAG_atomic_type)
			break;
		if (!shape_type_of(&bare, &bare))
			return NULL;
	}
	return name_of(shapes, &bare, 0);
}
