/* machine.c: steps over x86-64 instructions; see machine.h. */
#include "types/machine.h"

#include <string.h>

/* ---- registers ------------------------------------------------------------------------------------------------ */

uint8_t machine_register(unsigned reg)
{
	switch (reg) {
	case X86_REG_RAX: case X86_REG_EAX: case X86_REG_AX: case X86_REG_AL: case X86_REG_AH: return RAX;
	case X86_REG_RDX: case X86_REG_EDX: case X86_REG_DX: case X86_REG_DL: case X86_REG_DH: return RDX;
	case X86_REG_RCX: case X86_REG_ECX: case X86_REG_CX: case X86_REG_CL: case X86_REG_CH: return RCX;
	case X86_REG_RBX: case X86_REG_EBX: case X86_REG_BX: case X86_REG_BL: case X86_REG_BH: return RBX;
	case X86_REG_RSI: case X86_REG_ESI: case X86_REG_SI: case X86_REG_SIL: return RSI;
	case X86_REG_RDI: case X86_REG_EDI: case X86_REG_DI: case X86_REG_DIL: return RDI;
	case X86_REG_RBP: case X86_REG_EBP: case X86_REG_BP: case X86_REG_BPL: return RBP;
	case X86_REG_RSP: case X86_REG_ESP: case X86_REG_SP: case X86_REG_SPL: return RSP;
	case X86_REG_R8: case X86_REG_R8D: case X86_REG_R8W: case X86_REG_R8B: return 8;
	case X86_REG_R9: case X86_REG_R9D: case X86_REG_R9W: case X86_REG_R9B: return 9;
	case X86_REG_R10: case X86_REG_R10D: case X86_REG_R10W: case X86_REG_R10B: return 10;
	case X86_REG_R11: case X86_REG_R11D: case X86_REG_R11W: case X86_REG_R11B: return 11;
	case X86_REG_R12: case X86_REG_R12D: case X86_REG_R12W: case X86_REG_R12B: return 12;
	case X86_REG_R13: case X86_REG_R13D: case X86_REG_R13W: case X86_REG_R13B: return 13;
	case X86_REG_R14: case X86_REG_R14D: case X86_REG_R14W: case X86_REG_R14B: return 14;
	case X86_REG_R15: case X86_REG_R15D: case X86_REG_R15W: case X86_REG_R15B: return 15;
	default: return NO_REGISTER;
	}
}

static int vector_register(unsigned reg)
{
	if (reg >= X86_REG_XMM0 && reg <= X86_REG_XMM15)
		return (int)(reg - X86_REG_XMM0);
	if (reg >= X86_REG_YMM0 && reg <= X86_REG_YMM15)
		return (int)(reg - X86_REG_YMM0);
	return -1;
}

static const struct value unknown;

static struct value plus(struct value value, int64_t offset)
{
	if (value.kind != VALUE_UNKNOWN)
		value.offset = (int64_t)((uint64_t)value.offset + (uint64_t)offset);
	return value;
}

static struct value address(uint64_t vaddr)
{
	return (struct value){.kind = VALUE_ADDRESS, .offset = (int64_t)vaddr};
}

static bool is_same(const struct value *a, const struct value *b)
{
	return a->kind == b->kind && a->offset == b->offset && a->indexed == b->indexed &&
	       (a->kind != VALUE_TYPED || a->type.addr == b->type.addr);
}

static void forget(struct machine *machine, unsigned reg)
{
	uint8_t number = machine_register(reg);
	int vector = vector_register(reg);

	if (number < REGISTERS)
		machine->registers[number] = unknown;
	if (vector >= 0)
		machine->vectors[vector][0] = machine->vectors[vector][1] = unknown;
}

bool machine_has_block(const struct machine *machine)
{
	for (size_t i = 0; i < REGISTERS; i++)
		if (machine->registers[i].kind == VALUE_BLOCK || machine->vectors[i][0].kind == VALUE_BLOCK ||
		    machine->vectors[i][1].kind == VALUE_BLOCK)
			return true;
	for (size_t i = 0; i < machine->slot_count; i++)
		if (machine->slots[i].value.kind == VALUE_BLOCK)
			return true;
	return false;
}

