/*
 * original.h: what a script was made from: TypeScript, the parts of a bundle. The script and its source map are read
 * when a report is made, so they must not have changed since the script was loaded.
 */
#ifndef PROBE_NAMES_ORIGINAL_H
#define PROBE_NAMES_ORIGINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "names/cache.h"

struct originals {            /* all zero: ready */
	struct cache scripts;     /* by path; owned */
	size_t    changed;        /* scripts with a map of which one changed since */
	const char *example;      /* one of them */
};

/* A place in a script as it ran, from V8: lines and columns from 1, column 0 unknown. */
struct script_place {
	const char *script;       /* path */
	uint64_t  told_ns;        /* when V8 told of it, nanoseconds since 1970; 0 unknown */
	uint32_t  line, column;   /* of the place */
	const char *function;     /* as the script has it; NULL: it has no name */
	uint32_t  function_line, function_column; /* of its "(" */
};

struct original {             /* strings are owned by the originals */
	const char *file;         /* path or URL */
	uint32_t  line, column;   /* from 1; column 0 unknown */
	const char *function;     /* where it has another name there, and that is certain; else NULL */
};

/* Where it comes from. False: it has no source map, or the map does not know. */
bool originals_find(struct originals *originals, const struct script_place *place, struct original *original);

/*
 * Can the script's file be what ran? V8 gives a name to what a loader made of a .ts file in memory, which need not have
 * the lines of that file. True for other files; else only if the function is there.
 */
bool originals_fit(struct originals *originals, const struct script_place *place);

void originals_free(struct originals *originals);

#endif
