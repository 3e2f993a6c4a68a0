/* follow.c: the walk over instructions; see follow.h. */
#include "types/follow.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define MOST_INSTRUCTIONS 400 /* of one call */
#define MOST_BRANCHES     24  /* waiting to be walked */
#define SEEN              1024 /* slots of a hash table, a power of two above twice the instructions */
#define WINDOW_BEFORE     300 /* bytes: how much before the call is looked at, */
#define WINDOW_AFTER      300 /* and behind it, for jumps back */
#define WINDOW_TARGETS    64  /* of jumps; if there are more, nothing before the call is believed */
#define NEAR              (1 << 20) /* bytes: how far a function without debug information may jump */

struct walk {
	struct program *program;
	const struct function *function;
	struct followed *followed;
	uint64_t  pc;             /* of the instruction that is looked at */
	uint64_t  seen[SEEN];     /* instructions that were looked at; 0: free */
	size_t    left;           /* that may still be */
	struct branch { uint64_t pc; struct machine machine; } *branches; /* owned */
	size_t    branch_count;
};

/* ---- claims --------------------------------------------------------------------------------------------------- */

static void claim(struct walk *walk, struct claim claim)
{
	struct followed *followed = walk->followed;

	for (size_t i = 0; i < followed->count; i++) {
		const struct claim *old = &followed->claims[i];

		if (old->why == claim.why && old->at == claim.at && old->type.addr == claim.type.addr &&
		    old->symbol == claim.symbol)
			return;
	}
	if (followed->count < FOLLOW_CLAIMS)
		followed->claims[followed->count++] = claim;
}

/* The pointers that lie at an offset in something of a type. */
static void claim_at(struct walk *walk, struct claim template, const Dwarf_Die *type, uint64_t offset)
{
	Dwarf_Die targets[SHAPE_ALTERNATIVES];
	size_t count = shape_pointers_at(&walk->program->shapes, type, offset, targets);

	for (size_t i = 0; i < count; i++) {
		template.type = targets[i];
		claim(walk, template);
	}
}

/* ---- variables ------------------------------------------------------------------------------------------------ */

static bool is_here(const struct walk *walk, const struct row *row)
{
	return row->start <= walk->pc && walk->pc < row->end;
}

static uint64_t row_size(const struct walk *walk, const struct row *row)
{
	return row->size ? row->size : shape_size(&walk->program->shapes, &row->type);
}

/* How far into a variable the place of the frame is. False: not in it. */
static bool covers(const struct walk *walk, const struct machine *machine, const struct row *row, int64_t place,
                   uint64_t *offset)
{
	int64_t at = row->offset;

	if (row->kind == ROW_MEMORY) {
		const struct value *base = &machine->registers[row->reg];

		if (base->kind != VALUE_FRAME || base->indexed)
			return false;
		at = (int64_t)((uint64_t)at + (uint64_t)base->offset);
	} else if (row->kind != ROW_FRAME) {
		return false;
	}
	if (!is_here(walk, row) || place < at || (uint64_t)place - (uint64_t)at >= row_size(walk, row))
		return false;
	*offset = (uint64_t)place - (uint64_t)at + row->part;
	return true;
}

static void claim_row(struct walk *walk, const struct row *row, uint64_t part, int64_t at)
{
	struct claim template = {.why = CLAIM_VARIABLE, .at = at, .inlined = row->inlined};

	if (row->is_this && row->has_whole && !part && shape_target(&walk->program->shapes, &row->type, &template.type) &&
	    shape_begins_with(&walk->program->shapes, &row->whole, &template.type)) {
		template.why = CLAIM_CONSTRUCTOR;
		template.type = row->whole;
		claim(walk, template);
		return;
	}
	if (row->is_this)
		template.why = CLAIM_CONSTRUCTOR;
	else if (row->is_plumbing)
		template.why = CLAIM_PLUMBING;
	else if (row->is_parameter && row->inlined)
		template.why = CLAIM_INLINED;
	claim_at(walk, template, &row->type, part);
}

