/* allocation_log.h: the blocks of a view as an allocation log, which probe import reads. */
#ifndef PROBE_EXPORT_ALLOCATION_LOG_H
#define PROBE_EXPORT_ALLOCATION_LOG_H

#include <stdio.h>

#include "report/view.h"

/* `domain` < 0: of each process its own. False: a message was printed. Errors of `file` are the caller's. */
bool allocation_log_export(FILE *file, const struct view *view, int domain);

#endif
