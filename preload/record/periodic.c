/* periodic.c: see periodic.h. */
#include "record/periodic.h"

#include "record/sample.h"
#include "text.h"

#define SECOND 1000000000u

/* The anchor was there before the drain. */
static uint64_t start(void)
{
	return process->header->anchor[0].monotonic_ns;
}

uint64_t periodic_next(uint64_t now)
{
	uint64_t every = library.mark_every;

	return every ? start() + ((now - start()) / every + 1) * every : UINT64_MAX;
}

uint64_t periodic_mark(uint64_t due, uint64_t now)
{
	uint64_t every = library.mark_every, reached;
	char label[32];
	size_t length;

	if (now < due)
		return due;
	/* What was missed (a machine that slept) is not made up for: the label is the time that it is. */
	reached = (now - start()) / every * every;
	if (every % SECOND == 0)
		length = text_format(label, sizeof(label), "%llus", (unsigned long long)(reached / SECOND));
	else
		length = text_format(label, sizeof(label), "%llums", (unsigned long long)(reached / (SECOND / 1000)));
	meta_write(TRACE_RECORD_MARK, label, length, NULL, 0);
	sample_take(TRACE_SAMPLE_MARK);
	return start() + reached + every;
}
