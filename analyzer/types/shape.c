/* shape.c: what types consist of; see shape.h. Their names are in shape_name.c. */
#include "types/shape.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "types/shape_definitions.h"
#include "util.h"

#define MOST_STRIPPED 64      /* typedefs of typedefs */
#define MOST_DEPTH    32      /* members in members */
#define MOST_MEMBERS  20000   /* looked at in one search */

/* ---- entries -------------------------------------------------------------------------------------------------- */

bool shape_type_of(Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute attribute;

	return dwarf_attr_integrate(die, DW_AT_type, &attribute) && dwarf_formref_die(&attribute, type);
}

static bool is_qualifier(int tag)
{
	return tag == DW_TAG_const_type || tag == DW_TAG_volatile_type || tag == DW_TAG_restrict_type ||
	       tag == DW_TAG_atomic_type || tag == DW_TAG_immutable_type || tag == DW_TAG_packed_type;
}

static bool is_class(int tag)
{
	return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type;
}

void shape_whole(Dwarf_Die *type)
{
	int tag = dwarf_tag(type);
	Dwarf_Attribute attribute;
	Dwarf_Die whole;

	if ((is_class(tag) || tag == DW_TAG_enumeration_type) && dwarf_attr(type, DW_AT_signature, &attribute) &&
	    dwarf_formref_die(&attribute, &whole))
		*type = whole;
}

bool shape_strip(struct shapes *shapes, const Dwarf_Die *type, Dwarf_Die *bare)
{
	*bare = *type;
	for (int i = 0; i < MOST_STRIPPED; i++) {
		int tag = dwarf_tag(bare);

		if (tag == DW_TAG_typedef || is_qualifier(tag)) {
			if (!shape_type_of(bare, bare))
				return false;
			continue;
		}
		shape_whole(bare);
		tag = dwarf_tag(bare);
		if (is_class(tag) && dwarf_hasattr(bare, DW_AT_declaration))
			shape_definition(shapes, bare);
		return tag > 0;
	}
	return false;
}

bool shape_target(struct shapes *shapes, const Dwarf_Die *type, Dwarf_Die *target)
{
	Dwarf_Die bare, end;
	int tag;

	if (!shape_strip(shapes, type, &bare))
		return false;
	tag = dwarf_tag(&bare);
	if (tag != DW_TAG_pointer_type && tag != DW_TAG_reference_type && tag != DW_TAG_rvalue_reference_type)
		return false;
	if (!shape_type_of(&bare, target) || !shape_strip(shapes, target, &end))
		return false;
	tag = dwarf_tag(&end);
	return tag != DW_TAG_subroutine_type && tag != DW_TAG_unspecified_type;
}

static bool number_of(Dwarf_Die *die, unsigned name, uint64_t *number)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;

	if (!dwarf_attr_integrate(die, name, &attribute) || dwarf_formudata(&attribute, &value) != 0)
		return false;
	*number = value;
	return true;
}

/* ---- sizes ---------------------------------------------------------------------------------------------------- */

/* How many elements an array has. False: that is not fixed. */
static bool array_count(Dwarf_Die *array, uint64_t *count)
{
	Dwarf_Die range;
	uint64_t bound;
	int dimensions = 0;

	*count = 1;
	if (dwarf_child(array, &range) != 0)
		return false;
	do {
		if (dwarf_tag(&range) != DW_TAG_subrange_type)
			continue;
		if (number_of(&range, DW_AT_count, &bound))
			;
		else if (number_of(&range, DW_AT_upper_bound, &bound))
			bound++;
		else
			return false;
		if (bound && *count > UINT32_MAX / bound)
			return false;
		*count *= bound;
	} while (++dimensions < 16 && dwarf_siblingof(&range, &range) == 0);
	return true;
}

uint64_t shape_size(struct shapes *shapes, const Dwarf_Die *type)
{
	uint64_t times = 1, size, count;
	Dwarf_Die bare = *type;

	for (int i = 0; i < MOST_DEPTH && shape_strip(shapes, &bare, &bare); i++) {
		int tag = dwarf_tag(&bare);

		if (tag == DW_TAG_array_type) {
			if (!array_count(&bare, &count) || (count && times > UINT32_MAX / count) ||
			    !shape_type_of(&bare, &bare))
				return 0;
			times *= count;
			continue;
		}
		if (number_of(&bare, DW_AT_byte_size, &size))
			return size <= UINT32_MAX ? times * size : 0;
		return tag == DW_TAG_pointer_type || tag == DW_TAG_reference_type ||
		       tag == DW_TAG_rvalue_reference_type ? times * 8 : 0;
	}
	return 0;
}

Dwarf_Die shape_element(struct shapes *shapes, const Dwarf_Die *type)
{
	Dwarf_Die element = *type, bare;

	for (int i = 0; i < MOST_DEPTH && shape_strip(shapes, &element, &bare) &&
	                dwarf_tag(&bare) == DW_TAG_array_type; i++)
		if (!shape_type_of(&bare, &element))
			break;
	return element;
}

