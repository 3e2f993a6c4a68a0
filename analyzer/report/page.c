/* page.c: a page of text and its tables; see page.h. Writes to the page's file only. */
#include "page.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "escape.h"
#include "util.h"

#define WIDTH_LEAST 40
#define WIDTH_MOST  1000
#define WIDTH_FILE  100           /* where nobody says how wide it is: CI logs, files */
#define WORDS_MOST  100           /* columns of a paragraph: longer lines are hard to read */
#define LABEL_WIDTH 15

static unsigned sane_width(unsigned long width)
{
	return width < WIDTH_LEAST ? WIDTH_LEAST : width > WIDTH_MOST ? WIDTH_MOST : (unsigned)width;
}

struct page page_open(FILE *file)
{
	struct page page = {.file = file, .width = WIDTH_FILE};
	const char *columns = getenv("COLUMNS"), *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	bool terminal = isatty(fileno(file));
	struct winsize size;
	unsigned long wanted;
	char *rest;

	if (columns && (wanted = strtoul(columns, &rest, 10)) && !*rest && columns[0] != '-') {
		page.width = sane_width(wanted);
		page.cut = true;
	} else if (terminal) {
		page.cut = true;
		if (!ioctl(fileno(file), TIOCGWINSZ, &size) && size.ws_col)
			page.width = sane_width(size.ws_col);
	}
	page.colour = terminal && !(no_color && *no_color) && term && strcmp(term, "dumb");
	return page;
}

void page_put(const struct page *page, enum style style, const char *text)
{
	static const char *const codes[] = {
		[STYLE_BOLD] = "1", [STYLE_DIM] = "2", [STYLE_SIZE] = "1;33", [STYLE_PLACE] = "36",
		[STYLE_GOOD] = "32", [STYLE_BAD] = "1;31",
	};

	if (page->colour && style != STYLE_PLAIN && *text)
		fprintf(page->file, "\033[%sm%s\033[0m", codes[style], text);
	else
		fputs(text, page->file);
}

void page_format(const struct page *page, enum style style, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = xvasprintf(format, arguments);
	va_end(arguments);
	page_put(page, style, text);
	free(text);
}

void page_title(const struct page *page, const char *title, const char *note)
{
	fputc('\n', page->file);
	page_put(page, STYLE_BOLD, title);
	if (note) {
		fputs("  ", page->file);
		page_words(page, (unsigned)text_width(title) + 2, 2, STYLE_DIM, note);
	} else {
		fputc('\n', page->file);
	}
}

/* How many bytes of `text`, which begins with a word, fit into `width` columns; at least the word. */
static size_t fitting(const char *text, size_t width)
{
	size_t fits = 0, used = 0;

	for (size_t next = 0; text[next];) {
		size_t end = next + strspn(text + next, " ");
		char *word;

		end += strcspn(text + end, " ");
		word = xasprintf("%.*s", (int)(end - next), text + next);
		used += text_width(word);
		free(word);
		if (fits && used > width)
			break;
		fits = next = end;
	}
	return fits;
}

void page_words(const struct page *page, unsigned at, unsigned indent, enum style style, const char *text)
{
	size_t width = page->width < WORDS_MOST ? page->width : WORDS_MOST;

	for (unsigned column = at; *text; column = indent) {
		size_t length = fitting(text, width > column ? width - column : 1);
		char *line = xasprintf("%.*s", (int)length, text);

		page_put(page, style, line);
		free(line);
		text += length;
		text += strspn(text, " ");
		if (*text)
			fprintf(page->file, "\n%*s", (int)indent, "");
	}
	fputc('\n', page->file);
}

void page_entry(const struct page *page, const char *label, enum style style, const char *format, ...)
{
	size_t width = text_width(label);
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = xvasprintf(format, arguments);
	va_end(arguments);
	fprintf(page->file, "  %s%*s", label, width < LABEL_WIDTH ? (int)(LABEL_WIDTH - width) : 1, "");
	page_words(page, 2 + LABEL_WIDTH, 2 + LABEL_WIDTH, style, text);
	free(text);
}

