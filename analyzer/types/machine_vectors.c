/* machine_vectors.c: pointers in vector registers; see machine.h. */
#include "types/machine_parts.h"

static const struct value unknown;

static void read_halves(const struct machine *machine, const cs_insn *instruction, const cs_x86_op *op,
                        const struct machine_world *world, struct value halves[2])
{
	int vector = op->type == X86_OP_REG ? vector_register(op->reg) : -1;

	halves[0] = halves[1] = unknown;
	if (vector >= 0) {
		halves[0] = machine->vectors[vector][0];
		halves[1] = machine->vectors[vector][1];
	} else if (op->type == X86_OP_REG) {
		halves[0] = machine_read(machine, instruction, op, world);
	} else if (op->type == X86_OP_MEM) {
		struct place_at place = machine_place(machine, instruction, op);

		halves[0] = machine_load(machine, &place, world);
		place.base = plus(place.base, 8);
		place.displacement += 8;
		if (op->size >= 16)
			halves[1] = machine_load(machine, &place, world);
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
		struct place_at place = machine_place(machine, instruction, op);

		if (op->size > 16 && place.base.kind == VALUE_FRAME)
			machine_forget_slots(machine, place.base.offset, op->size);
		machine_store_sized(machine, &place, halves[0], 8, world);
		place.base = plus(place.base, 8);
		place.displacement += 8;
		if (op->size >= 16)
			machine_store_sized(machine, &place, halves[1], 8, world);
	} else {
		machine_write(machine, instruction, op, halves[0], world);
	}
}

/* Moves of 8 and 16 bytes through vector registers, as compilers make them of two neighbours. False: none of these. */
bool machine_step_vector(struct machine *machine, const cs_insn *instruction, const struct machine_world *world)
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
