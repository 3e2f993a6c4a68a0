/*
 * meta.h: starting the meta records of a process; writing them is in library.h.
 */
#ifndef PROBE_META_H
#define PROBE_META_H

#include "library.h"

bool meta_start(void) HIDDEN;

#endif