void machine_called(struct machine *machine)
{
	static const uint8_t changed[] = {RAX, RDX, RCX, RSI, RDI, 8, 9, 10, 11};

	for (size_t i = 0; i < sizeof(changed); i++)
		machine->registers[changed[i]] = unknown;
	memset(machine->vectors, 0, sizeof(machine->vectors));
	machine->null_tested = false;
}

/* The lowest address of a program that is linked to a fixed place; an operand below is a number. */
#define LOWEST_ADDRESS 0x400000

static struct value number(int64_t number)
{
	return (struct value){.kind = number >= LOWEST_ADDRESS ? VALUE_ADDRESS : VALUE_NUMBER, .offset = number};
}

static bool is_number(const struct value *value)
{
	return value->kind == VALUE_NUMBER;
}

static bool is_pointer(const struct value *value)
{
	return value->kind == VALUE_BLOCK || value->kind == VALUE_FRAME || value->kind == VALUE_TYPED ||
	       value->kind == VALUE_ADDRESS;
}

/* ---- memory --------------------------------------------------------------------------------------------------- */

static struct place_at place_of(const struct machine *machine, const cs_insn *instruction, const cs_x86_op *op)
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

static struct value load(const struct machine *machine, const struct place_at *place,
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

static void forget_slots(struct machine *machine, int64_t offset, int64_t size)
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

static void store(struct machine *machine, const struct place_at *place, struct value value, int64_t size,
                  const struct machine_world *world)
{
	if (place->base.kind == VALUE_FRAME && !place->base.indexed) {
		forget_slots(machine, place->base.offset, size);
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
	store(machine, place, value, 8, world);
}

/* ---- operands ------------------------------------------------------------------------------------------------- */

static struct value read_operand(const struct machine *machine, const cs_insn *instruction, const cs_x86_op *op,
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
		place = place_of(machine, instruction, op);
		return load(machine, &place, world);
	default:
		return unknown;
	}
}

static void write_operand(struct machine *machine, const cs_insn *instruction, const cs_x86_op *op,
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
		place = place_of(machine, instruction, op);
		store(machine, &place, value, op->size, world);
	}
}

/* Whatever the instruction writes is unknown. */
static void forget_written(struct machine *machine, const cs_insn *instruction)
{
	const cs_detail *detail = instruction->detail;
	const cs_x86 *x86 = &detail->x86;

	for (uint8_t i = 0; i < detail->regs_write_count; i++)
		if (machine_register(detail->regs_write[i]) != RSP)
			forget(machine, detail->regs_write[i]);
	for (uint8_t i = 0; i < x86->op_count; i++) {
		const cs_x86_op *op = &x86->operands[i];

		/* capstone does not know of all first operands that they are written. */
		if (i && !(op->access & CS_AC_WRITE))
			continue;
		if (op->type == X86_OP_REG) {
			forget(machine, op->reg);
		} else if (op->type == X86_OP_MEM) {
			struct place_at place = place_of(machine, instruction, op);

			if (place.base.kind == VALUE_FRAME && !place.base.indexed)
				forget_slots(machine, place.base.offset, op->size);
		}
	}
	machine->null_tested = false;
}

/* ---- vectors -------------------------------------------------------------------------------------------------- */

static void read_halves(const struct machine *machine, const cs_insn *instruction, const cs_x86_op *op,
                        const struct machine_world *world, struct value halves[2])
{
	int vector = op->type == X86_OP_REG ? vector_register(op->reg) : -1;

	halves[0] = halves[1] = unknown;
	if (vector >= 0) {
		halves[0] = machine->vectors[vector][0];
		halves[1] = machine->vectors[vector][1];
	} else if (op->type == X86_OP_REG) {
		halves[0] = read_operand(machine, instruction, op, world);
	} else if (op->type == X86_OP_MEM) {
		struct place_at place = place_of(machine, instruction, op);

		halves[0] = load(machine, &place, world);
		place.base = plus(place.base, 8);
		place.displacement += 8;
		if (op->size >= 16)
			halves[1] = load(machine, &place, world);
	}
}

