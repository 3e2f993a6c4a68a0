/*
 * expression.c: DWARF expressions as they stand in call frame information. One evaluator for two questions: what does
 * this come to as a formula over sp or bp (so that it becomes a rule of eight bytes), and what does it come to now,
 * with all registers known. Bounded: no branches backwards or forwards, a small stack, memory only within bounds.
 */
#include "stack.h"

enum {
	OP_ADDR = 0x03, OP_DEREF = 0x06, OP_CONST1U = 0x08, OP_CONST1S = 0x09, OP_CONST2U = 0x0a,
	OP_CONST2S = 0x0b, OP_CONST4U = 0x0c, OP_CONST4S = 0x0d, OP_CONST8U = 0x0e, OP_CONST8S = 0x0f,
	OP_CONSTU = 0x10, OP_CONSTS = 0x11, OP_DUP = 0x12, OP_DROP = 0x13, OP_OVER = 0x14, OP_SWAP = 0x16,
	OP_AND = 0x1a, OP_MINUS = 0x1c, OP_MUL = 0x1e, OP_NEG = 0x1f, OP_NOT = 0x20, OP_OR = 0x21,
	OP_PLUS = 0x22, OP_PLUS_UCONST = 0x23, OP_SHL = 0x24, OP_SHR = 0x25, OP_SHRA = 0x26, OP_XOR = 0x27,
	OP_EQ = 0x29, OP_GE = 0x2a, OP_GT = 0x2b, OP_LE = 0x2c, OP_LT = 0x2d, OP_NE = 0x2e, OP_LIT0 = 0x30,
	OP_LIT31 = 0x4f, OP_BREG0 = 0x70, OP_BREG31 = 0x8f, OP_BREGX = 0x92, OP_NOP = 0x96,
};

#define STACK_MAX 16

static struct value number(uint64_t n)
{
	return (struct value){.kind = VALUE_NUMBER, .n = (int64_t)n};
}

/* v + n for any kind of v: all of them end in a sum. */
static struct value add(struct value v, int64_t n)
{
	if (v.kind == VALUE_MEMORY)
		v.k = (int64_t)((uint64_t)v.k + (uint64_t)n);
	else
		v.n = (int64_t)((uint64_t)v.n + (uint64_t)n);
	return v;
}

static struct value base(uint64_t reg, int64_t offset, const struct registers *registers, uintptr_t pc)
{
	if (registers) {
		if (reg < REGISTERS && registers->known >> reg & 1)
			return number(registers->value[reg] + (uint64_t)offset);
		return (struct value){.kind = VALUE_NONE};
	}
	if (reg == DWARF_RA)
		return number(pc + (uint64_t)offset);
	if (reg >= REGISTERS)
		return (struct value){.kind = VALUE_NONE};
	return (struct value){.kind = VALUE_BASE, .base = (uint8_t)reg, .n = offset};
}

static struct value dereference(struct value v, struct bounds *bounds)
{
	uintptr_t word;

	if (v.kind == VALUE_BASE)
		return (struct value){.kind = VALUE_MEMORY, .base = v.base, .n = v.n};
	if (v.kind == VALUE_NUMBER && bounds && bounds_word(bounds, (uintptr_t)v.n, &word))
		return number(word);
	return (struct value){.kind = VALUE_NONE};
}

static struct value binary(uint8_t operation, struct value a, struct value b)
{
	uint64_t x = (uint64_t)a.n, y = (uint64_t)b.n;

	if (operation == OP_PLUS && b.kind == VALUE_NUMBER)
		return add(a, b.n);
	if (operation == OP_PLUS && a.kind == VALUE_NUMBER)
		return add(b, a.n);
	if (operation == OP_MINUS && b.kind == VALUE_NUMBER)
		return add(a, (int64_t)(0 - y));
	if (a.kind != VALUE_NUMBER || b.kind != VALUE_NUMBER)
		return (struct value){.kind = VALUE_NONE};
	switch (operation) {
	case OP_AND:
		return number(x & y);
	case OP_OR:
		return number(x | y);
	case OP_XOR:
		return number(x ^ y);
	case OP_MUL:
		return number(x * y);
	case OP_SHL:
		return number(y < 64 ? x << y : 0);
	case OP_SHR:
		return number(y < 64 ? x >> y : 0);
	case OP_SHRA:
		return number((uint64_t)((int64_t)x >> (y < 64 ? y : 63)));
	case OP_EQ:
		return number(x == y);
	case OP_NE:
		return number(x != y);
	case OP_GE:
		return number((int64_t)x >= (int64_t)y);
	case OP_GT:
		return number((int64_t)x > (int64_t)y);
	case OP_LE:
		return number((int64_t)x <= (int64_t)y);
	case OP_LT:
		return number((int64_t)x < (int64_t)y);
	}
	return (struct value){.kind = VALUE_NONE};
}

