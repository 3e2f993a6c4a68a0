/* suppress.c: reads suppressions and tries them on stacks; see suppress.h. Reads their files, and names. */
#include "report/suppress.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/array.h"
#include "util.h"

#define TYPE "leak:"
#define BRIEF_NS 1e9

/* ---- the list ------------------------------------------------------------------------------------------------ */

struct suppressions *suppressions_new(void)
{
	return xcalloc(1, sizeof(struct suppressions));
}

void suppressions_free(struct suppressions *suppressions)
{
	if (!suppressions)
		return;
	for (size_t i = 0; i < suppressions->count; i++) {
		free(suppressions->rows[i]->pattern);
		free(suppressions->rows[i]->source);
		free(suppressions->rows[i]);
	}
	free(suppressions->rows);
	free(suppressions);
}

/* Takes over both texts. */
static void add(struct suppressions *suppressions, enum suppressed_from from, char *pattern, char *source,
                const struct process_info *owner)
{
	struct suppression *row = xcalloc(1, sizeof(*row));

	*row = (struct suppression){.pattern = pattern, .source = source, .from = from, .owner = owner};
	array_room(suppressions->rows, suppressions->count);
	suppressions->rows[suppressions->count++] = row;
	if (from != FROM_SHIPPED)
		suppressions->shipped = suppressions->count;
}

/* ---- reading ------------------------------------------------------------------------------------------------- */

enum line { LINE_EMPTY, LINE_PATTERN, LINE_WRONG };

/* `line` is cut behind its last character; *pattern points into it. */
static enum line read_line(char *line, const char **pattern)
{
	size_t length = strlen(line);
	char *text = line + strspn(line, " \t");

	while (length && strchr(" \t\r\n", line[length - 1]))
		line[--length] = '\0';
	if (!*text || *text == '#')
		return LINE_EMPTY;
	*pattern = text + strlen(TYPE);
	/* LeakSanitizer takes no other type than this, and an empty pattern for one that matches everything. */
	return !strncmp(text, TYPE, strlen(TYPE)) && **pattern ? LINE_PATTERN : LINE_WRONG;
}

#define LINE_MOST 65536u             /* bytes; a longer one, or one with a NUL, is no text */

/* One line as a string. False: there are no more. */
static bool next_line(FILE *file, char *line)
{
	size_t length = 0;
	bool text = true;
	int c;

	while ((c = getc_unlocked(file)) != EOF && c != '\n') {
		text &= c != '\0' && length < LINE_MOST - 1;
		if (!text)
			break;
		line[length++] = (char)c;
	}
	if (!text)
		line[0] = '?', length = 1;
	line[length] = '\0';
	return c != EOF || length;
}

static bool read_file(struct suppressions *suppressions, const char *path, FILE *file)
{
	char *line = xmalloc(LINE_MOST);
	size_t number = 0;
	bool good = true;

	while (good && next_line(file, line)) {
		const char *pattern;
		enum line kind = read_line(line, &pattern);

		number++;
		if (kind == LINE_PATTERN)
			add(suppressions, FROM_FILE, xstrdup(pattern), xasprintf("%s:%zu", path, number), NULL);
		good = kind != LINE_WRONG;
	}
	if (!good)
		warn("%s: line %zu is not 'leak:PATTERN'", path, number);
	if (good && ferror(file)) {
		warn("%s:", path);
		good = false;
	}
	free(line);
	return good;
}

bool suppressions_add_file(struct suppressions *suppressions, const char *path)
{
	bool standard = !strcmp(path, "-"), good;
	FILE *file = standard ? stdin : fopen(path, "re");

	if (!file) {
		warn("%s:", path);
		return false;
	}
	good = read_file(suppressions, path, file);
	if (!standard)
		fclose(file);
	return good;
}

void suppressions_add_target(struct suppressions *suppressions, const struct process_info *process)
{
	size_t wrong = 0;

	for (size_t i = 0; i < process->suppression_count; i++) {
		char *text = xstrdup(process->suppressions[i]), *rest = text, *line;

		while ((line = strsep(&rest, "\n"))) {
			const char *pattern;
			enum line kind = read_line(line, &pattern);

			if (kind == LINE_PATTERN)
				add(suppressions, FROM_TARGET, xstrdup(pattern), xstrdup("target"), process);
			wrong += kind == LINE_WRONG;
		}
		free(text);
	}
	if (wrong)
		warn("%s: __lsan_default_suppressions: %zu of its lines %s not 'leak:PATTERN' and left out",
		     process->stem, wrong, wrong == 1 ? "is" : "are");
}

