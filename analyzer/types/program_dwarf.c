/* program_dwarf.c: functions and global variables of a binary; see program.h. */
#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "trace/array.h"
#include "types/program.h"
#include "util.h"

#define MOST_ENTRIES 4000000  /* looked at in one search */
#define MOST_DEPTH   16       /* of namespaces within each other */

struct global {
	uint64_t  vaddr;          /* 0: declared only */
	const char *name;         /* linkage name, else its own; the file's */
	Dwarf_Die type;
};

struct globals {
	struct global *list;      /* owned */
	size_t    count;
	struct cache functions;   /* by name: Dwarf_Die; owned */
};

static void globals_free(void *opaque)
{
	struct globals *globals = opaque;

	if (!globals)
		return;
	cache_free(&globals->functions, free);
	free(globals->list);
	free(globals);
}

void program_close(struct program *program)
{
	if (!program)
		return;
	if (program->instruction)
		cs_free(program->instruction, 1);
	if (program->can_disassemble)
		cs_close(&program->disassembler);
	if (program->frames)
		dwarf_cfi_end(program->frames);
	shapes_free(&program->shapes);
	cache_free(&program->functions, function_free);
	cache_free(&program->globals, globals_free);
	cache_free(&program->answers, free);
	cache_free(&program->amounts, free);
	cache_free(&program->deleted, free);
	globals_free(program->all);
	free(program->segments);
	free(program->relocations);
	free(program->objects);
	free(program);
}

/* ---- functions ------------------------------------------------------------------------------------------------ */

struct function *program_function(struct program *program, uint64_t vaddr)
{
	Dwarf_Die *die = program->binary->dwarf ? dwarf_function(program->binary->dwarf, vaddr) : NULL;
	struct cache_entry *entry = cache_at(&program->functions, die ? &die->addr : &(void *){NULL}, sizeof(void *));

	if (!entry->value)
		entry->value = function_read(die);
	return entry->value;
}

/* ---- globals -------------------------------------------------------------------------------------------------- */

static const char *linkage_name(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;

	if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute) ||
	    dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute))
		return dwarf_formstring(&attribute);
	return dwarf_diename(die);
}

static void add_global(struct globals *globals, Dwarf_Die *die)
{
	struct global global = {.name = linkage_name(die)};
	Dwarf_Attribute attribute, address;
	Dwarf_Addr vaddr;
	Dwarf_Op *ops;
	size_t count;

	if (!shape_type_of(die, &global.type))
		return;
	if (!dwarf_hasattr_integrate(die, DW_AT_location) && !dwarf_hasattr(die, DW_AT_declaration))
		return; /* a variable of a function, in registers or nowhere */
	if (dwarf_attr_integrate(die, DW_AT_location, &attribute) && dwarf_getlocation(&attribute, &ops, &count) == 0 &&
	    count == 1) {
		if (ops[0].atom == DW_OP_addr)
			global.vaddr = ops[0].number;
		else if ((ops[0].atom == DW_OP_addrx || ops[0].atom == DW_OP_GNU_addr_index) &&
		         dwarf_getlocation_attr(&attribute, &ops[0], &address) == 0 &&
		         dwarf_formaddr(&address, &vaddr) == 0)
			global.vaddr = vaddr;
	}
	if (!global.vaddr && !dwarf_hasattr(die, DW_AT_declaration))
		return;
	array_room(globals->list, globals->count);
	globals->list[globals->count++] = global;
}

struct walk {
	struct globals *globals;
	void     *seen;           /* the last entry: what does not lie behind it is damage */
	size_t    left;           /* entries that may still be looked at */
	bool      with_functions; /* their names, too */
	bool      with_statics;   /* and variables in functions */
};

static void collect(struct walk *walk, Dwarf_Die *outer, int depth)
{
	Dwarf_Die child;

	if (depth >= MOST_DEPTH || dwarf_child(outer, &child) != 0)
		return;
	do {
		int tag = dwarf_tag(&child);

		if ((char *)child.addr <= (char *)walk->seen || !walk->left)
			return;
		walk->seen = child.addr;
		walk->left--;
		if (tag == DW_TAG_variable) {
			add_global(walk->globals, &child);
		} else if (tag == DW_TAG_namespace || (walk->with_functions && (tag == DW_TAG_class_type ||
		                                                               tag == DW_TAG_structure_type))) {
			collect(walk, &child, depth + 1);
		} else if (walk->with_statics && (tag == DW_TAG_subprogram || tag == DW_TAG_lexical_block)) {
			collect(walk, &child, depth + 1);
		} else if (tag == DW_TAG_subprogram && walk->with_functions) {
			const char *name = linkage_name(&child);
			struct cache_entry *entry = name ? cache_at(&walk->globals->functions, name, strlen(name)) : NULL;

			if (entry && !entry->value) {
				entry->value = xmalloc(sizeof(Dwarf_Die));
				memcpy(entry->value, &child, sizeof(child));
			}
		}
	} while (dwarf_siblingof(&child, &child) == 0);
}

/* Of the unit that a function is in. NULL: it is in none. */
static struct globals *globals_of(struct program *program, const struct function *function)
{
	Dwarf_Die die = function->die, unit;
	struct cache_entry *entry;
	struct walk walk = {.left = MOST_ENTRIES, .with_functions = true};

