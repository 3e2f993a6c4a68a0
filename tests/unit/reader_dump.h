/* reader_dump.h: all that reading found out, as text, so that two readings can be compared. */
#ifndef READER_DUMP_H
#define READER_DUMP_H

#include <stdio.h>

#include "model.h"

/* Writes the recording to `out`; nothing in it depends on where the recording lies. */
void dump_recording(FILE *out, const struct recording *recording);

#endif
