/*
 * type_text.h: types of C++ and Rust in few columns: what is least needed to tell them apart goes first.
 */
#ifndef PROBE_TYPE_TEXT_H
#define PROBE_TYPE_TEXT_H

#include <stddef.h>

/* A type, escaped, in at most `width` columns. To be freed. */
char *type_text(const char *type, size_t width);

/*
 * The cells of a column, each `stride` behind the one before; replaced. Types that differ are shown differently where
 * that many columns let them be.
 */
void type_texts_fit(char **cells, size_t count, size_t stride, size_t width);

#endif
