/*
 * lines.h: the lines of a code that is about to be told of, on the thread that is told.
 */
#ifndef PROBE_LINES_H
#define PROBE_LINES_H

#include "library.h"

/* Positions follow. */
void lines_begin(void) HIDDEN;
/* The code at `offset` comes from `position` in the source. In order of offset. */
void lines_add(size_t offset, size_t position) HIDDEN;
/* They were those of the code that begins at `code`. */
void lines_end(uintptr_t code) HIDDEN;
/* Some code lies elsewhere now: what was told of one before it moved is not its any more. */
void lines_moved(void) HIDDEN;
/*
 * Records the lines of the code `id`, which begins at `code`, if they were told before it. `script` is V8's handle on its
 * source (v8.h); NULL: positions are byte offsets. May run V8: no lock may be held.
 */
void lines_tell(uint32_t id, uintptr_t code, void *script, const void *isolate) HIDDEN;

#endif
