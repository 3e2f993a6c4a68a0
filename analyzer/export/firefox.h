/*
 * firefox.h: for the two files that write a profile of the Firefox Profiler, firefox.c and firefox_tables.c: what a thread uses of
 * the whole, in tables of its own.
 */
#ifndef PROBE_EXPORT_FIREFOX_H
#define PROBE_EXPORT_FIREFOX_H

#include <stdio.h>

#include "export/profile.h"
#include "names/cache.h"

/* What of a table a thread uses, in numbers of its own. */
struct used { uint32_t *number, *list; size_t count; }; /* by number of the whole, PROFILE_NONE not used; owned */

struct firefox {
	FILE     *file;
	struct profile *profile;
	struct profile_tree tree; /* of frames */
	uint32_t *stacks;         /* by site; owned */
	size_t   *first_sites;    /* by process, and behind the last: its sites stand together; owned */
	uint64_t  begin;          /* nanoseconds of the host's clock: 0 in the profile */
	/* Of a thread: */
	struct used nodes, frames, functions;
	struct cache texts;       /* numbers + 1 */
	const char **text_list;   size_t text_count; /* not owned, but for the list */
};

/* A column of a table, `i` is the row. */
#define COLUMN(writer, name, count, ...) \
	do { \
		fputs_unlocked(",\"" name "\":[", (writer)->file); \
		for (size_t i = 0; i < (count); i++) { \
			if (i) \
				putc_unlocked(',', (writer)->file); \
			__VA_ARGS__; \
		} \
		putc_unlocked(']', (writer)->file); \
	} while (0)

void firefox_used_open(struct used *used, size_t most);
void firefox_used_close(struct used *used);
uint32_t firefox_string(struct firefox *writer, const char *text);
/* The number of the stack that ends in this node of the tree; PROFILE_NONE: it is the root. */
uint32_t firefox_use_stack(struct firefox *writer, uint32_t node);
void firefox_put_signed(FILE *file, int64_t value);
/* What the thread used of them, and the end of it. */
void firefox_put_tables(struct firefox *writer);

#endif
