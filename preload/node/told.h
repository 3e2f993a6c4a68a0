/*
 * told.h: records of generated code: as meta.h's, in extents of their own, which many of them come to fill.
 */
#ifndef PROBE_TOLD_H
#define PROBE_TOLD_H

#include "library.h"

/* Appends a record: `head`, then `tail`. False: there is no room. Any thread, one at a time. */
bool told_write(enum trace_record_type type, const void *head, size_t head_size, const void *tail, size_t tail_size) HIDDEN;

#endif
