/*
 * sourcemap.h: a source map (ECMA-426, version 3): where in its sources a line and column of generated text comes from.
 * Lines and columns count from 0; columns are UTF-16 units.
 */
#ifndef PROBE_NAMES_SOURCEMAP_H
#define PROBE_NAMES_SOURCEMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sourcemap;

struct mapping {
	const char *source;       /* path or URL; owned by the map */
	const char *name;         /* what stands there is called in the source; NULL if the map does not say */
	uint32_t  line, column;   /* in the source */
	bool      exact;          /* a mapping begins where it was asked for, not before it */
};

/*
 * From JSON. Its sources are relative to the folder `base`. `generated`, unless NULL, is the file name that the map
 * must be for, if it names one. NULL: it is no map, damaged, or too large to be one.
 */
struct sourcemap *sourcemap_parse(const char *json, size_t size, const char *base, const char *generated);
void sourcemap_free(struct sourcemap *map); /* NULL is fine */

/* False: the map does not know where it comes from. */
bool sourcemap_find(const struct sourcemap *map, uint32_t line, uint32_t column, struct mapping *mapping);
/* The same of a whole line: false, too, if its parts do not all come from one line. */
bool sourcemap_find_line(const struct sourcemap *map, uint32_t line, struct mapping *mapping);

#endif
