/*
 * mark.c: what probe.h calls.
 */
#include <string.h>

#include "library.h"
#include "record/sample.h"

#define LABEL_MAX 255

void probe_library_mark(const char *label);

PUBLIC void probe_library_mark(const char *label)
{
	if (label && process_start()) {
		meta_write(TRACE_RECORD_MARK, label, strnlen(label, LABEL_MAX), NULL, 0);
		sample_take(TRACE_SAMPLE_MARK);
	}
}
