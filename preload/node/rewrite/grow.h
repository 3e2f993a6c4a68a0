/*
 * grow.h: where a module's code grows its memory 0, so that a refusal is told. Instructions are looked at only in
 * functions that have the bytes of a memory.grow somewhere.
 */
#ifndef PROBE_REWRITE_GROW_H
#define PROBE_REWRITE_GROW_H

#include "node/rewrite/emit.h"
#include "node/rewrite/module.h"

#define GROW_MOST 16                 /* of a module; what is beyond is left as it is */

struct grow {
	uint32_t function;
	uint32_t at;                     /* the instruction's offset in the module; it has two bytes */
};

#define GROW_BYTES 2

/* Those of a module, in order. Returns how many. */
uint32_t grow_find(const struct rewrite_module *module, struct grow grows[GROW_MOST]) HIDDEN;

/* The body, without its size, of the function that is called in the instruction's place: it tells of a refusal. */
void grow_body(struct emit *out, const struct rewrite_module *module, uint32_t hooks, uint32_t type, bool wide) HIDDEN;

#endif
