/* put.h: numbers and texts, written as formats want them, many and fast. Errors are the file's. */
#ifndef PROBE_EXPORT_PUT_H
#define PROBE_EXPORT_PUT_H

#include <stdint.h>
#include <stdio.h>

void put_number(FILE *file, uint64_t value);
/*
 * Valid UTF-8 as a string of JSON, quotes included. It may stand in a script of HTML or XML: without '<', '>', '&'
 * and what XML does not have.
 */
void put_json(FILE *file, const char *text);

#endif
