/*
 * inject.h: how the addon gets into an isolate: from the file that hook.c has node require; and where that does not reach, a
 * Worker with an environment or options of its own, a node that allows no --require, by a microtask.
 */
#ifndef PROBE_INJECT_H
#define PROBE_INJECT_H

#include "library.h"

/* In an interrupt of the isolate's: the addon comes in as soon as its program is between two steps, if it is not in by then. */
void inject_soon(void *isolate) HIDDEN;

/*
 * The addon comes in now, if `file` is libprobe.so: libprobe.cjs has node open it. (An addon that node finds by itself must
 * export napi_register_module_v1; in a preloaded library that name would be taken for other addons' own.)
 */
void inject_now(const char *file) HIDDEN;

/* The program is node and may have it: set before main. */
extern bool inject_allowed HIDDEN;

static inline void inject_asked(const char *file)
{
	if (unlikely(inject_allowed) && file)
		inject_now(file);
}

#endif
