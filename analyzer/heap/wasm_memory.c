/* wasm_memory.c: of one linear memory: growth by stack and from mark to mark, what it was declared as; see wasm.h. */
#include <stdlib.h>
#include <string.h>

#include "heap/growth.h"
#include "heap/wasm.h"
#include "trace/array.h"

#define DECLARED_NS 1e9              /* a record of what a memory was declared as follows its MAP */

static int by_stack(const void *left, const void *right)
{
	const struct wasm_step *a = left, *b = right;

	return (a->stack.index > b->stack.index) - (a->stack.index < b->stack.index);
}

static int by_bytes(const void *left, const void *right)
{
	const struct wasm_growth *a = left, *b = right;

	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	return (a->stack.index > b->stack.index) - (a->stack.index < b->stack.index);
}

void wasm_sum_steps(struct wasm_memory *memory)
{
	struct wasm_step *steps;

	if (!memory->step_count)
		return;
	steps = xreallocarray(NULL, memory->step_count, sizeof *steps);
	memcpy(steps, memory->steps, memory->step_count * sizeof *steps);
	qsort(steps, memory->step_count, sizeof *steps, by_stack);
	for (size_t i = 0; i < memory->step_count; i++) {
		if (!i || steps[i].stack.index != steps[i - 1].stack.index) {
			array_room(memory->growth, memory->growth_count);
			memory->growth[memory->growth_count++] = (struct wasm_growth){.stack = steps[i].stack};
		}
		memory->growth[memory->growth_count - 1].grows++;
		memory->growth[memory->growth_count - 1].bytes += steps[i].bytes;
	}
	free(steps);
	qsort(memory->growth, memory->growth_count, sizeof *memory->growth, by_bytes);
}

/* ---- what was declared --------------------------------------------------------------------------------------- */

static int by_address(const void *left, const void *right)
{
	const struct wasm_declared *a = left, *b = right;

	if (a->address != b->address)
		return a->address > b->address ? 1 : -1;
	return (a->tick > b->tick) - (a->tick < b->tick);
}

void wasm_sort_declared(struct process_info *process)
{
	if (process->declared_count)
		qsort(process->declared, process->declared_count, sizeof *process->declared, by_address);
}

void wasm_declare(const struct process_info *process, uint64_t start, struct wasm_memory *memory)
{
	const struct wasm_declared *list = process->declared, wanted = {.tick = memory->born, .address = start};
	size_t low = 0, high = process->declared_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_address(&list[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == process->declared_count || list[low].address != start ||
	    (double)(list[low].tick - memory->born) * process->ns_per_tick > DECLARED_NS)
		return;
	memory->maximum_bytes = list[low].maximum_bytes;
	memory->shared = list[low].shared ? KNOWN_YES : KNOWN_NO;
}

/* ---- growth from mark to mark -------------------------------------------------------------------------------- */

/* At the instants since it is there. */
static struct growth judge(const struct wasm_memory *memory, const struct instants *instants)
{
	uint64_t values[GROWTH_POINTS], bytes = memory->initial_bytes;
	size_t first = 0, step = 0, count = 0;

	while (first < instants->count && instants->ticks[first] < memory->born)
		first++;
	for (size_t i = first; i < instants->count && count < GROWTH_POINTS; i++) {
		for (; step < memory->step_count && memory->steps[step].tick <= instants->ticks[i]; step++)
			bytes += memory->steps[step].bytes;
		values[count++] = bytes;
	}
	return growth_judge((struct series){values, instants->numbers + first, count, memory->bytes});
}

void wasm_judge(struct process_info *process)
{
	const struct instants *instants = &process->instants;

	/* What the collection at the end freed was there at every mark. */
	for (size_t i = 0; instants->count && i < process->wasm_memory_count; i++)
		if (process->wasm_memories[i].died > instants->ticks[instants->count - 1])
			process->wasm_memories[i].trend = judge(&process->wasm_memories[i], instants);
}

bool wasm_has_stack(const struct process_info *process, struct node_id stack)
{
	for (size_t i = 0; i < process->wasm_memory_count; i++) {
		const struct wasm_memory *memory = &process->wasm_memories[i];

		if (memory->stack.index == stack.index)
			return true;
		for (size_t at = 0; at < memory->growth_count; at++)
			if (memory->growth[at].stack.index == stack.index)
				return true;
	}
	return false;
}
