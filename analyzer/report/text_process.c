/* text_process.c: the tree of processes, and what a process is called; see text.h. */
#include <stdlib.h>
#include <string.h>

#include "report/escape.h"
#include "report/human.h"
#include "report/text.h"
#include "util.h"

#define ROWS_MOST  40             /* of the tree; the rest is one row */
#define DEPTH_MOST 12             /* levels of indentation */
#define COMMAND_MOST 200          /* columns of a command line; JSON has all of it */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

char *text_process(const struct view_process *process)
{
	const struct process_info *info = process->info;
	char *name = escape_text(*info->exe ? base_name(info->exe) : "a program of unknown name");
	char *label = info->logged ? xstrdup(name) : xasprintf("%s (pid %u)", name, info->header.pid);

	free(name);
	return label;
}

const char *text_end(char buffer[24], const struct view_process *process)
{
	const char *name = process->end == END_SIGNAL ? sigabbrev_np(process->status) : NULL;

	if (name)
		snprintf(buffer, 24, "SIG%s", name);
	else if (process->end == END_EXIT || process->end == END_SIGNAL)
		snprintf(buffer, 24, "%s %d", end_name(process->end), process->status);
	else
		snprintf(buffer, 24, "%s", end_name(process->end));
	return buffer;
}

/* As a shell would take it: an argument that means something to it stands in quotes. */
static void put_argument(FILE *out, const char *argument)
{
	if (*argument && !strpbrk(argument, " \t\n'\"\\$`*?;&|<>()#")) {
		fputs(argument, out);
		return;
	}
	fputc('\'', out);
	for (; *argument; argument++) {
		if (*argument == '\'')
			fputs("'\\'", out);
		fputc(*argument, out);
	}
	fputc('\'', out);
}

/* The name of the command and its arguments, escaped. To be freed. */
static char *command_line(const struct process_info *info)
{
	char *const *argv = info->argv && info->argv[0] && info->argv[0][0] ? info->argv : NULL;
	char *line = NULL, *escaped;
	size_t size, count = 0;
	FILE *out = open_memstream(&line, &size);

	if (!out)
		fatal(3, "out of memory");
	fputs(argv ? base_name(argv[0]) : *info->exe ? base_name(info->exe) : "(unknown)", out);
	/* A program that wrote its title over its arguments left empty ones behind it. */
	while (argv && argv[count])
		count++;
	while (count > 1 && !argv[count - 1][0])
		count--;
	for (size_t i = 1; i < count; i++) {
		fputc(' ', out);
		put_argument(out, argv[i]);
	}
	if (fclose(out))
		fatal(3, "out of memory");
	escaped = escape_text(line);
	free(line);
	return escaped;
}

/* The tree, as lists: the children and the next image of each, by index; NO_PROCESS ends a list. */
struct links {
	size_t  *child, *sibling, *image;
	bool    *shown;           /* has a row of its own */
	bool    *visited;
};

struct hidden { uint64_t count, events, blocks, bytes; };

static bool is_unusual(const struct view_process *process)
{
	return process->info->lost || process->end == END_SIGNAL || process->end == END_KILLED ||
	       (process->end == END_EXIT && process->status);
}

static const struct view *sorted_view; /* for qsort's comparison */

/* First those that lost events or ended badly, then by what they keep, then in order of time. */
static int by_interest(const void *left, const void *right)
{
	size_t l = *(const size_t *)left, r = *(const size_t *)right;
	const struct view_process *a = &sorted_view->processes[l], *b = &sorted_view->processes[r];
	uint64_t bytes_a = a->info->totals.live_bytes, bytes_b = b->info->totals.live_bytes;

	if (is_unusual(a) != is_unusual(b))
		return is_unusual(a) ? -1 : 1;
	if (bytes_a != bytes_b)
		return bytes_a < bytes_b ? 1 : -1;
	return (l > r) - (l < r);
}

/* Who made it, or what it was before exec. */
static size_t above(const struct view *view, size_t index)
{
	const struct view_process *process = &view->processes[index];

	return process->previous != NO_PROCESS ? process->previous : process->parent;
}

/* The most interesting, each with all that stand above it in the tree. */
static void choose_rows(const struct view *view, bool *shown)
{
	size_t *order = xcalloc(view->process_count, sizeof(*order)), rows = 0;

	for (size_t i = 0; i < view->process_count; i++)
		order[i] = i;
	sorted_view = view;
	if (view->process_count > ROWS_MOST)
		qsort(order, view->process_count, sizeof(*order), by_interest);
	for (size_t i = 0; i < view->process_count && rows < ROWS_MOST; i++) {
		size_t needed = 0;

		/* Parents in a circle, of a damaged recording, end at the limit. */
		for (size_t at = order[i]; at != NO_PROCESS && !shown[at] && needed <= ROWS_MOST;
		     at = above(view, at))
			needed++;
		if (rows + needed > ROWS_MOST)
			continue;
		rows += needed;
		for (size_t at = order[i]; at != NO_PROCESS && !shown[at]; at = above(view, at))
			shown[at] = true;
	}
	free(order);
}

