/*
 * usage.h: what the process took of the machine, as the kernel counts it.
 */
#ifndef PROBE_RECORD_USAGE_H
#define PROBE_RECORD_USAGE_H

#include <sys/resource.h>

#include "library.h"

/* Records what the process took until now. */
void usage_tell(void) HIDDEN;
/* Records what the child `pid` took, as a wait told. */
void usage_tell_child(uint32_t pid, const struct rusage *usage) HIDDEN;

#endif
