/*
 * heapprofile.c: a sampling heap profile as Chrome's DevTools save and load it (HeapProfiler.SamplingHeapProfile): the tree of
 * functions with what each allocated itself, of one value. Lines and columns count from 0 there, −1 is unknown.
 */
#include <inttypes.h>

#include "export/formats.h"
#include "export/put.h"

void put_call_frame(FILE *file, const struct profile *profile, uint32_t number, const char *otherwise)
{
	static const struct profile_function none;
	const struct profile_function *function = number == PROFILE_NONE ? &none : &profile->functions[number];
	uint32_t place = function->file ? function->file : function->module;

	fputs_unlocked("\"callFrame\":{\"functionName\":", file);
	put_json(file, number == PROFILE_NONE ? otherwise : profile_text(profile, function->name));
	fputs_unlocked(",\"scriptId\":\"", file);
	put_number(file, place);
	fputs_unlocked("\",\"url\":", file);
	put_json(file, profile_text(profile, place));
	fprintf(file, ",\"lineNumber\":%" PRId64 ",\"columnNumber\":%" PRId64 "}", (int64_t)function->line - 1,
	        (int64_t)function->column - 1);
}

static void begin_node(FILE *file, const struct profile *profile, const struct profile_tree *tree, uint32_t node,
                       enum profile_value value)
{
	putc_unlocked('{', file);
	put_call_frame(file, profile, tree->nodes[node].function, "(root)");
	fputs_unlocked(",\"selfSize\":", file);
	put_number(file, tree->nodes[node].self[value]);
	fputs_unlocked(",\"id\":", file);
	put_number(file, node + 1);
	fputs_unlocked(",\"children\":[", file);
}

bool heapprofile_export(FILE *file, struct profile *profile, const struct export_options *options)
{
	struct profile_tree tree = profile_tree_build(profile);
	const char *before = "";
	uint64_t ordinal = 1;

	fputs_unlocked("{\"head\":", file);
	for (uint32_t node = 0;;) {
		begin_node(file, profile, &tree, node, options->value);
		if (tree.nodes[node].child != PROFILE_NONE) {
			node = tree.nodes[node].child;
			continue;
		}
		fputs_unlocked("]}", file);
		while (node && tree.nodes[node].sibling == PROFILE_NONE) {
			node = tree.nodes[node].parent;
			fputs_unlocked("]}", file);
		}
		if (!node)
			break;
		putc_unlocked(',', file);
		putc_unlocked('\n', file);
		node = tree.nodes[node].sibling;
	}
	fputs_unlocked(",\n\"samples\":[", file);
	for (size_t i = 0; i < tree.count; i++) {
		if (!tree.nodes[i].self[options->value])
			continue;
		fprintf(file, "%s{\"size\":%" PRIu64 ",\"nodeId\":%zu,\"ordinal\":%" PRIu64 "}", before,
		        tree.nodes[i].self[options->value], i + 1, ordinal++);
		before = ",\n";
	}
	fputs_unlocked("]}\n", file);
	profile_tree_free(&tree);
	return true;
}
