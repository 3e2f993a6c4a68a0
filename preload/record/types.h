/*
 * types.h: what the program calls its types: a number for each name.
 */
#ifndef PROBE_TYPES_H
#define PROBE_TYPES_H

#include "library.h"

#define TYPE_NAME_MOST 255u      /* bytes; what is longer is cut */

/*
 * The number of the type of this name in the process, told to the recording; 0: there is none, for want of a name, of room or
 * of memory. Any thread, signal handlers too.
 */
uint32_t type_number(const char *name) HIDDEN;

#endif
