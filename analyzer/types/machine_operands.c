/* machine_operands.c: the memory that instructions name, and what is read from there and written; see machine.h. */
#include "types/machine_parts.h"

static const struct value unknown;

/* ---- memory --------------------------------------------------------------------------------------------------- */

struct place_at machine_place(const struct machine *machine, const cs_insn *instruction, const cs_x86_op *op)
{
	struct place_at place = {.reg = NO_REGISTER, .index = NO_REGISTER, .displacement = op->mem.disp};
	uint8_t base = machine_register(op->mem.base), index = machine_register(op->mem.index);

	if (op->mem.segment != X86_REG_INVALID)
		return place;
	if (op->mem.base == X86_REG_RIP) {
		place.base = address(instruction->address + instruction->size + (uint64_t)op->mem.disp);
		return place;
	}
	if (base == NO_REGISTER && index == NO_REGISTER) {
		if (op->mem.base == X86_REG_INVALID && op->mem.index == X86_REG_INVALID)
			place.base = number(op->mem.disp);
		return place;
	}
	/* With a scale of 1 either may be the base. */
	if (base < REGISTERS && index < REGISTERS && op->mem.scale == 1 && !is_pointer(&machine->registers[base]) &&
	    is_pointer(&machine->registers[index])) {
		uint8_t other = base;

		base = index;
		index = other;
	}
	if (base < REGISTERS)
		place.base = plus(machine->registers[base], op->mem.disp);
	else if (op->mem.disp >= LOWEST_ADDRESS) /* [table + index × scale] */
		place.base = number(op->mem.disp);
	if (place.base.kind == VALUE_INDEX || is_number(&place.base))
		place.base = unknown;
	if (index < REGISTERS) {
		const struct value *by = &machine->registers[index];
		int64_t more = by->kind == VALUE_INDEX || is_number(by) ? by->offset * op->mem.scale : 0;

		place.base = plus(place.base, more);
		place.displacement = (int64_t)((uint64_t)place.displacement + (uint64_t)more);
		if (!is_number(by))
			place.base.indexed = true;
		if (is_pointer(by))
			place.base = unknown;
	}
	if (place.base.kind == VALUE_UNKNOWN) {
		place.reg = base;
		place.index = op->mem.scale == 1 ? index : NO_REGISTER;
	}
	return place;
}

struct value machine_load(const struct machine *machine, const struct place_at *place,
                         const struct machine_world *world)
{
	if (place->base.kind == VALUE_BLOCK)
		return unknown;
	if (place->base.kind == VALUE_FRAME && !place->base.indexed)
		for (size_t i = 0; i < machine->slot_count; i++)
			if (machine->slots[i].offset == place->base.offset)
				return machine->slots[i].value;
	return world->load ? world->load(world->context, machine, place) : unknown;
}

void machine_forget_slots(struct machine *machine, int64_t offset, int64_t size)
{
	size_t kept = 0;

	for (size_t i = 0; i < machine->slot_count; i++) {
		int64_t from = machine->slots[i].offset;

		if (from < offset + size && offset < from + 8)
			continue;
		machine->slots[kept++] = machine->slots[i];
	}
	machine->slot_count = kept;
}

void machine_store_sized(struct machine *machine, const struct place_at *place, struct value value, int64_t size,
                  const struct machine_world *world)
{
	if (place->base.kind == VALUE_FRAME && !place->base.indexed) {
		machine_forget_slots(machine, place->base.offset, size);
		if (size == 8 && value.kind != VALUE_UNKNOWN && machine->slot_count < MACHINE_SLOTS) {
			machine->slots[machine->slot_count].offset = place->base.offset;
			machine->slots[machine->slot_count++].value = value;
		}
	} else if (place->base.kind == VALUE_FRAME) {
		machine->slot_count = 0; /* somewhere in an array, whose end is not known */
	}
	if (size == 8 && world->store &&
	    (value.kind == VALUE_BLOCK || (place->base.kind == VALUE_BLOCK && value.kind == VALUE_ADDRESS)))
		world->store(world->context, machine, place, value);
}

void machine_store(struct machine *machine, const struct place_at *place, struct value value,
                   const struct machine_world *world)
{
	machine_store_sized(machine, place, value, 8, world);
}

/* ---- operands ------------------------------------------------------------------------------------------------- */

struct value machine_read(const struct machine *machine, const cs_insn *instruction, const cs_x86_op *op,
                                 const struct machine_world *world)
{
	struct place_at place;
	uint8_t reg;

	switch (op->type) {
	case X86_OP_REG:
		reg = machine_register(op->reg);
		return reg < REGISTERS && (op->size == 8 || (op->size == 4 && !is_pointer(&machine->registers[reg])))
		       ? machine->registers[reg] : unknown;
	case X86_OP_IMM:
		return number(op->imm);
	case X86_OP_MEM:
		if (op->size != 8)
			return unknown;
		place = machine_place(machine, instruction, op);
		return machine_load(machine, &place, world);
	default:
		return unknown;
	}
}

void machine_write(struct machine *machine, const cs_insn *instruction, const cs_x86_op *op,
                          struct value value, const struct machine_world *world)
{
	struct place_at place;
	uint8_t reg;

	if (op->type == X86_OP_REG) {
		reg = machine_register(op->reg);
		/* Only numbers survive a write of half a register. */
		if (reg < REGISTERS)
			machine->registers[reg] = op->size == 8 || (op->size == 4 && (value.kind == VALUE_ADDRESS ||
			                          is_number(&value) || value.kind == VALUE_INDEX))
			                          ? value : unknown;
	} else if (op->type == X86_OP_MEM) {
		place = machine_place(machine, instruction, op);
		machine_store_sized(machine, &place, value, op->size, world);
	}
}

/* Whatever the instruction writes is unknown. */
void machine_forget_written(struct machine *machine, const cs_insn *instruction)
{
	const cs_detail *detail = instruction->detail;
	const cs_x86 *x86 = &detail->x86;

	for (uint8_t i = 0; i < detail->regs_write_count; i++)
		if (machine_register(detail->regs_write[i]) != RSP)
			machine_forget(machine, detail->regs_write[i]);
	for (uint8_t i = 0; i < x86->op_count; i++) {
		const cs_x86_op *op = &x86->operands[i];

		/* capstone does not know of all first operands that they are written. */
		if (i && !(op->access & CS_AC_WRITE))
			continue;
		if (op->type == X86_OP_REG) {
			machine_forget(machine, op->reg);
		} else if (op->type == X86_OP_MEM) {
			struct place_at place = machine_place(machine, instruction, op);

			if (place.base.kind == VALUE_FRAME && !place.base.indexed)
				machine_forget_slots(machine, place.base.offset, op->size);
		}
	}
	machine->null_tested = false;
}
