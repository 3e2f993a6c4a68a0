/* generated.c: from an address in generated code to a frame; see generated.h. */
#include "names/generated.h"

#include <stdlib.h>
#include <string.h>

#include "names/when.h"
#include "trace/lines.h"
#include "util.h"

struct table {                /* of the lines of a code */
	size_t    count;
	struct line_entry entries[];
};

/* ---- the code ------------------------------------------------------------------------------------------------ */

struct spot {                 /* a place in a code; all zero: none */
	const struct code *code;
	uint64_t  offset;         /* bytes from its start */
	bool      at_entry;       /* before its first bytecode: offset means nothing */
};

/* A function that was called and has not begun yet stands one byte before its bytecode, in the head of its object. */
static struct spot spot_of(const struct generated *generated, const struct trace_node *node)
{
	uint32_t generation = node->generation & TRACE_NODE_GENERATION;
	uint64_t address = call_of(node);
	const struct code_place *at = code_at(&generated->index, address, generation);

	if (at)
		return at->code->kind == TRACE_CODE_GONE ? (struct spot){0} :
			(struct spot){.code = at->code, .offset = address - at->address};
	if (!(node->generation & TRACE_NODE_EXACT) || address == UINT64_MAX)
		return (struct spot){0};
	at = code_at(&generated->index, address + 1, generation); /* it begins there, or it would have the address */
	if (!at || at->code->kind != TRACE_CODE_BYTECODE)
		return (struct spot){0};
	return (struct spot){.code = at->code, .at_entry = true};
}

/* ---- lines --------------------------------------------------------------------------------------------------- */

static const struct table *table_of(struct generated_names *names, const struct code *code)
{
	struct cache_entry *entry = cache_at(&names->tables, &code, sizeof(code));
	struct lines lines = {.at = code->lines, .end = code->lines + code->lines_size};
	size_t count = 0;
	struct table *table;

	if (entry->value)
		return entry->value;
	while (lines_next(&lines))
		count++;
	table = entry->value = xmalloc(sizeof(*table) + count * sizeof(*table->entries));
	table->count = count;
	lines = (struct lines){.at = code->lines, .end = code->lines + code->lines_size};
	for (size_t i = 0; i < count && lines_next(&lines); i++)
		table->entries[i] = lines.entry;
	return table;
}

