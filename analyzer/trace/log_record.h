/* log_record.h: records of imported logs; see shared.h. */
#ifndef PROBE_LOG_RECORD_H
#define PROBE_LOG_RECORD_H

#include "model.h"
#include "trace/payload.h"

/* LOG, LOG_SITE or FINDING. False: it cannot be understood. */
bool log_record(struct process_info *process, const struct trace_record *record, struct payload payload);
void log_records_free(struct process_info *process);

#endif
