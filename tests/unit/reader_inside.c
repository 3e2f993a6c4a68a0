/* reader_inside.c: see reader_inside.h. */
#include "reader_inside.h"

#include "suite.h"
#include "trace/recording.h"

void inside_begin(struct maker *maker)
{
	const struct trace_module v8 = {.start = 0x400000, .end = 0x500000};

	maker_init(maker, 100, 0);
	maker_record(maker, TRACE_RECORD_MODULE, 1, &v8, sizeof v8, "/bin/node");
	maker_node(maker, TRACE_STACK_ROOT, 0x401000);
	maker_node(maker, MAIN, 0x402000);
	maker_node(maker, MAIN, 0x7e0000001000);
	maker_node(maker, MAIN, 0x7e0000002000);
}

const char inside_rust[] = "its names\n__rust_alloc\t25\t__rust_alloc\tits name\n__rust_dealloc\t31\t?\tits shape\n";

void inside_told(struct maker *maker, uint64_t tick, struct trace_wasm_heap told, const char *text)
{
	maker_record(maker, TRACE_RECORD_WASM_HEAP, tick, &told, sizeof told, text);
}

size_t inside_memory(struct trace_event *events, uint64_t tick, uint64_t base, uint64_t pages)
{
	events[0] = event_make(TRACE_EVENT_MAP, tick, base, 8 * GIB + SURPLUS, MAPS, PROT_NONE, V8);
	events[1] = event_make(TRACE_EVENT_UNMAP, tick + 1, base + 8 * GIB, SURPLUS, 0, 0, 0);
	events[2] = event_make(TRACE_EVENT_PROTECT, tick + 2, base, pages * PAGE, MAPS, RW, 0);
	return 3;
}

struct trace_event inside_of(struct trace_event event)
{
	event.detail = event.size % 2 ? TRACE_FAMILY_WASM : TRACE_FAMILY_WASM + 4;
	return event;
}

struct trace_event inside_born(uint64_t tick, uint64_t address, uint64_t size, uint32_t stack)
{
	return inside_of(event_alloc(tick, address, size, stack));
}

struct trace_event inside_dies(uint64_t tick, uint64_t address)
{
	return inside_of(event_free(tick, address));
}

struct recording *inside_finish(struct maker *maker, const struct trace_event *const *events, const size_t *counts,
                                uint32_t streams)
{
	struct recording *recording;

	for (uint32_t i = 0; i < streams; i++)
		if (counts[i])
			maker_ring(maker, i, 0, events[i], counts[i], counts[i]);
	recording = maker_open(maker, 1);
	maker_free(maker);
	return recording;
}

struct recording *inside_finish_one(struct maker *maker, const struct trace_event *events, size_t count)
{
	struct recording *recording = inside_finish(maker, &events, &count, 1);

	ck_assert_uint_eq(recording->finding_count, 0);
	return recording;
}

const struct wasm_heap *inside_heap(const struct recording *recording, size_t index)
{
	ck_assert_uint_lt(index, recording->processes[0].wasm_memory_count);
	ck_assert_ptr_nonnull(recording->processes[0].wasm_memories[index].heap);
	return recording->processes[0].wasm_memories[index].heap;
}

void inside_check_sum(const struct recording *recording, size_t index)
{
	const struct wasm_parts *parts = &inside_heap(recording, index)->parts;

	ck_assert_uint_eq(parts->static_bytes + parts->stack_bytes + parts->live_bytes + parts->overhead_bytes +
	                  parts->free_bytes + parts->unused_bytes + parts->unattributed_bytes,
	                  recording->processes[0].wasm_memories[index].bytes);
}
