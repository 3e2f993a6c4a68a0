/*
 * perfmap.h: /tmp/perf-PID.map, as Linux' perf reads it: lines "START SIZE NAME", numbers in hexadecimal, the name up
 * to the end of the line.
 */
#ifndef PROBE_NAMES_PERFMAP_H
#define PROBE_NAMES_PERFMAP_H

#include "names/jitcode.h"
#include "trace/file.h"

/* Adds what `file` tells; a last line without an end was being written and is left out. */
void perfmap_read(struct jitcodes *codes, struct bytes file);

#endif
