/*
 * wrapper.h: the function that stands in a watched one's place.
 */
#ifndef PROBE_REWRITE_WRAPPER_H
#define PROBE_REWRITE_WRAPPER_H

#include "node/rewrite/emit.h"
#include "node/rewrite/module.h"

#define WRAPPER_MOST 512             /* bytes of a wrapper without what fills it up, but for pushing its parameters */

enum hook { HOOK_BORN, HOOK_DIES, HOOK_MOVES, HOOK_MOVED, HOOK_REFUSED, HOOKS };

/* What was appended to the module. */
struct appended {
	uint32_t state, hooks;           /* global, table */
	uint32_t types;                  /* first of TYPES types: of born, of dies, moves and refused, of moved */
	bool wide;
	bool catches;                    /* REWRITE_CATCH */
};

#define TYPES 3

/* Can this function be watched so? Its type and parameters are what the watch says. */
bool wrapper_fits(const struct rewrite_module *module, const struct rewrite_watch *watch) HIDDEN;

/* Does an address or a size of it have 64 bits? */
bool wrapper_is_wide(const struct rewrite_module *module, const struct rewrite_watch *watch) HIDDEN;

/* The types of the hooks. */
void wrapper_types(struct emit *out, bool wide) HIDDEN;

/* The body of watch number `number`, which calls `inner`, without its size and without its last byte, an `end`. */
void wrapper_body(struct emit *out, const struct rewrite_module *module, const struct rewrite_watch *watch,
	uint32_t number, uint32_t inner, const struct appended *appended) HIDDEN;

#endif
