/*
 * inject.h: how the addon gets into an isolate that hook.c does not reach: a Worker with an environment or options of its
 * own, a node that allows no --require.
 */
#ifndef PROBE_INJECT_H
#define PROBE_INJECT_H

#include "library.h"

/* In an interrupt of the isolate's: the addon comes in as soon as its program is between two steps, if it is not in by then. */
void inject_soon(void *isolate) HIDDEN;

/* The program is node and may have it: set before main. */
extern bool inject_allowed HIDDEN;

#endif
