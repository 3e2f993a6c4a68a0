/* json_wasm.c: a linear memory as a JSON object; see json_rows.h. */
#include "report/json_rows.h"

static json_t *known(enum known value)
{
	return value == KNOWN_NOT ? json_null() : json_boolean(value == KNOWN_YES);
}

/* The kernel's id of the thread; null if none was told. */
static json_t *thread_of(const struct process_info *info, struct stream_id stream)
{
	for (size_t i = 0; i < info->thread_count; i++)
		if (info->threads[i].stream.index == stream.index)
			return json_number(info->threads[i].tid);
	return json_null();
}

static size_t growth_of(const struct wasm_memory *memory, struct node_id stack)
{
	size_t at = 0;

	while (at < memory->growth_count && memory->growth[at].stack.index != stack.index)
		at++;
	return at;
}

json_t *json_wasm_memory(struct view_process *process, const struct wasm_memory *memory, struct name_sum *names)
{
	const struct process_info *info = process->info;
	json_t *object = json_checked(json_object()), *growth = json_checked(json_array());
	json_t *steps = json_checked(json_array());

	json_set(object, "process", json_text(info->stem));
	json_set(object, "id", json_number(memory->id));
	json_set(object, "initial_bytes", json_number(memory->initial_bytes));
	json_set(object, "bytes", json_number(memory->bytes));
	json_set(object, "maximum_bytes", memory->maximum_bytes ? json_number(memory->maximum_bytes) : json_null());
	json_set(object, "grows", json_number(memory->grows));
	json_set(object, "shared", known(memory->shared));
	json_set(object, "freed", json_boolean(memory->died != UINT64_MAX));
	json_set(object, "time_ns", json_time(info, memory->born));
	json_set(object, "freed_ns", memory->died != UINT64_MAX ? json_time(info, memory->died) : json_null());
	json_stack(object, process, memory->stack, names);
	for (size_t i = 0; i < memory->growth_count; i++) {
		json_t *row = json_checked(json_object());

		json_set(row, "bytes", json_number(memory->growth[i].bytes));
		json_set(row, "grows", json_number(memory->growth[i].grows));
		json_stack(row, process, memory->growth[i].stack, names);
		json_array_append_new(growth, row);
	}
	json_set(object, "growth", growth);
	for (size_t i = 0; i < memory->step_count; i++) {
		const struct wasm_step *step = &memory->steps[i];
		json_t *row = json_checked(json_object());

		json_set(row, "time_ns", json_time(info, step->tick));
		json_set(row, "bytes", json_number(step->bytes));
		json_set(row, "tid", thread_of(info, step->stream));
		json_set(row, "growth", json_number(growth_of(memory, step->stack)));
		json_array_append_new(steps, row);
	}
	json_set(object, "steps", steps);
	json_growth(object, &memory->trend);
	json_set(object, "heap", json_null());
	return object;
}