struct grid {
	const struct column *columns; /* the caller's */
	size_t   column_count;
	char   **cells;               /* row by row, owned */
	size_t   cell_count, capacity;
	void   (*fit_last)(char **cells, size_t count, size_t stride, size_t width);
};

struct grid *grid_open(const struct column *columns, size_t count)
{
	struct grid *grid = xcalloc(1, sizeof(*grid));

	grid->columns = columns;
	grid->column_count = count;
	return grid;
}

void grid_fit_last(struct grid *grid, void (*fit)(char **cells, size_t count, size_t stride, size_t width))
{
	grid->fit_last = fit;
}

void grid_cell(struct grid *grid, const char *text)
{
	if (grid->cell_count == grid->capacity) {
		grid->capacity = grid->capacity * 2 + 64;
		grid->cells = xreallocarray(grid->cells, grid->capacity, sizeof(*grid->cells));
	}
	grid->cells[grid->cell_count++] = xstrdup(text);
}

/* A row: every cell in its column; nothing is padded at the end of the line. */
static void grid_row(const struct page *page, const struct grid *grid, const size_t *widths,
                      const char *const *cells, bool title)
{
	size_t owed = 2; /* spaces not printed yet */

	for (size_t i = 0; i < grid->column_count; i++) {
		const struct column *column = &grid->columns[i];
		char *text = page->cut && column->flexible ? text_cut(cells[i], widths[i], column->cut)
		                                           : xstrdup(cells[i]);
		size_t width = text_width(text);
		size_t padding = width < widths[i] ? widths[i] - width : 0;

		owed += column->right ? padding : 0;
		if (*text) {
			fprintf(page->file, "%*s", (int)owed, "");
			page_put(page, title ? STYLE_DIM : column->style, text);
			owed = 0;
		} else {
			owed += width;
		}
		owed += (column->right ? 0 : padding) + 2;
		free(text);
	}
	fputc('\n', page->file);
}

static size_t fit_last(const struct grid *grid, size_t width)
{
	grid->fit_last(grid->cells + grid->column_count - 1, grid->cell_count / grid->column_count, grid->column_count, width);
	return width;
}

void grid_close(const struct page *page, struct grid *grid)
{
	size_t *widths = xcalloc(grid->column_count, sizeof(*widths));
	const char **titles = xcalloc(grid->column_count, sizeof(*titles));
	size_t total = 2, flexible = SIZE_MAX, titled = 0, last = grid->column_count - 1;

	for (size_t i = 0; i < grid->column_count; i++) {
		titles[i] = grid->columns[i].title;
		titled += *titles[i] != '\0';
		widths[i] = text_width(titles[i]);
		for (size_t cell = i; cell < grid->cell_count; cell += grid->column_count) {
			size_t width = text_width(grid->cells[cell]);

			widths[i] = width > widths[i] ? width : widths[i];
		}
		if (page->cut && i == last && grid->fit_last && !grid->columns[i].flexible && widths[i] > page->width / 4)
			widths[i] = fit_last(grid, page->width / 4);
		total += widths[i] + (i ? 2 : 0);
		if (grid->columns[i].flexible)
			flexible = i;
	}
	if (flexible != SIZE_MAX && total > page->width) {
		size_t excess = total - page->width;

		widths[flexible] = widths[flexible] > excess + 12 ? widths[flexible] - excess : 12;
		if (page->cut && flexible == last && grid->fit_last)
			fit_last(grid, widths[flexible]);
	}
	if (titled)
		grid_row(page, grid, widths, titles, true);
	for (size_t cell = 0; cell + grid->column_count <= grid->cell_count; cell += grid->column_count)
		grid_row(page, grid, widths, (const char *const *)&grid->cells[cell], false);
	for (size_t cell = 0; cell < grid->cell_count; cell++)
		free(grid->cells[cell]);
	free(grid->cells);
	free(widths);
	free(titles);
	free(grid);
}