static void write_halves(struct machine *machine, const cs_insn *instruction, const cs_x86_op *op,
                         const struct machine_world *world, const struct value halves[2])
{
	int vector = op->type == X86_OP_REG ? vector_register(op->reg) : -1;

	if (vector >= 0) {
		machine->vectors[vector][0] = halves[0];
		machine->vectors[vector][1] = halves[1];
	} else if (op->type == X86_OP_MEM) {
		struct place_at place = place_of(machine, instruction, op);

		if (op->size > 16 && place.base.kind == VALUE_FRAME)
			forget_slots(machine, place.base.offset, op->size);
		store(machine, &place, halves[0], 8, world);
		place.base = plus(place.base, 8);
		place.displacement += 8;
		if (op->size >= 16)
			store(machine, &place, halves[1], 8, world);
	} else {
		write_operand(machine, instruction, op, halves[0], world);
	}
}

/* Moves of 8 and 16 bytes through vector registers, as compilers make them of two neighbours. False: none of these. */
static bool step_vector(struct machine *machine, const cs_insn *instruction, const struct machine_world *world)
{
	const cs_x86 *x86 = &instruction->detail->x86;
	const cs_x86_op *to = &x86->operands[0], *from = &x86->operands[x86->op_count ? x86->op_count - 1 : 0];
	struct value halves[2], other[2];

	switch (instruction->id) {
	case X86_INS_MOVQ: case X86_INS_VMOVQ:
		if (x86->op_count != 2)
			return false;
		read_halves(machine, instruction, from, world, halves);
		halves[1] = unknown;
		write_halves(machine, instruction, to, world, halves);
		return true;
	case X86_INS_MOVDQA: case X86_INS_MOVDQU: case X86_INS_MOVAPS: case X86_INS_MOVUPS: case X86_INS_MOVAPD:
	case X86_INS_MOVUPD: case X86_INS_VMOVDQA: case X86_INS_VMOVDQU: case X86_INS_VMOVAPS: case X86_INS_VMOVUPS:
		if (x86->op_count != 2)
			return false;
		read_halves(machine, instruction, from, world, halves);
		write_halves(machine, instruction, to, world, halves);
		return true;
	case X86_INS_PUNPCKLQDQ: case X86_INS_VPUNPCKLQDQ: case X86_INS_UNPCKLPD: case X86_INS_MOVLHPS:
		if (x86->op_count < 2)
			return false;
		read_halves(machine, instruction, &x86->operands[x86->op_count - 2], world, halves);
		read_halves(machine, instruction, from, world, other);
		halves[1] = other[0];
		write_halves(machine, instruction, to, world, halves);
		return true;
	case X86_INS_MOVHPS: case X86_INS_MOVHPD:
		if (x86->op_count != 2)
			return false;
		if (to->type == X86_OP_MEM) { /* the high half to memory */
			read_halves(machine, instruction, from, world, halves);
			halves[0] = halves[1];
			write_halves(machine, instruction, to, world, halves);
			return true;
		}
		read_halves(machine, instruction, to, world, halves);
		read_halves(machine, instruction, from, world, other);
		halves[1] = other[0];
		write_halves(machine, instruction, to, world, halves);
		return true;
	case X86_INS_MOVLPS: case X86_INS_MOVLPD:
		if (x86->op_count != 2 || to->type != X86_OP_MEM)
			return false;
		read_halves(machine, instruction, from, world, halves);
		write_halves(machine, instruction, to, world, halves);
		return true;
	case X86_INS_PINSRQ: case X86_INS_VPINSRQ:
		if (x86->op_count < 3 || from->type != X86_OP_IMM)
			return false;
		read_halves(machine, instruction, &x86->operands[x86->op_count - 3], world, halves);
		read_halves(machine, instruction, &x86->operands[x86->op_count - 2], world, other);
		halves[from->imm & 1] = other[0];
		write_halves(machine, instruction, to, world, halves);
		return true;
	default:
		return false;
	}
}

