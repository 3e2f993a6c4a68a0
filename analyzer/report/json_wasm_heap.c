/* json_wasm_heap.c: what is inside a linear memory as JSON objects; see json_rows.h. */
#include <stdlib.h>

#include "report/inside.h"
#include "report/json_rows.h"

static json_t *allocator(const struct process_info *info, const struct wasm_memory *memory)
{
	size_t count;
	const struct wasm_watched **watched = inside_watched(info, memory, &count);
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

json_t *json_wasm_heap(const struct view_process *process, const struct wasm_memory *memory)
{
	const struct wasm_heap *heap = memory->heap;
	json_t *object;

	if (!heap)
		return json_null();
	object = json_checked(json_object());
	json_set(object, "live_bytes", heap->no_deaths ? json_null() : json_number(heap->live_bytes));
	json_set(object, "live_blocks", heap->no_deaths ? json_null() : json_number(heap->live_blocks));
	json_set(object, "overhead_bytes", json_number(heap->parts.overhead_bytes));
	json_set(object, "free_bytes", json_number(heap->parts.free_bytes));
	json_set(object, "unused_bytes", json_number(heap->parts.unused_bytes));
	json_set(object, "static_bytes", json_number(heap->parts.static_bytes));
	json_set(object, "stack_bytes", heap->parts.stack_known ? json_number(heap->parts.stack_bytes) : json_null());
	json_set(object, "unattributed_bytes", json_number(heap->parts.unattributed_bytes));
	json_set(object, "layout", json_text(inside_layout(heap->parts.layout)));
	json_set(object, "allocs", json_number(heap->allocs));
	json_set(object, "frees", heap->no_deaths ? json_null() : json_number(heap->frees));
	json_set(object, "unknown_frees", heap->no_deaths ? json_null() : json_number(heap->unknown_frees));
	json_set(object, "replaced", json_number(heap->replaced));
	json_set(object, "overlapping", json_number(heap->overlapping));
	json_set(object, "outside", json_number(heap->outside));
	json_set(object, "instances", json_number(inside_instances(process->info, memory)));
	json_set(object, "allocator_why", json_text(inside_why(process->info, memory)));
	json_set(object, "allocator", allocator(process->info, memory));
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
