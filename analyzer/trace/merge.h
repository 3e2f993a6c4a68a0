/* merge.h: the streams of a process image as one run of events, by time. */
#ifndef PROBE_MERGE_H
#define PROBE_MERGE_H

#include "trace/stream.h"

/*
 * Takes `count` events of the stream streams.list[stream], in order. So many as `behind` lie behind them in memory, and are
 * among those that come next.
 */
typedef void merge_sink(void *context, uint32_t stream, const struct trace_event *events, size_t count, size_t behind);

/* Hands all events to `sink`, in runs of one stream: by tick, equal ticks by stream; within a stream by sequence. */
void merge(struct streams *streams, merge_sink *sink, void *context);

#endif
