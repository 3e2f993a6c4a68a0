/*
 * dwarf.c: an index over libdw; see dwarf.h. libdw's own look-ups (dwarf_addrdie, dwarf_getscopes) are not used: the
 * first needs .debug_aranges, which clang and rustc do not write, the second walks a whole unit for each address.
 */
#include "names/dwarf.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "names/demangle.h"
#include "util.h"

#define MOST_DEPTH  256       /* of entries within each other; deeper ones are not looked at */
#define MOST_RANGES (1u << 20) /* of one entry */
#define MOST_ORIGINS 8        /* from a copy of a function to what it is a copy of */
#define MOST_CHILDREN 1024    /* of a function, among which type parameters are looked for */

/* ---- from an address to a place ------------------------------------------------------------------------------- */

/* An entry's next sibling. In damaged files the sibling attribute may point back: then there is none. */
static bool next_sibling(Dwarf_Die *die)
{
	Dwarf_Die next;

	if (dwarf_siblingof(die, &next) != 0 || (char *)next.addr <= (char *)die->addr)
		return false;
	*die = next;
	return true;
}

static bool has_addresses(Dwarf_Die *die)
{
	return dwarf_hasattr(die, DW_AT_low_pc) || dwarf_hasattr(die, DW_AT_ranges);
}

static bool is_block(int tag)
{
	return tag == DW_TAG_lexical_block || tag == DW_TAG_try_block || tag == DW_TAG_catch_block ||
	       tag == DW_TAG_with_stmt;
}

/* What is inlined at `pc` within `outer`, outermost first. */
static void collect_inlined(Dwarf_Die *outer, uint64_t pc, Dwarf_Die *inlined, size_t *count, int depth)
{
	Dwarf_Die child;

	if (depth >= MOST_DEPTH || dwarf_child(outer, &child) != 0)
		return;
	do {
		int tag = dwarf_tag(&child);

		if ((tag != DW_TAG_inlined_subroutine && !is_block(tag)) || dwarf_haspc(&child, pc) <= 0)
			continue;
		if (tag == DW_TAG_inlined_subroutine) {
			if (*count == DWARF_MOST_PLACES - 1)
				return;
			inlined[(*count)++] = child;
		}
		collect_inlined(&child, pc, inlined, count, depth + 1);
		return;
	} while (next_sibling(&child));
}

static uint32_t number(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;

	if (!dwarf_attr(die, name, &attribute) || dwarf_formudata(&attribute, &value) != 0 || value > UINT32_MAX)
		return 0;
	return (uint32_t)value;
}

/* The type parameters of a function or, if it is a copy of it, of what it is a copy of: "T,A". NULL: none. */
static const char *parameters_of(struct dwarf_file *file, Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	Dwarf_Die origin = *die, child;
	char *names = NULL;
	const char *kept;
	unsigned count = 0;

	for (unsigned depth = 0; depth < MOST_ORIGINS && (dwarf_attr(&origin, DW_AT_abstract_origin, &attribute) ||
	                                                  dwarf_attr(&origin, DW_AT_specification, &attribute)); depth++)
		if (!dwarf_formref_die(&attribute, &origin))
			return NULL;
	if (dwarf_child(&origin, &child) != 0)
		return NULL;
	do {
		const char *name = dwarf_tag(&child) == DW_TAG_template_type_parameter ? dwarf_diename(&child) : NULL;
		char *more;

		if (!name)
			continue;
		more = xasprintf("%s%s%s", names ? names : "", names ? "," : "", name);
		free(names);
		names = more;
	} while (count++ < MOST_CHILDREN && next_sibling(&child));
	kept = names ? cache_at(&file->texts, names, strlen(names))->key : NULL;
	free(names);
	return kept;
}

static void name_place(struct dwarf_file *file, struct place *place, Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	const char *name = NULL;

	if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute) ||
	    dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute))
		name = dwarf_formstring(&attribute);
	place->mangled = name;
	place->function = name ? name : dwarf_diename(die);
	if (name && name[1] == 'Z' && is_rust_mangled(name) && (name = dwarf_diename(die)) && strchr(name, '<') &&
	    (place->parameters = parameters_of(file, die)))
		place->own = name;
}

