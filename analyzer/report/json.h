/*
 * json.h: the report for programs, schemas probe.report/1 and probe.leaks/1.
 */
#ifndef PROBE_JSON_H
#define PROBE_JSON_H

#include <stdio.h>

#include "report/text.h"

struct json_options {
	int      domain;          /* enum domain; -1: all */
	size_t   top;             /* rows of each list of leaks at most; SIZE_MAX: all */
};

/* What cannot be written shows at the file's error indicator. */
void report_json(FILE *file, const struct view *view, const struct json_options *options);
void leaks_json(FILE *file, const struct view *view, const struct json_options *options, enum leaks_by by);

#endif
