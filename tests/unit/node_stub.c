/* node_stub.c: see node_stub.h. */
#include "node_stub.h"

#include <stdlib.h>

#include "record/thread.h"

struct library library;
struct process *process;
__thread struct thread *self;
uint32_t clock_kind;
bool clock_fenced;
bool node_stub_full;

static struct trace_meta *extents[65536];
static size_t extent_count;

/* Never given back, as it is; the leak sanitizer sees that it is still known. */
void memory_claim(uintptr_t start, size_t bytes)
{
	(void)start, (void)bytes;
}

void memory_disclaim(uintptr_t start)
{
	(void)start;
}

void *wiped_take(size_t bytes)
{
	static struct taken { struct taken *before; max_align_t memory[]; } *last;
	struct taken *taken = calloc(1, sizeof(*taken) + bytes);

	if (!taken)
		return NULL;
	taken->before = last;
	last = taken;
	return taken->memory;
}

struct trace_extent *area_take(enum trace_extent_kind kind, size_t bytes)
{
	struct trace_extent *extent = node_stub_full ? NULL : calloc(1, bytes);

	if (!extent)
		return NULL;
	extent->size = bytes;
	extent->kind = kind;
	extents[extent_count++] = (struct trace_meta *)extent;
	return extent;
}

void meta_warn(const char *text)
{
	(void)text;
}

uint64_t clock_monotonic_ns(void)
{
	return 0;
}

bool process_is_borrowed(void)
{
	return false;
}

struct thread *thread_state(void)
{
	static struct thread thread;

	return &thread;
}

void node_stub_start(void)
{
	process = calloc(1, sizeof(*process));
	process->live = PROCESS_LIVE;
	process->pid = 1;
}

bool node_stub_record(size_t nth, uint16_t *type, const uint8_t **payload, size_t *size)
{
	/* The one after the last that was asked for is found at once. */
	static size_t extent, at, next;

	if (nth != next)
		extent = at = next = 0;
	for (; extent < extent_count; extent++, at = 0)
		while (at < extents[extent]->used) {
			const struct trace_record *record = (const void *)((const char *)(extents[extent] + 1) + at);

			at += record->size;
			if (next++ == nth) {
				*type = record->type;
				*payload = (const uint8_t *)(record + 1);
				*size = record->size - sizeof(*record) - record->padding;
				return true;
			}
		}
	extent = at = next = 0; /* there may be one later */
	return false;
}
