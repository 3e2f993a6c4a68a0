/*
 * folded.c: a line for each stack, outermost function first: "main;f;g 123". The grammar has no escape for ';', so it
 * becomes ':', and a name cannot break its line.
 */
#include <stdlib.h>
#include <string.h>

#include "export/formats.h"
#include "export/put.h"
#include "report/escape.h"
#include "util.h"

static char *folded_name(const struct profile *profile, const struct profile_function *function)
{
	char *label = function_label(profile, function), *name = escape_text(label);

	free(label);
	for (char *at = name; *at; at++)
		if (*at == ';')
			*at = ':';
	return name;
}

bool folded_export(FILE *file, struct profile *profile, const struct export_options *options)
{
	struct profile_tree tree = profile_tree_build(profile);
	char **names = xcalloc(profile->function_count + 1, sizeof(*names));
	uint32_t *path = NULL;
	size_t capacity = 0;

	for (size_t i = 0; i < profile->function_count; i++)
		names[i] = folded_name(profile, &profile->functions[i]);
	for (size_t i = 1; i < tree.count && !ferror_unlocked(file); i++) {
		size_t count = 0;

		if (!tree.nodes[i].self[options->value])
			continue;
		for (uint32_t at = (uint32_t)i; at; at = tree.nodes[at].parent) {
			if (count == capacity) {
				capacity = capacity * 2 + 128;
				path = xreallocarray(path, capacity, sizeof(*path));
			}
			path[count++] = tree.nodes[at].function;
		}
		while (count--) {
			fputs_unlocked(names[path[count]], file);
			putc_unlocked(count ? ';' : ' ', file);
		}
		put_number(file, tree.nodes[i].self[options->value]);
		putc_unlocked('\n', file);
	}
	for (size_t i = 0; i < profile->function_count; i++)
		free(names[i]);
	free(names);
	free(path);
	profile_tree_free(&tree);
	return true;
}
