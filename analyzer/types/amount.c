/*
 * amount.c: follows numbers through the instructions before a call; see amount.h. A number is a factor times something
 * that is unknown, and a constant: so much is kept of a product by any number of shifts and sums. The instructions are
 * read in the order in which they stand; where another path may join them, all is unknown from there on.
 */
#include "types/amount.h"

#include <stdlib.h>
#include <string.h>

#include "types/machine.h"
#include "util.h"

#define BEFORE    400         /* bytes: how much before the call is looked at */
#define SLOTS     32          /* places of the frame whose number is known; further ones are not */
#define JOINS     64          /* of other paths; if there are more, nothing is believed */
#define ARGUMENTS 4

struct number {
	uint32_t  thing;          /* which unknown one; 0: none, it is a constant */
	bool      known;          /* else no instruction said anything of it yet */
	bool      is_computed;    /* by arithmetic */
	uint64_t  factor, constant;
};

struct slot {
	uint8_t   reg;            /* RSP or RBP */
	int64_t   offset;
	struct number number;
};

struct numbers {
	struct number registers[REGISTERS];
	struct slot slots[SLOTS];
	size_t    slot_count;
	uint32_t  things;         /* so far */
};

struct arguments {
	struct number list[ARGUMENTS];
	const char *callee;       /* the file's; NULL unknown */
};

/* ---- numbers -------------------------------------------------------------------------------------------------- */

static struct number fresh(struct numbers *numbers)
{
	return (struct number){.thing = ++numbers->things, .known = true, .factor = 1};
}

static struct number constant(uint64_t value)
{
	return (struct number){.known = true, .constant = value};
}

