/* firefox_tables.c: the stacks, frames, functions and strings of a thread; see firefox.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export/firefox.h"
#include "export/formats.h"
#include "export/put.h"
#include "trace/array.h"
#include "util.h"

enum category { CATEGORY_OTHER, CATEGORY_NATIVE, CATEGORY_SCRIPT, CATEGORY_WASM, CATEGORY_BUILTIN };

static uint32_t use(struct used *used, uint32_t item)
{
	if (used->number[item] == PROFILE_NONE) {
		used->number[item] = (uint32_t)used->count;
		used->list[used->count++] = item;
	}
	return used->number[item];
}

void firefox_used_open(struct used *used, size_t most)
{
	used->number = xmalloc((most + 1) * sizeof(*used->number));
	memset(used->number, 0xff, (most + 1) * sizeof(*used->number));
	used->list = xcalloc(most + 1, sizeof(*used->list));
}

/* For the next thread. */
static void used_clear(struct used *used)
{
	for (size_t i = 0; i < used->count; i++)
		used->number[used->list[i]] = PROFILE_NONE;
	used->count = 0;
}

void firefox_used_close(struct used *used)
{
	free(used->number);
	free(used->list);
}

uint32_t firefox_string(struct firefox *writer, const char *text)
{
	struct cache_entry *entry = cache_at(&writer->texts, text, strlen(text));

	if (!entry->value) {
		array_room(writer->text_list, writer->text_count);
		writer->text_list[writer->text_count++] = entry->key;
		entry->value = (void *)(uintptr_t)writer->text_count;
	}
	return (uint32_t)((uintptr_t)entry->value - 1);
}

static enum category category_of(const struct firefox *writer, uint32_t frame)
{
	switch (writer->profile->functions[writer->profile->frames[frame].function].kind) {
	case FRAME_NATIVE:
		return CATEGORY_NATIVE;
	case FRAME_JS:
		return CATEGORY_SCRIPT;
	case FRAME_WASM:
		return CATEGORY_WASM;
	case FRAME_BUILTIN:
		return CATEGORY_BUILTIN;
	default:
		return CATEGORY_OTHER;
	}
}