/* Variables that have the pointer now. */
static void observe(struct walk *walk, const struct machine *machine)
{
	const struct function *function = walk->function;

	for (size_t i = 0; i < function->count; i++) {
		const struct row *row = &function->rows[i];
		uint64_t offset;

		if (!is_here(walk, row))
			continue;
		if (row->kind == ROW_REGISTER || row->kind == ROW_VALUE) {
			const struct value *value = &machine->registers[row->reg];

			if (value->kind == VALUE_BLOCK)
				claim_row(walk, row, row->part,
				          value->offset + (row->kind == ROW_VALUE ? row->offset : 0));
			continue;
		}
		for (size_t s = 0; s < machine->slot_count; s++)
			if (machine->slots[s].value.kind == VALUE_BLOCK &&
			    covers(walk, machine, row, machine->slots[s].offset, &offset))
				claim_row(walk, row, offset, machine->slots[s].value.offset);
	}
}

/* What a variable in a register points to. False: nothing that is known. */
static bool register_target(struct walk *walk, uint8_t reg, Dwarf_Die *target, uint8_t *parameter)
{
	const struct function *function = walk->function;
	Dwarf_Die targets[SHAPE_ALTERNATIVES];
	bool found = false;

	for (size_t i = 0; i < function->count; i++) {
		const struct row *row = &function->rows[i];

		if (row->kind != ROW_REGISTER || row->reg != reg || !is_here(walk, row) ||
		    shape_pointers_at(&walk->program->shapes, &row->type, row->part, targets) != 1)
			continue;
		/* Of several, the one whose type is largest: others point to what it begins with. */
		if (found && shape_size(&walk->program->shapes, &targets[0]) <= shape_size(&walk->program->shapes, target))
			continue;
		*target = targets[0];
		*parameter = row->part ? 0 : row->ordinal;
		found = true;
	}
	return found;
}

/* ---- memory --------------------------------------------------------------------------------------------------- */

/*
 * What lies at a place: a type, and how far into it. `parameter`: the place is a parameter of this number, or where one
 * points to. False: unknown.
 */
static bool typed_place(struct walk *walk, const struct machine *machine, const struct place_at *place,
                        Dwarf_Die *type, uint64_t *offset, uint8_t *parameter)
{
	struct value base = place->base;
	uint64_t size;

	*parameter = 0;
	if (base.kind == VALUE_UNKNOWN) {
		if (place->reg < REGISTERS && register_target(walk, place->reg, &base.type, &base.parameter))
			base.indexed |= place->index < REGISTERS;
		else if (place->index >= REGISTERS || !register_target(walk, place->index, &base.type, &base.parameter))
			return false;
		base.kind = VALUE_TYPED;
		base.offset = place->displacement;
	}
	if (base.kind == VALUE_FRAME) {
		for (size_t i = 0; i < walk->function->count; i++)
			if (covers(walk, machine, &walk->function->rows[i], base.offset, offset)) {
				*type = walk->function->rows[i].type;
				*parameter = *offset ? 0 : walk->function->rows[i].ordinal;
				return true;
			}
		return false;
	}
	if (base.kind == VALUE_ADDRESS)
		return program_global(walk->program, walk->function, (uint64_t)base.offset, type, offset);
	if (base.kind != VALUE_TYPED)
		return false;
	*type = base.type;
	*parameter = base.offset || base.indexed ? 0 : base.parameter;
	size = shape_size(&walk->program->shapes, &base.type);
	if (base.offset < 0 || (size && (uint64_t)base.offset >= size && !shape_traits(&walk->program->shapes, type).has_tail)) {
		if (!size)
			return false;
		base.offset %= (int64_t)size;
		if (base.offset < 0)
			base.offset += (int64_t)size;
	}
	*offset = (uint64_t)base.offset;
	return true;
}

static struct value world_load(void *context, const struct machine *machine, const struct place_at *place)
{
	struct walk *walk = context;
	Dwarf_Die type, targets[SHAPE_ALTERNATIVES];
	uint64_t offset;
	uint8_t parameter;

