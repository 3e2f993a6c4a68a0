/*
 * report_golden.h: texts against tests/golden/report/NAME.txt. When a change of a text is meant, REPORT_GOLDEN=write
 * writes them anew; read the difference.
 */
#ifndef REPORT_GOLDEN_H
#define REPORT_GOLDEN_H

#include <stddef.h>

/* Fails unless `text`, which is freed, is that of the file. */
void golden(const char *name, char *text);

/* Fails if a line has more columns. */
void golden_width(const char *text, size_t width);

#endif