	if (!function->has_die || !dwarf_diecu(&die, &unit, NULL, NULL))
		return NULL;
	entry = cache_at(&program->globals, &unit.addr, sizeof(unit.addr));
	if (!entry->value) {
		entry->value = walk.globals = xcalloc(1, sizeof(*walk.globals));
		collect(&walk, &unit, 0);
	}
	return entry->value;
}

static struct globals *all_globals(struct program *program)
{
	struct walk walk = {.left = MOST_ENTRIES, .with_statics = true};
	Dwarf_CU *unit = NULL;
	Dwarf_Die die, split;
	uint8_t type;

	if (program->all)
		return program->all;
	program->all = walk.globals = xcalloc(1, sizeof(*walk.globals));
	while (dwarf_get_units(program->shapes.dwarf, unit, &unit, NULL, &type, &die, &split) == 0) {
		walk.seen = NULL;
		if (type == DW_UT_skeleton && split.addr)
			collect(&walk, &split, 0);
		else if (die.addr)
			collect(&walk, &die, 0);
	}
	return program->all;
}

static bool find_global(struct program *program, const struct globals *globals, uint64_t vaddr, const char *name,
                        uint64_t into, Dwarf_Die *type, uint64_t *offset)
{
	for (size_t i = 0; i < globals->count; i++) {
		struct global *global = &globals->list[i];
		uint64_t size;

		if (!global->vaddr && (!name || !global->name || strcmp(name, global->name)))
			continue;
		if (global->vaddr && (vaddr < global->vaddr || vaddr - global->vaddr > UINT32_MAX))
			continue;
		*offset = global->vaddr ? vaddr - global->vaddr : into;
		size = shape_size(&program->shapes, &global->type);
		if (*offset && *offset >= size)
			continue;
		*type = global->type;
		return true;
	}
	return false;
}

/* Static variables of the function itself, if they were not inlined with it. */
static bool find_static(struct program *program, const struct function *function, uint64_t vaddr, Dwarf_Die *type,
                        uint64_t *offset)
{
	for (size_t i = 0; i < function->count; i++) {
		const struct row *row = &function->rows[i];

		/* Parameters are the values of what lies there. */
		if (row->kind != ROW_ADDRESS || row->is_parameter || vaddr < (uint64_t)row->offset)
			continue;
		*offset = vaddr - (uint64_t)row->offset + row->part;
		if (!*offset || *offset < shape_size(&program->shapes, &row->type)) {
			*type = row->type;
			return true;
		}
	}
	return false;
}

bool program_global(struct program *program, const struct function *function, uint64_t vaddr, Dwarf_Die *type,
                    uint64_t *offset)
{
	const struct globals *globals = globals_of(program, function);
	uint64_t into = 0;
	const char *name = program_object(program, vaddr, &into);

	return globals && (find_global(program, globals, vaddr, name, into, type, offset) ||
	                   find_static(program, function, vaddr, type, offset) ||
	                   find_global(program, all_globals(program), vaddr, name, into, type, offset));
}

/* ---- calls ---------------------------------------------------------------------------------------------------- */

/* Where a stub of the procedure linkage table jumps through; 0: it is none. */
static uint64_t stub_at(struct program *program, uint64_t vaddr)
{
	for (int i = 0; i < 3; i++) {
		const cs_insn *instruction = program_instruction(program, vaddr);
		const cs_x86_op *op;

		if (!instruction)
			return 0;
		op = &instruction->detail->x86.operands[0];
		if (instruction->id == X86_INS_JMP && instruction->detail->x86.op_count == 1 && op->type == X86_OP_MEM &&
		    op->mem.base == X86_REG_RIP && op->mem.index == X86_REG_INVALID)
			return instruction->address + instruction->size + (uint64_t)op->mem.disp;
		if (instruction->id != X86_INS_ENDBR64 && instruction->id != X86_INS_PUSH)
			return 0;
		vaddr = instruction->address + instruction->size;
	}
	return 0;
}

/* A declaration, or the definition, of a function in the caller's unit. */
static void declared(struct program *program, const struct function *function, struct callee *callee)
{
	struct globals *globals = callee->name ? globals_of(program, function) : NULL;
	const struct cache_entry *entry = globals ? cache_find(&globals->functions, callee->name, strlen(callee->name))
	                                          : NULL;

	if (entry) {
		callee->die = *(Dwarf_Die *)entry->value;
		callee->has_die = callee->is_declaration = true;
	}
}

struct callee program_callee(struct program *program, const struct function *function, uint64_t target,
                             uint64_t through)
{
	struct callee callee = {.vaddr = target};
	const struct relocation *relocation;
	Dwarf_Die *die;

	if (target)
		through = stub_at(program, target);
	if (through && (relocation = program_relocation(program, through))) {
		callee.vaddr = relocation->value;
		callee.name = relocation->name;
	} else if (through) {
		callee.vaddr = 0;
	}
	if (callee.vaddr) {
		die = program->binary->dwarf ? dwarf_function(program->binary->dwarf, callee.vaddr) : NULL;
		if (die) {
			callee.die = *die;
			callee.has_die = true;
			callee.name = linkage_name(die);
		} else if (!callee.name) {
			callee.name = binary_symbol(program->binary, callee.vaddr);
		}
	}
	if (!callee.has_die)
		declared(program, function, &callee);
	return callee;
}