	if (place->base.kind == VALUE_ADDRESS && !place->base.indexed) {
		const struct relocation *relocation = program_relocation(walk->program, (uint64_t)place->base.offset);

		if (relocation && relocation->is_constant)
			return (struct value){.kind = relocation->value ? VALUE_ADDRESS : VALUE_UNKNOWN,
			                      .offset = (int64_t)relocation->value};
	}
	if (!typed_place(walk, machine, place, &type, &offset, &parameter) ||
	    shape_pointers_at(&walk->program->shapes, &type, offset, targets) != 1)
		return (struct value){0};
	return (struct value){
		.kind = VALUE_TYPED, .type = targets[0], .parameter = place->base.kind == VALUE_FRAME ? parameter : 0,
	};
}

static void world_store(void *context, const struct machine *machine, const struct place_at *place, struct value value)
{
	struct walk *walk = context;
	Dwarf_Die type;
	uint64_t offset;
	uint8_t parameter;
	const char *symbol;

	if (place->base.kind == VALUE_BLOCK) {
		if (value.kind == VALUE_ADDRESS && !place->base.indexed &&
		    (symbol = program_object(walk->program, (uint64_t)value.offset, &offset)) &&
		    !strncmp(symbol, "_ZTV", 4) && offset == 16)
			claim(walk, (struct claim){.why = CLAIM_VTABLE, .at = place->base.offset, .symbol = symbol});
		return;
	}
	if (place->base.kind == VALUE_FRAME && !place->base.indexed)
		return; /* a place of the frame, which observe() looks at */
	if (value.kind != VALUE_BLOCK || !typed_place(walk, machine, place, &type, &offset, &parameter))
		return;
	claim_at(walk, (struct claim){.why = CLAIM_MEMBER, .at = value.offset}, &type, offset);
	if (parameter && !offset) {
		walk->followed->stored_through = parameter;
		walk->followed->returned_at = value.offset;
	}
}

/* ---- calls ---------------------------------------------------------------------------------------------------- */

static const uint8_t arguments[] = {RDI, RSI, RDX, RCX, 8, 9};

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; name && i < count; i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static bool returns_its_first(const char *name)
{
	static const char *const names[] = {
		"memset", "memcpy", "memmove", "strcpy", "strncpy", "strcat", "strncat", "wcscpy", "wcsncpy", "wmemset",
		"wmemcpy", "wmemmove", "__memset_chk", "__memcpy_chk", "__memmove_chk", "__strcpy_chk", "__strncpy_chk",
		"__strcat_chk", "__wmemcpy_chk", "__wmemset_chk",
	};

	return is_one_of(name, names, sizeof(names) / sizeof(*names));
}

static bool never_returns(const struct callee *callee)
{
	static const char *const names[] = {
		"abort", "exit", "_exit", "__assert_fail", "__stack_chk_fail", "__cxa_throw", "__cxa_rethrow",
		"_Unwind_Resume", "longjmp", "siglongjmp", "__longjmp_chk", "__cxa_throw_bad_array_new_length", "err",
		"errx", "__cxa_bad_cast", "_ZSt17__throw_bad_allocv", "_ZSt20__throw_length_errorPKc", "_ZSt9terminatev",
		"__clang_call_terminate",
	};
	Dwarf_Die die = callee->die;

	return is_one_of(callee->name, names, sizeof(names) / sizeof(*names)) ||
	       (callee->has_die && dwarf_hasattr_integrate(&die, DW_AT_noreturn));
}

/* It frees what it is given first. */
static bool frees(const char *name)
{
	static const char *const names[] = {"free", "realloc", "reallocarray", "_ZdlPv", "_ZdlPvm", "_ZdaPv", "_ZdaPvm",
	                                    "cfree"};

	return is_one_of(name, names, sizeof(names) / sizeof(*names));
}

/* Does it return a class through memory, so that the first argument is where to? Or may it: then nothing is known. */
static bool may_return_in_memory(struct walk *walk, Dwarf_Die *function)
{
	Dwarf_Die type;

	return shape_type_of(function, &type) && shape_traits(&walk->program->shapes, &type).is_class;
}

