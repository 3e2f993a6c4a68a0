/*
 * annotate.h: what a program says of its types and pools, recorded. probe.h calls it by the names of annotate.c.
 */
#ifndef PROBE_ANNOTATE_H
#define PROBE_ANNOTATE_H

#include "library.h"

/* A block was born in `pool`, at the address or with the handle `block`; `at`: who asked for it. */
void annotate_alloc(uint64_t pool, uint64_t block, uint64_t size, const char *type, struct stack_start at) HIDDEN;
void annotate_free(uint64_t pool, uint64_t block, struct stack_start at) HIDDEN;

#endif