void firefox_put_signed(FILE *file, int64_t value)
{
	if (value < 0)
		putc_unlocked('-', file);
	put_number(file, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

static void put_or_null(FILE *file, uint64_t value)
{
	if (value)
		put_number(file, value);
	else
		fputs_unlocked("null", file);
}

static void put_stacks(struct firefox *writer)
{
	const struct profile_node *nodes = writer->tree.nodes;

	fprintf(writer->file, ",\n\"stackTable\":{\"length\":%zu", writer->nodes.count);
	COLUMN(writer, "frame", writer->nodes.count,
	       put_number(writer->file, writer->frames.number[nodes[writer->nodes.list[i]].function]));
	COLUMN(writer, "prefix", writer->nodes.count, {
		uint32_t caller = nodes[writer->nodes.list[i]].parent;

		if (caller)
			put_number(writer->file, writer->nodes.number[caller]);
		else
			fputs_unlocked("null", writer->file);
	});
	COLUMN(writer, "category", writer->nodes.count,
	       put_number(writer->file, category_of(writer, nodes[writer->nodes.list[i]].function)));
	COLUMN(writer, "subcategory", writer->nodes.count, putc_unlocked('0', writer->file));
	putc_unlocked('}', writer->file);
}

static void put_frames(struct firefox *writer)
{
	const struct profile *profile = writer->profile;
	size_t count = writer->frames.count;

#define FRAME (&profile->frames[writer->frames.list[i]])
	fprintf(writer->file, ",\n\"frameTable\":{\"length\":%zu", count);
	COLUMN(writer, "address", count, fputs_unlocked("-1", writer->file));
	COLUMN(writer, "inlineDepth", count, put_number(writer->file, FRAME->inlined));
	COLUMN(writer, "category", count, put_number(writer->file, category_of(writer, writer->frames.list[i])));
	COLUMN(writer, "subcategory", count, putc_unlocked('0', writer->file));
	COLUMN(writer, "func", count, put_number(writer->file, writer->functions.number[FRAME->function]));
	COLUMN(writer, "nativeSymbol", count, fputs_unlocked("null", writer->file));
	COLUMN(writer, "innerWindowID", count, putc_unlocked('0', writer->file));
	COLUMN(writer, "implementation", count, fputs_unlocked("null", writer->file));
	COLUMN(writer, "line", count, put_or_null(writer->file, FRAME->line));
	COLUMN(writer, "column", count, put_or_null(writer->file, FRAME->column));
	putc_unlocked('}', writer->file);
#undef FRAME
}

/* Modules are resources, numbered as the functions that use them first; a module that is none has none. */
static void put_functions(struct firefox *writer)
{
	const struct profile *profile = writer->profile;
	uint32_t *resources = xmalloc((profile->text_count + 1) * sizeof(*resources)), *names = NULL;
	size_t count = writer->functions.count, resource_count = 0;

	memset(resources, 0xff, (profile->text_count + 1) * sizeof(*resources));
#define FUNCTION (&profile->functions[writer->functions.list[i]])
	for (size_t i = 0; i < count; i++)
		if (FUNCTION->module && resources[FUNCTION->module] == PROFILE_NONE) {
			array_room(names, resource_count);
			resources[FUNCTION->module] = (uint32_t)resource_count;
			names[resource_count++] = firefox_string(writer, profile_base_name(profile_text(profile, FUNCTION->module)));
		}
	fprintf(writer->file, ",\n\"funcTable\":{\"length\":%zu", count);
	COLUMN(writer, "isJS", count, fputs_unlocked(FUNCTION->kind == FRAME_JS ? "true" : "false", writer->file));
	COLUMN(writer, "relevantForJS", count, fputs_unlocked("false", writer->file));
	COLUMN(writer, "name", count, put_number(writer->file, firefox_string(writer, profile_text(profile, FUNCTION->name))));
	COLUMN(writer, "resource", count,
	       firefox_put_signed(writer->file, FUNCTION->module ? (int64_t)resources[FUNCTION->module] : -1));
	COLUMN(writer, "fileName", count, {
		if (FUNCTION->file)
			put_number(writer->file, firefox_string(writer, profile_text(profile, FUNCTION->file)));
		else
			fputs_unlocked("null", writer->file);
	});
	COLUMN(writer, "lineNumber", count, put_or_null(writer->file, FUNCTION->line));
	COLUMN(writer, "columnNumber", count, put_or_null(writer->file, FUNCTION->column));
	fprintf(writer->file, "},\n\"resourceTable\":{\"length\":%zu", resource_count);
	COLUMN(writer, "lib", resource_count, fputs_unlocked("null", writer->file));
	COLUMN(writer, "name", resource_count, put_number(writer->file, names[i]));
	COLUMN(writer, "host", resource_count, fputs_unlocked("null", writer->file));
	COLUMN(writer, "type", resource_count, putc_unlocked('1', writer->file));
	fputs_unlocked("},\n\"nativeSymbols\":{\"length\":0,\"libIndex\":[],\"address\":[],\"name\":[],\"functionSize\":[]}",
	               writer->file);
#undef FUNCTION
	free(resources);
	free(names);
}

uint32_t firefox_use_stack(struct firefox *writer, uint32_t node)
{
	uint32_t frame;

	if (!node)
		return PROFILE_NONE;
	if (writer->nodes.number[node] != PROFILE_NONE)
		return writer->nodes.number[node];
	/* Callers come first. */
	firefox_use_stack(writer, writer->tree.nodes[node].parent);
	frame = writer->tree.nodes[node].function;
	use(&writer->frames, frame);
	use(&writer->functions, writer->profile->frames[frame].function);
	return use(&writer->nodes, node);
}

void firefox_put_tables(struct firefox *writer)
{
	put_stacks(writer);
	put_frames(writer);
	put_functions(writer);
	fputs_unlocked(",\n\"stringArray\":[", writer->file);
	for (size_t i = 0; i < writer->text_count; i++) {
		if (i)
			putc_unlocked(',', writer->file);
		put_json(writer->file, writer->text_list[i]);
	}
	fputs_unlocked("]}", writer->file);
	used_clear(&writer->nodes);
	used_clear(&writer->frames);
	used_clear(&writer->functions);
	cache_free(&writer->texts, NULL);
	writer->texts = (struct cache){0};
	free(writer->text_list);
	writer->text_list = NULL;
	writer->text_count = 0;
}