/* ---- one instruction ------------------------------------------------------------------------------------------ */

static void step_push(struct machine *machine, struct value value, const struct machine_world *world)
{
	struct place_at top = {.reg = NO_REGISTER, .index = NO_REGISTER};

	machine->registers[RSP] = plus(machine->registers[RSP], -8);
	top.base = machine->registers[RSP];
	if (top.base.kind == VALUE_FRAME)
		store(machine, &top, value, 8, world);
}

static struct value step_pop(struct machine *machine, const struct machine_world *world)
{
	struct place_at top = {.base = machine->registers[RSP], .reg = NO_REGISTER, .index = NO_REGISTER};
	struct value value = unknown;

	if (top.base.kind == VALUE_FRAME)
		value = load(machine, &top, world);
	machine->registers[RSP] = plus(machine->registers[RSP], 8);
	return value;
}

/* A sum; of the block and anything that is not known nothing is known. */
static struct value sum(struct value left, struct value right)
{
	if (is_number(&right) && left.kind != VALUE_UNKNOWN)
		return plus(left, right.offset);
	if (is_number(&left) && right.kind != VALUE_UNKNOWN)
		return plus(right, left.offset);
	if (is_number(&left) || is_number(&right))
		return (struct value){.kind = VALUE_INDEX, .offset = is_number(&left) ? left.offset : right.offset};
	if (is_pointer(&right) && !is_pointer(&left)) {
		struct value other = left;

		left = right;
		right = other;
	}
	if (left.kind == VALUE_BLOCK || !is_pointer(&left) || is_pointer(&right))
		return unknown;
	left = plus(left, right.kind == VALUE_INDEX ? right.offset : 0);
	left.indexed = true;
	return left;
}

static void step_add(struct machine *machine, const cs_insn *instruction, int sign, const struct machine_world *world)
{
	const cs_x86_op *ops = instruction->detail->x86.operands;
	struct value left = read_operand(machine, instruction, &ops[0], world);
	struct value right = read_operand(machine, instruction, &ops[1], world), result = unknown;

	if (sign > 0) {
		result = sum(left, right);
	} else if (is_number(&right)) {
		right.offset = -right.offset;
		result = sum(left, right);
	}
	forget_written(machine, instruction);
	if (ops[0].type == X86_OP_REG)
		write_operand(machine, instruction, &ops[0], result, world);
}

/* A shift of an index to the left. */
static void step_shift(struct machine *machine, const cs_insn *instruction, const struct machine_world *world)
{
	const cs_x86_op *ops = instruction->detail->x86.operands;
	struct value value = read_operand(machine, instruction, &ops[0], world);
	bool known = ops[1].type == X86_OP_IMM && ops[1].imm >= 0 && ops[1].imm < 16 && ops[0].type == X86_OP_REG &&
	             (value.kind == VALUE_INDEX || is_number(&value)) && value.offset < LOWEST_ADDRESS &&
	             value.offset > -LOWEST_ADDRESS;

	forget_written(machine, instruction);
	if (!known)
		return;
	value.offset *= (int64_t)1 << ops[1].imm;
	write_operand(machine, instruction, &ops[0], value, world);
}

static bool is_zero(const cs_x86_op *op)
{
	return op->type == X86_OP_IMM && op->imm == 0;
}

static void step_compare(struct machine *machine, const cs_insn *instruction, const struct machine_world *world)
{
	const cs_x86_op *ops = instruction->detail->x86.operands;
	struct value value = read_operand(machine, instruction, &ops[0], world);
	bool self = instruction->id == X86_INS_TEST && ops[0].type == X86_OP_REG && ops[1].type == X86_OP_REG &&
	            ops[0].reg == ops[1].reg;

	machine->null_tested = value.kind == VALUE_BLOCK &&
	                       (self || (instruction->id == X86_INS_CMP && is_zero(&ops[1])));
}

