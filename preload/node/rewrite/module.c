/*
 * module.c: the sections of a module and what their headers say. Whatever is not understood makes the whole module
 * one that is left alone; only what lies in memory (memoryuse.c) and names are best efforts.
 */
#include "node/rewrite/module.h"

#include <string.h>

#include "node/rewrite/arena.h"

#define MOST_BYTES (1u << 30)        /* V8 takes no larger module */

static bool no(struct rewrite *rewrite, const char *reason)
{
	rewrite->reason = reason;
	return false;
}

unsigned section_rank(uint32_t id)
{
	static const uint8_t ranks[REWRITE_SECTIONS] = {
		[SECTION_TYPE] = 1, [SECTION_IMPORT] = 2, [SECTION_FUNCTION] = 3, [SECTION_TABLE] = 4, [SECTION_MEMORY] = 5,
		[SECTION_TAG] = 6, [SECTION_GLOBAL] = 7, [SECTION_EXPORT] = 8, [SECTION_START] = 9, [SECTION_ELEMENT] = 10,
		[SECTION_DATA_COUNT] = 11, [SECTION_CODE] = 12, [SECTION_DATA] = 13,
	};

	return ranks[id];
}

static bool read_sections(struct rewrite *rewrite)
{
	struct rewrite_module *module = &rewrite->module;
	struct scan scan = scan_of(module->bytes + MODULE_HEADER, module->size - MODULE_HEADER), content;
	const uint8_t *at;
	unsigned last = 0;
	uint32_t id;

	while (section_next(&scan, &id, &at, &content)) {
		if (id >= REWRITE_SECTIONS)
			return no(rewrite, "it has a section of a kind that is not known");
		if (id == SECTION_CUSTOM) {
			if (!module->name_section && text_is(scan_text(&content), "name")) {
				module->name_section = at;
				module->names.text = (const char *)content.at;
				module->names.length = (uint32_t)scan_left(&content);
			}
			continue;
		}
		if (section_rank(id) <= last)
			return no(rewrite, "its sections are not in order");
		last = section_rank(id);
		module->section[id] = (struct rewrite_section){.at = at, .content = content.at,
			.size = (uint32_t)scan_left(&content)};
	}
	return scan.bad ? no(rewrite, "it is cut off") : true;
}

/* Limits of a table or memory. */
static struct rewrite_linear read_limits(struct scan *scan, uint8_t most)
{
	uint8_t flags = scan_byte(scan);
	struct rewrite_linear limits = {.bounded = flags & 1, .shared = flags & 2, .wide = flags & 4};

	if (flags > most)
		scan_fail(scan);
	limits.minimum = scan_unsigned(scan, limits.wide ? 64 : 32);
	if (limits.bounded)
		limits.maximum = scan_unsigned(scan, limits.wide ? 64 : 32);
	return limits;
}

static void skip_value_type(struct scan *scan)
{
	uint8_t type = scan_byte(scan);

	if (type == 0x63 || type == 0x64)
		scan_signed(scan, 33);
}

enum import_kind { IMPORT_FUNCTION, IMPORT_TABLE, IMPORT_MEMORY, IMPORT_GLOBAL, IMPORT_TAG };

/* Counts what is imported; fills the functions' types and the memories in if there is room for them. */
static bool walk_imports(struct rewrite_module *module, bool fill)
{
	struct scan scan = section_scan(module, SECTION_IMPORT);
	uint32_t counts[IMPORT_TAG + 1] = {0};

	for (uint32_t count = module->section[SECTION_IMPORT].at ? scan_u32(&scan) : 0; count && !scan.bad; count--) {
		struct rewrite_linear limits;
		uint32_t kind, type;

		scan_part(&scan);
		scan_part(&scan);
		kind = scan_byte(&scan);
		switch (kind) {
		case IMPORT_FUNCTION:
			type = scan_u32(&scan);
			if (fill && !scan.bad)
				module->functions[counts[kind]].type = type;
			break;
		case IMPORT_TABLE:
			skip_value_type(&scan);
			read_limits(&scan, 7);
			break;
		case IMPORT_MEMORY:
			limits = read_limits(&scan, 7);
			limits.imported = true;
			if (fill && !scan.bad)
				module->memories[counts[kind]] = limits;
			break;
		case IMPORT_GLOBAL:
			skip_value_type(&scan);
			scan_byte(&scan);
			break;
		case IMPORT_TAG:
			scan_byte(&scan);
			scan_u32(&scan);
			break;
		default:
			return false;
		}
		counts[kind]++;
	}
	if (scan.bad || scan.at != scan.end)
		return false;
	module->imported_functions = counts[IMPORT_FUNCTION];
	module->imported_tables = counts[IMPORT_TABLE];
	module->imported_globals = counts[IMPORT_GLOBAL];
	if (!fill)
		module->memory_count = counts[IMPORT_MEMORY];
	return true;
}

/* What a section's vector counts. */
static uint32_t vector_count(const struct rewrite_module *module, enum section_id id, struct scan *scan)
{
	*scan = section_scan(module, id);
	return module->section[id].at ? scan_u32(scan) : 0;
}