void suppressions_add_shipped(struct suppressions *suppressions)
{
	for (size_t i = 0; i < shipped_count; i++)
		add(suppressions, FROM_SHIPPED, xstrdup(shipped_pattern(i)), xstrdup("shipped"), NULL);
}

/* ---- matching ------------------------------------------------------------------------------------------------ */

/*
 * LeakSanitizer's way, to the letter, so that a file means the same to both: each piece is looked for where it is found
 * first, and no search goes back. So "^*in$" does not match "in in". An empty text matches nothing.
 */
bool suppressions_matches(const char *pattern, const char *text)
{
	bool tied = *pattern == '^', star = false;

	if (!*text)
		return false;
	for (pattern += tied; *pattern;) {
		size_t length = strcspn(pattern, "*$");
		const char *found;

		if (*pattern == '*') {
			pattern++;
			tied = false;
			star = true;
			continue;
		}
		if (*pattern == '$')
			return !*text || star;
		if (!*text)
			return false;
		found = memmem(text, strlen(text), pattern, length);
		if (!found || (tied && found != text))
			return false;
		text = found + length;
		pattern += length;
		tied = star = false;
	}
	return true;
}

/* The first that matches this text, of those that hold for the process. */
static size_t find(const struct suppressions *suppressions, const struct view_process *process, const char *text)
{
	for (size_t i = 0; text && i < suppressions->shipped; i++) {
		const struct suppression *row = suppressions->rows[i];

		if ((row->from == FROM_FILE || row->owner == process->suppressor) &&
		    suppressions_matches(row->pattern, text))
			return i;
	}
	return SIZE_MAX;
}

/* Of one node's frames, in LeakSanitizer's order. */
static size_t find_in_frames(const struct suppressions *suppressions, struct view_process *process,
                             struct node_id node)
{
	const struct frame *frames;
	size_t count = names_resolve(process->input->names, process->id, node, &frames);

	for (size_t i = 0; i < count; i++) {
		const char *const texts[] = {frames[i].module, frames[i].function, frames[i].file};

		/* What is not shown cannot be meant. */
		if (frames[i].machinery || place_is_probe(&frames[i]))
			continue;
		for (size_t text = 0; text < 3; text++) {
			size_t found = find(suppressions, process, texts[text]);

			if (found != SIZE_MAX)
				return found;
		}
	}
	return SIZE_MAX;
}

/* What is asked for is kept by node: many stacks share their outer frames. */
enum { NODE_NOT_ASKED, NODE_NONE, NODE_FIRST };

static size_t match_node(const struct suppressions *suppressions, struct view_process *process, struct node_id node)
{
	uint32_t *known;

	if (!process->suppressed)
		process->suppressed = xcalloc(process->info->node_count, sizeof(*process->suppressed));
	known = &process->suppressed[node.index - TRACE_FIRST_NODE];
	if (*known == NODE_NOT_ASKED) {
		size_t found = find_in_frames(suppressions, process, node);

		*known = found < UINT32_MAX - NODE_FIRST ? (uint32_t)found + NODE_FIRST : NODE_NONE;
	}
	return *known == NODE_NONE ? SIZE_MAX : *known - NODE_FIRST;
}

/*
 * A process that is gone in a moment does at its start what it does all its life: that things grow over slices of so
 * little time says nothing.
 */
static bool is_brief(const struct process_info *info)
{
	const struct instants *instants = &info->instants;

	return instants->kind == INSTANTS_SLICES && instants->count &&
	       (double)(instants->ticks[instants->count - 1] - instants->ticks[0]) * info->ns_per_tick < BRIEF_NS;
}

struct suppression *suppressions_match(const struct suppressions *suppressions, struct view_process *process,
                                       struct node_id stack, enum domain domain, enum trend trend)
{
	for (struct node_id node = stack; suppressions->shipped && node_is_frame(process->info, node);
	     node.index = process->info->nodes[node.index - TRACE_FIRST_NODE].parent) {
		size_t found = match_node(suppressions, process, node);

		if (found != SIZE_MAX)
			return suppressions->rows[found];
	}
	if (suppressions->shipped < suppressions->count && domain == DOMAIN_HEAP &&
	    (trend != TREND_GROWING || is_brief(process->info))) {
		size_t rule = shipped_match(process, stack);

		if (rule < shipped_count)
			return suppressions->rows[suppressions->shipped + rule];
	}
	return NULL;
}
