/*
 * vtables.h: the tables of virtual functions that the words of the process's memory point to: what class an object is of.
 */
#ifndef PROBE_VTABLES_H
#define PROBE_VTABLES_H

#include "library.h"

/* Looks through memory and tells it, as TRACE_RECORD_VTABLES says, if it can be afforded. Any thread, on its own stack. */
void vtables_take(enum trace_sample_reason reason) HIDDEN;

/* The look at the end. It is told if there cannot be one. */
void vtables_end(void) HIDDEN;

#endif