/* The type of a parameter by its place among those that go in general registers. */
static bool parameter_type(struct walk *walk, Dwarf_Die *function, size_t wanted, Dwarf_Die *type)
{
	Dwarf_Die parameter, bare;
	size_t at = 0;

	if (may_return_in_memory(walk, function) || dwarf_child(function, &parameter) != 0)
		return false;
	do {
		uint64_t encoding = 0;
		Dwarf_Attribute attribute;
		Dwarf_Word value;

		if (dwarf_tag(&parameter) == DW_TAG_unspecified_parameters)
			return false;
		if (dwarf_tag(&parameter) != DW_TAG_formal_parameter)
			continue;
		if (!shape_type_of(&parameter, type) || !shape_strip(&walk->program->shapes, type, &bare) ||
		    shape_traits(&walk->program->shapes, &bare).is_class || shape_size(&walk->program->shapes, &bare) > 8)
			return false;
		if (dwarf_tag(&bare) == DW_TAG_base_type && dwarf_attr(&bare, DW_AT_encoding, &attribute) &&
		    dwarf_formudata(&attribute, &value) == 0)
			encoding = value;
		if (encoding == DW_ATE_float)
			continue;
		if (at++ == wanted)
			return true;
	} while (at <= wanted && dwarf_siblingof(&parameter, &parameter) == 0);
	return false;
}

/* A copy of a function whose parameters are others than in the source. */
static bool is_changed(const char *name)
{
	return name && (strstr(name, ".isra") || strstr(name, ".constprop") || strstr(name, ".part"));
}

static void claim_constructor(struct walk *walk, const struct callee *callee, int64_t at)
{
	struct claim template = {.why = CLAIM_CONSTRUCTOR, .at = at};
	Dwarf_Die die = callee->die, type;
	size_t size = callee->name ? strlen(callee->name) : 0;

	if (callee->has_die && function_is_constructor(&die, NULL)) {
		if (parameter_type(walk, &die, 0, &type))
			claim_at(walk, template, &type, 0);
	} else if (size > 4 && !strncmp(callee->name, "_ZN", 3) &&
	           (strstr(callee->name, "C1E") || strstr(callee->name, "C2E"))) {
		template.symbol = callee->name;
		claim(walk, template);
	}
}

/* The types of a called function's parameters that get the pointer. */
static void claim_arguments(struct walk *walk, const struct machine *machine, const struct callee *callee)
{
	Dwarf_Die die = callee->die, type;
	struct function *called = NULL;

	for (size_t i = 0; i < sizeof(arguments); i++) {
		const struct value *value = &machine->registers[arguments[i]];
		struct claim template = {.why = callee->is_declaration ? CLAIM_DECLARED : CLAIM_ARGUMENT, .at = value->offset};
		bool placed = false;

		if (value->kind != VALUE_BLOCK)
			continue;
		if (!i)
			claim_constructor(walk, callee, value->offset);
		if (!callee->has_die)
			continue;
		if (!callee->is_declaration && !called)
			called = program_function(walk->program, callee->vaddr);
		for (size_t r = 0; called && r < called->count; r++) {
			const struct row *row = &called->rows[r];

			/* Only where it is used right at the entry does its place there tell that it was passed so. */
			if (row->kind != ROW_REGISTER || row->inlined || !row->is_parameter || callee->vaddr < row->start ||
			    callee->vaddr >= row->end)
				continue;
			placed = true;
			if (row->reg == arguments[i])
				claim_at(walk, template, &row->type, row->part);
		}
		if (!placed && !is_changed(binary_symbol(walk->program->binary, callee->vaddr)) &&
		    parameter_type(walk, &die, i, &type))
			claim_at(walk, template, &type, 0);
	}
}

