/*
 * suppressions.h: the leaks that the program itself says it lives with, in LeakSanitizer's way.
 */
#ifndef PROBE_SUPPRESSIONS_H
#define PROBE_SUPPRESSIONS_H

#include "library.h"

/* Asks the program, once per image, and records what it says. Before main: who is killed later has said it. */
void suppressions_record(void) HIDDEN;

#endif
