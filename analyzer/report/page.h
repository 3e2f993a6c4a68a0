/*
 * page.h: a page of text for a person: its width, colours where they are seen, paragraphs and tables. All text given
 * here is escaped already (escape.h) or our own.
 */
#ifndef PROBE_PAGE_H
#define PROBE_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "report/escape.h"

struct page {
	FILE    *file;            /* where it goes; owned by the caller */
	unsigned width;           /* columns */
	bool     cut;             /* too long a name is cut to keep the width: a person looks; else nothing is left
	                           * out */
	bool     colour;          /* SGR sequences are understood */
};

enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_SIZE, STYLE_PLACE, STYLE_GOOD, STYLE_BAD };

/* For a stream: COLUMNS, else the terminal's width, else 100; colours on a terminal, unless NO_COLOR or TERM=dumb. */
struct page page_open(FILE *file);

/* `text`, in a style, and nothing else. */
void page_put(const struct page *page, enum style style, const char *text);
void page_format(const struct page *page, enum style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* An empty line, a title in bold and, if not NULL, a note in dim after it. */
void page_title(const struct page *page, const char *title, const char *note);

/* Words, wrapped; the first line begins at column `indent` where the cursor is assumed to be `at` already. */
void page_words(const struct page *page, unsigned at, unsigned indent, enum style style, const char *text);

/* "  label      words words", wrapped under the words. */
void page_entry(const struct page *page, const char *label, enum style style, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

struct column {
	const char *title;        /* "" for none */
	bool     right;           /* aligned to the right */
	bool     flexible;        /* the one that gives way where the page is narrow */
	enum style style;
	enum cut cut;             /* where, if flexible */
};

struct grid;
struct grid *grid_open(const struct column *columns, size_t count); /* `columns` must outlive it */
/*
 * The last column's cells, each `stride` behind the one before, are made as short as `width` by this, where a person looks. If
 * it is not flexible it has a quarter of the page at most.
 */
void grid_fit_last(struct grid *grid, void (*fit)(char **cells, size_t count, size_t stride, size_t width));
/* The next cell, row by row. `text` is copied. */
void grid_cell(struct grid *grid, const char *text);
/* Prints, indented by two columns, and frees. */
void grid_close(const struct page *page, struct grid *grid);

#endif