static void step_cmov(struct machine *machine, const cs_insn *instruction, const struct machine_world *world)
{
	const cs_x86_op *ops = instruction->detail->x86.operands;
	struct value to = read_operand(machine, instruction, &ops[0], world);
	struct value from = read_operand(machine, instruction, &ops[1], world);
	struct value result = is_same(&to, &from) ? to : unknown;

	if (machine->null_tested && instruction->id == X86_INS_CMOVE)
		result = to;
	else if (machine->null_tested && instruction->id == X86_INS_CMOVNE)
		result = from;
	write_operand(machine, instruction, &ops[0], result, world);
}

/* What an address is that is none: a sum of unknown numbers, and an offset. */
static struct value index_of(const struct machine *machine, const cs_x86_op *op)
{
	uint8_t base = machine_register(op->mem.base), index = machine_register(op->mem.index);
	struct value result = {.kind = VALUE_INDEX, .offset = op->mem.disp};

	if ((base < REGISTERS && is_pointer(&machine->registers[base])) ||
	    (index < REGISTERS && is_pointer(&machine->registers[index])))
		return unknown;
	if (base < REGISTERS && machine->registers[base].kind != VALUE_UNKNOWN)
		result = plus(result, machine->registers[base].offset);
	if (index < REGISTERS && machine->registers[index].kind != VALUE_UNKNOWN)
		result = plus(result, machine->registers[index].offset * op->mem.scale);
	return result;
}

static void step_exchange(struct machine *machine, const cs_insn *instruction, const struct machine_world *world)
{
	const cs_x86_op *ops = instruction->detail->x86.operands;
	struct value left = read_operand(machine, instruction, &ops[0], world);
	struct value right = read_operand(machine, instruction, &ops[1], world);

	write_operand(machine, instruction, &ops[0], right, world);
	write_operand(machine, instruction, &ops[1], left, world);
}

static struct stepped step_to(const struct machine *machine, const cs_insn *instruction, enum step step)
{
	const cs_x86 *x86 = &instruction->detail->x86;
	struct stepped stepped = {.step = step};

	if (!x86->op_count)
		return stepped;
	if (x86->operands[0].type == X86_OP_IMM) {
		stepped.target = (uint64_t)x86->operands[0].imm;
	} else if (x86->operands[0].type == X86_OP_MEM) {
		struct place_at place = place_of(machine, instruction, &x86->operands[0]);

		if (place.base.kind == VALUE_ADDRESS && !place.base.indexed)
			stepped.through = (uint64_t)place.base.offset;
	} else if (x86->operands[0].type == X86_OP_REG) {
		uint8_t reg = machine_register(x86->operands[0].reg);

		if (reg < REGISTERS && machine->registers[reg].kind == VALUE_ADDRESS)
			stepped.target = (uint64_t)machine->registers[reg].offset;
	}
	return stepped;
}

static bool is_in_group(const cs_insn *instruction, uint8_t group)
{
	for (uint8_t i = 0; i < instruction->detail->groups_count; i++)
		if (instruction->detail->groups[i] == group)
			return true;
	return false;
}

static struct stepped step_control(struct machine *machine, const cs_insn *instruction)
{
	struct stepped stepped;

	if (instruction->id == X86_INS_JMP) {
		stepped = step_to(machine, instruction, STEP_JUMP);
		if (!stepped.target && !stepped.through)
			stepped.step = STEP_STOP;
		return stepped;
	}
	if (is_in_group(instruction, CS_GRP_CALL))
		return step_to(machine, instruction, STEP_CALL);
	if (is_in_group(instruction, CS_GRP_RET))
		return (struct stepped){.step = STEP_RETURN};
	if (is_in_group(instruction, CS_GRP_JUMP)) {
		stepped = step_to(machine, instruction, STEP_BRANCH);
		stepped.never = machine->null_tested && (instruction->id == X86_INS_JE || instruction->id == X86_INS_JS);
		stepped.always = machine->null_tested && instruction->id == X86_INS_JNE;
		return stepped;
	}
	if (instruction->id == X86_INS_UD2 || instruction->id == X86_INS_HLT || instruction->id == X86_INS_INT3)
		return (struct stepped){.step = STEP_STOP};
	return (struct stepped){.step = STEP_ON};
}