/* In DWARF 5 paths may be relative to the folder of compilation; libdw leaves them so. */
static const char *whole_path(struct dwarf_file *file, struct dwarf_unit *unit, const char *path)
{
	Dwarf_Attribute attribute;
	const char *folder, *whole;
	char *joined;

	if (!path || path[0] == '/' || !dwarf_attr(&unit->die, DW_AT_comp_dir, &attribute) ||
	    !(folder = dwarf_formstring(&attribute)) || folder[0] != '/')
		return path;
	joined = xasprintf("%s%s%s", folder, folder[strlen(folder) - 1] == '/' ? "" : "/", path);
	whole = cache_at(&file->texts, joined, strlen(joined))->key;
	free(joined);
	return whole;
}

/* Where the function was called that was inlined. */
static void call_place(struct dwarf_file *file, struct dwarf_unit *unit, struct place *place, Dwarf_Die *inlined)
{
	uint32_t index = number(inlined, DW_AT_call_file);
	Dwarf_Die root;
	Dwarf_Files *files;
	size_t count;

	if (dwarf_hasattr(inlined, DW_AT_call_file) && dwarf_diecu(inlined, &root, NULL, NULL) &&
	    dwarf_getsrcfiles(&root, &files, &count) == 0 && index < count)
		place->file = whole_path(file, unit, dwarf_filesrc(files, index, NULL, NULL));
	place->line = number(inlined, DW_AT_call_line);
	place->column = number(inlined, DW_AT_call_column);
}

static void line_place(struct dwarf_file *file, struct dwarf_unit *unit, struct place *place, uint64_t pc)
{
	Dwarf_Line *line = dwarf_getsrc_die(&unit->die, pc);
	int value;

	if (!line)
		return;
	place->file = whole_path(file, unit, dwarf_linesrc(line, NULL, NULL));
	if (dwarf_lineno(line, &value) == 0 && value > 0)
		place->line = (uint32_t)value;
	if (dwarf_linecol(line, &value) == 0 && value > 0)
		place->column = (uint32_t)value;
}

static void walk(struct dwarf_file *file, struct dwarf_unit *unit);

/* The function of `unit` that has `pc` in it. */
static Dwarf_Die *function_at(struct dwarf_file *file, struct dwarf_unit *unit, uint64_t pc)
{
	uint32_t found;

	if (!unit->walked)
		walk(file, unit);
	found = intervals_find(&unit->ranges, pc);
	return found == INTERVAL_NONE ? NULL : &unit->functions[unit->ranges.items[found].value];
}

/* Units may claim each other's addresses. The one that has a function there is right; without any the innermost. */
static Dwarf_Die *find(struct dwarf_file *file, uint64_t pc, struct dwarf_unit **unit)
{
	uint32_t range = intervals_find(&file->ranges, pc);

	if (range == INTERVAL_NONE)
		return NULL;
	*unit = &file->units[file->ranges.items[range].value];
	for (uint32_t next = range; next != INTERVAL_NONE; next = intervals_outer(&file->ranges, next, pc)) {
		struct dwarf_unit *claimant = &file->units[file->ranges.items[next].value];
		Dwarf_Die *function = function_at(file, claimant, pc);

		if (function) {
			*unit = claimant;
			return function;
		}
	}
	return NULL;
}

Dwarf_Die *dwarf_function(struct dwarf_file *file, uint64_t vaddr)
{
	struct dwarf_unit *unit = NULL;

	return find(file, vaddr, &unit);
}

size_t dwarf_places(struct dwarf_file *file, uint64_t pc, struct place places[DWARF_MOST_PLACES])
{
	struct dwarf_unit *unit = NULL;
	Dwarf_Die *function;
	Dwarf_Die inlined[DWARF_MOST_PLACES];
	size_t count = 0;

	function = find(file, pc, &unit);
	if (!unit)
		return 0;
	if (function)
		collect_inlined(function, pc, inlined, &count, 0);

	places[0] = (struct place){0};
	line_place(file, unit, &places[0], pc);
	for (size_t i = 0; i < count; i++) {
		Dwarf_Die *die = &inlined[count - 1 - i];

		name_place(file, &places[i], die);
		places[i + 1] = (struct place){0};
		call_place(file, unit, &places[i + 1], die);
	}
	if (function)
		name_place(file, &places[count], function);
	return function || places[0].file ? count + 1 : 0;
}

/* ---- the index ------------------------------------------------------------------------------------------------ */

/*
 * Functions that the linker threw away keep their debug information, with addresses that mean nothing (0, 1 or −1).
 * Where these fall into real code they would give it a wrong name.
 */
