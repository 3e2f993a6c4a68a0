/*
 * lives.h: how long the blocks of one process lived, and what was alive of each stack at which time: what sums over sites do
 * not tell. What was recorded is read once more; memory grows with what is alive at once and with the call tree.
 *
 * Time is counted in bytes that were allocated so far, so that it is exact, and the same whenever a program does the same.
 */
#ifndef PROBE_EXPORT_LIVES_H
#define PROBE_EXPORT_LIVES_H

#include "report/view.h"

#define LIVES_POINTS 101         /* of the process's time, evenly from its begin to its end */

struct life {                    /* of the blocks of one stack */
	uint64_t allocs, bytes_allocated;
	uint64_t time;           /* sum of their lifetimes; what is alive at the end lives until then */
	uint64_t blocks, bytes;  /* alive now; in the end, at the end */
	uint64_t most_bytes, most_blocks; /* that were alive at once, and how many blocks these were */
	uint64_t peak_bytes, peak_blocks; /* alive when the process had most: at peak number … */
	uint64_t peak;           /* … this one is settled */
};

struct lives {
	struct life *lives;       size_t count; /* by node id of the call tree, or by group; owned */
	const uint32_t *groups;   size_t group_count; /* by node id: what is one; the caller's; NULL: none */
	uint64_t time;            /* of the end */
	uint64_t bytes;           /* alive now; in the end, at the end */
	uint64_t peak_bytes, peak_time, peak; /* most bytes that were alive at once, when, and how often there were more */
	struct lives_point { uint64_t time, bytes; } points[LIVES_POINTS]; size_t point_count;
};

/*
 * Of a view with one process. `groups` says by node id which stacks count as one, in numbers below `count`; NULL: each for
 * itself. False: it cannot be read any more, a message was printed.
 */
bool lives_read(struct lives *lives, const struct view *view, int domain, const uint32_t *groups, size_t count);
void lives_free(struct lives *lives);

/* NULL: there is no such stack. */
static inline struct life *life_of(const struct lives *lives, uint32_t stack)
{
	if (lives->groups)
		stack = stack < lives->group_count ? lives->groups[stack] : UINT32_MAX;
	return stack < lives->count ? &lives->lives[stack] : NULL;
}

#endif
