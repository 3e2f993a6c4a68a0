/* logged.h: events of an imported log, which says itself which block is dropped. */
#ifndef PROBE_HEAP_LOGGED_H
#define PROBE_HEAP_LOGGED_H

#include "heap/sites.h"

/* An event of kind LOG. False: it makes no sense. */
bool logged_event(struct process_info *process, struct sites *sites, const struct trace_event *event);

#endif
