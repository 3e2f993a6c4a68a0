/*
 * json_writer.h: a JSON report as it is written, row by row, and the parts that all reports have. Inside report/ only.
 */
#ifndef PROBE_JSON_WRITER_H
#define PROBE_JSON_WRITER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "report/view.h"

struct json_writer {
	FILE    *file;
	bool     first;           /* nothing was written yet at this level */
};

/* All take `value`. A level is an object or an array; `bracket` opens or closes it. */
void json_put_member(struct json_writer *writer, const char *key, json_t *value);
void json_put_row(struct json_writer *writer, json_t *value);
void json_open_level(struct json_writer *writer, const char *key, char bracket);
void json_close_level(struct json_writer *writer, char bracket);

/* ---- json.c --------------------------------------------------------------------------------------------------- */

/* Opens the document: its schema, the recordings, the processes. */
void json_put_head(struct json_writer *writer, const struct view *view, const char *schema);
void json_put_marks(struct json_writer *writer, const struct view *view);
/* After the stacks: what names could not be found shows as they are asked for. */
void json_put_findings(struct json_writer *writer, const struct view *view);

#endif
