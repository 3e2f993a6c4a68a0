/*
 * emit.c: the rewritten module. The original is copied from a cursor on; where something is added or replaced the
 * copy stops and goes on behind it, and the ranges of the result tell which bytes are which.
 */
#include "node/rewrite/emit.h"

#include "node/rewrite/arena.h"
#include "node/rewrite/grow.h"
#include "node/rewrite/labels.h"
#include "node/rewrite/operators.h"
#include "node/rewrite/wrapper.h"

#define OP_NOP 0x01
#define MOST_FUNCTIONS 1000000u      /* that V8 takes */
#define MOST_TYPES     1000000u
#define MOST_EXPORTS   100000u       /* of node 20 */

struct rewriting {
	const struct rewrite_module *module;
	const struct rewrite_candidate *candidate;
	struct rewrite_result *result;
	struct emit out;
	const uint8_t *cursor;           /* what of the original comes next */
	uint32_t noted;                  /* bytes of `out` that are in a range */
	uint32_t range_room;
	struct appended appended;
	bool hold_start;
	uint32_t number;                 /* of the module */
	uint32_t grow_count;
	struct grow grows[GROW_MOST];
};

/* ---- copies and ranges ----------------------------------------------------------------------------------------- */

static void add_range(struct rewriting *rewriting, uint32_t size, uint32_t original)
{
	struct rewrite_result *result = rewriting->result;
	struct rewrite_range *last = result->range_count ? &result->ranges[result->range_count - 1] : NULL;

	if (!size)
		return;
	if (last && (original == REWRITE_NONE ? last->original == REWRITE_NONE :
	             last->original != REWRITE_NONE && last->original + last->size == original)) {
		last->size += size;
	} else if (result->range_count < rewriting->range_room) {
		result->ranges[result->range_count++] = (struct rewrite_range){.at = rewriting->noted, .size = size,
			.original = original};
	} else {
		rewriting->out.over = true;
	}
	rewriting->noted += size;
}

/* What was emitted since is not of the original. */
static void note_new(struct rewriting *rewriting)
{
	add_range(rewriting, (uint32_t)(rewriting->out.at - rewriting->out.start) - rewriting->noted, REWRITE_NONE);
}

static void copy(struct rewriting *rewriting, const uint8_t *bytes, size_t size)
{
	note_new(rewriting);
	emit_bytes(&rewriting->out, bytes, size);
	add_range(rewriting, (uint32_t)size, (uint32_t)(bytes - rewriting->module->bytes));
}

/* The original up to `at`; it goes on at `next`. */
static void copy_to(struct rewriting *rewriting, const uint8_t *at, const uint8_t *next)
{
	if (at > rewriting->cursor)
		copy(rewriting, rewriting->cursor, (size_t)(at - rewriting->cursor));
	rewriting->cursor = next;
}

/* ---- sections that get more entries ----------------------------------------------------------------------------- */

/* The head of a section with `more` entries than the original's, whose entries are copied. emit_close it. */
static uint8_t *open_section(struct rewriting *rewriting, enum section_id id, uint32_t more)
{
	const struct rewrite_section *section = &rewriting->module->section[id];
	struct scan scan = section_scan(rewriting->module, id);
	uint32_t count = 0;
	uint8_t *place;

	if (section->at) {
		copy_to(rewriting, section->at, section->content);
		count = scan_u32(&scan);
		rewriting->cursor = scan.at;
	}
	emit_byte(&rewriting->out, id);
	place = emit_open(&rewriting->out);
	emit_u32(&rewriting->out, count + more);
	if (section->at)
		copy_to(rewriting, section->content + section->size, section->content + section->size);
	return place;
}

static void emit_types(struct rewriting *rewriting)
{
	bool grows = rewriting->grow_count > 0;
	uint8_t *place = open_section(rewriting, SECTION_TYPE, TYPES + grows);

	wrapper_types(&rewriting->out, rewriting->appended.wide);
	if (grows) {
		uint8_t value = rewriting->module->memories[0].wide ? VALUE_I64 : VALUE_I32;
		const uint8_t type[] = {0x60, 1, value, 1, value};

		emit_bytes(&rewriting->out, type, sizeof(type));
	}
	emit_close(&rewriting->out, place);
}

