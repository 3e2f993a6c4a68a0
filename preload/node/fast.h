/*
 * fast.h: functions of V8's own kind that wasm calls as C calls C, with neither a frame of V8's nor handles. What they are
 * in V8 11.3 to 13 is in v8-fast-api-calls.h, and how wasm imports them in wasm/module-instantiate.cc.
 */
#ifndef PROBE_FAST_H
#define PROBE_FAST_H

#include "node/call.h"

#define FAST_ARGUMENTS 7              /* most */

typedef void fast_callback(void);     /* of (void *receiver, uint32_t…); calls nothing of V8's */

/*
 * A function of `length` arguments, that are i32 each, and no result; `slow` is what others than wasm call, and wasm too
 * where V8 so decides. NULL: this V8 is not known to have it. In an isolate's thread.
 */
napi_value fast_function(void *context, v8_callback *slow, fast_callback *fast, int length) HIDDEN;

#endif
