/* clock.c: how long a tick is, from the readings of both clocks that processes left; see image.h. */
#include <stdlib.h>
#include <string.h>

#include "trace/image.h"
#include "util.h"

/* A time stamp counter that is slower or faster than this does not exist. */
#define LEAST_NS_PER_TICK 0.01
#define MOST_NS_PER_TICK 1000.0

static const struct image *image_of(const void *element)
{
	return *(const struct image *const *)element;
}

static int by_boot(const void *left, const void *right)
{
	return memcmp(image_of(left)->process->header.boot_id, image_of(right)->process->header.boot_id, 16);
}

/* Takes the earliest and the latest reading of a process into account. */
static void widen(const struct trace_process *header, struct trace_anchor *first, struct trace_anchor *last)
{
	for (size_t i = 0; i < sizeof header->anchor / sizeof *header->anchor; i++) {
		const struct trace_anchor *anchor = &header->anchor[i];

		if (anchor->monotonic_ns == 0)
			continue;
		if (first->monotonic_ns == 0 || anchor->monotonic_ns < first->monotonic_ns)
			*first = *anchor;
		if (anchor->monotonic_ns > last->monotonic_ns)
			*last = *anchor;
	}
}

bool clock_calibrate(struct image *images, size_t count)
{
	const struct image **sorted = xcalloc(count, sizeof *sorted);
	bool all = true;
	size_t from, to;

	for (size_t i = 0; i < count; i++)
		sorted[i] = &images[i];
	qsort(sorted, count, sizeof *sorted, by_boot);
	for (from = 0; from < count; from = to) {
		struct trace_anchor first = {0}, last = {0};
		double ns_per_tick = 1;
		bool uses = false, good;

		for (to = from; to < count && by_boot(&sorted[from], &sorted[to]) == 0; to++)
			if (sorted[to]->known && sorted[to]->process->header.clock == TRACE_CLOCK_TSC) {
				widen(&sorted[to]->process->header, &first, &last);
				uses = true;
			}
		good = last.tick > first.tick && last.monotonic_ns > first.monotonic_ns;
		if (good)
			ns_per_tick = (double)(last.monotonic_ns - first.monotonic_ns) /
			              (double)(last.tick - first.tick);
		if (!good || ns_per_tick < LEAST_NS_PER_TICK || ns_per_tick > MOST_NS_PER_TICK) {
			ns_per_tick = 1;
			all = all && !uses;
		}
		for (size_t i = from; i < to; i++)
			if (sorted[i]->process->header.clock == TRACE_CLOCK_TSC)
				sorted[i]->process->ns_per_tick = ns_per_tick;
	}
	free(sorted);
	return all;
}
