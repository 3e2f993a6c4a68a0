/*
 * suppress_generate.c: lines that would hide what a view shows, one for each pattern, most bytes first; see suppress.h.
 * Reads a view and names.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/human.h"
#include "report/stack.h"
#include "report/suppress.h"
#include "report/text.h"
#include "util.h"

struct line {
	char    *pattern;         /* owned; NULL: no pattern can tell it */
	const char *whole;        /* what the pattern hides all of, for want of a function's name; NULL: a function */
	char    *place;           /* as the report blames it, of the largest site; owned */
	struct domain_sum sum;
};

/*
 * "^name$", with "*" where the syntax has no letter for what stands there. NULL if that would not match the name: the
 * search takes the first place of each piece (suppressions_matches).
 */
static char *pattern_of(const char *name)
{
	char *pattern;

	if (!name || !*name)
		return NULL;
	pattern = xasprintf("^%s$", name);
	for (char *at = pattern + 1; at[1]; at++)
		if (*at == '$' || (unsigned char)*at < ' ' || *at == 0x7f)
			*at = '*';
	if (!suppressions_matches(pattern, name)) {
		free(pattern);
		pattern = NULL;
	}
	return pattern;
}

/* Names that many functions have: their file says more. */
static bool is_common(const struct frame *frame)
{
	static const char *const names[] = {"(anonymous)", "(top level)", "main", "operator()", "<lambda"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strncmp(frame->function, names[i], strlen(names[i])))
			return true;
	return false;
}

/* The syntax knows no lines: of what has no name of its own the file is the least that a pattern can name. */
static void find_pattern_of_frame(const struct frame *frame, struct line *line)
{
	line->whole = NULL;
	if (frame->function && !is_common(frame))
		line->pattern = pattern_of(frame->function);
	if (!line->pattern && (line->pattern = pattern_of(frame->file)))
		line->whole = frame->kind == FRAME_JS ? "that script" : "that source file";
	if (!line->pattern && frame->function && (line->pattern = pattern_of(frame->function)))
		line->whole = is_common(frame) ? "every function of that name" : NULL;
	if (!line->pattern && (line->pattern = pattern_of(frame->module)))
		line->whole = frame->kind == FRAME_JS ? "that script" : "that module";
}

/* Of the frame to blame; else of the first, inside or outside of it, of which there is one. */
static void find_pattern(const struct stack *stack, struct line *line)
{
	if (stack->blame < stack->count)
		find_pattern_of_frame(stack->frames[stack->blame].frame, line);
	for (size_t i = 0; !line->pattern && i < stack->count; i++)
		find_pattern_of_frame(stack->frames[i].frame, line);
}

static int by_pattern(const void *left, const void *right)
{
	const struct line *a = left, *b = right;

	if (!a->pattern || !b->pattern)
		return (a->pattern != NULL) - (b->pattern != NULL);
	return strcmp(a->pattern, b->pattern);
}

static int by_bytes(const void *left, const void *right)
{
	const struct line *a = left, *b = right;

	if (a->sum.bytes != b->sum.bytes)
		return a->sum.bytes < b->sum.bytes ? 1 : -1;
	return by_pattern(left, right);
}

static size_t join_lines(struct line *lines, size_t count)
{
	size_t joined = 0;

	qsort(lines, count, sizeof(*lines), by_pattern);
	for (size_t i = 0; i < count; i++) {
		struct line *into = joined ? &lines[joined - 1] : NULL;

		if (!into || by_pattern(into, &lines[i])) {
			lines[joined++] = lines[i];
			continue;
		}
		into->sum.sites += lines[i].sum.sites;
		into->sum.blocks += lines[i].sum.blocks;
		into->sum.bytes += lines[i].sum.bytes;
		free(lines[i].pattern);
		free(lines[i].place);
	}
	qsort(lines, joined, sizeof(*lines), by_bytes);
	return joined;
}

static void put_line(FILE *file, const struct line *line)
{
	fprintf(file, "# %s bytes in %s %s of %s %s: %s\n", COUNT(line->sum.bytes), COUNT(line->sum.blocks),
	        PLURAL(line->sum.blocks, "block", "blocks"), COUNT(line->sum.sites),
	        PLURAL(line->sum.sites, "site", "sites"), line->place);
	if (line->pattern && line->whole)
		fprintf(file, "# (no function of its own name: this hides everything of %s)\n", line->whole);
	if (line->pattern)
		fprintf(file, "leak:%s\n", line->pattern);
	else
		fputs("# (its stack has no name that a pattern could match)\n", file);
}

void suppressions_generate(FILE *file, const struct view *view, int domain)
{
	struct line *lines = xcalloc(view->site_count, sizeof(*lines));
	size_t count = 0;

	for (size_t i = 0; i < view->site_count; i++) {
		const struct view_site *site = &view->sites[i];
		struct view_process *process = &view->processes[site->process];
		struct stack stack;

		if (site->suppressed_by || (domain >= 0 && site->domain != (enum domain)domain))
			continue;
		stack = stack_resolve(process, site->stack);
		lines[count++] = (struct line){
			.place = text_blame(process, site->stack), .sum = {1, site->live_blocks, site->live_bytes},
		};
		find_pattern(&stack, &lines[count - 1]);
		stack_free(&stack);
	}
	count = join_lines(lines, count);
	for (size_t i = 0; i < count; i++) {
		put_line(file, &lines[i]);
		free(lines[i].pattern);
		free(lines[i].place);
	}
	free(lines);
}