/* ---- members -------------------------------------------------------------------------------------------------- */

struct search {
	struct shapes *shapes;
	Dwarf_Die *targets;       /* found */
	size_t    count;          /* of them; more than there is room for: too many */
	size_t    left;           /* members that may still be looked at */
};

/* Where a member lies in its class. False: nowhere that is fixed. */
static bool member_offset(Dwarf_Die *member, uint64_t *offset)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;
	Dwarf_Op *ops;
	size_t count;

	*offset = 0;
	if (dwarf_hasattr(member, DW_AT_bit_size) || dwarf_hasattr(member, DW_AT_external) ||
	    dwarf_hasattr(member, DW_AT_declaration))
		return false;
	if (!dwarf_attr(member, DW_AT_data_member_location, &attribute))
		return true; /* of a union */
	if (dwarf_formudata(&attribute, &value) == 0) {
		*offset = value;
		return true;
	}
	if (dwarf_getlocation(&attribute, &ops, &count) == 0 && count == 1 && ops[0].atom == DW_OP_plus_uconst) {
		*offset = ops[0].number;
		return true;
	}
	return false;
}

static void find_pointers(struct search *search, const Dwarf_Die *type, uint64_t offset, int depth)
{
	Dwarf_Die bare, member, inner;
	uint64_t size, at;
	int tag;

	if (depth >= MOST_DEPTH || !shape_strip(search->shapes, type, &bare))
		return;
	tag = dwarf_tag(&bare);
	if (tag == DW_TAG_pointer_type || tag == DW_TAG_reference_type || tag == DW_TAG_rvalue_reference_type) {
		if (offset || !shape_target(search->shapes, &bare, &inner))
			return;
		if (search->count < SHAPE_ALTERNATIVES)
			search->targets[search->count] = inner;
		search->count++;
		return;
	}
	if (tag == DW_TAG_array_type) {
		if (!shape_type_of(&bare, &inner) || !(size = shape_size(search->shapes, &inner)))
			return;
		find_pointers(search, &inner, offset % size, depth + 1);
		return;
	}
	if (!is_class(tag) || dwarf_child(&bare, &member) != 0)
		return;
	do {
		tag = dwarf_tag(&member);
		if (!search->left)
			return;
		search->left--;
		if ((tag != DW_TAG_member && tag != DW_TAG_inheritance) || !member_offset(&member, &at) || at > offset ||
		    !shape_type_of(&member, &inner))
			continue;
		size = shape_size(search->shapes, &inner);
		if (offset - at < size || (!size && offset == at))
			find_pointers(search, &inner, offset - at, depth + 1);
		else if (!size && shape_strip(search->shapes, &inner, &inner) && dwarf_tag(&inner) == DW_TAG_array_type)
			find_pointers(search, &inner, offset - at, depth + 1); /* elements behind the struct */
	} while (dwarf_siblingof(&member, &member) == 0);
}

size_t shape_pointers_at(struct shapes *shapes, const Dwarf_Die *type, uint64_t offset,
                         Dwarf_Die targets[SHAPE_ALTERNATIVES])
{
	struct search search = {.shapes = shapes, .targets = targets, .left = MOST_MEMBERS};

	find_pointers(&search, type, offset, 0);
	return search.count <= SHAPE_ALTERNATIVES ? search.count : 0;
}

bool shape_is_array_at(struct shapes *shapes, const Dwarf_Die *type, uint64_t offset)
{
	Dwarf_Die class, member, inner;
	size_t left = MOST_MEMBERS;
	uint64_t at;

	if (!shape_strip(shapes, type, &class))
		return false;
	for (int depth = 0; depth < MOST_DEPTH; depth++) {
		bool found = false;

		if (dwarf_tag(&class) == DW_TAG_array_type)
			return true;
		if (!is_class(dwarf_tag(&class)) || dwarf_child(&class, &member) != 0)
			return false;
		do {
			int tag = dwarf_tag(&member);

			found = (tag == DW_TAG_member || tag == DW_TAG_inheritance) && member_offset(&member, &at) &&
			        at <= offset && shape_type_of(&member, &inner) &&
			        offset - at < shape_size(shapes, &inner) && shape_strip(shapes, &inner, &class);
		} while (!found && --left && dwarf_siblingof(&member, &member) == 0);
		if (!found)
			return false;
		offset -= at;
	}
	return false;
}

/* Each unit has an entry of its own for a class. */
static bool is_same(struct shapes *shapes, Dwarf_Die *a, Dwarf_Die *b)
{
	const char *left = dwarf_diename(a), *right = dwarf_diename(b);

	return a->addr == b->addr || (left && right && !strcmp(left, right) && shape_size(shapes, a) == shape_size(shapes, b));
}

