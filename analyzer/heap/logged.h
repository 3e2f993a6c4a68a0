/* logged.h: events of an imported log, which says itself which block is dropped. */
#ifndef PROBE_HEAP_LOGGED_H
#define PROBE_HEAP_LOGGED_H

#include "heap/sites.h"

/* A LOG_ALLOC or a LOG_DROP. False: it makes no sense. */
bool logged_event(struct process_info *process, struct sites *sites, const struct trace_event *event);

#endif
