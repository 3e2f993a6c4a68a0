/* json_wasm_heap.c: what is inside a linear memory as JSON objects; see json_rows.h. */
#include <stdlib.h>

#include "report/inside.h"
#include "report/json_rows.h"

/* Frees the list. */
static json_t *allocator(const struct wasm_watched **watched, size_t count)
{
	json_t *list = json_checked(json_array());

	for (size_t i = 0; i < count; i++) {
		json_t *row = json_checked(json_object());

		json_set(row, "role", json_text(watched[i]->role));
		json_set(row, "index", json_number(watched[i]->index));
		json_set(row, "name", json_text(watched[i]->name));
		json_set(row, "why", json_text(watched[i]->why));
		json_array_append_new(list, row);
	}
	free(watched);
	return list;
}

static json_t *dropped(const struct process_info *info, const struct wasm_memory *memory)
{
	const struct wasm_dropped *dropped = &memory->heap->dropped;
	const struct wasm_watched **watched;
	json_t *object;
	size_t count;

	if (!dropped->until)
		return json_null();
	watched = inside_dropped(info, memory, &count);
	object = json_checked(json_object());
	json_set(object, "allocs", json_number(dropped->allocs));
	json_set(object, "frees", json_number(dropped->frees));
	json_set(object, "unknown_frees", json_number(dropped->unknown_frees));
	json_set(object, "allocator_why", json_text(inside_why_dropped(info, memory)));
	json_set(object, "allocator", allocator(watched, count));
	return object;
}

static void set_parts(json_t *object, const struct wasm_heap *heap)
{
	const struct wasm_parts *parts = &heap->parts;
	const struct { const char *name; uint64_t bytes; bool unknown; } rows[] = {
		{"overhead_bytes", parts->overhead_bytes, false}, {"free_bytes", parts->free_bytes, false},
		{"unused_bytes", parts->unused_bytes, false}, {"static_bytes", parts->static_bytes, false},
		{"stack_bytes", parts->stack_bytes, !parts->stack_known},
		{"unattributed_bytes", parts->unattributed_bytes, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		json_set(object, rows[i].name,
		         heap->dropped.all || rows[i].unknown ? json_null() : json_number(rows[i].bytes));
}

json_t *json_wasm_heap(const struct view_process *process, const struct wasm_memory *memory)
{
	const struct wasm_heap *heap = memory->heap;
	const struct wasm_watched **watched;
	json_t *object;
	bool unknown;
	size_t count;

	if (!heap)
		return json_null();
	unknown = heap->no_deaths || heap->dropped.all;
	watched = inside_watched(process->info, memory, &count);
	object = json_checked(json_object());
	json_set(object, "live_bytes", unknown ? json_null() : json_number(heap->live_bytes));
	json_set(object, "live_blocks", unknown ? json_null() : json_number(heap->live_blocks));
	set_parts(object, heap);
	json_set(object, "layout", json_text(inside_layout(heap->parts.layout)));
	json_set(object, "allocs", json_number(heap->allocs));
	json_set(object, "frees", heap->no_deaths ? json_null() : json_number(heap->frees));
	json_set(object, "unknown_frees", heap->no_deaths ? json_null() : json_number(heap->unknown_frees));
	json_set(object, "replaced", json_number(heap->replaced));
	json_set(object, "overlapping", json_number(heap->overlapping));
	json_set(object, "outside", json_number(heap->outside));
	json_set(object, "instances", json_number(inside_instances(process->info, memory)));
	json_set(object, "allocator_why", json_text(inside_why(process->info, memory)));
	json_set(object, "allocator", allocator(watched, count));
	json_set(object, "dropped", dropped(process->info, memory));
	return object;
}

json_t *json_wasm_refused(struct view_process *process, const struct wasm_memory *memory, struct name_sum *names)
{
	size_t count;
	struct inside_refused *refused = inside_refused(process->info, memory, &count);
	json_t *list = json_checked(json_array());

	for (size_t i = 0; i < count; i++) {
		json_t *row = json_checked(json_object());

		json_set(row, "grows", json_number(refused[i].count));
		json_set(row, "largest_bytes", json_number(refused[i].bytes));
		json_stack(row, process, refused[i].stack, names);
		json_array_append_new(list, row);
	}
	free(refused);
	return list;
}
