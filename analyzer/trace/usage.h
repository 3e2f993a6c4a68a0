/* usage.h: the records USAGE and CPU of a process. */
#ifndef PROBE_TRACE_USAGE_H
#define PROBE_TRACE_USAGE_H

#include "model.h"
#include "trace/payload.h"

/* False: it cannot be understood. */
bool usage_record(struct process_info *process, const struct trace_record *record, struct payload payload);

#endif
