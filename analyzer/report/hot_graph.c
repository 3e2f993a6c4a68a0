/* hot_graph.c: memory over time, and blocks by lifetime and by size, as bars; see hot.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/hot.h"
#include "report/human.h"
#include "report/text.h"
#include "trace/time.h"
#include "util.h"

#define ROWS      8               /* of the graph */
#define LABEL     11              /* columns left of it */
#define EIGHTHS   8
#define PROCESSES 4               /* that have a graph of their own, those with most, … */
#define PART      20              /* … if it is such a part of the largest one's */
#define BAR       30              /* columns of a bar, at most */

/* ---- over time ------------------------------------------------------------------------------------------------ */

/* The most within each column. */
static void columns_of(const struct churn *churn, uint64_t *columns, size_t width)
{
	for (size_t i = 0; i < width; i++) {
		size_t from = i * churn->step_count / width, to = (i + 1) * churn->step_count / width;

		for (size_t step = from; step < to || step == from; step++)
			columns[i] = churn->steps[step] > columns[i] ? churn->steps[step] : columns[i];
	}
}

/* "1.52 s", from where the recording began as far as this process's host goes. */
static char *when(const struct view_process *process, uint64_t tick)
{
	const struct recording *recording = process->input->recording;
	uint64_t time = 0, begin = process->info->header.anchor[0].monotonic_ns;
	double seconds;

	if (!time_of_tick(process->info, tick, &time))
		return NULL;
	for (size_t i = 0; i < recording->process_count; i++) {
		const struct trace_process *header = &recording->processes[i].header;

		if (header->anchor[0].monotonic_ns && header->anchor[0].monotonic_ns < begin &&
		    !memcmp(header->boot_id, process->info->header.boot_id, sizeof(header->boot_id)))
			begin = header->anchor[0].monotonic_ns;
	}
	seconds = time > begin ? (double)(time - begin) / 1e9 : 0;
	if (seconds < 0.1)
		return xasprintf("%.3g ms", seconds * 1e3);
	return seconds < 100 ? xasprintf("%.3g s", seconds) : xasprintf("%.0f s", seconds);
}

static void put_row(const struct page *page, const uint64_t *columns, size_t width, uint64_t most, unsigned row, bool utf8)
{
	static const char *const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

	for (size_t i = 0; i < width; i++) {
		/* In eighths of a row; what is not nothing is seen. */
		double height = most ? (double)columns[i] / (double)most * ROWS * EIGHTHS : 0;
		double above = (columns[i] ? fmax(height, 1) : 0) - (double)row * EIGHTHS;
		unsigned eighths = above <= 0 ? 0 : above >= EIGHTHS ? EIGHTHS : (unsigned)above;

		if (utf8)
			fputs(blocks[eighths], page->file);
		else
			fputc(eighths >= EIGHTHS / 2 ? '#' : eighths ? '.' : ' ', page->file);
	}
	fputc('\n', page->file);
}

static void put_process(const struct page *page, const struct hot *hot, size_t index, bool utf8)
{
	struct view_process *process = &hot->view->processes[index];
	const struct churn *churn = process->info->churn;
	size_t width = page->width > LABEL + 20 ? page->width - LABEL - 2 : 18;
	uint64_t columns[CHURN_STEPS] = {0};
	char *name = text_process(process), *peak = when(process, churn->peak_tick);
	char *begin = when(process, churn->first), *end = when(process, churn->first + churn->step_count * churn->width);
	char *note;

	width = width > churn->step_count ? churn->step_count : width;
	note = peak ? xasprintf("%s: %s at most, after %s", name, BYTES(churn->peak_bytes), peak)
	            : xasprintf("%s: %s at most", name, BYTES(churn->peak_bytes));
	page_title(page, "Over time", note);
	columns_of(churn, columns, width);
	for (unsigned row = ROWS; row-- > 0;) {
		page_format(page, STYLE_DIM, "%*s ", LABEL, row == ROWS - 1 ? BYTES(churn->peak_bytes) : "");
		put_row(page, columns, width, churn->peak_bytes, row, utf8);
	}
	if (begin && end) {
		int gap = (int)width - (int)strlen(begin) - (int)strlen(end);

		page_format(page, STYLE_DIM, "%*s %s%*s%s\n", LABEL, "", begin, gap > 1 ? gap : 1, "", end);
	}
	free(note);
	free(name);
	free(peak);
	free(begin);
	free(end);
}

