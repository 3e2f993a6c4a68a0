/*
 * code.h: the map of generated code: what lies where. It is there to notice when an address comes to hold other code, so
 * that frames of the one are never taken for the other's (trace.h, "generated code"). Callers come one at a time: the map
 * has a lock.
 */
#ifndef PROBE_CODE_H
#define PROBE_CODE_H

#include "library.h"

/*
 * Code is at [start, start + size) from now on; what was known to be there is gone. Recorded with its name. Returns its
 * id, 0 if there is no memory or no room in the recording. Code that is there already, under the same name, keeps its id.
 */
uint32_t code_add(enum trace_code_kind kind, uint32_t isolate, uintptr_t start, uint32_t size, const char *name,
	size_t length) HIDDEN;

/* The code that begins at `from` is about to run at `to`. */
void code_move(uintptr_t from, uintptr_t to) HIDDEN;

/* All code of this isolate is gone. */
void code_isolate_ended(uint32_t isolate) HIDDEN;

/* What the map knows nothing of in [start, end) is gone: what comes there belongs to a later generation. */
void code_raise(uintptr_t start, uintptr_t end) HIDDEN;

/* Appends another record to those of code: `head`, then `tail`. */
void code_tell(enum trace_record_type type, const void *head, size_t head_size, const void *tail, size_t tail_size)
	HIDDEN;

#endif
