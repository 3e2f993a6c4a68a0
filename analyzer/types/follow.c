/* follow.c: the walk over instructions; see follow.h. */
#include "types/follow.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "types/follow_walk.h"
#include "util.h"

#define MOST_INSTRUCTIONS 400 /* of one call */
#define MOST_INNER        60  /* of a function that it is passed to */
#define MOST_BRANCHES     24  /* waiting to be walked */
#define CALL_SIZE         5   /* bytes of a call by address */
#define NEAR              (1 << 20) /* bytes: how far a function without debug information may jump */

static bool first_time(struct walk *walk, uint64_t pc)
{
	size_t at = (size_t)(pc * 0x9e3779b97f4a7c15ull >> 32) % SEEN;

	while (walk->seen[at] && walk->seen[at] != pc)
		at = (at + 1) % SEEN;
	if (walk->seen[at])
		return false;
	walk->seen[at] = pc;
	return true;
}

static bool is_inside(struct walk *walk, uint64_t from, uint64_t target)
{
	Dwarf_Die die = walk->function->die;
	const char *here, *there;

	if (walk->function->has_die)
		return dwarf_haspc(&die, target) > 0;
	if (target - from + NEAR > 2 * NEAR)
		return false;
	here = binary_symbol(walk->program->binary, from);
	there = binary_symbol(walk->program->binary, target);
	return here == there || (here && there && !strcmp(here, there));
}

static void later(struct walk *walk, uint64_t pc, const struct machine *machine)
{
	if (walk->branch_count < MOST_BRANCHES)
		walk->branches[walk->branch_count++] = (struct branch){pc, *machine};
}

/* Where the frame is, by the unwind table: what compilers do to the stack pointer is not all understood here. */
void walk_place_frame(struct walk *walk, struct machine *machine)
{
	int64_t offset;
	uint8_t reg;

	if (program_frame(walk->program, walk->pc, &reg, &offset))
		machine->registers[reg] = (struct value){.kind = VALUE_FRAME, .offset = -offset};
}

static void walk_from(struct walk *walk, uint64_t pc, struct machine *machine)
{
	const struct machine_world world = {walk, walk_load, walk_store};

	while (walk->left && first_time(walk, pc) && machine_has_block(machine)) {
		const cs_insn *instruction = program_instruction(walk->program, pc);
		struct stepped stepped;
		uint64_t next;

		if (!instruction)
			return;
		walk->left--;
		walk->pc = pc;
		walk_place_frame(walk, machine);
		walk_observe(walk, machine);
		/* What the machine asks may look at other instructions. */
		next = pc + instruction->size;
		stepped = machine_step(machine, instruction, &world);
		if (stepped.step == STEP_STOP)
			return;
		if (stepped.step == STEP_RETURN) {
			walk_return(walk, machine);
			return;
		}
		if (stepped.step == STEP_CALL && !walk_call(walk, machine, stepped))
			return;
		if (stepped.step == STEP_JUMP) {
			if (stepped.target && is_inside(walk, pc, stepped.target)) {
				next = stepped.target;
			} else {
				if (walk_call(walk, machine, stepped))
					walk_return(walk, machine);
				return;
			}
		}
		if (stepped.step == STEP_BRANCH && stepped.target && is_inside(walk, pc, stepped.target)) {
			if (stepped.always)
				next = stepped.target;
			else if (!stepped.never)
				later(walk, stepped.target, machine);
		}
		pc = next;
	}
}

static void walk_all(struct walk *walk, uint64_t pc, struct machine *machine)
{
	walk->left = walk->is_inner ? MOST_INNER : MOST_INSTRUCTIONS;
	walk->branch_count = 0;
	memset(walk->seen, 0, sizeof(walk->seen));
	walk_from(walk, pc, machine);
	for (size_t i = 0; i < walk->branch_count; i++) {
		*machine = walk->branches[i].machine; /* the next ones may be added behind it */
		walk_from(walk, walk->branches[i].pc, machine);
	}
}

struct passes { bool passes; int64_t by; };

bool walk_passes(struct program *program, uint64_t vaddr, uint8_t reg, int64_t *at)
{
	const uint64_t key[] = {vaddr, reg};
	struct cache_entry *entry = cache_at(&program->answers, key, sizeof(key));
	struct passes *passes = entry->value;

	if (!passes) {
		struct followed followed = {0};
		struct walk walk = {
			.program = program, .function = program_function(program, vaddr), .followed = &followed,
			.is_inner = true,
		};
		struct machine machine = {0};

		walk.branches = xcalloc(MOST_BRANCHES, sizeof(*walk.branches));
		machine.registers[reg].kind = VALUE_BLOCK;
		walk_all(&walk, vaddr, &machine);
		free(walk.branches);
		passes = entry->value = xcalloc(1, sizeof(*passes));
		passes->passes = followed.returned;
		passes->by = followed.returned_at;
	}
	*at = (int64_t)((uint64_t)*at + (uint64_t)passes->by);
	return passes->passes;
}

/* What was called, if it was called by its address; else nothing. */
static struct callee callee_of(struct walk *walk, uint64_t vaddr)
{
	const cs_insn *instruction = program_instruction(walk->program, vaddr - CALL_SIZE);

	if (!instruction || instruction->size != CALL_SIZE || instruction->id != X86_INS_CALL ||
	    instruction->detail->x86.operands[0].type != X86_OP_IMM)
		return (struct callee){0};
	return program_callee(walk->program, walk->function, (uint64_t)instruction->detail->x86.operands[0].imm, 0);
}

void follow(struct program *program, uint64_t vaddr, int64_t at, uint8_t through, struct followed *followed)
{
	const struct value block = {.kind = VALUE_BLOCK, .offset = at};
	struct walk walk = {
		.program = program, .function = program_function(program, vaddr - 1), .followed = followed,
	};
	struct machine machine = {0};
	struct callee callee;
	Dwarf_Die type;

	*followed = (struct followed){0};
	if (walk.function->is_foreign)
		return;
	callee = callee_of(&walk, vaddr);
	/* The one allocator that returns no pointer. */
	if (!through && !at && callee.name && !strcmp(callee.name, "posix_memalign"))
		through = 1;
	walk.branches = xcalloc(MOST_BRANCHES, sizeof(*walk.branches));
	machine.registers[RAX] = block;
	if (!through)
		walk_all(&walk, vaddr, &machine);
	/* What is before the call costs as much again, and mostly is not needed. */
	if (!followed->count && !followed->returned && walk_before(&walk, vaddr, &machine)) {
		struct place_at place = {.reg = NO_REGISTER, .index = NO_REGISTER};

		if (through && through <= WALK_ARGUMENTS)
			place.base = machine.registers[walk_arguments[through - 1]];
		machine_called(&machine);
		if (!through)
			machine.registers[RAX] = block;
		else
			machine_store(&machine, &place, block, &(struct machine_world){&walk, NULL, walk_store});
		walk_all(&walk, vaddr, &machine);
	}
	free(walk.branches);
	/* A function that ended in a call of its own is not in the stack: that it was called tells what it returns. */
	if (!through && callee.has_die && shape_type_of(&callee.die, &type))
		walk_claim_at(&walk, (struct claim){.why = CLAIM_RETURN, .at = at}, &type, 0);
}
