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

/* ---- between rewritten.c and watch.c ---------------------------------------------------------------------------- */

/*
 * rewrite(bytes) of watch.js; `bytes` is a Uint8Array. NULL: it is left alone; *reason says why, a sentence's middle.
 * release(…): its bytes are not needed any more.
 */
napi_value rewritten_make(napi_env env, napi_value bytes, const char **reason) HIDDEN;
void rewritten_release(uint32_t ticket) HIDDEN;

/* lookup(name) of watch.js: NULL: no module that was rewritten here exports it. */
napi_value rewritten_lookup(napi_env env, const char *hooks) HIDDEN;

/*
 * An instance of module `number` begins to be watched; byte 0 of its memory lies at `base`. False: it shall not be, for the
 * functions that it tells of are not its allocator. *low, unless the choice is not to be tried: blocks below this pointer
 * may be older than the instance.
 */
bool rewritten_tell(uint32_t number, uintptr_t base, uint64_t *low) HIDDEN;

#define REWRITTEN_UNTRIED UINT64_MAX

/*
 * The functions that were watched in module `number` are not its allocator, as the frees in the memory at `base` say. What
 * was told of it is void; when the module is compiled again the next candidate is taken.
 */
void rewritten_refute(uint32_t number, uintptr_t base) HIDDEN;

#endif