static void add_ranges(struct intervals *intervals, const struct elf_file *elf, Dwarf_Die *die, uint32_t value)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0;

	for (uint32_t i = 0; i < MOST_RANGES && (at = dwarf_ranges(die, at, &base, &start, &end)) > 0; i++)
		if (elf_file_is_code(elf, start))
			intervals_add(intervals, (struct interval){
				.start = start, .end = end, .value = value, .rank = UINT32_MAX - value});
}

static void add_function(struct dwarf_file *file, struct dwarf_unit *unit, Dwarf_Die *die)
{
	if (unit->function_count >= INTERVAL_NONE - 1)
		return;
	if (unit->function_count == unit->function_capacity) {
		unit->function_capacity = unit->function_capacity ? unit->function_capacity * 2 : 16;
		unit->functions = xreallocarray(unit->functions, unit->function_capacity, sizeof(*unit->functions));
	}
	unit->functions[unit->function_count] = *die;
	add_ranges(&unit->ranges, file->elf, die, (uint32_t)unit->function_count++);
}

static bool may_hold_functions(int tag)
{
	return tag == DW_TAG_subprogram || tag == DW_TAG_namespace || tag == DW_TAG_module || is_block(tag) ||
	       tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type ||
	       tag == DW_TAG_enumeration_type || tag == DW_TAG_interface_type;
}

/*
 * Entries stand in the order of this walk, so each one lies behind all that were seen. In damaged files they may not,
 * and the walk would go through the same ones again and again, in time exponential in their depth.
 */
static void walk_children(struct dwarf_file *file, struct dwarf_unit *unit, Dwarf_Die *outer, void **seen, int depth)
{
	Dwarf_Die child;

	if (depth >= MOST_DEPTH || dwarf_child(outer, &child) != 0)
		return;
	do {
		int tag = dwarf_tag(&child);

		if ((char *)child.addr <= (char *)*seen)
			return;
		*seen = child.addr;
		if (tag == DW_TAG_subprogram && has_addresses(&child))
			add_function(file, unit, &child);
		if (may_hold_functions(tag))
			walk_children(file, unit, &child, seen, depth + 1);
	} while (dwarf_siblingof(&child, &child) == 0);
}

static void walk(struct dwarf_file *file, struct dwarf_unit *unit)
{
	void *seen = NULL;
	Dwarf_Die split;
	uint8_t type;

	unit->walked = true;
	/* A skeleton's functions are in a .dwo file, which libdw finds. */
	if (dwarf_cu_info(unit->die.cu, NULL, &type, NULL, &split, NULL, NULL, NULL) == 0 &&
	    type == DW_UT_skeleton && split.addr)
		walk_children(file, unit, &split, &seen, 0);
	else
		walk_children(file, unit, &unit->die, &seen, 0);
	intervals_build(&unit->ranges);
}

static void add_unit(struct dwarf_file *file, Dwarf_Die *die)
{
	if (file->unit_count >= INTERVAL_NONE - 1)
		return;
	if (file->unit_count == file->unit_capacity) {
		file->unit_capacity = file->unit_capacity ? file->unit_capacity * 2 : 16;
		file->units = xreallocarray(file->units, file->unit_capacity, sizeof(*file->units));
	}
	file->units[file->unit_count] = (struct dwarf_unit){.die = *die};
	add_ranges(&file->ranges, file->elf, die, (uint32_t)file->unit_count++);
}

struct dwarf_file *dwarf_file_open(const struct elf_file *elf)
{
	struct dwarf_file *file = xcalloc(1, sizeof(*file));
	Dwarf_CU *unit = NULL;
	Dwarf_Die die;

	file->elf = elf;
	file->dwarf = dwarf_begin_elf(elf->elf, DWARF_C_READ, NULL);
	if (!file->dwarf) {
		free(file);
		return NULL;
	}
	while (dwarf_get_units(file->dwarf, unit, &unit, NULL, NULL, &die, NULL) == 0)
		if (die.addr && has_addresses(&die))
			add_unit(file, &die);
	intervals_build(&file->ranges);
	if (!file->ranges.count) {
		dwarf_file_close(file);
		return NULL;
	}
	return file;
}

void dwarf_file_close(struct dwarf_file *file)
{
	if (!file)
		return;
	for (size_t i = 0; i < file->unit_count; i++) {
		free(file->units[i].functions);
		intervals_free(&file->units[i].ranges);
	}
	free(file->units);
	intervals_free(&file->ranges);
	cache_free(&file->texts, NULL);
	dwarf_end(file->dwarf);
	free(file);
}
