/* follow_places.c: places of a known type that a pointer comes to: variables, members, globals; see follow.h. */
#include <string.h>

#include "types/follow_walk.h"

/* ---- claims --------------------------------------------------------------------------------------------------- */

void walk_claim(struct walk *walk, struct claim claim)
{
	struct followed *followed = walk->followed;

	for (size_t i = 0; i < followed->count; i++) {
		const struct claim *old = &followed->claims[i];

		if (old->why == claim.why && old->at == claim.at && old->type.addr == claim.type.addr &&
		    old->symbol == claim.symbol)
			return;
	}
	if (followed->count < FOLLOW_CLAIMS)
		followed->claims[followed->count++] = claim;
}

/* The pointers that lie at an offset in something of a type. */
void walk_claim_at(struct walk *walk, struct claim template, const Dwarf_Die *type, uint64_t offset)
{
	Dwarf_Die targets[SHAPE_ALTERNATIVES];
	size_t count = shape_pointers_at(&walk->program->shapes, type, offset, targets);

	for (size_t i = 0; i < count; i++) {
		template.type = targets[i];
		walk_claim(walk, template);
	}
}

/* ---- variables ------------------------------------------------------------------------------------------------ */

static bool is_here(const struct walk *walk, const struct row *row)
{
	return row->start <= walk->pc && walk->pc < row->end;
}

static uint64_t row_size(const struct walk *walk, const struct row *row)
{
	return row->size ? row->size : shape_size(&walk->program->shapes, &row->type);
}

/* How far into a variable the place of the frame is. False: not in it. */
static bool covers(const struct walk *walk, const struct machine *machine, const struct row *row, int64_t place,
                   uint64_t *offset)
{
	int64_t at = row->offset;

	if (row->kind == ROW_MEMORY) {
		const struct value *base = &machine->registers[row->reg];

		if (base->kind != VALUE_FRAME || base->indexed)
			return false;
		at = (int64_t)((uint64_t)at + (uint64_t)base->offset);
	} else if (row->kind != ROW_FRAME) {
		return false;
	}
	if (!is_here(walk, row) || place < at || (uint64_t)place - (uint64_t)at >= row_size(walk, row))
		return false;
	*offset = (uint64_t)place - (uint64_t)at + row->part;
	return true;
}

static void claim_row(struct walk *walk, const struct row *row, uint64_t part, int64_t at)
{
	struct claim template = {.why = CLAIM_VARIABLE, .at = at, .inlined = row->inlined};

	if (row->is_this && row->has_whole && !part && shape_target(&walk->program->shapes, &row->type, &template.type) &&
	    shape_begins_with(&walk->program->shapes, &row->whole, &template.type)) {
		template.why = CLAIM_CONSTRUCTOR;
		template.type = row->whole;
		walk_claim(walk, template);
		return;
	}
	if (row->is_this)
		template.why = CLAIM_CONSTRUCTOR;
	else if (row->is_plumbing)
		template.why = CLAIM_PLUMBING;
	else if (row->is_parameter && row->inlined)
		template.why = CLAIM_INLINED;
	walk_claim_at(walk, template, &row->type, part);
}

/* Variables that have the pointer now. */
void walk_observe(struct walk *walk, const struct machine *machine)
{
	const struct function *function = walk->function;

	for (size_t i = 0; i < function->count; i++) {
		const struct row *row = &function->rows[i];
		uint64_t offset;

		if (!is_here(walk, row))
			continue;
		if (row->kind == ROW_REGISTER || row->kind == ROW_VALUE) {
			const struct value *value = &machine->registers[row->reg];

			if (value->kind == VALUE_BLOCK)
				claim_row(walk, row, row->part,
				          value->offset + (row->kind == ROW_VALUE ? row->offset : 0));
			continue;
		}
		for (size_t s = 0; s < machine->slot_count; s++)
			if (machine->slots[s].value.kind == VALUE_BLOCK &&
			    covers(walk, machine, row, machine->slots[s].offset, &offset))
				claim_row(walk, row, offset, machine->slots[s].value.offset);
	}
}

/* What a variable in a register points to. False: nothing that is known. */
static bool register_target(struct walk *walk, uint8_t reg, Dwarf_Die *target, uint8_t *parameter)
{
	const struct function *function = walk->function;
	Dwarf_Die targets[SHAPE_ALTERNATIVES];
	bool found = false;

	for (size_t i = 0; i < function->count; i++) {
		const struct row *row = &function->rows[i];

		if (row->kind != ROW_REGISTER || row->reg != reg || !is_here(walk, row) ||
		    shape_pointers_at(&walk->program->shapes, &row->type, row->part, targets) != 1)
			continue;
		/* Of several, the one whose type is largest: others point to what it begins with. */
		if (found && shape_size(&walk->program->shapes, &targets[0]) <= shape_size(&walk->program->shapes, target))
			continue;
		*target = targets[0];
		*parameter = row->part ? 0 : row->ordinal;
		found = true;
	}
	return found;
}

