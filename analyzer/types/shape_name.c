/* shape_name.c: what types are called; see shape.h. */
#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "types/shape_definitions.h"
#include "util.h"

#define MOST_DEPTH 32         /* of pointers to pointers, typedefs of typedefs, and so on */
#define MOST_PARTS 200        /* types in one name */
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

static bool is_word(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '_';
}

/* Behind the template argument at `at`, and before what points to it: "const ns::Box<int> *" up to the star. */
static const char *argument_end(const char *at)
{
	int depth = 0;

	for (; *at && (depth || !strchr(",>*&(", *at)); at++)
		depth += *at == '<' ? 1 : *at == '>' ? -1 : 0;
	while (at[-1] == ' ')
		at--;
	return at;
}

/*
 * Template arguments as a demangler writes them: "Box<long unsigned int, const Foo>" is "Box<unsigned long, Foo const>".
 * Appends to `text`, which has room.
 */
static char *write_arguments(char *text, const char *name)
{
	static const char *const words[] = {
		"long long unsigned int", "long unsigned int", "short unsigned int", "long long int", "long int", "short int",
	};
	bool at_start = false;

	while (*name) {
		const char *word = NULL, *end;

		for (size_t i = 0; at_start && !word && i < sizeof(words) / sizeof(*words); i++)
			if (!strncmp(name, words[i], strlen(words[i])) && !is_word(name[strlen(words[i])]))
				word = words[i];
		if (word) {
			text = stpcpy(text, base_name(word));
			name += strlen(word);
			at_start = false;
		} else if (at_start && !strncmp(name, "const ", 6) && (end = argument_end(name + 6)) > name + 6) {
			char *inner = xasprintf("<%.*s", (int)(end - name - 6), name + 6), *written = text;

			text = write_arguments(text, inner);
			memmove(written, written + 1, (size_t)(text - written)); /* without the bracket */
			text = stpcpy(text - 1, " const");
			free(inner);
			name = end;
			at_start = false;
		} else {
			if (*name != ' ')
				at_start = *name == '<' || *name == ',';
			*text++ = *name++;
		}
	}
	*text = '\0';
	return text;
}

static char *own_name(struct shapes *shapes, Dwarf_Die *type)
{
	const char *name = dwarf_diename(type), *scope = shape_scope(shapes, type);
	char *whole, *text;

	if (!name || strlen(name) > LONGEST)
		return NULL;
	/* size_t is the same with and without std:: */
	if (dwarf_tag(type) == DW_TAG_typedef && scope && !strcmp(scope, "std::"))
		scope = NULL;
	whole = xasprintf("%s%s", scope ? scope : "", name);
	if (!strchr(whole, '<'))
		return whole;
	text = xmalloc(2 * strlen(whole) + 16);
	write_arguments(text, whole);
	free(whole);
	return text;
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

	if (depth >= MOST_DEPTH || !shapes->left)
		return NULL;
	shapes->left--;
	shape_whole(&die);
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
	shapes->left = MOST_PARTS;
	return name_of(shapes, &bare, 0);
}