static bool read_counts(struct rewrite *rewrite)
{
	struct rewrite_module *module = &rewrite->module;
	uint32_t functions, tables, memories, globals, exports;
	struct scan scan, memory;
	bool bad;

	if (!walk_imports(module, false))
		return no(rewrite, "its imports are not understood");
	functions = vector_count(module, SECTION_FUNCTION, &scan);
	bad = scan.bad || functions > scan_left(&scan);
	tables = vector_count(module, SECTION_TABLE, &scan);
	bad |= scan.bad || tables > scan_left(&scan);
	memories = vector_count(module, SECTION_MEMORY, &memory);
	bad |= memory.bad || memories > scan_left(&memory);
	globals = vector_count(module, SECTION_GLOBAL, &scan);
	bad |= scan.bad || globals > scan_left(&scan);
	exports = vector_count(module, SECTION_EXPORT, &scan);
	bad |= scan.bad || exports > scan_left(&scan);
	if (bad) {
		module->memory_count = 0;
		return no(rewrite, "a section counts more than it holds");
	}
	module->function_count = module->imported_functions + functions;
	module->table_count = module->imported_tables + tables;
	module->global_count = module->imported_globals + globals;
	module->export_count = exports;
	module->functions = arena_take(&rewrite->arena, module->function_count, sizeof(*module->functions));
	module->memories = arena_take(&rewrite->arena, module->memory_count + memories, sizeof(*module->memories));
	module->exports = arena_take(&rewrite->arena, exports, sizeof(*module->exports));
	if (!module->functions || !module->memories || !module->exports)
		return no(rewrite, "there is no memory");
	walk_imports(module, true);
	for (; memories && !memory.bad; memories--)
		module->memories[module->memory_count++] = read_limits(&memory, 7);
	if (memory.bad || memory.at != memory.end)
		return no(rewrite, "its memories are not understood");
	return true;
}

static bool read_functions(struct rewrite *rewrite)
{
	struct rewrite_module *module = &rewrite->module;
	struct scan types, bodies;
	uint32_t count = vector_count(module, SECTION_FUNCTION, &types);

	if (vector_count(module, SECTION_CODE, &bodies) != count || bodies.bad)
		return no(rewrite, "it has not as many bodies as functions");
	for (uint32_t i = module->imported_functions; i < module->function_count; i++) {
		struct scan body = {.at = NULL, .end = NULL};

		module->functions[i].type = scan_u32(&types);
		body = scan_part(&bodies);
		if (types.bad || bodies.bad || module->functions[i].type >= module->type_count)
			return no(rewrite, "its functions are not understood");
		module->functions[i].body = (uint32_t)(body.at - module->bytes);
		module->functions[i].size = (uint32_t)scan_left(&body);
	}
	if (types.at != types.end || bodies.at != bodies.end)
		return no(rewrite, "its functions are not understood");
	for (uint32_t i = 0; i < module->imported_functions; i++)
		if (module->functions[i].type >= module->type_count)
			return no(rewrite, "its imports are not understood");
	return true;
}

static bool read_exports(struct rewrite *rewrite)
{
	struct rewrite_module *module = &rewrite->module;
	struct scan scan;
	uint32_t count = vector_count(module, SECTION_EXPORT, &scan);

	for (uint32_t i = 0; i < count && !scan.bad; i++) {
		struct rewrite_export *export = &module->exports[i];

		export->name = scan_text(&scan);
		export->kind = scan_byte(&scan);
		export->index = scan_u32(&scan);
		if (export->kind > 4 || (export->kind == 0 && export->index >= module->function_count))
			scan_fail(&scan);
	}
	if (scan.bad || scan.at != scan.end)
		return no(rewrite, "its exports are not understood");
	return true;
}

static bool read_start(struct rewrite *rewrite)
{
	struct rewrite_module *module = &rewrite->module;
	struct scan scan = section_scan(module, SECTION_START);

	module->start = REWRITE_NONE;
	if (!module->section[SECTION_START].at)
		return true;
	module->start = scan_u32(&scan);
	if (scan.bad || scan.at != scan.end || module->start >= module->function_count)
		return no(rewrite, "its start function is not understood");
	return true;
}

bool rewrite_read(struct rewrite *rewrite, const uint8_t *bytes, size_t size)
{
	static const uint8_t header[MODULE_HEADER] = {0, 'a', 's', 'm', 1, 0, 0, 0};
	struct rewrite_module *module = &rewrite->module;

	*module = (struct rewrite_module){.bytes = bytes};
	rewrite->candidate_count = 0;
	rewrite->reason = NULL;
	if (size < MODULE_HEADER || memcmp(bytes, header, MODULE_HEADER) != 0)
		return no(rewrite, "it is no wasm module of version 1");
	if (size > MOST_BYTES)
		return no(rewrite, "it is larger than V8 takes");
	module->size = (uint32_t)size;
	if (!read_sections(rewrite))
		return false;
	if (!module->section[SECTION_TYPE].at || !module->section[SECTION_CODE].at)
		return no(rewrite, "it has no code");
	if (!read_types(rewrite) || !read_counts(rewrite) || !read_functions(rewrite) || !read_exports(rewrite) ||
	    !read_start(rewrite))
		return false;
	if (!read_names(rewrite))
		return false;
	read_memory_use(rewrite);
	return true;
}

void rewrite_free(struct rewrite *rewrite)
{
	arena_free(&rewrite->arena);
	rewrite->candidate_count = 0;
}