static void claim_return(struct walk *walk, const struct machine *machine)
{
	Dwarf_Die die = walk->function->die, type, target;
	bool is_typed = walk->function->has_die && shape_type_of(&die, &type);
	const struct value *value = &machine->registers[RAX];

	if (value->kind == VALUE_BLOCK) {
		walk->followed->returned = true;
		walk->followed->returned_at = value->offset;
		walk->followed->is_typed = is_typed && (shape_target(&walk->program->shapes, &type, &target) ||
		                                        shape_traits(&walk->program->shapes, &type).is_class);
		if (is_typed)
			claim_at(walk, (struct claim){.why = CLAIM_RETURN, .at = value->offset}, &type, 0);
	}
	value = &machine->registers[RDX];
	if (value->kind == VALUE_BLOCK && is_typed && shape_traits(&walk->program->shapes, &type).is_class &&
	    shape_size(&walk->program->shapes, &type) == 16)
		claim_at(walk, (struct claim){.why = CLAIM_RETURN, .at = value->offset}, &type, 8);
}

/* False: the path ends there. */
static bool called(struct walk *walk, struct machine *machine, struct stepped stepped)
{
	struct callee callee = program_callee(walk->program, walk->function, stepped.target, stepped.through);
	struct value first = machine->registers[RDI];

	claim_arguments(walk, machine, &callee);
	if (never_returns(&callee) || (first.kind == VALUE_BLOCK && frees(callee.name)))
		return false;
	machine_called(machine);
	if (first.kind == VALUE_BLOCK && returns_its_first(callee.name))
		machine->registers[RAX] = first;
	return true;
}

/* ---- the walk ------------------------------------------------------------------------------------------------- */

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
static void place_frame(struct walk *walk, struct machine *machine)
{
	int64_t offset;
	uint8_t reg;

	if (program_frame(walk->program, walk->pc, &reg, &offset))
		machine->registers[reg] = (struct value){.kind = VALUE_FRAME, .offset = -offset};
}