static void emit_functions(struct rewriting *rewriting)
{
	bool grows = rewriting->grow_count > 0;
	uint8_t *place = open_section(rewriting, SECTION_FUNCTION, rewriting->candidate->count + grows);

	for (uint32_t i = 0; i < rewriting->candidate->count; i++)
		emit_u32(&rewriting->out, rewriting->module->functions[rewriting->candidate->watches[i].function].type);
	if (grows)
		emit_u32(&rewriting->out, rewriting->appended.types + TYPES);
	emit_close(&rewriting->out, place);
}

static void emit_tables(struct rewriting *rewriting)
{
	static const uint8_t table[] = {0x70, 1, HOOKS, HOOKS}; /* of functions, that many and no more */
	uint8_t *place = open_section(rewriting, SECTION_TABLE, 1);

	emit_bytes(&rewriting->out, table, sizeof(table));
	emit_close(&rewriting->out, place);
}

static void emit_globals(struct rewriting *rewriting)
{
	static const uint8_t global[] = {VALUE_I32, 1, OP_I32_CONST, 0, OP_END};
	uint8_t *place = open_section(rewriting, SECTION_GLOBAL, 1);

	emit_bytes(&rewriting->out, global, sizeof(global));
	emit_close(&rewriting->out, place);
}

static void emit_export(struct rewriting *rewriting, const char *name, uint32_t kind, uint32_t index)
{
	emit_text(&rewriting->out, name);
	emit_byte(&rewriting->out, kind);
	emit_u32(&rewriting->out, index);
}

static void emit_exports(struct rewriting *rewriting)
{
	bool memory = rewriting->result->memory[0] != '\0';
	uint8_t *place = open_section(rewriting, SECTION_EXPORT, 2u + memory + rewriting->hold_start);

	emit_export(rewriting, rewriting->result->hooks, 1, rewriting->appended.hooks);
	emit_export(rewriting, rewriting->result->state, 3, rewriting->appended.state);
	if (memory)
		emit_export(rewriting, rewriting->result->memory, 2, 0);
	if (rewriting->hold_start)
		emit_export(rewriting, rewriting->result->start, 0, rewriting->module->start);
	emit_close(&rewriting->out, place);
}

/* ---- code ------------------------------------------------------------------------------------------------------- */

/*
 * In the place of a watched function its wrapper. Nothing before the code can give back what was added there, so
 * here, where the original may be longer, the wrapper is filled up to where it ended.
 */
static void emit_wrapper(struct rewriting *rewriting, uint32_t number)
{
	const struct rewrite_watch *watch = &rewriting->candidate->watches[number];
	const struct rewrite_function *function = &rewriting->module->functions[watch->function];
	struct emit *out = &rewriting->out;
	uint8_t *place;
	size_t original_end = function->body + function->size, end;

	place = emit_open(out);
	wrapper_body(out, rewriting->module, watch, number, rewriting->module->function_count + number,
		&rewriting->appended);
	end = (size_t)(out->at - out->start) + 1;
	if (end < original_end)
		emit_fill(out, OP_NOP, original_end - end);
	emit_byte(out, OP_END);
	emit_close(out, place);
}

static bool grows_memory(const struct rewriting *rewriting, uint32_t function)
{
	for (uint32_t i = 0; i < rewriting->grow_count; i++)
		if (rewriting->grows[i].function == function)
			return true;
	return false;
}

/* A function's own body, with its size: as it was but for where it grows the memory. */
static void emit_body(struct rewriting *rewriting, uint32_t function)
{
	const struct rewrite_function *original = &rewriting->module->functions[function];
	const uint8_t *at = rewriting->module->bytes + original->body, *end = at + original->size;
	uint8_t *place;

	if (!grows_memory(rewriting, function)) {
		emit_u32(&rewriting->out, original->size);
		copy(rewriting, at, original->size);
		return;
	}
	place = emit_open(&rewriting->out);
	for (uint32_t i = 0; i < rewriting->grow_count; i++) {
		const uint8_t *grow = rewriting->module->bytes + rewriting->grows[i].at;

		if (rewriting->grows[i].function != function)
			continue;
		copy(rewriting, at, (size_t)(grow - at));
		emit_byte(&rewriting->out, OP_CALL);
		emit_u32(&rewriting->out, rewriting->module->function_count + rewriting->candidate->count);
		at = grow + GROW_BYTES;
	}
	copy(rewriting, at, (size_t)(end - at));
	emit_close(&rewriting->out, place);
}