static uint64_t common(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static struct number plus(struct numbers *numbers, struct number a, struct number b)
{
	struct number result = {.known = true, .is_computed = true, .constant = a.constant + b.constant};

	if (!a.thing || !b.thing || a.thing == b.thing) {
		result.thing = a.thing ? a.thing : b.thing;
		result.factor = a.factor + b.factor;
	} else {
		result.thing = ++numbers->things;
		result.factor = common(a.factor, b.factor);
	}
	return result;
}

static struct number times(struct numbers *numbers, struct number a, struct number b)
{
	struct number result = {.known = true, .is_computed = true};

	if (a.thing && b.thing) {
		result = fresh(numbers);
		result.is_computed = true;
		if (!a.constant && !b.constant)
			result.factor = a.factor * b.factor;
		return result;
	}
	if (b.thing) {
		struct number other = a;

		a = b;
		b = other;
	}
	result.thing = a.thing;
	result.factor = a.factor * b.constant;
	result.constant = a.constant * b.constant;
	return result;
}

/* ---- instructions --------------------------------------------------------------------------------------------- */

static struct number *slot_at(struct numbers *numbers, const cs_x86_op *op)
{
	uint8_t reg = machine_register(op->mem.base);
	struct slot *slot;

	if (op->type != X86_OP_MEM || op->mem.index != X86_REG_INVALID || op->mem.segment != X86_REG_INVALID ||
	    (reg != RSP && reg != RBP))
		return NULL;
	for (size_t i = 0; i < numbers->slot_count; i++)
		if (numbers->slots[i].reg == reg && numbers->slots[i].offset == op->mem.disp)
			return &numbers->slots[i].number;
	if (numbers->slot_count == SLOTS)
		return NULL;
	slot = &numbers->slots[numbers->slot_count++];
	*slot = (struct slot){.reg = reg, .offset = op->mem.disp};
	return &slot->number;
}

static struct number of_register(struct numbers *numbers, unsigned reg)
{
	uint8_t at = machine_register(reg);

	if (at >= REGISTERS)
		return fresh(numbers);
	if (!numbers->registers[at].known)
		numbers->registers[at] = fresh(numbers);
	return numbers->registers[at];
}

static struct number read(struct numbers *numbers, const cs_x86_op *op)
{
	struct number *slot;

	if (op->type == X86_OP_IMM)
		return constant((uint64_t)op->imm);
	if (op->type == X86_OP_REG && op->size >= 4)
		return of_register(numbers, op->reg);
	slot = slot_at(numbers, op);
	if (!slot || op->size < 4)
		return fresh(numbers);
	if (!slot->known)
		*slot = fresh(numbers);
	return *slot;
}

static void write(struct numbers *numbers, const cs_x86_op *op, struct number number)
{
	uint8_t reg = op->type == X86_OP_REG ? machine_register(op->reg) : NO_REGISTER;
	struct number *slot;

	if (op->size < 4)
		number = fresh(numbers);
	if (reg < REGISTERS)
		numbers->registers[reg] = number;
	else if ((slot = slot_at(numbers, op)))
		*slot = number;
}

/* The stack pointer moves: what lies by it is elsewhere. */
static void forget_slots(struct numbers *numbers, uint8_t reg)
{
	size_t kept = 0;

	for (size_t i = 0; i < numbers->slot_count; i++)
		if (numbers->slots[i].reg != reg)
			numbers->slots[kept++] = numbers->slots[i];
	numbers->slot_count = kept;
}

static void forget_written(struct numbers *numbers, const cs_insn *instruction)
{
	const cs_detail *detail = instruction->detail;

	for (uint8_t i = 0; i < detail->regs_write_count; i++) {
		uint8_t reg = machine_register(detail->regs_write[i]);

		if (reg < REGISTERS)
			numbers->registers[reg] = (struct number){0};
		if (reg == RSP || reg == RBP)
			forget_slots(numbers, reg);
	}
	for (uint8_t i = 0; i < detail->x86.op_count; i++)
		if (!i || (detail->x86.operands[i].access & CS_AC_WRITE))
			write(numbers, &detail->x86.operands[i], fresh(numbers));
}

static struct number address(struct numbers *numbers, const cs_x86_op *op)
{
	struct number sum = constant((uint64_t)op->mem.disp);

	if (op->mem.base == X86_REG_RIP || op->mem.segment != X86_REG_INVALID)
		return fresh(numbers);
	if (op->mem.base != X86_REG_INVALID)
		sum = plus(numbers, sum, of_register(numbers, op->mem.base));
	if (op->mem.index != X86_REG_INVALID)
		sum = plus(numbers, sum, times(numbers, of_register(numbers, op->mem.index), constant((uint64_t)op->mem.scale)));
	return sum;
}

static void step(struct numbers *numbers, const cs_insn *instruction)
{
	const cs_x86 *x86 = &instruction->detail->x86;
	const cs_x86_op *ops = x86->operands;
	struct number left, right;

	switch (instruction->id) {
	case X86_INS_CMP: case X86_INS_TEST: case X86_INS_NOP: case X86_INS_ENDBR64:
		return;
	case X86_INS_MOV: case X86_INS_MOVABS: case X86_INS_MOVSXD:
		if (x86->op_count != 2 || ops[1].size < 4)
			break;
		right = read(numbers, &ops[1]);
		forget_written(numbers, instruction);
		write(numbers, &ops[0], right);
		return;
	case X86_INS_LEA:
		right = address(numbers, &ops[1]);
		forget_written(numbers, instruction);
		write(numbers, &ops[0], right);
		return;
	case X86_INS_ADD: case X86_INS_SUB:
		left = read(numbers, &ops[0]);
		right = read(numbers, &ops[1]);
		forget_written(numbers, instruction);
		if (instruction->id == X86_INS_SUB)
			right = times(numbers, right, constant(UINT64_MAX));
		write(numbers, &ops[0], plus(numbers, left, right));
		return;
	case X86_INS_SHL: case X86_INS_SAL:
		if (x86->op_count != 2 || ops[1].type != X86_OP_IMM || ops[1].imm < 0 || ops[1].imm > 32)
			break;
		left = times(numbers, read(numbers, &ops[0]), constant(1ull << ops[1].imm));
		forget_written(numbers, instruction);
		write(numbers, &ops[0], left);
		return;
	case X86_INS_IMUL: case X86_INS_MUL:
		if (x86->op_count == 1) {
			left = times(numbers, of_register(numbers, X86_REG_RAX), read(numbers, &ops[0]));
			numbers->registers[RDX] = (struct number){0};
			numbers->registers[RAX] = left;
			return;
		}
		left = read(numbers, &ops[x86->op_count - 2]);
		right = read(numbers, &ops[x86->op_count - 1]);
		forget_written(numbers, instruction);
		write(numbers, &ops[0], times(numbers, left, right));
		return;
	case X86_INS_XOR:
		if (ops[0].type != X86_OP_REG || ops[1].type != X86_OP_REG || ops[0].reg != ops[1].reg)
			break;
		write(numbers, &ops[0], constant(0));
		return;
	case X86_INS_CMOVO: case X86_INS_CMOVB: case X86_INS_CMOVA: case X86_INS_CMOVAE: case X86_INS_CMOVBE:
	case X86_INS_CMOVNO: case X86_INS_CMOVE: case X86_INS_CMOVNE:
		/* In place of a product that overflows, the largest number. */
		left = read(numbers, &ops[0]);
		right = read(numbers, &ops[1]);
		if (right.known && !right.thing && right.constant >= INT64_MAX)
			return;
		if (left.known && !left.thing && left.constant >= INT64_MAX) {
			write(numbers, &ops[0], right);
			return;
		}
		break;
	default:
		break;
	}
	forget_written(numbers, instruction);
}

/* ---- calls ---------------------------------------------------------------------------------------------------- */

static bool is_in_group(const cs_insn *instruction, uint8_t group)
{
	for (uint8_t i = 0; i < instruction->detail->groups_count; i++)
		if (instruction->detail->groups[i] == group)
			return true;
	return false;
}

/* Addresses that are jumped to, between the two. False: too many, or the instructions do not meet the call. */
static bool find_joins(struct program *program, uint64_t start, uint64_t call, uint64_t joins[JOINS], size_t *count)
{
	*count = 0;
	for (uint64_t pc = start; pc < call;) {
		const cs_insn *instruction = program_instruction(program, pc);
		const cs_x86_op *op = instruction ? &instruction->detail->x86.operands[0] : NULL;

		if (!instruction)
			return false;
		if (is_in_group(instruction, CS_GRP_JUMP) && op->type == X86_OP_IMM && (uint64_t)op->imm > start &&
		    (uint64_t)op->imm < call) {
			if (*count == JOINS)
				return false;
			joins[(*count)++] = (uint64_t)op->imm;
		}
		pc += instruction->size;
		if (pc == call)
			return true;
	}
	return false;
}

static void called(struct numbers *numbers)
{
	static const uint8_t changed[] = {RAX, RDX, RCX, RSI, RDI, 8, 9, 10, 11};

	for (size_t i = 0; i < sizeof(changed); i++)
		numbers->registers[changed[i]] = (struct number){0};
}

static const char *callee_of(struct program *program, const struct function *function, const cs_insn *call)
{
	const cs_x86_op *op = &call->detail->x86.operands[0];
	uint64_t target = 0, through = 0;

	if (op->type == X86_OP_IMM)
		target = (uint64_t)op->imm;
	else if (op->type == X86_OP_MEM && op->mem.base == X86_REG_RIP)
		through = call->address + call->size + (uint64_t)op->mem.disp;
	return target || through ? program_callee(program, function, target, through).name : NULL;
}

static bool read_arguments(struct program *program, uint64_t call, struct arguments *arguments)
{
	static const uint8_t in[ARGUMENTS] = {RDI, RSI, RDX, RCX};
	const struct function *function = program_function(program, call - 1);
	uint64_t start = function_window(function, call, BEFORE), joins[JOINS];
	struct numbers numbers = {0};
	size_t count;

	*arguments = (struct arguments){0};
	if (!start || !find_joins(program, start, call, joins, &count))
		return false;
	for (uint64_t pc = start; pc < call;) {
		const cs_insn *instruction = program_instruction(program, pc);

		if (!instruction)
			return false;
		for (size_t i = 0; i < count; i++)
			if (joins[i] == pc)
				numbers = (struct numbers){.things = numbers.things};
		pc += instruction->size;
		if (pc == call) {
			for (size_t i = 0; i < ARGUMENTS; i++)
				arguments->list[i] = numbers.registers[in[i]];
			arguments->callee = callee_of(program, function, instruction);
			return true;
		}
		if (is_in_group(instruction, CS_GRP_CALL))
			called(&numbers);
		else
			step(&numbers, instruction);
	}
	return false;
}

/* Which arguments of a function say how much memory it is to give: a set of bits; 0: it is no known one. */
static unsigned says(const char *callee)
{
	static const struct { const char *name; unsigned arguments; } known[] = {
		{"malloc", 1}, {"calloc", 3}, {"realloc", 2}, {"reallocarray", 6}, {"aligned_alloc", 2}, {"memalign", 2},
		{"posix_memalign", 4}, {"valloc", 1}, {"pvalloc", 1},
		{"_Znwm", 1}, {"_Znam", 1}, {"_ZnwmRKSt9nothrow_t", 1}, {"_ZnamRKSt9nothrow_t", 1},
		{"_ZnwmSt11align_val_t", 1}, {"_ZnamSt11align_val_t", 1},
	};

	for (size_t i = 0; callee && i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(known[i].name, callee))
			return known[i].arguments;
	return 0;
}

static enum amount_how judge(const struct number *number, bool is_sure, bool has_count, uint64_t one, uint64_t size)
{
	uint64_t factor = (int64_t)number->factor < 0 ? -number->factor : number->factor;

	if (!number->known)
		return AMOUNT_UNKNOWN;
	if (!number->thing) {
		if (number->constant == size)
			return AMOUNT_FIXED;
		return has_count && number->constant == one ? AMOUNT_TIMES : AMOUNT_UNKNOWN;
	}
	if (factor && factor % one == 0)
		return number->constant < one || number->constant > size ? AMOUNT_TIMES : AMOUNT_EITHER;
	if (number->is_computed && number->constant >= one && number->constant <= size)
		return AMOUNT_MORE;
	return is_sure ? AMOUNT_VARIES : AMOUNT_UNKNOWN;
}

enum amount_how amount_of_call(struct program *program, uint64_t vaddr, uint64_t one, uint64_t size)
{
	struct cache_entry *entry = cache_at(&program->amounts, &vaddr, sizeof(vaddr));
	enum amount_how best = AMOUNT_UNKNOWN;
	const struct arguments *arguments;
	unsigned known;

	if (!entry->value) {
		entry->value = xcalloc(1, sizeof(*arguments));
		read_arguments(program, vaddr, entry->value);
	}
	arguments = entry->value;
	known = says(arguments->callee);
	for (size_t i = 0; one && i < ARGUMENTS; i++) {
		bool is_size = known & 1u << i;
		enum amount_how how = known && !is_size ? AMOUNT_UNKNOWN :
		                      judge(&arguments->list[i], known, !known || known & (known - 1), one, size);

		if (how > best)
			best = how;
	}
	return best;
}