void hot_graph(const struct page *page, const struct hot *hot, bool utf8)
{
	bool *shown = xcalloc(hot->view->process_count, sizeof(*shown));
	uint64_t largest = 0;

	for (size_t n = 0; n < PROCESSES; n++) {
		size_t best = SIZE_MAX;

		for (size_t i = 0; i < hot->view->process_count; i++) {
			const struct churn *churn = hot->view->processes[i].info->churn;

			if (churn && churn->step_count && churn->peak_bytes && !shown[i] &&
			    (best == SIZE_MAX || churn->peak_bytes > hot->view->processes[best].info->churn->peak_bytes))
				best = i;
		}
		if (best == SIZE_MAX || hot->view->processes[best].info->churn->peak_bytes < largest / PART)
			break;
		shown[best] = true;
		largest = n ? largest : hot->view->processes[best].info->churn->peak_bytes;
		put_process(page, hot, best, utf8);
	}
	free(shown);
}

/* ---- classes -------------------------------------------------------------------------------------------------- */

/* "< 4.10 µs" */
static char *lifetime_name(unsigned class)
{
	static const char *const units[] = {"ns", "µs", "ms", "s"};
	bool last = class + 1 == CHURN_LIFETIMES;
	double bound = (double)churn_lifetime_below(last ? class - 1 : class);
	unsigned unit = 0;

	for (; bound >= 1000 && unit < 3; unit++)
		bound /= 1000;
	return xasprintf("%s %.3g %s", last ? "≥" : "<", bound, units[unit]);
}

static char *size_name(unsigned class)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB"};
	bool last = class + 1 == CHURN_SIZES;
	uint64_t bound = churn_size_most(last ? class - 1 : class);
	unsigned unit = 0;

	for (; bound >= 1024 && unit < 3; unit++)
		bound /= 1024;
	return xasprintf("%s %u %s", last ? ">" : "≤", (unsigned)bound, units[unit]);
}

static void put_bar(struct grid *grid, uint64_t count, uint64_t most, uint64_t all, char *name, bool utf8)
{
	char bar[BAR * 3 + 1] = "";
	size_t length = most ? (size_t)((double)count / (double)most * BAR) : 0;

	for (size_t i = 0; i < length || (count && i == 0); i++)
		strcat(bar, utf8 ? "█" : "#");
	grid_cell(grid, name);
	grid_cell(grid, COUNT(count));
	grid_cell(grid, SHARE(count, all));
	grid_cell(grid, bar);
	free(name);
}

static void put_table(const struct page *page, const char *title, const char *note, const uint64_t *counts, unsigned classes,
                      uint64_t rest, char *(*name)(unsigned), bool utf8)
{
	const struct column columns[] = {
		{"", true, false, STYLE_PLAIN, CUT_END}, {"blocks", true, false, STYLE_SIZE, CUT_END},
		{"", true, false, STYLE_DIM, CUT_END}, {"", false, true, STYLE_PLAIN, CUT_END},
	};
	unsigned first = classes, last = 0;
	uint64_t all = rest, most = rest;
	struct grid *grid;

	for (unsigned class = 0; class < classes; class++) {
		all += counts[class];
		most = counts[class] > most ? counts[class] : most;
		if (counts[class]) {
			first = class < first ? class : first;
			last = class;
		}
	}
	if (!all)
		return;
	page_title(page, title, note);
	grid = grid_open(columns, 4);
	for (unsigned class = first; class <= last && first < classes; class++)
		put_bar(grid, counts[class], most, all, name(class), utf8);
	if (rest)
		put_bar(grid, rest, most, all, xstrdup("not freed"), utf8);
	grid_close(page, grid);
}

void hot_classes(const struct page *page, const struct hot *hot, bool utf8)
{
	uint64_t dead = 0;

	for (unsigned class = 0; class < CHURN_LIFETIMES; class++)
		dead += hot->churn.lifetimes[class];
	put_table(page, "Lifetimes", "blocks by how long they lived", hot->churn.lifetimes, CHURN_LIFETIMES,
	          hot->matching.allocs - dead, lifetime_name, utf8);
	put_table(page, "Sizes", "blocks by their bytes", hot->churn.sizes, CHURN_SIZES, 0, size_name, utf8);
}
