/* follow_calls.c: what calls and returns tell of a pointer; see follow.h. */
#include <dwarf.h>
#include <string.h>

#include "types/follow_walk.h"

/* ---- calls ---------------------------------------------------------------------------------------------------- */

const uint8_t walk_arguments[WALK_ARGUMENTS] = {RDI, RSI, RDX, RCX, 8, 9};

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

/* Placement new, where it is not inlined. */
static bool is_placement(const char *name)
{
	return name && (!strcmp(name, "_ZnwmPv") || !strcmp(name, "_ZnamPv"));
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
			walk_claim_at(walk, template, &type, 0);
	} else if (size > 4 && !strncmp(callee->name, "_ZN", 3) &&
	           (strstr(callee->name, "C1E") || strstr(callee->name, "C2E"))) {
		template.symbol = callee->name;
		walk_claim(walk, template);
	}
}

/* The types of a called function's parameters that get the pointer. */
static void claim_arguments(struct walk *walk, const struct machine *machine, const struct callee *callee)
{
	Dwarf_Die die = callee->die, type;
	struct function *called = NULL;

	for (size_t i = 0; i < WALK_ARGUMENTS; i++) {
		const struct value *value = &machine->registers[walk_arguments[i]];
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
			if (row->reg == walk_arguments[i])
				walk_claim_at(walk, template, &row->type, row->part);
		}
		if (!placed && !is_changed(binary_symbol(walk->program->binary, callee->vaddr)) &&
		    parameter_type(walk, &die, i, &type))
			walk_claim_at(walk, template, &type, 0);
	}
}

void walk_return(struct walk *walk, const struct machine *machine)
{
	Dwarf_Die die = walk->function->die, type, target;
	bool is_typed = walk->function->has_die && shape_type_of(&die, &type);
	const struct value *value = &machine->registers[RAX];

	/* What is left in the register is not always a result. */
	if (walk->function->has_die && (!is_typed || (shape_size(&walk->program->shapes, &type) < 8 &&
	                                              !shape_traits(&walk->program->shapes, &type).is_class)))
		return;
	if (value->kind == VALUE_BLOCK) {
		walk->followed->returned = true;
		walk->followed->returned_at = value->offset;
		walk->followed->is_typed = is_typed && (shape_target(&walk->program->shapes, &type, &target) ||
		                                        shape_traits(&walk->program->shapes, &type).is_class);
		if (is_typed)
			walk_claim_at(walk, (struct claim){.why = CLAIM_RETURN, .at = value->offset}, &type, 0);
	}
	value = &machine->registers[RDX];
	if (value->kind == VALUE_BLOCK && is_typed && shape_traits(&walk->program->shapes, &type).is_class &&
	    shape_size(&walk->program->shapes, &type) == 16)
		walk_claim_at(walk, (struct claim){.why = CLAIM_RETURN, .at = value->offset}, &type, 8);
}

static bool returns_pointer(struct walk *walk, Dwarf_Die *function)
{
	Dwarf_Die type;

	return shape_type_of(function, &type) && shape_strip(&walk->program->shapes, &type, &type) &&
	       dwarf_tag(&type) == DW_TAG_pointer_type;
}

/* What a call returns of what it was given. */
static struct value passed_on(struct walk *walk, const struct machine *machine, struct callee *callee)
{
	if (returns_its_first(callee->name) && machine->registers[RDI].kind == VALUE_BLOCK)
		return machine->registers[RDI];
	if (is_placement(callee->name))
		return machine->registers[RSI];
	if (walk->is_inner || !callee->has_die || callee->is_declaration || !callee->vaddr ||
	    !returns_pointer(walk, &callee->die))
		return (struct value){0};
	for (size_t i = 0; i < WALK_ARGUMENTS; i++) {
		struct value value = machine->registers[walk_arguments[i]];

		if (value.kind == VALUE_BLOCK && walk_passes(walk->program, callee->vaddr, walk_arguments[i], &value.offset))
			return value;
	}
	return (struct value){0};
}

/* False: the path ends there. */
bool walk_call(struct walk *walk, struct machine *machine, struct stepped stepped)
{
	struct callee callee = program_callee(walk->program, walk->function, stepped.target, stepped.through);
	struct value result;

	claim_arguments(walk, machine, &callee);
	if (never_returns(&callee) || (machine->registers[RDI].kind == VALUE_BLOCK && frees(callee.name)))
		return false;
	result = passed_on(walk, machine, &callee);
	machine_called(machine);
	if (result.kind == VALUE_BLOCK)
		machine->registers[RAX] = result;
	return true;
}

