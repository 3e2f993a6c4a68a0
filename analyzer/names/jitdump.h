/*
 * jitdump.h: jit-PID.dump, as Linux' tools/perf/Documentation/jitdump-specification.txt has it: records of code that
 * was generated or moved, with its name and its lines. A code that moved has its name at both places.
 */
#ifndef PROBE_NAMES_JITDUMP_H
#define PROBE_NAMES_JITDUMP_H

#include "names/jitcode.h"
#include "trace/file.h"

/*
 * Adds what `file` tells of the process `pid` (a forked child may write on in its parent's file). A last record that is
 * cut was being written and is left out.
 */
void jitdump_read(struct jitcodes *codes, struct bytes file, uint32_t pid);

#endif
