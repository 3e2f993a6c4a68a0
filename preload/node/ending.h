/*
 * ending.h: the end of node's programs, the main one and those of its workers. The leaks are taken when the main one ends;
 * before that each isolate collects its garbage, on its own thread.
 */
#ifndef PROBE_ENDING_H
#define PROBE_ENDING_H

#include "library.h"
#include "node/napi.h"

/* The last line of this isolate's program has run. `worker` is its number in the program's own eyes. */
void ending_of_script(void *isolate, uint32_t worker) HIDDEN;

/*
 * A worker's isolate may be asked for a collection, by an interrupt or, where it waits in its event loop, by `wake`; until
 * it leaves.
 */
void ending_join(void *isolate, napi_threadsafe_function wake) HIDDEN;
void ending_leave(void *isolate) HIDDEN;

/* On the isolate's own thread: does what the main thread has asked for, if it has. */
void ending_answer(void *isolate, void *data) HIDDEN;

#endif
