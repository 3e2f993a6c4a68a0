/*
 * areas.h: which memory of the process is resident, as the kernel tells it, in the form of TRACE_RECORD_SAMPLE.
 */
#ifndef PROBE_AREAS_H
#define PROBE_AREAS_H

#include "library.h"

struct areas;

/* Where they are gathered; NULL: no memory. */
struct areas *areas_make(void) HIDDEN;

/*
 * Writes the records of one sample; `head` is complete but for rss, flags and count. Their size in bytes, or −errno
 * if /proc cannot be read: then nothing was written. One caller at a time.
 */
long areas_write(struct areas *areas, struct trace_sample *head) HIDDEN;

/* Calls `each` for the process's mappings, in order of address. False: /proc cannot be read. One caller at a time. */
struct mapping;
bool areas_each(struct areas *areas, void (*each)(void *context, const struct mapping *mapping), void *context) HIDDEN;

/* Bytes resident, 0 unknown. Cheap. */
uint64_t areas_rss(void) HIDDEN;

#endif
