/* machine.c: steps over x86-64 instructions; see machine.h. */
#include "types/machine_parts.h"

#include <string.h>

static const struct value unknown;

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

void machine_forget(struct machine *machine, unsigned reg)
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

static bool is_same(const struct value *a, const struct value *b)
{
	return a->kind == b->kind && a->offset == b->offset && a->indexed == b->indexed &&
	       (a->kind != VALUE_TYPED || a->type.addr == b->type.addr);
}

/* ---- one instruction ------------------------------------------------------------------------------------------ */

static void step_push(struct machine *machine, struct value value, const struct machine_world *world)
{
	struct place_at top = {.reg = NO_REGISTER, .index = NO_REGISTER};

	machine->registers[RSP] = plus(machine->registers[RSP], -8);
	top.base = machine->registers[RSP];
	if (top.base.kind == VALUE_FRAME)
		machine_store_sized(machine, &top, value, 8, world);
}

static struct value step_pop(struct machine *machine, const struct machine_world *world)
{
	struct place_at top = {.base = machine->registers[RSP], .reg = NO_REGISTER, .index = NO_REGISTER};
	struct value value = unknown;

	if (top.base.kind == VALUE_FRAME)
		value = machine_load(machine, &top, world);
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
	struct value left = machine_read(machine, instruction, &ops[0], world);
	struct value right = machine_read(machine, instruction, &ops[1], world), result = unknown;

	if (sign > 0) {
		result = sum(left, right);
	} else if (is_number(&right)) {
		right.offset = -right.offset;
		result = sum(left, right);
	}
	machine_forget_written(machine, instruction);
	if (ops[0].type == X86_OP_REG)
		machine_write(machine, instruction, &ops[0], result, world);
}

/* A shift of an index to the left. */
static void step_shift(struct machine *machine, const cs_insn *instruction, const struct machine_world *world)
{
	const cs_x86_op *ops = instruction->detail->x86.operands;
	struct value value = machine_read(machine, instruction, &ops[0], world);
	bool known = ops[1].type == X86_OP_IMM && ops[1].imm >= 0 && ops[1].imm < 16 && ops[0].type == X86_OP_REG &&
	             (value.kind == VALUE_INDEX || is_number(&value)) && value.offset < LOWEST_ADDRESS &&
	             value.offset > -LOWEST_ADDRESS;

	machine_forget_written(machine, instruction);
	if (!known)
		return;
	value.offset *= (int64_t)1 << ops[1].imm;
	machine_write(machine, instruction, &ops[0], value, world);
}

static bool is_zero(const cs_x86_op *op)
{
	return op->type == X86_OP_IMM && op->imm == 0;
}

static void step_compare(struct machine *machine, const cs_insn *instruction, const struct machine_world *world)
{
	const cs_x86_op *ops = instruction->detail->x86.operands;
	struct value value = machine_read(machine, instruction, &ops[0], world);
	bool self = instruction->id == X86_INS_TEST && ops[0].type == X86_OP_REG && ops[1].type == X86_OP_REG &&
	            ops[0].reg == ops[1].reg;

	machine->null_tested = value.kind == VALUE_BLOCK &&
	                       (self || (instruction->id == X86_INS_CMP && is_zero(&ops[1])));
}

static void step_cmov(struct machine *machine, const cs_insn *instruction, const struct machine_world *world)
{
	const cs_x86_op *ops = instruction->detail->x86.operands;
	struct value to = machine_read(machine, instruction, &ops[0], world);
	struct value from = machine_read(machine, instruction, &ops[1], world);
	struct value result = is_same(&to, &from) ? to : unknown;

	if (machine->null_tested && instruction->id == X86_INS_CMOVE)
		result = to;
	else if (machine->null_tested && instruction->id == X86_INS_CMOVNE)
		result = from;
	machine_write(machine, instruction, &ops[0], result, world);
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
	struct value left = machine_read(machine, instruction, &ops[0], world);
	struct value right = machine_read(machine, instruction, &ops[1], world);

	machine_write(machine, instruction, &ops[0], right, world);
	machine_write(machine, instruction, &ops[1], left, world);
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
		struct place_at place = machine_place(machine, instruction, &x86->operands[0]);

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
	if (machine_step_vector(machine, instruction, world))
		return stepped;
	switch (instruction->id) {
	case X86_INS_MOV: case X86_INS_MOVABS: case X86_INS_MOVSXD:
		if (x86->op_count != 2)
			break;
		value = machine_read(machine, instruction, &ops[1], world);
		machine_write(machine, instruction, &ops[0], value, world);
		return stepped;
	case X86_INS_LEA:
		if (x86->op_count != 2 || ops[1].type != X86_OP_MEM)
			break;
		place = machine_place(machine, instruction, &ops[1]);
		if (place.base.kind == VALUE_BLOCK && place.base.indexed)
			place.base = unknown;
		else if (place.base.kind == VALUE_UNKNOWN && ops[1].mem.segment == X86_REG_INVALID)
			place.base = index_of(machine, &ops[1]);
		machine_write(machine, instruction, &ops[0], place.base, world);
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
		value = machine_read(machine, instruction, &ops[0], world);
		step_push(machine, value, world);
		return stepped;
	case X86_INS_POP:
		value = step_pop(machine, world);
		machine_write(machine, instruction, &ops[0], value, world);
		return stepped;
	case X86_INS_LEAVE:
		machine->registers[RSP] = machine->registers[RBP];
		machine->registers[RBP] = step_pop(machine, world);
		return stepped;
	case X86_INS_XOR: /* of itself: zero */
		if (ops[0].type == X86_OP_REG && ops[1].type == X86_OP_REG && ops[0].reg == ops[1].reg) {
			machine_write(machine, instruction, &ops[0], number(0), world);
			machine->null_tested = false;
			return stepped;
		}
		break;
	case X86_INS_NOP: case X86_INS_ENDBR64: case X86_INS_PREFETCHT0: case X86_INS_PREFETCHW:
		return stepped;
	default:
		break;
	}
	machine_forget_written(machine, instruction);
	return stepped;
}
