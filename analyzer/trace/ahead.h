/* ahead.h: the events of a process image are expanded and merged by a thread of its own, ahead of who takes them. */
#ifndef PROBE_AHEAD_H
#define PROBE_AHEAD_H

#include "trace/merge.h"

/* As merge(): `sink` is called by this thread alone. Short logs, and where no thread can be had, are merged here. */
void merge_ahead(struct streams *streams, merge_sink *sink, void *context);

#endif
