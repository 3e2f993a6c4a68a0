/*
 * record_stub.h: record/ on its own: a process that is live without interposers and without stacks.
 */
#ifndef RECORD_STUB_H
#define RECORD_STUB_H

#include "library.h"

/* Begins a recording in a fresh directory, whose path it returns; no drain thread will start. */
const char *record_stub_start(void);
/* Removes the directory. */
void record_stub_end(void);

#endif
