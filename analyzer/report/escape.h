/*
 * escape.h: text from a recording is anybody's bytes. What is printed passes through here, so that no control
 * character reaches a terminal and every column is as wide as it looks.
 */
#ifndef PROBE_ESCAPE_H
#define PROBE_ESCAPE_H

#include <stddef.h>

/*
 * For a terminal: control characters and those that change the direction of text become \n, \x1b, \u202e; bytes
 * that are not UTF-8 \xff. To be freed.
 */
char *escape_text(const char *text);

/* For JSON: invalid bytes become U+FFFD. To be freed. */
char *escape_utf8(const char *text);

/* Columns that `text`, escaped before, takes on a terminal. */
size_t text_width(const char *text);

/* `text` in at most `width` columns (at least 1): what is cut out, at that place, becomes "…". To be freed. */
enum cut { CUT_END, CUT_MIDDLE, CUT_START };
char *text_cut(const char *text, size_t width, enum cut where);

#endif
