/*
 * watch.h: blocks inside linear memories. A module is rewritten before V8 compiles it (rewritten.c), an instance of it
 * is given hooks (watch.js), which report each block of its allocator straight into the thread's ring (watch.c).
 */
#ifndef PROBE_WATCH_H
#define PROBE_WATCH_H

#include "library.h"
#include "node/napi.h"

/*
 * In an isolate of node's, before the program's first line: an object of the functions that are documented in watch.js,
 * for those who compile and instantiate. NULL: this version of V8 lacks something, or nobody wants to know of blocks.
 */
napi_value watch_functions(napi_env env) HIDDEN;

/* An isolate has compiled wasm before it could be watched: tells so. */
void watch_missed(void) HIDDEN;

/* ---- revive.c ---------------------------------------------------------------------------------------------------- */

/* The function heal(state, wanted) of watch.js, before the following; of the isolate that runs on this thread. */
void revive_heal(napi_value heal) HIDDEN;
/* An instance reports from now on: its state, and the global that has what that is between two calls. */
void revive_keep(napi_value state, napi_value wanted) HIDDEN;
/* No function of an instance of this thread runs: those that were left silent report again, and a warning says so. */
void revive_all(napi_env env) HIDDEN;

/* ---- between rewritten.c and watch.c ---------------------------------------------------------------------------- */

/*
 * rewrite(bytes, catches) for watch.js; `bytes` is a Uint8Array; catches: REWRITE_CATCH. NULL: it is left alone; *reason says why, a sentence's middle.
 * release(…): its bytes are not needed any more.
 */
napi_value rewritten_make(napi_env env, napi_value bytes, bool catches, const char **reason) HIDDEN;
void rewritten_release(uint32_t ticket) HIDDEN;

/* lookup(name) of watch.js: NULL: no module that was rewritten here exports it. */
napi_value rewritten_lookup(napi_env env, const char *hooks) HIDDEN;

/* How an instance begins. */
struct rewritten_begin {
	uint32_t state;              /* with which the functions of the module report that are taken for its allocator */
	bool     tried;              /* is that choice on trial? */
	uint32_t choice;             /* for rewritten_refute */
	uint64_t low;                /* blocks below this pointer may be older than the instance */
	const char *why;             /* it does not, a sentence's middle; NULL unknown */
	uint64_t bytes;              /* of its module, then */
};

/*
 * An instance of module `number` begins to be watched; byte 0 of its memory lies at `base`. False: it shall not be, for
 * nothing that it could tell of is its allocator.
 */
bool rewritten_tell(uint32_t number, uintptr_t base, struct rewritten_begin *begin) HIDDEN;

/*
 * A choice is the wrong one, as the frees in the memory at `base` say: what was told of it is void. When the module is
 * compiled again it is without. The state with which the instance goes on: others report, or, with REWRITTEN_OFF, none.
 */
uint32_t rewritten_refute(uint32_t choice, uintptr_t base) HIDDEN;

#define REWRITTEN_OFF (1u << 31)

#endif