/* Constants: fixed sizes by operation, then the variable ones. */
static uint64_t constant(uint8_t operation, struct reader *reader)
{
	switch (operation) {
	case OP_CONST1U:
		return read_fixed(reader, 1);
	case OP_CONST1S:
		return (uint64_t)(int8_t)read_fixed(reader, 1);
	case OP_CONST2U:
		return read_fixed(reader, 2);
	case OP_CONST2S:
		return (uint64_t)(int16_t)read_fixed(reader, 2);
	case OP_CONST4U:
		return read_fixed(reader, 4);
	case OP_CONST4S:
		return (uint64_t)(int32_t)read_fixed(reader, 4);
	case OP_CONSTU:
		return read_uleb(reader);
	case OP_CONSTS:
		return (uint64_t)read_sleb(reader);
	default:
		return read_fixed(reader, 8);
	}
}

struct value expression(const uint8_t *block, const struct registers *registers, struct bounds *bounds, uintptr_t pc,
	const uintptr_t *push)
{
	/* The block's length was checked when its row was made. */
	struct reader whole = {.at = block, .end = block + (1u << 20), .bad = false};
	struct reader reader = read_block(&whole);
	struct value stack[STACK_MAX], swap;
	unsigned depth = 0;
	const struct value none = {.kind = VALUE_NONE};

	if (push)
		stack[depth++] = number(*push);
	while (reader.at < reader.end && !reader.bad) {
		uint8_t operation = *reader.at++;
		struct value made = none;
		uint64_t reg;

		if (operation >= OP_LIT0 && operation <= OP_LIT31) {
			made = number(operation - OP_LIT0);
		} else if (operation >= OP_BREG0 && operation <= OP_BREG31) {
			made = base(operation - OP_BREG0, read_sleb(&reader), registers, pc);
		} else if (operation == OP_BREGX) {
			reg = read_uleb(&reader);
			made = base(reg, read_sleb(&reader), registers, pc);
		} else if (operation == OP_ADDR || (operation >= OP_CONST1U && operation <= OP_CONSTS)) {
			made = number(constant(operation, &reader));
		} else if (operation == OP_NOP) {
			continue;
		} else if (depth < 1) {
			return none;
		} else if (operation == OP_DUP) {
			made = stack[depth - 1];
		} else if (operation == OP_DROP) {
			depth--;
			continue;
		} else if (operation == OP_DEREF) {
			made = dereference(stack[--depth], bounds);
		} else if (operation == OP_PLUS_UCONST) {
			depth--;
			made = add(stack[depth], (int64_t)read_uleb(&reader));
		} else if (operation == OP_NEG && stack[depth - 1].kind == VALUE_NUMBER) {
			depth--;
			made = number(0 - (uint64_t)stack[depth].n);
		} else if (operation == OP_NOT && stack[depth - 1].kind == VALUE_NUMBER) {
			depth--;
			made = number(~(uint64_t)stack[depth].n);
		} else if (depth < 2) {
			return none;
		} else if (operation == OP_OVER) {
			made = stack[depth - 2];
		} else if (operation == OP_SWAP) {
			swap = stack[depth - 1];
			stack[depth - 1] = stack[depth - 2];
			stack[depth - 2] = swap;
			continue;
		} else {
			depth -= 2;
			made = binary(operation, stack[depth], stack[depth + 1]);
		}
		if (made.kind == VALUE_NONE || depth == STACK_MAX)
			return none;
		stack[depth++] = made;
	}
	return reader.bad || depth == 0 ? none : stack[depth - 1];
}