/* The entry that holds at a place in a code, NULL if there is none. */
static const struct line_entry *line_at(struct generated_names *names, const struct spot *spot)
{
	const struct table *table;
	size_t low = 0, high;

	if (!spot->code->lines || spot->at_entry)
		return NULL;
	table = table_of(names, spot->code);
	for (high = table->count; low < high;) {
		size_t middle = low + (high - low) / 2;

		if (table->entries[middle].offset <= spot->offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &table->entries[low - 1] : NULL;
}

/* ---- frames -------------------------------------------------------------------------------------------------- */

static const char *without_accessor(const char *function)
{
	return function && (!strncmp(function, "get ", 4) || !strncmp(function, "set ", 4)) ? function + 4 : function;
}

/* The line of the call where the code says it, else the function's own; and both in what the script was made from. */
static void place_script(struct generated_names *names, const struct process_info *process, const struct spot *spot,
                         const struct script_name *name, struct frame *frame)
{
	const struct line_entry *entry = frame->tier == TIER_OPTIMIZED ? NULL : line_at(names, spot);
	struct script_place script = {
		.script = name->script, .told_ns = realtime_of(process, spot->code->tick), .line = name->line,
		.column = name->column, .function = without_accessor(name->own_name), .function_line = name->line,
		.function_column = name->column,
	};
	struct original original;

	frame->line_kind = LINE_FUNCTION;
	if (entry && entry->line) {
		frame->line_kind = LINE_CALL;
		script.line = entry->line;
		script.column = entry->column;
	}
	frame->file = frame->module = name->script;
	frame->own_line = name->line;
	frame->own_column = name->column;
	frame->line = script.line;
	frame->column = script.column;
	/* A script as a whole begins in none of the sources that it was made from. */
	if (!name->script || !frame->line ||
	    (frame->line_kind == LINE_FUNCTION && !name->own_name && frame->line == 1 && frame->column == 1))
		return;
	if (originals_find(&names->originals, &script, &original)) {
		frame->file = original.file;
		frame->line = original.line;
		frame->column = original.column;
		if (original.function)
			frame->function = original.function;
	} else if (!originals_fit(&names->originals, &script)) {
		frame->line = frame->column = 0;
	}
}

static void place_wasm(struct generated_names *names, const struct spot *spot, const struct script_name *name,
                       struct frame *frame)
{
	const struct line_entry *entry = line_at(names, spot);

	frame->has_wasm_index = name->has_index;
	frame->wasm_index = name->index;
	frame->has_wasm_offset = entry != NULL;
	frame->wasm_offset = entry ? entry->line : 0;
}

static void fill_builtin(const struct script_name *name, bool above_interpreter, struct frame *frame)
{
	if (name->interpreter && !(name->is_handler && above_interpreter)) {
		/* A frame of the interpreter itself that the library could not replace by what it ran. */
		frame->kind = FRAME_JS;
		frame->tier = TIER_INTERPRETED;
		frame->why = UNKNOWN_INTERPRETED;
		return;
	}
	frame->kind = FRAME_BUILTIN;
	frame->function = name->function;
	frame->machinery = name->is_handler;
}

void generated_builtin(struct generated_names *names, const char *builtin, bool above_interpreter,
                       struct frame *frame)
{
	struct script_name name = javascript_builtin(builtin, &names->strings);

	fill_builtin(&name, above_interpreter, frame);
}

static void fill(struct generated *generated, struct generated_names *names, struct demangler *demangler,
                 const struct generated_place *place, const struct spot *spot, struct frame *frame)
{
	struct script_name name = javascript_name(spot->code, &generated->scripts, &names->strings);

	if (name.kind == FRAME_BUILTIN) {
		fill_builtin(&name, place->above_interpreter, frame);
		return;
	}
	frame->kind = name.kind;
	frame->tier = name.tier;
	frame->function = name.function;
	frame->why = UNKNOWN_UNTOLD;
	if (name.kind == FRAME_JS)
		place_script(names, place->process, spot, &name, frame);
	if (name.kind == FRAME_WASM)
		place_wasm(names, spot, &name, frame);
	if (name.kind == FRAME_WASM && name.function)
		frame->function = demangle(demangler, name.function);
}

bool generated_frame(struct generated *generated, struct generated_names *names, struct demangler *demangler,
                     const struct generated_place *place, struct frame *frame)
{
	struct spot spot = spot_of(generated, place->node);

	if (!spot.code) {
		frame->why = generated->is_named ? UNKNOWN_UNTOLD : generated->has_runtime ? UNKNOWN_SILENT :
		                                                                             UNKNOWN_MODULE;
		return false;
	}
	fill(generated, names, demangler, place, &spot, frame);
	return true;
}

bool generated_named(struct generated *generated, struct generated_names *names, struct demangler *demangler,
                     const struct generated_place *place, const char *name, struct frame *frame)
{
	/* When it was told is not known: not before the process began. */
	struct code code = {.name = name, .tick = place->process->header.anchor[0].tick};
	struct spot spot = {.code = &code, .at_entry = true};

	if (!javascript_is_name(name, &code.kind))
		return false;
	fill(generated, names, demangler, place, &spot, frame);
	return true;
}

bool generated_is_interpreted(const struct generated *generated, const struct trace_node *node)
{
	struct spot spot = spot_of(generated, node);

	/* With --interpreted-frames-native-stack each function has a copy of what runs it. */
	return spot.code && (spot.code->kind == TRACE_CODE_BYTECODE || javascript_is_interpreted(spot.code));
}

/* ---- cold ---------------------------------------------------------------------------------------------------- */

/* Runtimes of a process and, as of the fork, of those that it was forked from. */
static void note_runtimes(struct generated *generated, const struct recording *recording, struct process_id id)
{
	uint64_t until = UINT64_MAX;

	for (size_t steps = 0; steps < recording->process_count && id.index < recording->process_count; steps++) {
		const struct process_info *process = &recording->processes[id.index];

		for (size_t i = 0; i < process->runtime_count; i++) {
			const struct runtime_note *note = &process->runtimes[i];

			if (note->tick > until)
				continue;
			generated->has_runtime = true;
			generated->is_named |= note->state == TRACE_RUNTIME_NAMED;
			if (note->state == TRACE_RUNTIME_MISSING)
				generated->missing = note->text;
		}
		if (!process->forked)
			break;
		until = process->header.fork_before;
		id = process->parent;
	}
}

void generated_build(struct generated *generated, const struct recording *recording, struct process_id process)
{
	code_index_build(&generated->index, recording, process);
	for (size_t i = 0; i < generated->index.count; i++)
		scripts_learn(&generated->scripts, generated->index.entries[i].place->code);
	note_runtimes(generated, recording, process);
}

void generated_free(struct generated *generated)
{
	code_index_free(&generated->index);
	scripts_free(&generated->scripts);
	*generated = (struct generated){0};
}

void generated_names_free(struct generated_names *names)
{
	cache_free(&names->strings, NULL);
	cache_free(&names->tables, free);
	originals_free(&names->originals);
}
