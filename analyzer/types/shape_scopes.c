/*
 * shape_scopes.c: in which namespaces and classes types stand, and where those are defined that are only declared; see
 * shape.h. An entry knows nothing of the one around it, so each unit is walked once, when first asked for.
 */
#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "types/shape_definitions.h"
#include "util.h"

#define MOST_DEPTH   64       /* of entries within each other */
#define MOST_ENTRIES 4000000  /* walked for definitions in one file */

struct scope {
	bool      is_class;
	char      text[];         /* what stands before the name */
};

struct shape_definition {
	Dwarf_Die die;
};

void shapes_free(struct shapes *shapes)
{
	cache_free(&shapes->scopes, free);
	cache_free(&shapes->read, NULL);
	cache_free(&shapes->definitions, free);
	free(shapes->classes);
}

static bool is_class(int tag)
{
	return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type;
}

static bool is_type(int tag)
{
	return is_class(tag) || tag == DW_TAG_typedef || tag == DW_TAG_enumeration_type;
}

/* ---- scopes --------------------------------------------------------------------------------------------------- */

struct walk {
	struct shapes *shapes;
	void     *seen;           /* the last entry: what does not lie behind it is damage */
	size_t    left;           /* entries that may still be walked */
};

static void walk_scope(struct walk *walk, Dwarf_Die *outer, const char *scope, bool in_class, int depth)
{
	Dwarf_Die child;

	if (depth >= MOST_DEPTH || dwarf_child(outer, &child) != 0)
		return;
	do {
		int tag = dwarf_tag(&child);
		const char *name;

		if ((char *)child.addr <= (char *)walk->seen || !walk->left)
			return;
		walk->seen = child.addr;
		walk->left--;
		if (is_type(tag)) {
			struct scope *kept = xmalloc(sizeof(*kept) + strlen(scope) + 1);
			struct cache_entry *entry = cache_at(&walk->shapes->scopes, &child.addr, sizeof(child.addr));

			kept->is_class = in_class;
			strcpy(kept->text, scope);
			free(entry->value);
			entry->value = kept;
		}
		if (is_class(tag) || tag == DW_TAG_namespace) {
			name = dwarf_diename(&child);
			if (!name && tag == DW_TAG_namespace)
				name = "(anonymous namespace)";
			if (name && strlen(name) + strlen(scope) < 4096) {
				/* Names of inline namespaces are in mangled names, too. */
				char *inner = xasprintf("%s%s::", scope, name);

				walk_scope(walk, &child, inner, is_class(tag), depth + 1);
				free(inner);
			} else {
				walk_scope(walk, &child, scope, true, depth + 1);
			}
		}
	} while (dwarf_siblingof(&child, &child) == 0);
}

static const struct scope *scope_of(struct shapes *shapes, Dwarf_Die *type)
{
	struct walk walk = {.shapes = shapes, .left = MOST_ENTRIES};
	const struct cache_entry *found;
	Dwarf_Attribute attribute;
	struct cache_entry *entry;
	Dwarf_Die unit, declaration;

	/* What is defined elsewhere than where it was declared belongs there. */
	if (dwarf_attr(type, DW_AT_specification, &attribute) && dwarf_formref_die(&attribute, &declaration))
		type = &declaration;
	if (!dwarf_diecu(type, &unit, NULL, NULL))
		return NULL;
	entry = cache_at(&shapes->read, &unit.addr, sizeof(unit.addr));
	if (!entry->value) {
		entry->value = shapes;
		walk_scope(&walk, &unit, "", false, 0);
	}
	found = cache_find(&shapes->scopes, &type->addr, sizeof(type->addr));
	return found ? found->value : NULL;
}

const char *shape_scope(struct shapes *shapes, Dwarf_Die *type)
{
	const struct scope *scope = scope_of(shapes, type);

	return scope ? scope->text : NULL;
}

bool shape_is_member(struct shapes *shapes, Dwarf_Die *type)
{
	const struct scope *scope = scope_of(shapes, type);

	return scope && scope->is_class;
}

/* ---- definitions ---------------------------------------------------------------------------------------------- */

static void find_definitions(struct walk *walk, Dwarf_Die *outer, const char *scope, int depth)
{
	Dwarf_Die child;

	if (depth >= MOST_DEPTH || dwarf_child(outer, &child) != 0)
		return;
	do {
		int tag = dwarf_tag(&child);
		const char *name, *own = scope;
		char *whole;

		if ((char *)child.addr <= (char *)walk->seen || !walk->left)
			return;
		walk->seen = child.addr;
		walk->left--;
		if (!is_class(tag) && tag != DW_TAG_namespace)
			continue;
		name = dwarf_diename(&child);
		if (is_class(tag) && dwarf_hasattr(&child, DW_AT_specification))
			own = shape_scope(walk->shapes, &child);
		if (!name || !own || strlen(name) + strlen(own) > 4096)
			continue;
		whole = xasprintf("%s%s", own, name);
		if (is_class(tag) && !dwarf_hasattr(&child, DW_AT_declaration)) {
			struct cache_entry *entry = cache_at(&walk->shapes->definitions, whole, strlen(whole));

			if (!entry->value) {
				entry->value = xcalloc(1, sizeof(struct shape_definition));
				((struct shape_definition *)entry->value)->die = child;
			}
		}
		free(whole);
		whole = xasprintf("%s%s::", own, name);
		find_definitions(walk, &child, whole, depth + 1);
		free(whole);
	} while (dwarf_siblingof(&child, &child) == 0);
}

static void define_all(struct shapes *shapes)
{
	struct walk walk = {.shapes = shapes, .left = MOST_ENTRIES};
	Dwarf_CU *unit = NULL;
	Dwarf_Die die, split;
	uint8_t type;

	shapes->defined = true;
	while (shapes->dwarf && dwarf_get_units(shapes->dwarf, unit, &unit, NULL, &type, &die, &split) == 0) {
		walk.seen = NULL;
		if (type == DW_UT_skeleton && split.addr)
			find_definitions(&walk, &split, "", 0);
		else if (die.addr)
			find_definitions(&walk, &die, "", 0);
	}
}

void shape_definition(struct shapes *shapes, Dwarf_Die *class)
{
	const char *name = dwarf_diename(class), *scope = shape_scope(shapes, class);
	const struct cache_entry *entry;
	char *whole;

	if (!name || !scope)
		return;
	if (!shapes->defined)
		define_all(shapes);
	whole = xasprintf("%s%s", scope, name);
	entry = cache_find(&shapes->definitions, whole, strlen(whole));
	free(whole);
	if (entry)
		*class = ((struct shape_definition *)entry->value)->die;
}

uint64_t shape_size_of_class(struct shapes *shapes, const char *name)
{
	const struct cache_entry *entry;

	if (!shapes->defined)
		define_all(shapes);
	entry = cache_find(&shapes->definitions, name, strlen(name));
	return entry ? shape_size(shapes, &((struct shape_definition *)entry->value)->die) : 0;
}
