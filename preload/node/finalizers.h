/*
 * finalizers.h: what only a pending finalizer still holds. A collection finds objects gone that a program has registered
 * with a FinalizationRegistry; what their callback would free (wasm-bindgen: a block in a linear memory) is freed in a later
 * turn of the event loop, and never, where the program ends first.
 */
#ifndef PROBE_FINALIZERS_H
#define PROBE_FINALIZERS_H

#include "library.h"
#include "node/napi.h"

/* In an isolate of node's, before the program's first line. */
void finalizers_install(napi_env env) HIDDEN;

/*
 * On the isolate's own thread, when its program ends, after the collection: tells the objects whose callback is due. Calls
 * nothing of V8's.
 */
void finalizers_tell(const void *isolate) HIDDEN;

#endif
