/*
 * svg.c: a flame graph as one file that a browser shows, without a network: the tree of all stacks as data, and the script
 * that draws it (flame.js, flame.css). What is thinner than a hundred-thousandth in every value is part of its caller, so
 * that the file stays small. A differential one has the values of an earlier recording, too, for colours; widths are those
 * of the later one.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "export/formats.h"
#include "export/put.h"
#include "util.h"

#define THIN 100000              /* of the whole, by which what is drawn is divided */

#define EMBED(name, file) \
	__asm__(".section .rodata\n" #name ": .incbin \"" file "\"\n.byte 0\n.previous\n"); \
	extern const char name[] __asm__(#name)

EMBED(flame_script, "export/flame.js");
EMBED(flame_style, "export/flame.css");

/* The mode decides about colours. */
static const struct { const char *title, *mode; } shown[PROFILE_VALUES] = {
	[VALUE_LIVE_BYTES] = {"leaks: live bytes", "leak"}, [VALUE_LIVE_BLOCKS] = {"leaks: live blocks", "leak"},
	[VALUE_BYTES] = {"allocated bytes", "allocation"}, [VALUE_ALLOCS] = {"allocations", "allocation"},
	[VALUE_TEMPORARY] = {"temporary blocks", "allocation"}, [VALUE_PEAK] = {"bytes at the peak", "allocation"},
	[VALUE_CPU] = {"CPU time", "cpu"}, [VALUE_INSTRUCTIONS] = {"instructions", "cpu"}, [VALUE_CYCLES] = {"cycles", "cpu"},
	[VALUE_CACHE_MISSES] = {"cache misses", "cpu"}, [VALUE_PAGE_FAULTS] = {"page faults", "cpu"},
	[VALUE_SAMPLES] = {"CPU samples", "cpu"},
};
static const enum profile_value order[PROFILE_VALUES] = {
	VALUE_LIVE_BYTES, VALUE_LIVE_BLOCKS, VALUE_BYTES, VALUE_ALLOCS, VALUE_TEMPORARY, VALUE_PEAK, VALUE_CPU, VALUE_INSTRUCTIONS,
	VALUE_CYCLES, VALUE_CACHE_MISSES, VALUE_PAGE_FAULTS, VALUE_SAMPLES,
};

/* By enum frame_kind. */
static const char kinds[] = "[\"native\",\"javascript\",\"wasm\",\"builtin\",\"log\",\"unknown\"]";

struct writer {
	FILE     *file;
	struct profile *profile;
	struct profile_tree tree;
	struct profile_tree before; /* the same nodes, with what the earlier recording had in them; no nodes: there is none */
	uint32_t *numbers;        /* by node: its number in the file, or its nearest caller's that is there; owned */
	bool     *kept;           /* by node; owned */
	enum profile_value values[PROFILE_VALUES]; size_t value_count;
};

static void choose_values(struct writer *writer, enum profile_value first)
{
	for (size_t i = 0; i < PROFILE_VALUES; i++)
		if (writer->profile->totals[order[i]] || order[i] == first)
			writer->values[writer->value_count++] = order[i];
}

static void keep_thick(const struct writer *writer, const struct profile_tree *tree)
{
	for (size_t value = 0; value < writer->value_count && tree->count; value++) {
		uint64_t *totals = profile_tree_totals(tree, writer->values[value]);

		for (size_t i = 1; i < tree->count; i++)
			writer->kept[i] |= totals[i] && totals[i] >= totals[0] / THIN;
		free(totals);
	}
}

/* Marks what is thick enough in some value; callers are as thick as what they call. */
static void choose_nodes(struct writer *writer)
{
	uint32_t next = 1;

	writer->kept[0] = true;
	keep_thick(writer, &writer->tree);
	keep_thick(writer, &writer->before);
	for (size_t i = 1; i < writer->tree.count; i++)
		writer->numbers[i] = writer->kept[i] ? next++ : writer->numbers[writer->tree.nodes[i].parent];
}

static void put_functions(const struct writer *writer)
{
	const struct profile *profile = writer->profile;

	for (size_t i = 0; i < profile->function_count; i++) {
		const struct profile_function *function = &profile->functions[i];
		const char *file = profile_text(profile, function->file ? function->file : function->module);
		char *place = function->line ? xasprintf("%s:%" PRIu32, file, function->line) : xstrdup(file);

		fputs_unlocked(i ? ",\n[" : "\n[", writer->file);
		put_json(writer->file, profile_text(profile, function->name));
		putc_unlocked(',', writer->file);
		put_json(writer->file, place);
		putc_unlocked(',', writer->file);
		put_number(writer->file, function->kind);
		putc_unlocked(']', writer->file);
		free(place);
	}
}

/* `count` of them, of each value. */
static void put_values(const struct writer *writer, const char *key, const struct profile_tree *tree, size_t count)
{
	fputs_unlocked(key, writer->file);
	for (size_t value = 0; value < writer->value_count; value++) {
		uint64_t *self = xcalloc(count, sizeof(*self));

		for (size_t i = 0; i < tree->count; i++)
			self[writer->numbers[i]] += tree->nodes[i].self[writer->values[value]];
		fputs_unlocked(value ? ",\n[" : "\n[", writer->file);
		for (size_t i = 0; i < count; i++) {
			if (i)
				putc_unlocked(',', writer->file);
			put_number(writer->file, self[i]);
		}
		putc_unlocked(']', writer->file);
		free(self);
	}
}

static void put_nodes(const struct writer *writer)
{
	const struct profile_tree *tree = &writer->tree;
	size_t count = 1;

	fputs_unlocked("],\nparents:[0", writer->file);
	for (size_t i = 1; i < tree->count; i++)
		if (writer->kept[i]) {
			putc_unlocked(',', writer->file);
			put_number(writer->file, writer->numbers[tree->nodes[i].parent]);
			count++;
		}
	fputs_unlocked("],\nnodes:[0", writer->file);
	for (size_t i = 1; i < tree->count; i++)
		if (writer->kept[i]) {
			putc_unlocked(',', writer->file);
			put_number(writer->file, tree->nodes[i].function);
		}
	put_values(writer, "],\nself:[", tree, count);
	if (writer->before.count)
		put_values(writer, "],\nbefore:[", &writer->before, count);
	fputs_unlocked("]};\n", writer->file);
}

static void put_title(const struct writer *writer)
{
	const struct view *view = writer->profile->view;
	char *title;

	if (!writer->before.count) {
		put_json(writer->file, profile_title(writer->profile));
		return;
	}
	title = xasprintf("%s, compared with %s before", view->inputs[0].recording->dir,
	                  view->inputs[view->input_count - 1].recording->dir);
	put_json(writer->file, profile_text(writer->profile, profile_text_of(writer->profile, title)));
	free(title);
}

static void put_data(const struct writer *writer, enum profile_value first)
{
	fputs_unlocked("const data={title:", writer->file);
	put_title(writer);
	if (writer->before.count)
		fputs_unlocked(",against:true", writer->file);
	fprintf(writer->file, ",note:\"click or Enter: zoom · Esc: back · /: search · arrows: move\",kinds:%s,\nvalues:[", kinds);
	for (size_t i = 0; i < writer->value_count; i++)
		fprintf(writer->file, "%s{title:\"%s\",mode:\"%s\",unit:\"%s\"}", i ? "," : "", shown[writer->values[i]].title,
		        shown[writer->values[i]].mode,
		        value_is_bytes(writer->values[i]) ? "bytes" : writer->values[i] == VALUE_CPU ? "ns" : "count");
	fputs_unlocked("],active:", writer->file);
	for (size_t i = 0; i < writer->value_count; i++)
		if (writer->values[i] == first)
			put_number(writer->file, i);
	fputs_unlocked(",\nfunctions:[", writer->file);
	put_functions(writer);
	put_nodes(writer);
}

/* Takes what sites of inputs from `first` on have out of the tree, and into that of what was before. */
static void part(struct writer *writer, const uint32_t *of_site, size_t first)
{
	const struct profile *profile = writer->profile;

	writer->before = (struct profile_tree){xcalloc(writer->tree.count, sizeof(*writer->before.nodes)), writer->tree.count};
	for (size_t i = 0; i < writer->tree.count; i++)
		writer->before.nodes[i].parent = writer->tree.nodes[i].parent;
	for (size_t i = 0; i < profile->site_count; i++) {
		const struct profile_site *site = &profile->sites[i];

		if (profile->view->processes[site->process].input < &profile->view->inputs[first])
			continue;
		for (size_t value = 0; value < PROFILE_VALUES; value++) {
			writer->tree.nodes[of_site[i]].self[value] -= site->values[value];
			writer->before.nodes[of_site[i]].self[value] += site->values[value];
		}
	}
}

bool svg_export(FILE *file, struct profile *profile, const struct export_options *options)
{
	struct writer writer = {.file = file, .profile = profile};
	uint32_t *of_site = xcalloc(profile->site_count + 1, sizeof(*of_site));

	writer.tree = profile_tree_of_functions(profile, of_site);
	if (options->earlier)
		part(&writer, of_site, profile->view->input_count - options->earlier);
	free(of_site);

	writer.numbers = xcalloc(writer.tree.count, sizeof(*writer.numbers));
	writer.kept = xcalloc(writer.tree.count, sizeof(*writer.kept));
	choose_values(&writer, options->value);
	choose_nodes(&writer);
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100%\" height=\"600\">\n<title>probe</title>\n"
	      "<style><![CDATA[\n", file);
	fputs(flame_style, file);
	fputs("]]></style>\n<text id=\"plain\" x=\"10\" y=\"20\">This flame graph is drawn by its script: open the file in a browser."
	      "</text>\n<g id=\"frames\"/>\n"
	      "<foreignObject id=\"bar\" x=\"0\" y=\"0\" width=\"100%\" height=\"90\"><div xmlns=\"http://www.w3.org/1999/xhtml\">"
	      "<h1 id=\"title\"></h1><div class=\"row\"><select id=\"value\" aria-label=\"what is shown\"></select>"
	      "<input id=\"search\" type=\"search\" placeholder=\"search functions, files\" aria-label=\"search\"/>"
	      "<button id=\"reset\">whole graph</button><span id=\"found\" role=\"status\"></span>"
	      "<span id=\"legend\" class=\"row\"></span><span id=\"note\" class=\"quiet\"></span></div></div></foreignObject>\n"
	      "<foreignObject id=\"tip\" style=\"display:none\" width=\"10\" height=\"10\">"
	      "<div xmlns=\"http://www.w3.org/1999/xhtml\"></div></foreignObject>\n<script><![CDATA[\n", file);
	put_data(&writer, options->value);
	fputs(flame_script, file);
	fputs("]]></script>\n</svg>\n", file);
	free(writer.numbers);
	free(writer.kept);
	profile_tree_free(&writer.tree);
	profile_tree_free(&writer.before);
	return true;
}
