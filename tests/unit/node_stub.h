/*
 * node_stub.h: node/ and the generations of stack/ on their own: a live process whose extents are plain memory.
 */
#ifndef NODE_STUB_H
#define NODE_STUB_H

#include <stddef.h>

#include "library.h"

void node_stub_start(void);
extern bool node_stub_full;           /* there is no room for another extent */

/* The records that were written, in order: type and payload of the nth; false after the last. */
bool node_stub_record(size_t nth, uint16_t *type, const uint8_t **payload, size_t *size);

#endif
