/*
 * collect.h: garbage collections of V8's, and what V8 says of its heap. All on the isolate's own thread.
 */
#ifndef PROBE_COLLECT_H
#define PROBE_COLLECT_H

#include "library.h"

/* The isolate answers from now on: its collections are noted. */
void collect_watch(void *isolate) HIDDEN;

/* The top level of the main script has run, on this thread. */
void collect_script_ran(void) HIDDEN;

/*
 * Collects the isolate's garbage, until what it holds of malloc's has been freed, and records that. Does nothing but
 * with PROBE_GC and a V8 that can.
 */
void collect_now(void *isolate, enum trace_collected_why why) HIDDEN;

/* The program put down a mark: the heap's size goes with it, unless it was told just before. */
void collect_marked(void *isolate) HIDDEN;

#endif