/* The next function from `first` on that changes; *number: which watch it is, REWRITE_NONE none. REWRITE_NONE: no more. */
static uint32_t next_changed(const struct rewriting *rewriting, uint32_t first, uint32_t *number)
{
	uint32_t next = REWRITE_NONE;

	*number = REWRITE_NONE;
	for (uint32_t i = 0; i < rewriting->grow_count; i++)
		if (rewriting->grows[i].function >= first && rewriting->grows[i].function < next)
			next = rewriting->grows[i].function;
	for (uint32_t i = 0; i < rewriting->candidate->count; i++) {
		uint32_t function = rewriting->candidate->watches[i].function;

		if (function >= first && function <= next) {
			next = function;
			*number = i;
		}
	}
	return next;
}

static void emit_code(struct rewriting *rewriting)
{
	const struct rewrite_module *module = rewriting->module;
	const struct rewrite_candidate *candidate = rewriting->candidate;
	const struct rewrite_section *section = &module->section[SECTION_CODE];
	struct scan scan = section_scan(module, SECTION_CODE);
	bool grows = rewriting->grow_count > 0;
	uint32_t number, next;
	uint8_t *place;

	copy_to(rewriting, section->at, section->content);
	emit_byte(&rewriting->out, SECTION_CODE);
	place = emit_open(&rewriting->out);
	emit_u32(&rewriting->out, scan_u32(&scan) + candidate->count + grows);
	rewriting->cursor = scan.at;
	for (uint32_t first = 0; (next = next_changed(rewriting, first, &number)) != REWRITE_NONE; first = next + 1) {
		const struct rewrite_function *function = &module->functions[next], *before = function - 1;
		/* A body's size may be written in more bytes than it needs, so it is sought from the body before. */
		const uint8_t *head = next == module->imported_functions ? scan.at :
			module->bytes + before->body + before->size;

		copy_to(rewriting, head, module->bytes + function->body + function->size);
		if (number != REWRITE_NONE)
			emit_wrapper(rewriting, number);
		else
			emit_body(rewriting, next);
	}
	copy_to(rewriting, section->content + section->size, section->content + section->size);
	for (uint32_t i = 0; i < candidate->count; i++)
		emit_body(rewriting, candidate->watches[i].function);
	if (grows) {
		uint8_t *body = emit_open(&rewriting->out);

		grow_body(&rewriting->out, module, rewriting->appended.hooks, rewriting->appended.types + 1,
			rewriting->appended.wide);
		emit_close(&rewriting->out, body);
	}
	note_new(rewriting);
	emit_close(&rewriting->out, place);
}

/* A name that no export of the module has: the wanted one, with a number if there is one or it is taken. */
static void choose_name(const struct rewrite_module *module, char name[24], const char *wanted, uint32_t number)
{
	size_t length = strlen(wanted);
	bool taken = number != 0;

	memcpy(name, wanted, length + 1);
	do {
		if (taken) {
			for (unsigned digit = 0; digit < 8; digit++)
				name[length + digit] = (char)('a' + (number >> 4 * (7 - digit) & 15));
			name[length + 8] = '\0';
			number++;
		}
		taken = false;
		for (uint32_t i = 0; i < module->export_count && !taken; i++)
			taken = text_is(module->exports[i].name, name);
	} while (taken);
}

/* ---- the module ------------------------------------------------------------------------------------------------- */

/* Those that change and that the original may lack, in order. */
static const struct {
	enum section_id id;
	void (*emit)(struct rewriting *rewriting);
} changing[] = {
	{SECTION_TYPE, emit_types}, {SECTION_FUNCTION, emit_functions}, {SECTION_TABLE, emit_tables},
	{SECTION_GLOBAL, emit_globals}, {SECTION_EXPORT, emit_exports}, {SECTION_CODE, emit_code},
};

#define CHANGING (sizeof(changing) / sizeof(changing[0]))

/* Whoever asks for the section "name" is to be given what the original has. */
static void emit_name_changes(struct rewriting *rewriting, const struct label_changes *changes)
{
	struct emit *out = &rewriting->out;
	uint8_t *place;

	choose_name(rewriting->module, rewriting->result->names, "__probe_names", rewriting->number);
	emit_byte(out, SECTION_CUSTOM);
	place = emit_open(out);
	emit_text(out, rewriting->result->names);
	labels_emit_changes(out, changes);
	emit_close(out, place);
}

