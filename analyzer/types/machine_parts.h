/*
 * machine_parts.h: between machine.c, machine_operands.c and machine_vectors.c.
 */
#ifndef PROBE_TYPES_MACHINE_PARTS_H
#define PROBE_TYPES_MACHINE_PARTS_H

#include "types/machine.h"

/* Number of a vector register, −1 of others. */
static inline int vector_register(unsigned reg)
{
	if (reg >= X86_REG_XMM0 && reg <= X86_REG_XMM15)
		return (int)(reg - X86_REG_XMM0);
	if (reg >= X86_REG_YMM0 && reg <= X86_REG_YMM15)
		return (int)(reg - X86_REG_YMM0);
	return -1;
}

static inline struct value plus(struct value value, int64_t offset)
{
	if (value.kind != VALUE_UNKNOWN)
		value.offset = (int64_t)((uint64_t)value.offset + (uint64_t)offset);
	return value;
}

static inline struct value address(uint64_t vaddr)
{
	return (struct value){.kind = VALUE_ADDRESS, .offset = (int64_t)vaddr};
}

/* The lowest address of a program that is linked to a fixed place; an operand below is a number. */
#define LOWEST_ADDRESS 0x400000

static inline struct value number(int64_t number)
{
	return (struct value){.kind = number >= LOWEST_ADDRESS ? VALUE_ADDRESS : VALUE_NUMBER, .offset = number};
}

static inline bool is_number(const struct value *value)
{
	return value->kind == VALUE_NUMBER;
}

static inline bool is_pointer(const struct value *value)
{
	return value->kind == VALUE_BLOCK || value->kind == VALUE_FRAME || value->kind == VALUE_TYPED ||
	       value->kind == VALUE_ADDRESS;
}

/* Registers of any kind: what they hold is unknown from now on. */
void machine_forget(struct machine *machine, unsigned reg);

/* ---- machine_operands.c ---- */

struct place_at machine_place(const struct machine *machine, const cs_insn *instruction, const cs_x86_op *op);
struct value machine_load(const struct machine *machine, const struct place_at *place,
                          const struct machine_world *world);
void machine_store_sized(struct machine *machine, const struct place_at *place, struct value value, int64_t size,
                         const struct machine_world *world);
void machine_forget_slots(struct machine *machine, int64_t offset, int64_t size);
struct value machine_read(const struct machine *machine, const cs_insn *instruction, const cs_x86_op *op,
                          const struct machine_world *world);
void machine_write(struct machine *machine, const cs_insn *instruction, const cs_x86_op *op, struct value value,
                   const struct machine_world *world);
/* Whatever the instruction writes is unknown. */
void machine_forget_written(struct machine *machine, const cs_insn *instruction);

/* ---- machine_vectors.c ---- */

/* Moves of 8 and 16 bytes through vector registers, as compilers make them of two neighbours. False: none of these. */
bool machine_step_vector(struct machine *machine, const cs_insn *instruction, const struct machine_world *world);

#endif
