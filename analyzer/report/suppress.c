/* suppress.c: LeakSanitizer's suppression files; see suppress.h. Reads that file, and names. */
#include "report/suppress.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

struct suppressions {
	char   **patterns;        /* in the file's order */
	size_t   count;
};

static bool parse(struct suppressions *suppressions, const char *path, FILE *file)
{
	char *line = NULL;
	size_t capacity = 0, number = 0;
	ssize_t length;
	bool good = true;

	while (good && (length = getline(&line, &capacity, file)) >= 0) {
		char *text = line + strspn(line, " \t");

		number++;
		while (length && strchr(" \t\r\n", line[length - 1]))
			line[--length] = '\0';
		if (!*text || *text == '#')
			continue;
		if (strncmp(text, "leak:", 5) || !text[5]) {
			warn("%s: line %zu is not 'leak:PATTERN'", path, number);
			good = false;
			break;
		}
		suppressions->patterns = xreallocarray(suppressions->patterns, suppressions->count + 1,
		                                       sizeof(*suppressions->patterns));
		suppressions->patterns[suppressions->count++] = xstrdup(text + 5);
	}
	if (good && ferror(file)) {
		warn("%s:", path);
		good = false;
	}
	free(line);
	return good;
}

struct suppressions *suppressions_read(const char *path)
{
	struct suppressions *suppressions = xcalloc(1, sizeof(*suppressions));
	bool standard = !strcmp(path, "-");
	FILE *file = standard ? stdin : fopen(path, "re");

	if (!file)
		warn("%s:", path);
	if (!file || !parse(suppressions, path, file)) {
		suppressions_free(suppressions);
		suppressions = NULL;
	}
	if (file && !standard)
		fclose(file);
	return suppressions;
}

void suppressions_free(struct suppressions *suppressions)
{
	if (!suppressions)
		return;
	for (size_t i = 0; i < suppressions->count; i++)
		free(suppressions->patterns[i]);
	free(suppressions->patterns);
	free(suppressions);
}

/* Each piece between stars is found as early as possible: with stars alone that is enough, no search goes back. */
bool suppressions_matches(const char *pattern, const char *text)
{
	bool tied = pattern[0] == '^';

	for (pattern += tied; *pattern;) {
		size_t length = strcspn(pattern, "*");
		bool last = pattern[length] == '\0';
		bool to_end = last && length && pattern[length - 1] == '$';
		size_t piece = length - to_end, left = strlen(text);
		const char *found;

		if (to_end)
			found = left >= piece && (!tied || left == piece) ? text + left - piece : NULL;
		else
			found = tied ? text : memmem(text, left, pattern, piece);
		if (!found || strncmp(found, pattern, piece))
			return false;
		text = found + piece;
		pattern += length + !last;
		tied = false;
	}
	return true;
}

const char *suppressions_match(const struct suppressions *suppressions, struct view_process *process,
                               struct node_id stack)
{
	for (struct node_id node = stack; suppressions->count && node_is_frame(process->info, node);
	     node.index = process->info->nodes[node.index - TRACE_FIRST_NODE].parent) {
		const struct frame *frames;
		size_t count = names_resolve(process->input->names, process->id, node, &frames);

		for (size_t i = 0; i < count; i++) {
			const char *const texts[] = {frames[i].function, frames[i].file, frames[i].module};

			for (size_t text = 0; text < 3; text++)
				for (size_t p = 0; texts[text] && p < suppressions->count; p++)
					if (suppressions_matches(suppressions->patterns[p], texts[text]))
						return suppressions->patterns[p];
		}
	}
	return NULL;
}
