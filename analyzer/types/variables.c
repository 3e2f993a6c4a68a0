/* variables.c: reads the variables of a function; see variables.h. */
#include "types/variables.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "trace/array.h"
#include "types/shape.h"

#define MOST_DEPTH  64        /* of blocks within each other */
#define MOST_ROWS   200000    /* of one function */
#define MOST_RANGES 4096      /* of one variable, or of a block */
#define MOST_PARTS  64        /* of one variable at one place */

struct reader {
	struct function *function;
	void     *seen;           /* the last entry: what does not lie behind it is damage */
	enum row_kind base;       /* the frame base: ROW_FRAME, ROW_MEMORY … */
	uint8_t   base_reg;       /* … of this register … */
	int64_t   base_offset;
	bool      has_base;
	uint8_t   parameters;     /* of the function itself, read so far */
};

struct ranges {               /* of a block */
	struct { uint64_t start, end; } *list; /* owned */
	size_t    count;
};

struct within {               /* what a variable is in */
	struct ranges ranges;
	uint8_t   inlined;
	bool      in_constructor, is_plumbing;
	bool      has_whole;      /* it is inlined into other constructors, the outermost that of … */
	Dwarf_Die whole;
};

static struct ranges ranges_of(Dwarf_Die *die)
{
	struct ranges ranges = {0};
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0;

	while (ranges.count < MOST_RANGES && (at = dwarf_ranges(die, at, &base, &start, &end)) > 0) {
		array_room(ranges.list, ranges.count);
		ranges.list[ranges.count].start = start;
		ranges.list[ranges.count++].end = end;
	}
	return ranges;
}

/* ---- locations ------------------------------------------------------------------------------------------------ */

static void add_row(struct reader *reader, struct row row)
{
	struct function *function = reader->function;

	if (function->count >= MOST_ROWS || row.start >= row.end)
		return;
	array_room(function->rows, function->count);
	function->rows[function->count++] = row;
}

static bool read_base(const Dwarf_Op *op, struct reader *reader)
{
	reader->has_base = true;
	reader->base = ROW_MEMORY;
	if (op->atom == DW_OP_call_frame_cfa)
		reader->base = ROW_FRAME;
	else if (op->atom >= DW_OP_reg0 && op->atom < DW_OP_reg0 + REGISTERS)
		reader->base_reg = op->atom - DW_OP_reg0;
	else if (op->atom >= DW_OP_breg0 && op->atom < DW_OP_breg0 + REGISTERS) {
		reader->base_reg = op->atom - DW_OP_breg0;
		reader->base_offset = (int64_t)op->number;
	} else {
		reader->has_base = false;
	}
	return reader->has_base;
}

/* One simple location at ops[*at]; leaves *at behind it. False: another kind. */
static bool read_simple(struct reader *reader, Dwarf_Attribute *attribute, const Dwarf_Op *ops, size_t count,
                        size_t *at, struct row *row)
{
	const Dwarf_Op *op = &ops[*at];
	Dwarf_Attribute address;
	Dwarf_Addr vaddr;

	++*at;
	if (op->atom >= DW_OP_reg0 && op->atom < DW_OP_reg0 + REGISTERS) {
		row->kind = ROW_REGISTER;
		row->reg = op->atom - DW_OP_reg0;
		return true;
	}
	if (op->atom >= DW_OP_breg0 && op->atom < DW_OP_breg0 + REGISTERS) {
		row->kind = ROW_MEMORY;
		row->reg = op->atom - DW_OP_breg0;
		row->offset = (int64_t)op->number;
	} else if (op->atom == DW_OP_fbreg && reader->has_base) {
		row->kind = reader->base;
		row->reg = reader->base_reg;
		row->offset = (int64_t)((uint64_t)reader->base_offset + op->number);
	} else if (op->atom == DW_OP_addr || op->atom == DW_OP_addrx || op->atom == DW_OP_GNU_addr_index) {
		row->kind = ROW_ADDRESS;
		if (op->atom == DW_OP_addr)
			vaddr = op->number;
		else if (dwarf_getlocation_attr(attribute, op, &address) != 0 || dwarf_formaddr(&address, &vaddr) != 0)
			return false;
		row->offset = (int64_t)vaddr;
	} else {
		return false;
	}
	if (*at < count && ops[*at].atom == DW_OP_plus_uconst) {
		row->offset = (int64_t)((uint64_t)row->offset + ops[*at].number);
		++*at;
	}
	if (*at < count && ops[*at].atom == DW_OP_stack_value) {
		++*at;
		if (row->kind != ROW_MEMORY)
			return false;
		row->kind = ROW_VALUE;
	}
	return true;
}

