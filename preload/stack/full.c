/*
 * full.c: the walk with all registers, for stacks with a frame that needs more than sp and bp: ld.so's lazy binding
 * hangs its CFA on rbx, some assembly on others, some expressions fit no rule. It begins within the library itself,
 * whose own frames tell what the callee-saved registers were in the wrapper's caller. Slow, rare and counted.
 */
#include "stack.h"

static bool known(const struct registers *registers, uint64_t number)
{
	return number < REGISTERS && registers->known >> number & 1;
}

/* The value of one place; false if it cannot be known. */
static bool place_value(const struct cfi_place *place, const struct registers *registers, struct bounds *bounds,
	uintptr_t cfa, unsigned number, uintptr_t *result)
{
	struct value value;

	switch (place->kind) {
	case CFI_SAME:
		*result = registers->value[number];
		return known(registers, number);
	case CFI_OFFSET:
		return bounds_word(bounds, cfa + (uintptr_t)place->value, result);
	case CFI_VAL_OFFSET:
		*result = cfa + (uintptr_t)place->value;
		return true;
	case CFI_REGISTER:
		if (!known(registers, (uint64_t)place->value))
			return false;
		*result = registers->value[place->value];
		return true;
	case CFI_EXPRESSION:
	case CFI_VAL_EXPRESSION:
		value = expression(place->block, registers, bounds, 0, &cfa);
		*result = (uintptr_t)value.n;
		if (value.kind != VALUE_NUMBER)
			return false;
		return place->kind == CFI_VAL_EXPRESSION || bounds_word(bounds, *result, result);
	default:
		return false;
	}
}

enum step { STEP_ON, STEP_ROOT, STEP_LOST, STEP_SIGNAL };

static enum step step_signal(struct registers *registers, struct bounds *bounds, const struct thread *thread)
{
	uintptr_t context = registers->value[DWARF_RSP];

	for (unsigned i = 0; i < REGISTERS; i++)
		if (!bounds_word(bounds, context + signal_offset[i], &registers->value[i]))
			return STEP_LOST;
	registers->known = (1u << REGISTERS) - 1;
	return bounds_interrupted(bounds, thread, registers->value[DWARF_RSP]) ? STEP_SIGNAL : STEP_LOST;
}

/* By the frame pointer, where nothing is known. Other callee-saved registers are lost. */
static enum step step_frame(struct registers *registers, struct bounds *bounds, bool in_module)
{
	uintptr_t bp = registers->value[DWARF_RBP];

	if (!known(registers, DWARF_RBP))
		return STEP_LOST;
	if (walk_is_root(bounds, in_module, bp))
		return STEP_ROOT;
	if (!bounds_word(bounds, bp + 8, &registers->value[DWARF_RA]) ||
	    !bounds_word(bounds, bp, &registers->value[DWARF_RBP]))
		return STEP_LOST;
	registers->value[DWARF_RSP] = bounds->low = bp + 16;
	registers->known = 1u << DWARF_RA | 1u << DWARF_RSP | 1u << DWARF_RBP;
	return STEP_ON;
}

static enum step step_full(struct stack_lane *lane, struct bounds *bounds, const struct thread *thread, bool exact)
{
	struct registers *now = &lane->full, next = {.known = 0};
	uintptr_t lookup = now->value[DWARF_RA] - !exact, cfa;
	const struct cfi_row *row = &lane->cfi.row;
	enum found found = cfi_row(&lane->cfi, lookup);

	if (found == FOUND_END)
		return STEP_ROOT;
	if (found != FOUND)
		return step_frame(now, bounds, found != FOUND_NO_MODULE);
	if (row->registers[DWARF_RA].kind == CFI_UNDEFINED)
		return STEP_ROOT;
	if (row->signal)
		return step_signal(now, bounds, thread);
	if (row->cfa.kind == CFI_REGISTER && known(now, row->cfa.from)) {
		cfa = now->value[row->cfa.from] + (uintptr_t)row->cfa.value;
	} else if (row->cfa.kind == CFI_VAL_EXPRESSION) {
		struct value value = expression(row->cfa.block, now, bounds, 0, NULL);

		cfa = (uintptr_t)value.n;
		if (value.kind != VALUE_NUMBER)
			goto unreadable;
	} else {
		goto unreadable;
	}
	for (unsigned i = 0; i < REGISTERS; i++) {
		/* Without a word about it, the CFA is the caller's sp. */
		if (i == DWARF_RSP && row->registers[i].kind == CFI_SAME) {
			next.value[i] = cfa;
			next.known |= 1u << i;
		} else if (place_value(&row->registers[i], now, bounds, cfa, i, &next.value[i])) {
			next.known |= 1u << i;
		}
	}
	/* What a call may clobber says nothing about the caller, unless its place was told. */
	for (unsigned i = 0; i < REGISTERS; i++) {
		static const uint32_t saved = 1u << DWARF_RBX | 1u << DWARF_RBP | 1u << DWARF_RSP | 0xfu << 12 |
			1u << DWARF_RA;

		if (row->registers[i].kind == CFI_SAME && !(saved >> i & 1))
			next.known &= ~(1u << i);
	}
	if (!known(&next, DWARF_RA) || row->registers[DWARF_RA].kind == CFI_SAME || !known(&next, DWARF_RSP))
		goto unreadable;
	/* An interrupted function may have popped all it had, its return address into a register. */
	if (next.value[DWARF_RSP] < now->value[DWARF_RSP] + !exact)
		return STEP_LOST;
	*now = next;
	bounds->low = next.value[DWARF_RSP];
	return STEP_ON;
unreadable:
	lane->counts.unreadable++;
	return STEP_LOST;
}

