/*
 * aside.h: what another runtime wrote about the code that it generated, kept with the recording: perf maps and
 * jitdumps.
 */
#ifndef PROBE_ASIDE_H
#define PROBE_ASIDE_H

#include "library.h"

/*
 * The program mapped the file `fd` as code. Runtimes that write a jitdump do so with a page of it, for perf to learn
 * its path; so do we.
 */
void aside_mapped(int fd) HIDDEN;

/* At the process's end: copies what there is into the recording directory. */
void aside_keep(void) HIDDEN;

#endif
