/*
 * damage.h: what is wrong in the files of one process image: all of it counted, a few told. Each image has its own,
 * so that images can be read in parallel; they become the recording's findings in the end.
 */
#ifndef PROBE_DAMAGE_H
#define PROBE_DAMAGE_H

#include <stddef.h>
#include <stdint.h>

#define DAMAGE_EXAMPLES 4

struct damage {
	const char *stem;        /* of the image, before each example; not owned */
	uint64_t  count;         /* places */
	char     *examples[DAMAGE_EXAMPLES]; /* "STEM.log at 4096: …", owned */
};

/* One more place, at `offset` of the file STEM + ending. `damage` may be NULL: told elsewhere. */
void damage_add(struct damage *damage, const char *ending, uint64_t offset, const char *what);
/* `count` more places, of which no more is known than `what`; none if it is 0. */
void damage_some(struct damage *damage, uint64_t count, const char *what);
void damage_free(struct damage *damage);

#endif