static void read_location(struct reader *reader, Dwarf_Attribute *attribute, const Dwarf_Op *ops, size_t count,
                          struct row row)
{
	uint32_t part = 0;
	size_t at = 0;

	for (int i = 0; i < MOST_PARTS && at < count; i++) {
		struct row one = row;
		bool known = true;

		if (ops[at].atom != DW_OP_piece) /* a part that is nowhere */
			known = read_simple(reader, attribute, ops, count, &at, &one);
		else
			known = false;
		while (!known && at < count && ops[at].atom != DW_OP_piece)
			at++;
		one.part = part;
		if (at < count && ops[at].atom == DW_OP_piece) {
			one.size = (uint32_t)ops[at].number;
			part += one.size;
			at++;
		} else if (at < count) {
			return; /* more than a place: an expression */
		}
		if (known)
			add_row(reader, one);
	}
}

static void read_variable(struct reader *reader, Dwarf_Die *die, const struct within *within)
{
	struct row row = {
		.inlined = within->inlined, .is_plumbing = within->is_plumbing,
		.is_parameter = dwarf_tag(die) == DW_TAG_formal_parameter,
	};
	Dwarf_Attribute attribute;
	Dwarf_Addr base, start, end;
	Dwarf_Op *ops;
	size_t count;
	ptrdiff_t at = 0;

	if (row.is_parameter && !row.inlined && reader->parameters < UINT8_MAX)
		row.ordinal = ++reader->parameters;
	if (!dwarf_attr(die, DW_AT_location, &attribute) || !shape_type_of(die, &row.type))
		return;
	if (within->in_constructor && row.is_parameter) {
		const char *name = dwarf_diename(die);

		row.is_this = name && !strcmp(name, "this");
		row.has_whole = row.is_this && within->has_whole;
		row.whole = within->whole;
	}
	for (int i = 0; i < MOST_RANGES && (at = dwarf_getlocations(&attribute, at, &base, &start, &end, &ops, &count)) > 0;
	     i++) {
		row.start = start;
		row.end = end;
		if (start != 0 || end != (Dwarf_Addr)-1) {
			/* gcc's split DWARF 4 has lengths of 32 bits, some of them −1: where it ends before it begins. */
			if (end - start > INT32_MAX)
				continue;
			read_location(reader, &attribute, ops, count, row);
			continue;
		}
		for (size_t r = 0; r < within->ranges.count; r++) { /* wherever its block is */
			row.start = within->ranges.list[r].start;
			row.end = within->ranges.list[r].end;
			read_location(reader, &attribute, ops, count, row);
		}
	}
}

/* ---- functions ------------------------------------------------------------------------------------------------ */

/* A name up to its template arguments. */
static size_t bare_size(const char *name)
{
	return strcspn(name, "<");
}

bool function_is_constructor(Dwarf_Die *die, Dwarf_Die *constructed)
{
	const char *name = dwarf_diename(die), *class;
	Dwarf_Die parameter, type, target;

	if (!name || dwarf_child(die, &parameter) != 0)
		return false;
	for (int i = 0; i < 16 && dwarf_tag(&parameter) != DW_TAG_formal_parameter; i++)
		if (dwarf_siblingof(&parameter, &parameter) != 0)
			return false;
	if (dwarf_tag(&parameter) != DW_TAG_formal_parameter || !shape_type_of(&parameter, &type))
		return false;
	for (int i = 0; i < 4 && dwarf_tag(&type) == DW_TAG_const_type; i++)
		if (!shape_type_of(&type, &type))
			return false;
	if (dwarf_tag(&type) != DW_TAG_pointer_type || !shape_type_of(&type, &target))
		return false;
	shape_whole(&target);
	class = dwarf_diename(&target);
	if (!class || bare_size(class) != bare_size(name) || strncmp(class, name, bare_size(name)) ||
	    (dwarf_tag(&target) != DW_TAG_class_type && dwarf_tag(&target) != DW_TAG_structure_type))
		return false;
	if (constructed)
		*constructed = target;
	return true;
}

