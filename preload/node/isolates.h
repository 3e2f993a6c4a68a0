/*
 * isolates.h: the isolates of the process by number.
 */
#ifndef PROBE_ISOLATES_H
#define PROBE_ISOLATES_H

#include "library.h"

/* The number of an isolate that was asked for its code, from 1; 0: it was not. Any thread, no lock. */
uint32_t isolates_number(const void *isolate) HIDDEN;

/*
 * On its own thread, while it is at rest: an isolate that V8 is known to have. It is asked for its code, if it was not yet.
 * False: it has been adopted before, or there is no room for it.
 */
bool isolates_adopt(void *isolate) HIDDEN;
bool isolates_is_adopted(const void *isolate) HIDDEN;

/* V8 told of code from wasm; has it yet? Any thread. */
void isolates_saw_wasm(const void *isolate) HIDDEN;
bool isolates_has_wasm(const void *isolate) HIDDEN;

#endif
