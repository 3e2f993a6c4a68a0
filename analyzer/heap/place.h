/*
 * place.h: the resident memory of one sample, cut into ranges by what each belongs to: what the library claims, what the
 * program mapped, what malloc got from the kernel. What nobody recorded is a range, too.
 */
#ifndef PROBE_HEAP_PLACE_H
#define PROBE_HEAP_PLACE_H

#include "heap/ledger.h"
#include "trace/sample.h"

enum range_kind {
	RANGE_UNKNOWN,           /* nobody recorded it: blocks in it are malloc's own mappings, the rest is unexplained */
	RANGE_ARENA,             /* malloc's */
	RANGE_MAPPED,            /* by the program, at a site */
	RANGE_FILE,
	RANGE_STACK,
	RANGE_OWN,               /* libprobe's */
};

struct range {
	uint64_t start, end;     /* addresses, end exclusive */
	uint64_t resident;       /* bytes */
	uint64_t live;           /* of these in live blocks */
	uint64_t arena;          /* ARENA: where it begins, 0 the first, which grows by brk */
	const struct sample_area *area; /* it lies in */
	const char *file;        /* FILE: its path */
	uint32_t kind;           /* enum range_kind */
	uint32_t stack;          /* MAPPED: the site's */
	int32_t *touched;        /* ARENA: by page, how many more live chunks begin than end here; owned; may be NULL */
};

/* By address, without overlaps. To be freed with ranges_free. */
struct range *ranges_make(const struct ledgers *ledgers, const struct sample *sample, const struct maps *maps,
                          size_t *count);
void ranges_free(struct range *ranges, size_t count);

/* The range that holds `address`, or the next one above; `count` if there is none. */
size_t ranges_from(const struct range *ranges, size_t count, uint64_t address);

#endif