static bool returns_anything(Dwarf_Die *die)
{
	Dwarf_Die type, target;

	return shape_type_of(die, &type) && dwarf_tag(&type) == DW_TAG_pointer_type && !shape_type_of(&type, &target);
}

static void read_block(struct reader *reader, Dwarf_Die *outer, const struct within *within, int depth)
{
	Dwarf_Die child;

	if (depth >= MOST_DEPTH || dwarf_child(outer, &child) != 0)
		return;
	do {
		struct within inner = *within;
		int tag = dwarf_tag(&child);
		Dwarf_Die class;

		if ((char *)child.addr <= (char *)reader->seen)
			return;
		reader->seen = child.addr;
		switch (tag) {
		case DW_TAG_formal_parameter:
		case DW_TAG_variable:
			read_variable(reader, &child, within);
			break;
		case DW_TAG_inlined_subroutine:
			inner.inlined += inner.inlined < UINT8_MAX;
			inner.in_constructor = function_is_constructor(&child, &class);
			if (inner.in_constructor && !within->has_whole)
				inner.whole = class;
			inner.has_whole = inner.in_constructor;
			inner.is_plumbing |= returns_anything(&child);
			/* fallthrough */
		case DW_TAG_lexical_block:
		case DW_TAG_try_block:
		case DW_TAG_catch_block:
			inner.ranges = ranges_of(&child);
			read_block(reader, &child, &inner, depth + 1);
			free(inner.ranges.list);
			break;
		}
	} while (dwarf_siblingof(&child, &child) == 0);
}

static bool is_foreign(Dwarf_Die *die)
{
	Dwarf_Die unit;

	if (!dwarf_diecu(die, &unit, NULL, NULL))
		return true;
	switch (dwarf_srclang(&unit)) {
	case DW_LANG_C: case DW_LANG_C89: case DW_LANG_C99: case DW_LANG_C11: case DW_LANG_C_plus_plus:
	case DW_LANG_C_plus_plus_03: case DW_LANG_C_plus_plus_11: case DW_LANG_C_plus_plus_14: case DW_LANG_ObjC:
	case DW_LANG_ObjC_plus_plus: case 0x2b: case 0x2c: /* C++17, C17: newer than elfutils */
		return false;
	default:
		return true;
	}
}

struct function *function_read(Dwarf_Die *die)
{
	struct function *function = xcalloc(1, sizeof(*function));
	struct reader reader = {.function = function};
	struct within within = {0};
	Dwarf_Attribute attribute;
	Dwarf_Op *ops;
	size_t count;

	if (!die)
		return function;
	function->die = *die;
	function->has_die = true;
	function->is_foreign = is_foreign(die);
	if (dwarf_attr_integrate(die, DW_AT_frame_base, &attribute) &&
	    dwarf_getlocation(&attribute, &ops, &count) == 0 && count == 1)
		read_base(&ops[0], &reader);
	within.ranges = ranges_of(die);
	within.in_constructor = function_is_constructor(die, NULL);
	read_block(&reader, die, &within, 0);
	free(within.ranges.list);
	return function;
}

uint64_t function_window(const struct function *function, uint64_t call, uint64_t before)
{
	Dwarf_Die die = function->die, unit;
	Dwarf_Addr base, start, end, found = 0;
	Dwarf_Line *line;
	ptrdiff_t at = 0;

	if (!function->has_die)
		return 0;
	for (int i = 0; i < 64 && !found && (at = dwarf_ranges(&die, at, &base, &start, &end)) > 0; i++)
		if (start < call && call <= end)
			found = start;
	if (!found || call - found <= before)
		return found;
	if (!dwarf_diecu(&die, &unit, NULL, NULL))
		return 0;
	line = dwarf_getsrc_die(&unit, call - before);
	if (line && dwarf_lineaddr(line, &start) == 0 && start >= found && start < call && call - start <= 2 * before)
		return start;
	return 0;
}

void function_free(void *opaque)
{
	struct function *function = opaque;

	if (!function)
		return;
	free(function->rows);
	free(function);
}
