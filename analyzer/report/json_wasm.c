/* json_wasm.c: a linear memory as a JSON object; see json_rows.h. */
#include <stdlib.h>

#include "report/json_rows.h"
#include "util.h"

static json_t *known(enum known value)
{
	return value == KNOWN_NOT ? json_null() : json_boolean(value == KNOWN_YES);
}

static int by_stream(const void *left, const void *right)
{
	const struct thread_info *a = left, *b = right;

	return (a->stream.index > b->stream.index) - (a->stream.index < b->stream.index);
}

/* The kernel's id of the thread; null if none was told. */
static json_t *thread_of(const struct process_info *info, struct stream_id stream)
{
	const struct thread_info wanted = {.stream = stream};
	const struct thread_info *thread = info->thread_count ? bsearch(&wanted, info->threads, info->thread_count,
	                                                                sizeof wanted, by_stream) : NULL;

	return thread ? json_number(thread->tid) : json_null();
}

/* The rows of `growth`, by stack: where each one is in there. */
struct place { uint32_t stack, at; };

static int by_stack(const void *left, const void *right)
{
	const struct place *a = left, *b = right;

	return (a->stack > b->stack) - (a->stack < b->stack);
}

/* Each growth in order of time. */
static json_t *steps_of(const struct process_info *info, const struct wasm_memory *memory)
{
	json_t *steps = json_checked(json_array());
	struct place *places = xcalloc(memory->growth_count, sizeof *places);

	for (size_t i = 0; i < memory->growth_count; i++)
		places[i] = (struct place){memory->growth[i].stack.index, (uint32_t)i};
	qsort(places, memory->growth_count, sizeof *places, by_stack);
	for (size_t i = 0; i < memory->step_count; i++) {
		const struct wasm_step *step = &memory->steps[i];
		const struct place wanted = {.stack = step->stack.index};
		const struct place *place = bsearch(&wanted, places, memory->growth_count, sizeof wanted, by_stack);
		json_t *row = json_checked(json_object());

		json_set(row, "time_ns", json_time(info, step->tick));
		json_set(row, "bytes", json_number(step->bytes));
		json_set(row, "tid", thread_of(info, step->stream));
		json_set(row, "growth", place ? json_number(place->at) : json_null());
		json_array_append_new(steps, row);
	}
	free(places);
	return steps;
}

json_t *json_wasm_memory(struct view_process *process, const struct wasm_memory *memory, struct name_sum *names)
{
	const struct process_info *info = process->info;
	json_t *object = json_checked(json_object()), *growth = json_checked(json_array());

	json_set(object, "process", json_text(info->stem));
	json_set(object, "id", json_number(memory->id));
	json_set(object, "initial_bytes", json_number(memory->initial_bytes));
	json_set(object, "bytes", json_number(memory->bytes));
	json_set(object, "maximum_bytes", memory->maximum_bytes ? json_number(memory->maximum_bytes) : json_null());
	json_set(object, "grows", json_number(memory->grows));
	json_set(object, "shared", known(memory->shared));
	json_set(object, "freed", json_boolean(memory->died != UINT64_MAX));
	json_set(object, "time_ns", json_time(info, memory->born));
	json_set(object, "let_go", json_boolean(memory->let_go));
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
	json_set(object, "steps", steps_of(info, memory));
	json_set(object, "steps_left_off", json_number(memory->grows - memory->step_count));
	json_growth(object, &memory->trend);
	json_set(object, "refused", json_wasm_refused(process, memory, names));
	json_set(object, "heap", json_wasm_heap(process, memory));
	return object;
}