/* The registers here, in walk_full: a row of the library's own describes this place. */
static __attribute__((always_inline)) inline void registers_here(struct registers *registers)
{
	__asm__ volatile("lea 0(%%rip), %%rax\n\t"
	                 "mov %%rax, 128(%0)\n\t"
	                 "mov %%rbx, 24(%0)\n\t"
	                 "mov %%rbp, 48(%0)\n\t"
	                 "mov %%rsp, 56(%0)\n\t"
	                 "mov %%r12, 96(%0)\n\t"
	                 "mov %%r13, 104(%0)\n\t"
	                 "mov %%r14, 112(%0)\n\t"
	                 "mov %%r15, 120(%0)"
	                 :
	                 : "r"(registers)
	                 : "rax", "memory");
	registers->known = 1u << DWARF_RBX | 1u << DWARF_RBP | 1u << DWARF_RSP | 0xfu << 12 | 1u << DWARF_RA;
}

__attribute__((noinline)) uint32_t walk_full(struct stack_lane *lane, const struct thread *thread,
	struct stack_start at)
{
	struct registers *registers = &lane->full;
	struct bounds bounds;
	bool exact = true;
	uint32_t count = 1;

	lane->counts.full++;
	registers_here(registers);
	bounds_enter(&bounds, thread, registers->value[DWARF_RSP]);
	/* Out of the library. A few frames; a wrapper's caller is at `at.sp`. */
	for (unsigned i = 0; i < 32 && registers->value[DWARF_RSP] < at.sp; i++) {
		if (step_full(lane, &bounds, thread, exact) != STEP_ON)
			break;
		exact = false;
	}
	if (registers->value[DWARF_RSP] != at.sp || registers->value[DWARF_RA] != at.pc ||
	    !known(registers, DWARF_RBP) ||
	    registers->value[DWARF_RBP] != at.bp)
		registers->known = 1u << DWARF_RBP | 1u << DWARF_RSP | 1u << DWARF_RA;
	registers->value[DWARF_RA] = at.pc;
	registers->value[DWARF_RSP] = at.sp;
	registers->value[DWARF_RBP] = at.bp;
	bounds_enter(&bounds, thread, at.sp);
	lane->walked[0] = (struct walked){.frame = at.pc};
	lane->same = 0;
	exact = false;
	for (;;) {
		struct walked *walked = &lane->walked[count - 1];
		struct walked here = {.sp = registers->value[DWARF_RSP], .bp = registers->value[DWARF_RBP]};
		bool interpreted = interpreter_has(registers->value[DWARF_RA] - !exact);
		enum step step = step_full(lane, &bounds, thread, exact);
		uintptr_t pc = registers->value[DWARF_RA];

		if (interpreted && step == STEP_ON) {
			walked->rule.kind = RULE_INTERPRETED;
			walked->sp = here.sp;
			walked->bp = here.bp;
		}
		if (step == STEP_SIGNAL)
			walked->frame |= STACK_EXACT;
		lane->count = count;
		if (step == STEP_ROOT)
			return TRACE_STACK_ROOT;
		if (step == STEP_LOST)
			return TRACE_STACK_LOST;
		if (pc && pc == thread->root)
			return TRACE_STACK_ROOT;
		if (pc - 1 >= (1ull << ADDRESS_BITS) - 1)
			return pc == 0 && bounds.limit ? TRACE_STACK_ROOT : TRACE_STACK_LOST;
		if (count >= library.stack_depth + lane->deeper)
			return TRACE_STACK_CUT;
		exact = step == STEP_SIGNAL;
		lane->walked[count++] = (struct walked){.frame = pc | (exact ? STACK_EXACT : 0)};
	}
}