/* ---- memory --------------------------------------------------------------------------------------------------- */

/*
 * What lies at a place: a type, and how far into it. `parameter`: the place is a parameter of this number, or where one
 * points to. False: unknown.
 */
static bool typed_place(struct walk *walk, const struct machine *machine, const struct place_at *place,
                        Dwarf_Die *type, uint64_t *offset, uint8_t *parameter)
{
	struct value base = place->base;
	uint64_t size;

	*parameter = 0;
	if (base.kind == VALUE_UNKNOWN) {
		if (place->reg < REGISTERS && register_target(walk, place->reg, &base.type, &base.parameter))
			base.indexed |= place->index < REGISTERS;
		else if (place->index >= REGISTERS || !register_target(walk, place->index, &base.type, &base.parameter))
			return false;
		base.kind = VALUE_TYPED;
		base.offset = place->displacement;
	}
	if (base.kind == VALUE_FRAME) {
		for (size_t i = 0; i < walk->function->count; i++)
			if (covers(walk, machine, &walk->function->rows[i], base.offset, offset)) {
				*type = walk->function->rows[i].type;
				if (base.indexed && !shape_is_array_at(&walk->program->shapes, type, *offset))
					return false;
				*parameter = *offset ? 0 : walk->function->rows[i].ordinal;
				return true;
			}
		return false;
	}
	if (base.kind == VALUE_ADDRESS)
		return program_global(walk->program, walk->function, (uint64_t)base.offset, type, offset) &&
		       (!base.indexed || shape_is_array_at(&walk->program->shapes, type, *offset));
	if (base.kind != VALUE_TYPED)
		return false;
	*type = base.type;
	*parameter = base.offset || base.indexed ? 0 : base.parameter;
	size = shape_size(&walk->program->shapes, &base.type);
	if (base.offset < 0 || (size && (uint64_t)base.offset >= size && !shape_traits(&walk->program->shapes, type).has_tail)) {
		if (!size)
			return false;
		base.offset %= (int64_t)size;
		if (base.offset < 0)
			base.offset += (int64_t)size;
	}
	*offset = (uint64_t)base.offset;
	return true;
}

struct value walk_load(void *context, const struct machine *machine, const struct place_at *place)
{
	struct walk *walk = context;
	Dwarf_Die type, targets[SHAPE_ALTERNATIVES];
	uint64_t offset;
	uint8_t parameter;

	if (place->base.kind == VALUE_ADDRESS && !place->base.indexed) {
		const struct relocation *relocation = program_relocation(walk->program, (uint64_t)place->base.offset);

		if (relocation && relocation->is_constant)
			return (struct value){.kind = relocation->value ? VALUE_ADDRESS : VALUE_UNKNOWN,
			                      .offset = (int64_t)relocation->value};
	}
	if (!typed_place(walk, machine, place, &type, &offset, &parameter) ||
	    shape_pointers_at(&walk->program->shapes, &type, offset, targets) != 1)
		return (struct value){0};
	return (struct value){
		.kind = VALUE_TYPED, .type = targets[0], .parameter = place->base.kind == VALUE_FRAME ? parameter : 0,
	};
}

void walk_store(void *context, const struct machine *machine, const struct place_at *place, struct value value)
{
	struct walk *walk = context;
	Dwarf_Die type;
	uint64_t offset;
	uint8_t parameter;
	const char *symbol;

	if (place->base.kind == VALUE_BLOCK) {
		if (value.kind == VALUE_ADDRESS && !place->base.indexed &&
		    (symbol = program_object(walk->program, (uint64_t)value.offset, &offset)) &&
		    !strncmp(symbol, "_ZTV", 4) && offset == 16)
			walk_claim(walk, (struct claim){.why = CLAIM_VTABLE, .at = place->base.offset, .symbol = symbol});
		return;
	}
	if (place->base.kind == VALUE_FRAME && !place->base.indexed)
		return; /* a place of the frame, which walk_observe() looks at */
	if (value.kind != VALUE_BLOCK || !typed_place(walk, machine, place, &type, &offset, &parameter))
		return;
	walk_claim_at(walk, (struct claim){.why = CLAIM_MEMBER, .at = value.offset}, &type, offset);
	if (parameter && !offset) {
		walk->followed->stored_through = parameter;
		walk->followed->returned_at = value.offset;
	}
}

