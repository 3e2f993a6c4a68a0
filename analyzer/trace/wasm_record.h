/* wasm_record.h: the records about blocks inside linear memories (trace.h). */
#ifndef PROBE_WASM_RECORD_H
#define PROBE_WASM_RECORD_H

#include "model.h"
#include "trace/payload.h"

/* A record of type WASM_HEAP, WASM_REFUSED or WASM_UNWATCHED. False: it cannot be understood, or not all of it. */
bool wasm_record(struct process_info *process, const struct trace_record *record, struct payload payload);

/* What they left in a process. */
void wasm_records_free(struct process_info *process);

#endif
