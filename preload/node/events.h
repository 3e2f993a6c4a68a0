/*
 * events.h: V8's code events.
 */
#ifndef PROBE_EVENTS_H
#define PROBE_EVENTS_H

#include "node/v8.h"

/* V8's handler. Any thread of V8's, also within itself; called with V8's own locks held, so it takes none but ours. */
void events_handle(const struct v8_event *event) HIDDEN;

#endif
