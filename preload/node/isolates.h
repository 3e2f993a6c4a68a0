/*
 * isolates.h: the isolates of the process by number.
 */
#ifndef PROBE_ISOLATES_H
#define PROBE_ISOLATES_H

#include "library.h"

/* The number of an isolate that was asked for its code, from 1; 0: it was not. Any thread, no lock. */
uint32_t isolates_number(const void *isolate) HIDDEN;

#endif