static bool begins_with(struct search *search, Dwarf_Die *class, Dwarf_Die *wanted, int depth)
{
	Dwarf_Die member, type;
	uint64_t at;

	if (depth >= MOST_DEPTH || !is_class(dwarf_tag(class)) || dwarf_child(class, &member) != 0)
		return false;
	do {
		int tag = dwarf_tag(&member);

		if ((tag != DW_TAG_member && tag != DW_TAG_inheritance) || !member_offset(&member, &at) || at ||
		    !shape_type_of(&member, &type) || !shape_strip(search->shapes, &type, &type))
			continue;
		if (is_same(search->shapes, &type, wanted) || begins_with(search, &type, wanted, depth + 1))
			return true;
	} while (search->left && search->left-- && dwarf_siblingof(&member, &member) == 0);
	return false;
}

bool shape_begins_with(struct shapes *shapes, const Dwarf_Die *outer, const Dwarf_Die *inner)
{
	struct search search = {.shapes = shapes, .left = 1000};
	Dwarf_Die class, wanted;

	return shape_strip(shapes, outer, &class) && shape_strip(shapes, inner, &wanted) &&
	       begins_with(&search, &class, &wanted, 0);
}

/* ---- traits --------------------------------------------------------------------------------------------------- */

static void class_traits(struct shapes *shapes, Dwarf_Die *class, struct shape_traits *traits, int depth)
{
	bool is_union = dwarf_tag(class) == DW_TAG_union_type;
	Dwarf_Die member, type, bare;

	if (depth >= MOST_DEPTH || dwarf_child(class, &member) != 0)
		return;
	do {
		int tag = dwarf_tag(&member);
		const char *name;
		uint64_t count;

		if (tag == DW_TAG_inheritance && shape_type_of(&member, &type) && shape_strip(shapes, &type, &bare)) {
			struct shape_traits base = {0};

			class_traits(shapes, &bare, &base, depth + 1);
			traits->is_polymorphic |= base.is_polymorphic || dwarf_hasattr(&member, DW_AT_virtuality);
		}
		if (tag != DW_TAG_member || dwarf_hasattr(&member, DW_AT_external) || !shape_type_of(&member, &type))
			continue;
		name = dwarf_diename(&member);
		traits->is_polymorphic |= name && !strncmp(name, "_vptr", 5);
		if (is_union) {
			struct shape_traits part = {0};

			if (shape_strip(shapes, &type, &bare) && is_class(dwarf_tag(&bare)))
				class_traits(shapes, &bare, &part, depth + 1);
			if (part.has_tail && (!traits->has_tail || part.tail < traits->tail)) {
				traits->has_tail = true;
				traits->tail = part.tail;
			}
			continue;
		}
		traits->has_tail = shape_strip(shapes, &type, &bare) && dwarf_tag(&bare) == DW_TAG_array_type &&
		                   (!array_count(&bare, &count) || count <= 1) && member_offset(&member, &traits->tail);
	} while (shapes->left && shapes->left-- && dwarf_siblingof(&member, &member) == 0);
}

struct shape_traits shape_traits(struct shapes *shapes, const Dwarf_Die *type)
{
	struct shape_traits traits = {0};
	uint64_t encoding = 0;
	Dwarf_Die bare;
	int tag;

	if (!shape_strip(shapes, type, &bare))
		return traits;
	tag = dwarf_tag(&bare);
	traits.is_class = is_class(tag);
	if (traits.is_class) {
		shapes->left = MOST_MEMBERS;
		class_traits(shapes, &bare, &traits, 0);
	} else if (tag == DW_TAG_base_type) {
		number_of(&bare, DW_AT_encoding, &encoding);
		traits.is_text = shape_size(shapes, &bare) == 1 && encoding != DW_ATE_boolean;
		traits.is_number = !traits.is_text;
	} else {
		const char *name = dwarf_diename(&bare);

		traits.is_text = tag == DW_TAG_enumeration_type && name && !strcmp(name, "byte");
		traits.is_number = !traits.is_text;
	}
	return traits;
}

char *shape_first_table(struct shapes *shapes, const Dwarf_Die *outer)
{
	size_t left = 1000;
	bool in_member = false, found = true;
	Dwarf_Die class, member, type;
	uint64_t at;

	if (!shape_strip(shapes, outer, &class))
		return NULL;
	for (int depth = 0; depth < MOST_DEPTH && found; depth++) {
		/* It has a table of its own, if it is not a base. */
		if (shape_traits(shapes, &class).is_polymorphic)
			return in_member ? shape_name(shapes, &class) : NULL;
		if (!is_class(dwarf_tag(&class)) || dwarf_child(&class, &member) != 0)
			return NULL;
		do {
			int tag = dwarf_tag(&member);

			found = (tag == DW_TAG_member || tag == DW_TAG_inheritance) && !dwarf_hasattr(&member, DW_AT_external) &&
			        member_offset(&member, &at) && !at && shape_type_of(&member, &type) &&
			        shape_size(shapes, &type) && shape_strip(shapes, &type, &type);
			if (found) {
				in_member = in_member || tag == DW_TAG_member;
				class = type;
			}
		} while (!found && --left && dwarf_siblingof(&member, &member) == 0);
	}
	return NULL;
}
