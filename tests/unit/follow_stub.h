/* follow_stub.h: what the tests of following set up and look at in place of the rest of libprobe.so. */
#ifndef PROBE_FOLLOW_STUB_H
#define PROBE_FOLLOW_STUB_H

#include <stdbool.h>

#define STUB_LIBRARY "/opt/probe/lib/libprobe.so"
#define STUB_OUT     "/var/recordings/one"

/* `library` as after process_start. */
void stub_library(void);

extern bool stub_borrowed; /* what process_is_borrowed answers */

#endif