static struct links link_up(const struct view *view)
{
	size_t count = view->process_count;
	struct links links = {
		.child = xcalloc(count, sizeof(size_t)), .sibling = xcalloc(count, sizeof(size_t)),
		.image = xcalloc(count, sizeof(size_t)), .shown = xcalloc(count, sizeof(bool)),
		.visited = xcalloc(count, sizeof(bool)),
	};

	for (size_t i = 0; i < count; i++)
		links.child[i] = links.sibling[i] = links.image[i] = NO_PROCESS;
	for (size_t i = count; i-- > 0;) {
		const struct view_process *process = &view->processes[i];

		if (process->previous != NO_PROCESS) {
			links.image[process->previous] = i;
		} else if (process->parent != NO_PROCESS) {
			links.sibling[i] = links.child[process->parent];
			links.child[process->parent] = i;
		}
	}
	choose_rows(view, links.shown);
	return links;
}

static void free_links(struct links *links)
{
	free(links->child);
	free(links->sibling);
	free(links->image);
	free(links->shown);
	free(links->visited);
}

static void add_row(struct grid *grid, const struct view *view, size_t index, unsigned depth)
{
	const struct view_process *process = &view->processes[index];
	const struct process_info *info = process->info;
	char *command = command_line(info), *cut = text_cut(command, COMMAND_MOST, CUT_END);
	char pid[16], *name = xasprintf("%*s%s", 2 * (int)(depth < DEPTH_MOST ? depth : DEPTH_MOST), "", cut);

	snprintf(pid, sizeof(pid), "%u", info->header.pid);
	grid_cell(grid, info->logged ? "log" : pid);
	grid_cell(grid, info->logged ? "" : text_end((char[24]){0}, process));
	/* One that recorded nothing ran all the same. */
	grid_cell(grid, info->logged ? "" : COUNT(process->threads ? process->threads : 1));
	grid_cell(grid, COUNT(info->events));
	if (view->lost)
		grid_cell(grid, COUNT(info->lost));
	grid_cell(grid, BYTES(info->logged ? info->logged->live_bytes : info->totals.live_bytes));
	grid_cell(grid, COUNT(info->logged ? info->logged->live_blocks : info->totals.live_blocks));
	grid_cell(grid, name);
	free(command);
	free(cut);
	free(name);
}

/* A process, its children one level deeper, and then its next images on its own level. */
static void add_tree(struct grid *grid, const struct view *view, struct links *links, size_t index, unsigned depth,
                     struct hidden *hidden)
{
	for (; index != NO_PROCESS && !links->visited[index]; index = links->image[index]) {
		const struct process_info *info = view->processes[index].info;

		links->visited[index] = true;
		if (links->shown[index]) {
			add_row(grid, view, index, depth);
		} else {
			hidden->count++;
			hidden->events += info->events;
			hidden->blocks += info->totals.live_blocks;
			hidden->bytes += info->totals.live_bytes;
		}
		for (size_t child = links->child[index]; child != NO_PROCESS; child = links->sibling[child])
			add_tree(grid, view, links, child, depth + links->shown[index], hidden);
	}
}

void text_processes(const struct page *page, const struct view *view)
{
	static const struct column columns[] = {
		{"pid", true, false, STYLE_DIM, CUT_END}, {"end", false, false, STYLE_PLAIN, CUT_END},
		{"threads", true, false, STYLE_PLAIN, CUT_END}, {"events", true, false, STYLE_PLAIN, CUT_END},
		{"alive", true, false, STYLE_SIZE, CUT_END}, {"blocks", true, false, STYLE_PLAIN, CUT_END},
		{"command", false, true, STYLE_PLAIN, CUT_END},
	};
	static const struct column columns_lost[] = {
		{"pid", true, false, STYLE_DIM, CUT_END}, {"end", false, false, STYLE_PLAIN, CUT_END},
		{"threads", true, false, STYLE_PLAIN, CUT_END}, {"events", true, false, STYLE_PLAIN, CUT_END},
		{"lost", true, false, STYLE_BAD, CUT_END}, {"alive", true, false, STYLE_SIZE, CUT_END},
		{"blocks", true, false, STYLE_PLAIN, CUT_END}, {"command", false, true, STYLE_PLAIN, CUT_END},
	};
	struct grid *grid = view->lost ? grid_open(columns_lost, 8) : grid_open(columns, 7);
	struct links links = link_up(view);
	struct hidden hidden = {0};

	for (size_t i = 0; i < view->process_count; i++)
		if (view->processes[i].parent == NO_PROCESS && view->processes[i].previous == NO_PROCESS)
			add_tree(grid, view, &links, i, 0, &hidden);
	/* What no root leads to: a damaged recording may have parents in a circle. */
	for (size_t i = 0; i < view->process_count; i++)
		add_tree(grid, view, &links, i, 0, &hidden);
	page_title(page, "Processes", NULL);
	grid_close(page, grid);
	if (hidden.count) {
		page_format(page, STYLE_DIM, "  … and %s more with %s events, which keep %s in %s %s",
		            COUNT(hidden.count), COUNT(hidden.events), BYTES(hidden.bytes), COUNT(hidden.blocks),
		            PLURAL(hidden.blocks, "block", "blocks"));
		fputc('\n', page->file);
	}
	free_links(&links);
}