struct stepped machine_step(struct machine *machine, const cs_insn *instruction, const struct machine_world *world)
{
	const cs_x86 *x86 = &instruction->detail->x86;
	const cs_x86_op *ops = x86->operands;
	struct stepped stepped = step_control(machine, instruction);
	struct place_at place;
	struct value value;

	if (stepped.step != STEP_ON)
		return stepped;
	if (step_vector(machine, instruction, world))
		return stepped;
	switch (instruction->id) {
	case X86_INS_MOV: case X86_INS_MOVABS: case X86_INS_MOVSXD:
		if (x86->op_count != 2)
			break;
		value = read_operand(machine, instruction, &ops[1], world);
		write_operand(machine, instruction, &ops[0], value, world);
		return stepped;
	case X86_INS_LEA:
		if (x86->op_count != 2 || ops[1].type != X86_OP_MEM)
			break;
		place = place_of(machine, instruction, &ops[1]);
		if (place.base.kind == VALUE_BLOCK && place.base.indexed)
			place.base = unknown;
		else if (place.base.kind == VALUE_UNKNOWN && ops[1].mem.segment == X86_REG_INVALID)
			place.base = index_of(machine, &ops[1]);
		write_operand(machine, instruction, &ops[0], place.base, world);
		return stepped;
	case X86_INS_ADD:
		if (x86->op_count != 2)
			break;
		step_add(machine, instruction, 1, world);
		return stepped;
	case X86_INS_SUB:
		if (x86->op_count != 2)
			break;
		step_add(machine, instruction, -1, world);
		return stepped;
	case X86_INS_SHL: case X86_INS_SAL:
		if (x86->op_count != 2)
			break;
		step_shift(machine, instruction, world);
		return stepped;
	case X86_INS_TEST: case X86_INS_CMP:
		if (x86->op_count == 2)
			step_compare(machine, instruction, world);
		return stepped;
	case X86_INS_CMOVE: case X86_INS_CMOVNE: case X86_INS_CMOVA: case X86_INS_CMOVAE: case X86_INS_CMOVB:
	case X86_INS_CMOVBE: case X86_INS_CMOVG: case X86_INS_CMOVGE: case X86_INS_CMOVL: case X86_INS_CMOVLE:
	case X86_INS_CMOVS: case X86_INS_CMOVNS:
		step_cmov(machine, instruction, world);
		return stepped;
	case X86_INS_XCHG:
		if (x86->op_count != 2)
			break;
		step_exchange(machine, instruction, world);
		return stepped;
	case X86_INS_PUSH:
		value = read_operand(machine, instruction, &ops[0], world);
		step_push(machine, value, world);
		return stepped;
	case X86_INS_POP:
		value = step_pop(machine, world);
		write_operand(machine, instruction, &ops[0], value, world);
		return stepped;
	case X86_INS_LEAVE:
		machine->registers[RSP] = machine->registers[RBP];
		machine->registers[RBP] = step_pop(machine, world);
		return stepped;
	case X86_INS_XOR: /* of itself: zero */
		if (ops[0].type == X86_OP_REG && ops[1].type == X86_OP_REG && ops[0].reg == ops[1].reg) {
			write_operand(machine, instruction, &ops[0], number(0), world);
			machine->null_tested = false;
			return stepped;
		}
		break;
	case X86_INS_NOP: case X86_INS_ENDBR64: case X86_INS_PREFETCHT0: case X86_INS_PREFETCHW:
		return stepped;
	default:
		break;
	}
	forget_written(machine, instruction);
	return stepped;
}
