/*
 * follow_before.c: what registers hold as a call is made; see follow_walk.h. The instructions around the call are run in
 * order, again and again until nothing changes: where paths meet, what they disagree on is unknown. Jumps from further
 * away are not seen, so only an address or a pointer's type is taken from here, which rarely differ by path.
 */
#include <stdlib.h>
#include <string.h>

#include "types/follow_walk.h"
#include "util.h"

#define BEFORE  600           /* bytes: how much before the call is looked at, */
#define AFTER   300           /* and behind it, for jumps back */
#define TARGETS 80            /* of jumps; if there are more, nothing is believed */
#define PASSES  5

struct join {                 /* where a jump goes */
	uint64_t  pc;
	bool      reached;        /* by a path that is known: */
	struct machine machine;   /* what all of these agree on */
};

struct window {               /* instructions around the call */
	uint64_t  start, call, end; /* `call`: the return address */
	struct join *joins; size_t join_count; /* owned */
};

static struct join *join_at(const struct window *window, uint64_t pc)
{
	for (size_t i = 0; i < window->join_count; i++)
		if (window->joins[i].pc == pc)
			return &window->joins[i];
	return NULL;
}

/* Finds the jumps. False: the instructions do not meet the call, or there are too many. */
static bool read_window(struct walk *walk, struct window *window)
{
	bool met = false;

	window->joins = xcalloc(TARGETS, sizeof(*window->joins));
	for (uint64_t pc = window->start; pc < window->end;) {
		const cs_insn *instruction = program_instruction(walk->program, pc);
		const cs_x86 *x86 = instruction ? &instruction->detail->x86 : NULL;

		if (!instruction)
			break;
		for (uint8_t i = 0; i < instruction->detail->groups_count; i++) {
			uint64_t target = (uint64_t)x86->operands[0].imm;

			if (instruction->detail->groups[i] != CS_GRP_JUMP || x86->op_count != 1 ||
			    x86->operands[0].type != X86_OP_IMM || target < window->start || target >= window->end ||
			    join_at(window, target))
				continue;
			if (window->join_count == TARGETS)
				return false;
			window->joins[window->join_count++].pc = target;
		}
		pc += instruction->size;
		met |= pc == window->call;
	}
	return met;
}

/* What is left of a value where another path comes with another one. */
static bool meet(struct value *value, const struct value *other)
{
	struct value old = *value;

	if (value->kind == VALUE_TYPED && other->kind == VALUE_TYPED && value->type.addr == other->type.addr &&
	    value->parameter == other->parameter)
		value->indexed |= other->indexed || value->offset != other->offset;
	else if (value->kind == VALUE_ADDRESS && other->kind == VALUE_ADDRESS)
		value->indexed |= other->indexed || value->offset != other->offset; /* it walks over a table, if it is in one */
	else if (value->kind != other->kind || value->offset != other->offset || value->indexed != other->indexed ||
	         value->kind == VALUE_TYPED)
		*value = (struct value){0};
	return old.kind != value->kind || old.indexed != value->indexed;
}

/* Did it change anything? */
static bool come_to(struct join *join, const struct machine *machine)
{
	static const struct value unknown;
	struct machine *into = &join->machine;
	bool changed = false;
	size_t kept = 0;

	if (!join->reached) {
		join->reached = true;
		*into = *machine;
		return true;
	}
	for (size_t i = 0; i < REGISTERS; i++) {
		changed |= meet(&into->registers[i], &machine->registers[i]);
		changed |= meet(&into->vectors[i][0], &machine->vectors[i][0]);
		changed |= meet(&into->vectors[i][1], &machine->vectors[i][1]);
	}
	for (size_t i = 0; i < into->slot_count; i++) {
		const struct value *other = &unknown;

		for (size_t j = 0; j < machine->slot_count; j++)
			if (machine->slots[j].offset == into->slots[i].offset)
				other = &machine->slots[j].value;
		changed |= meet(&into->slots[i].value, other);
		if (into->slots[i].value.kind != VALUE_UNKNOWN)
			into->slots[kept++] = into->slots[i];
	}
	into->slot_count = kept;
	into->null_tested = false;
	return changed;
}

/* One pass over the window. Did anything change? */
static bool pass(struct walk *walk, struct window *window, struct machine *at_call, bool *is_called)
{
	const struct machine_world world = {walk, walk_load, NULL};
	struct machine machine = {0};
	bool alive = true, changed = false;
	uint64_t next;

	for (uint64_t pc = window->start; pc < window->end; pc = next) {
		const cs_insn *instruction;
		struct join *join = join_at(window, pc), *target;
		struct stepped stepped;

		if (join) {
			if (alive)
				changed |= come_to(join, &machine);
			alive = join->reached;
			if (alive)
				machine = join->machine;
		}
		if (!(instruction = program_instruction(walk->program, pc)))
			break;
		next = pc + instruction->size;
		if (!alive)
			continue;
		walk->pc = pc;
		walk_place_frame(walk, &machine);
		if (next == window->call) {
			*at_call = machine;
			*is_called = true;
		}
		stepped = machine_step(&machine, instruction, &world);
		if (stepped.step == STEP_CALL)
			machine_called(&machine);
		if ((stepped.step == STEP_JUMP || stepped.step == STEP_BRANCH) && (target = join_at(window, stepped.target)))
			changed |= come_to(target, &machine);
		if (stepped.step == STEP_JUMP || stepped.step == STEP_RETURN || stepped.step == STEP_STOP)
			alive = false;
	}
	return changed;
}

bool walk_before(struct walk *walk, uint64_t call, struct machine *machine)
{
	struct window window = {.start = function_window(walk->function, call, BEFORE), .call = call, .end = call + AFTER};
	bool is_called = false, settled = false;

	*machine = (struct machine){0};
	if (window.start && read_window(walk, &window))
		for (int i = 0; i < PASSES && !settled; i++)
			settled = !pass(walk, &window, machine, &is_called);
	free(window.joins);
	return settled && is_called;
}
