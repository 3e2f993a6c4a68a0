/*
 * unfinalized.h: objects that were gone when their program ended, and whose FinalizationRegistry had yet to call back.
 */
#ifndef PROBE_UNFINALIZED_H
#define PROBE_UNFINALIZED_H

#include "model.h"
#include "trace/payload.h"

/* A record of type PENDING. False: it cannot be understood. */
bool unfinalized_record(struct process_info *process, struct payload payload, uint64_t tick);
void unfinalized_free(struct process_info *process);

/* Has the isolate ended before its process did? Then nothing calls back any more. */
bool unfinalized_for_ever(const struct process_info *process, const struct unfinalized *objects);

#endif
