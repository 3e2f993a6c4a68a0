/*
 * record_stub.h: record/ on its own: a process that is live without interposers and without stacks.
 */
#ifndef RECORD_STUB_H
#define RECORD_STUB_H

#include "interpose/modules.h"
#include "library.h"

/* Begins a recording in a fresh directory, whose path it returns; no drain thread will start. */
const char *record_stub_start(void);
/* Removes the directory. */
void record_stub_end(void);

/* What modules_parts gives. */
extern struct module_parts record_stub_modules[2];
extern uint32_t record_stub_module_count;

#endif
