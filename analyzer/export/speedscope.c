/*
 * speedscope.c: speedscope's own format, one sampled profile for each value that is not 0 everywhere; the one asked for is
 * shown first. Functions are its frames, so that lines of one do not fall apart.
 */
#include <stdlib.h>

#include "export/formats.h"
#include "export/put.h"
#include "util.h"

static void put_frames(FILE *file, const struct profile *profile)
{
	for (size_t i = 0; i < profile->function_count; i++) {
		const struct profile_function *function = &profile->functions[i];

		fputs_unlocked(i ? ",\n{\"name\":" : "\n{\"name\":", file);
		put_json(file, profile_text(profile, function->name));
		if (function->file) {
			fputs_unlocked(",\"file\":", file);
			put_json(file, profile_text(profile, function->file));
		}
		if (function->line) {
			fputs_unlocked(",\"line\":", file);
			put_number(file, function->line);
		}
		putc_unlocked('}', file);
	}
}

static void put_sample(FILE *file, const struct profile_tree *tree, size_t node, uint32_t **path, size_t *capacity)
{
	size_t count = 0;

	for (uint32_t at = (uint32_t)node; at; at = tree->nodes[at].parent) {
		if (count == *capacity) {
			*capacity = *capacity * 2 + 128;
			*path = xreallocarray(*path, *capacity, sizeof(**path));
		}
		(*path)[count++] = tree->nodes[at].function;
	}
	putc_unlocked('[', file);
	while (count--) {
		put_number(file, (*path)[count]);
		if (count)
			putc_unlocked(',', file);
	}
	putc_unlocked(']', file);
}

static void put_profile(FILE *file, const struct profile *profile, const struct profile_tree *tree,
                        enum profile_value value)
{
	const char *before = "\n";
	uint32_t *path = NULL;
	size_t capacity = 0;

	fputs_unlocked("{\"type\":\"sampled\",\"name\":", file);
	put_json(file, value_title(value));
	fprintf(file, ",\"unit\":\"%s\",\"startValue\":0,\"endValue\":", value_is_bytes(value) ? "bytes" : value == VALUE_CPU ? "nanoseconds" : "none");
	put_number(file, profile->totals[value]);
	fputs_unlocked(",\"samples\":[", file);
	for (size_t i = 0; i < tree->count && !ferror_unlocked(file); i++) {
		if (!tree->nodes[i].self[value])
			continue;
		fputs_unlocked(before, file);
		before = ",\n";
		put_sample(file, tree, i, &path, &capacity);
	}
	fputs_unlocked("],\"weights\":[", file);
	before = "";
	for (size_t i = 0; i < tree->count; i++) {
		if (!tree->nodes[i].self[value])
			continue;
		fputs_unlocked(before, file);
		before = ",";
		put_number(file, tree->nodes[i].self[value]);
	}
	fputs_unlocked("]}", file);
	free(path);
}

bool speedscope_export(FILE *file, struct profile *profile, const struct export_options *options)
{
	struct profile_tree tree = profile_tree_build(profile);
	size_t count = 0, active = 0;

	fputs_unlocked("{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\"exporter\":\"probe\",\"name\":",
	               file);
	put_json(file, profile_title(profile));
	fputs_unlocked(",\"shared\":{\"frames\":[", file);
	put_frames(file, profile);
	fputs_unlocked("]},\"profiles\":[", file);
	for (size_t value = 0; value < PROFILE_VALUES; value++) {
		if (!profile->totals[value] && value != options->value)
			continue;
		if (value == options->value)
			active = count;
		fputs_unlocked(count++ ? ",\n" : "\n", file);
		put_profile(file, profile, &tree, value);
	}
	fputs_unlocked("],\"activeProfileIndex\":", file);
	put_number(file, active);
	fputs_unlocked("}\n", file);
	profile_tree_free(&tree);
	return true;
}
