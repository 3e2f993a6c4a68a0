/*
 * jitcode.h: code of which a runtime's own file tells, without saying until when: a perf map or jitdump of one process.
 * Where two codes of different names lay at one address, either may be meant: such an address has no name.
 */
#ifndef PROBE_NAMES_JITCODE_H
#define PROBE_NAMES_JITCODE_H

#include <stdbool.h>

#include "names/cache.h"

#define JITCODE_MOST_CODES 4000000     /* of one file; with more the file is not used */
#define JITCODE_MOST_SIZE  (1u << 30)  /* bytes of one code; what is larger is damage */
#define JITCODE_MOST_NAME  16384       /* bytes of a name, likewise */

struct jitcode_line {         /* from here on, up to the next one */
	uint32_t  offset;         /* bytes from the start of the code */
	uint32_t  line;           /* 0 unknown */
	const char *file;         /* the source file; owned by struct jitcodes */
};

struct jitcode {
	uint64_t  start, end;     /* addresses, end exclusive */
	struct cache_entry *name; /* its key; the same entry for the same name */
	const struct jitcode_line *lines; /* by offset; NULL if there are none; owned by struct jitcodes */
	uint32_t  line_count;     /* lines */
};

struct jitcode_range;

struct jitcodes {             /* all zero: empty */
	struct jitcode *codes;    /* as told; owned */
	size_t    count;          /* codes */
	struct cache names;       /* names and files; owned */
	struct jitcode_line **tables; /* of lines; owned */
	size_t    table_count;    /* tables */
	struct jitcode_range *ranges; /* by address, disjoint; made by jitcodes_build; owned */
	size_t    range_count;    /* ranges */
	uint64_t  damaged;        /* lines or records of the file that mean nothing */
	bool      unusable;       /* the file is none of its kind, or has too much in it */
};

/* False, and counted as damaged, if there can be no such code. The name need not end. */
bool jitcodes_add(struct jitcodes *codes, uint64_t start, uint64_t size, const char *name, size_t name_size,
                  const struct jitcode_line *lines, size_t line_count);
/* Takes over an array of lines, so that it lives as long as `codes`. */
void jitcodes_own(struct jitcodes *codes, struct jitcode_line *lines);

/* All are there: from now on they can be looked up. */
void jitcodes_build(struct jitcodes *codes);
void jitcodes_free(struct jitcodes *codes);

enum jitcode_answer {
	JITCODE_NONE,             /* nothing was ever there */
	JITCODE_ONE,              /* *place is filled in */
	JITCODE_TWO,              /* several of different names */
};

struct jitcode_place {
	const char *name;         /* as the runtime gave it */
	const char *file;         /* NULL unknown */
	uint32_t  line;           /* 0 unknown */
};

enum jitcode_answer jitcodes_find(const struct jitcodes *codes, uint64_t address, struct jitcode_place *place);

#endif
