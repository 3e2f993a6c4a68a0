/* collect.c: see collect.h. */
#include "node/collect.h"

#include <errno.h>
#include <string.h>

#include "node/isolates.h"
#include "node/v8.h"
#include "record/thread.h"

#define TOLD_FREELY      128u        /* records of what collections by themselves left; those after them keep … */
#define AFTER_COLLECTION 1000000000u /* … so many ns from the one before */
#define AFTER_MARK       100000000u  /* ns that a record for a mark keeps from the one before, once many were told */
#define YOUNG_MOST       (224u << 20) /* bytes: V8's limit is that of old objects and, with a margin, of young ones together */
#define AFTER_SCAVENGE   10000000u   /* ns, likewise, of one for a collection of young objects */

V8_FUNCTION(void, v8_low_memory, "_ZN2v87Isolate21LowMemoryNotificationEv", void *);
V8_FUNCTION(void, v8_heap_statistics, "_ZN2v87Isolate17GetHeapStatisticsEPNS_14HeapStatisticsE", void *, struct v8_heap *);
V8_FUNCTION(void, v8_before_collection,
	"_ZN2v87Isolate21AddGCPrologueCallbackEPFvPS0_NS_6GCTypeENS_15GCCallbackFlagsEPvES4_S2_", void *,
	void (*)(void *, int, int, void *), void *, int);
V8_FUNCTION(void, v8_after_collection,
	"_ZN2v87Isolate21AddGCEpilogueCallbackEPFvPS0_NS_6GCTypeENS_15GCCallbackFlagsEPvES4_S2_", void *,
	void (*)(void *, int, int, void *), void *, int);

static void tell_heap(void *isolate, struct thread *thread, bool collected)
{
	struct trace_runtime_heap record = {.isolate = isolates_number(isolate), .collected = collected};
	struct v8_heap heap = {0};

	if (!v8_heap_statistics || !record.isolate)
		return;
	v8_heap_statistics(isolate, &heap);
	record.used = heap.used;
	record.total = heap.total;
	record.executable = heap.executable;
	record.physical = heap.physical;
	record.external = heap.external;
	record.malloced = heap.malloced;
	record.limit = heap.limit;
	thread->heap_told = clock_monotonic_ns();
	thread->heaps_told++;
	meta_write(TRACE_RECORD_RUNTIME_HEAP, &record, sizeof(record), NULL, 0);
}

static bool told_within(const struct thread *thread, uint64_t ns)
{
	return thread->heap_told && clock_monotonic_ns() - thread->heap_told < ns;
}

static void collected(void *isolate, int type, int flags, void *data)
{
	struct thread *thread = thread_state();
	int error = errno;

	(void)data;
	if (thread && type == V8_SCAVENGED) {
		if (!thread->collecting && thread->heaps_told < TOLD_FREELY / 2 && !told_within(thread, AFTER_SCAVENGE) &&
		    !library.filtered && !process_is_borrowed())
			tell_heap(isolate, thread, false);
	} else if (thread && !thread->collecting && !library.filtered && !process_is_borrowed()) {
		thread->found_alive = thread->marking_began;
		thread->marking_began = 0;
		thread->collected_since++;
		if (flags & V8_COLLECTED_FORCED)
			meta_write(TRACE_RECORD_MARK, "gc()", 4, NULL, 0);
		if ((flags & V8_COLLECTED_FORCED) || thread->heaps_told < TOLD_FREELY ||
		    !told_within(thread, AFTER_COLLECTION))
			tell_heap(isolate, thread, true);
	}
	errno = error;
}

static void begins(void *isolate, int type, int flags, void *data)
{
	struct thread *thread = self;

	(void)isolate, (void)flags, (void)data;
	if (!thread || !thread->live || thread->collecting)
		return;
	/* What is born while it marks is not looked at, and taken for alive. */
	if (!thread->marking_began)
		thread->marking_began = clock_tick();
	if (type == V8_COLLECTED_FULL)
		thread->collection_began = clock_tick();
}

void collect_script_ran(void)
{
	struct thread *thread = thread_state();

	if (!thread || thread->script_ran)
		return;
	thread->script_ran = true;
	thread->found_before = thread->found_alive;
	thread->collected_since = 0;
}

void collect_watch(void *isolate)
{
	if (v8_before_collection)
		v8_before_collection(isolate, begins, NULL, V8_COLLECTED_FULL | V8_MARKING_BEGINS);
	if (v8_after_collection)
		v8_after_collection(isolate, collected, NULL, V8_COLLECTED_FULL | V8_SCAVENGED);
}

void collect_marked(void *isolate)
{
	struct thread *thread = thread_state();

	if (thread && isolate && !library.filtered && (thread->heaps_told < TOLD_FREELY || !told_within(thread, AFTER_MARK)))
		tell_heap(isolate, thread, false);
}

/* V8 ends a program whose heap is still at its limit after a collection, also one that was only asked for. */
static bool is_nearly_full(void *isolate)
{
	struct v8_heap heap = {0};

	if (!v8_heap_statistics)
		return true;
	v8_heap_statistics(isolate, &heap);
	return heap.limit < YOUNG_MOST || heap.used + heap.malloced > (heap.limit - YOUNG_MOST) / 4 * 3;
}

/*
 * LowMemoryNotification collects until nothing more comes free, and waits for the thread that frees the memory of array
 * buffers, which other collections do not.
 */
void collect_now(void *isolate, enum trace_collected_why why)
{
	struct trace_collected record = {.isolate = isolates_number(isolate), .why = why};
	struct thread *thread = thread_state();

	if (!library.collect || !v8_low_memory || !thread || thread->collecting || !record.isolate)
		return;
	record.tid = thread->tid;
	record.stream = thread->lanes[0].stream;
	record.began = clock_tick();
	if (is_nearly_full(isolate)) {
		record.why = TRACE_COLLECTED_BUSY;
		meta_write(TRACE_RECORD_COLLECTED, &record, sizeof(record), NULL, 0);
		return;
	}
	record.found_alive = thread->found_alive;
	record.held_from = record.began;
	/* The top level's variables are garbage already for a collection that V8 makes between the last line and now. */
	if (thread->script_ran && thread->collected_since == 1) {
		record.found_alive = thread->found_before;
		record.held_from = thread->collection_began;
	}
	thread->collecting = true;
	v8_low_memory(isolate);
	thread->collecting = false;
	tell_heap(isolate, thread, true);
	meta_write(TRACE_RECORD_COLLECTED, &record, sizeof(record), NULL, 0);
}
