/* vtable_record.h: the records about tables of virtual functions; see meta.c. */
#ifndef PROBE_VTABLE_RECORD_H
#define PROBE_VTABLE_RECORD_H

#include "model.h"
#include "trace/payload.h"

/* A VTABLE or VTABLES. False: it makes no sense. */
bool vtable_record(struct process_info *process, const struct trace_record *record, struct payload payload);
void vtable_records_free(struct process_info *process);

#endif