static void walk_from(struct walk *walk, uint64_t pc, struct machine *machine)
{
	const struct machine_world world = {walk, world_load, world_store};

	while (walk->left && first_time(walk, pc) && machine_has_block(machine)) {
		const cs_insn *instruction = program_instruction(walk->program, pc);
		struct stepped stepped;
		uint64_t next;

		if (!instruction)
			return;
		walk->left--;
		walk->pc = pc;
		place_frame(walk, machine);
		observe(walk, machine);
		/* What the machine asks may look at other instructions. */
		next = pc + instruction->size;
		stepped = machine_step(machine, instruction, &world);
		if (stepped.step == STEP_STOP)
			return;
		if (stepped.step == STEP_RETURN) {
			claim_return(walk, machine);
			return;
		}
		if (stepped.step == STEP_CALL && !called(walk, machine, stepped))
			return;
		if (stepped.step == STEP_JUMP) {
			if (stepped.target && is_inside(walk, pc, stepped.target)) {
				next = stepped.target;
			} else {
				if (called(walk, machine, stepped))
					claim_return(walk, machine);
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

/* ---- before the call ------------------------------------------------------------------------------------------ */

struct window {               /* instructions around the call */
	uint64_t  start, call, end; /* `call`: the return address */
	uint64_t  targets[WINDOW_TARGETS]; size_t target_count; /* of jumps within it */
};

/* Where an instruction begins, not too far before the call: a function, or a line of the source. 0: unknown. */
static uint64_t window_start(const struct walk *walk, uint64_t call)
{
	Dwarf_Die die = walk->function->die, unit;
	Dwarf_Addr base, start, end, found = 0;
	Dwarf_Line *line;
	ptrdiff_t at = 0;

	if (!walk->function->has_die)
		return 0;
	for (int i = 0; i < 64 && !found && (at = dwarf_ranges(&die, at, &base, &start, &end)) > 0; i++)
		if (start < call && call <= end)
			found = start;
	if (!found || call - found <= WINDOW_BEFORE || !dwarf_diecu(&die, &unit, NULL, NULL))
		return found;
	line = dwarf_getsrc_die(&unit, call - WINDOW_BEFORE);
	if (line && dwarf_lineaddr(line, &start) == 0 && start >= found && start < call &&
	    call - start <= 2 * WINDOW_BEFORE)
		return start;
	return 0;
}

/* False: the instructions do not meet the call. */
static bool read_window(struct walk *walk, struct window *window)
{
	bool met = false;

	for (uint64_t pc = window->start; pc < window->end;) {
		const cs_insn *instruction = program_instruction(walk->program, pc);
		const cs_x86 *x86 = instruction ? &instruction->detail->x86 : NULL;

		if (!instruction)
			break;
		for (uint8_t i = 0; i < instruction->detail->groups_count; i++)
			if (instruction->detail->groups[i] == CS_GRP_JUMP && x86->op_count == 1 &&
			    x86->operands[0].type == X86_OP_IMM && window->target_count < WINDOW_TARGETS)
				window->targets[window->target_count++] = (uint64_t)x86->operands[0].imm;
		pc += instruction->size;
		met |= pc == window->call;
	}
	return met && window->target_count < WINDOW_TARGETS;
}

static bool is_target(const struct window *window, uint64_t pc)
{
	for (size_t i = 0; i < window->target_count; i++)
		if (window->targets[i] == pc)
			return true;
	return false;
}

/*
 * What registers and the frame hold as the call is made, as far as the instructions before it tell; where others jump to
 * nothing is known. Also what is called.
 */
static bool before(struct walk *walk, uint64_t call, struct machine *machine, struct callee *callee)
{
	const struct machine_world world = {walk, world_load, NULL};
	struct window window = {.start = window_start(walk, call), .call = call, .end = call + WINDOW_AFTER};
	const cs_insn *instruction;

	*machine = (struct machine){0};
	if (!window.start || !read_window(walk, &window))
		return false;
	for (uint64_t pc = window.start; pc < call;) {
		struct stepped stepped;

		if (is_target(&window, pc))
			*machine = (struct machine){0};
		if (!(instruction = program_instruction(walk->program, pc)))
			return false;
		walk->pc = pc;
		pc += instruction->size;
		place_frame(walk, machine);
		stepped = machine_step(machine, instruction, &world);
		if (pc == call) {
			*callee = program_callee(walk->program, walk->function, stepped.target, stepped.through);
			return stepped.step == STEP_CALL;
		}
		if (stepped.step == STEP_CALL)
			machine_called(machine);
		else if (stepped.step == STEP_JUMP || stepped.step == STEP_RETURN || stepped.step == STEP_STOP)
			*machine = (struct machine){0};
	}
	return false;
}

static void walk_all(struct walk *walk, uint64_t pc, struct machine *machine)
{
	walk->left = MOST_INSTRUCTIONS;
	walk->branch_count = 0;
	memset(walk->seen, 0, sizeof(walk->seen));
	walk_from(walk, pc, machine);
	for (size_t i = 0; i < walk->branch_count; i++) {
		*machine = walk->branches[i].machine; /* the next ones may be added behind it */
		walk_from(walk, walk->branches[i].pc, machine);
	}
}

void follow(struct program *program, uint64_t vaddr, int64_t at, uint8_t through, struct followed *followed)
{
	const struct value block = {.kind = VALUE_BLOCK, .offset = at};
	struct walk walk = {
		.program = program, .function = program_function(program, vaddr - 1), .followed = followed,
	};
	struct machine machine = {0};
	struct callee callee = {0};

	*followed = (struct followed){0};
	if (walk.function->is_foreign)
		return;
	walk.branches = xcalloc(MOST_BRANCHES, sizeof(*walk.branches));
	machine.registers[RAX] = block;
	if (!through)
		walk_all(&walk, vaddr, &machine);
	/* What is before the call costs as much again, and mostly is not needed. */
	if (!followed->count && !followed->returned && before(&walk, vaddr, &machine, &callee)) {
		struct place_at place = {.reg = NO_REGISTER, .index = NO_REGISTER};

		if (!through && callee.name && !strcmp(callee.name, "posix_memalign"))
			through = 1;
		if (through && through <= sizeof(arguments))
			place.base = machine.registers[arguments[through - 1]];
		machine_called(&machine);
		if (!through)
			machine.registers[RAX] = block;
		else
			machine_store(&machine, &place, block, &(struct machine_world){&walk, NULL, world_store});
		walk_all(&walk, vaddr, &machine);
	}
	free(walk.branches);
}