static void emit_module(struct rewriting *rewriting)
{
	const struct rewrite_module *module = rewriting->module;
	const uint8_t *end = module->bytes + module->size, *at;
	struct scan scan = scan_of(module->bytes + MODULE_HEADER, module->size - MODULE_HEADER), content;
	struct label_changes changes;
	unsigned next = 0;
	uint32_t id;

	rewriting->cursor = module->bytes;
	while (section_next(&scan, &id, &at, &content)) {
		if (id == SECTION_CUSTOM && at == module->name_section) {
			copy_to(rewriting, at, at);
			if (labels_emit(&rewriting->out, module, rewriting->candidate, rewriting->grow_count > 0, &changes)) {
				rewriting->cursor = content.end;
				emit_name_changes(rewriting, &changes);
			}
		}
		if (id == SECTION_START && rewriting->hold_start)
			copy_to(rewriting, at, content.end);
		if (!section_rank(id))
			continue;
		for (; next < CHANGING && section_rank(changing[next].id) <= section_rank(id); next++) {
			if (!module->section[changing[next].id].at)
				copy_to(rewriting, at, at);
			changing[next].emit(rewriting);
		}
	}
	copy_to(rewriting, end, end);
	note_new(rewriting);
}

static const char *check(const struct rewrite_module *module, const struct rewrite_candidate *candidate)
{
	if (!candidate->count)
		return "it has nothing to watch";
	if (module->function_count + candidate->count >= MOST_FUNCTIONS || module->type_count + TYPES >= MOST_TYPES ||
	    module->export_count + 4 > MOST_EXPORTS)
		return "it has as much as V8 takes already";
	for (uint32_t i = 0; i < candidate->count; i++) {
		if (!wrapper_fits(module, &candidate->watches[i]))
			return "a function to watch is of another type";
		for (uint32_t j = 0; j < i; j++)
			if (candidate->watches[i].function == candidate->watches[j].function)
				return "a function is to be watched twice";
	}
	return NULL;
}

/* No less than what the rewritten module takes. */
static size_t most_bytes(const struct rewrite_module *module, const struct rewrite_candidate *candidate)
{
	size_t bytes = module->size + module->names.length + 1024u + REWRITE_WATCHES * 64u + GROW_MOST * 16;

	for (uint32_t i = 0; i < candidate->count; i++) {
		const struct rewrite_function *function = &module->functions[candidate->watches[i].function];
		size_t parameters = module->types[function->type].parameters;

		bytes += function->size + WRAPPER_MOST + 8 * parameters;
		if (module->function_names)
			bytes += module->function_names[candidate->watches[i].function].length + 64u;
	}
	return bytes;
}

bool rewrite_make(struct rewrite *rewrite, const struct rewrite_candidate *candidate, unsigned flags,
	struct rewrite_result *result)
{
	const struct rewrite_module *module = &rewrite->module;
	struct rewriting rewriting = {.module = module, .candidate = candidate, .result = result,
		.range_room = 64 + 4 * candidate->count + 4 * GROW_MOST, .hold_start = (flags & REWRITE_HOLD_START) &&
		module->start != REWRITE_NONE, .number = rewrite->number};
	size_t most;

	rewrite->reason = check(module, candidate);
	if (rewrite->reason)
		return false;
	*result = (struct rewrite_result){.functions = module->function_count, .candidate = candidate};
	for (uint32_t i = 0; i < candidate->count; i++)
		result->wide |= wrapper_is_wide(module, &candidate->watches[i]);
	rewriting.grow_count = grow_find(module, rewriting.grows);
	result->wide |= rewriting.grow_count && module->memories[0].wide;
	result->tells_refused = rewriting.grow_count > 0;
	choose_name(module, result->hooks, "__probe_hooks", rewrite->number);
	choose_name(module, result->state, "__probe_state", rewrite->number);
	if (module->memory_count)
		choose_name(module, result->memory, "__probe_memory", rewrite->number);
	if (rewriting.hold_start)
		choose_name(module, result->start, "__probe_start", rewrite->number);
	rewriting.appended = (struct appended){.state = module->global_count, .hooks = module->table_count,
		.types = module->type_count, .wide = result->wide,
		.catches = flags & REWRITE_CATCH};
	most = most_bytes(module, candidate);
	result->bytes = arena_take(&rewrite->arena, most, 1);
	result->ranges = arena_take(&rewrite->arena, rewriting.range_room, sizeof(*result->ranges));
	if (!result->bytes || !result->ranges) {
		rewrite->reason = "there is no memory";
		return false;
	}
	rewriting.out = (struct emit){.start = result->bytes, .at = result->bytes, .end = result->bytes + most};
	emit_module(&rewriting);
	if (rewriting.out.over) {
		rewrite->reason = "its parts are not where they should be";
		return false;
	}
	result->size = (size_t)(rewriting.out.at - rewriting.out.start);
	return true;
}
