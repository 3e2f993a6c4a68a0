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

static int by_index(const void *left, const void *right)
{
	const struct node_id *a = left, *b = right;

	return (a->index > b->index) - (a->index < b->index);
}

void wasm_list_stacks(struct process_info *process, const struct sites *sites)
{
	for (size_t i = 0; i < sites->count; i++)
		if (sites->list[i].domain == DOMAIN_WASM_MEMORY) {
			array_room(process->wasm_stacks, process->wasm_stack_count);
			process->wasm_stacks[process->wasm_stack_count++].index = sites->list[i].stack;
		}
	if (process->wasm_stack_count)
		qsort(process->wasm_stacks, process->wasm_stack_count, sizeof *process->wasm_stacks, by_index);
}

bool wasm_has_stack(const struct process_info *process, struct node_id stack)
{
	return process->wasm_stack_count && bsearch(&stack, process->wasm_stacks, process->wasm_stack_count,
	                                            sizeof *process->wasm_stacks, by_index);
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

bool wasm_declare(const struct process_info *process, uint64_t start, struct wasm_memory *memory)
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
		return false;
	memory->maximum_bytes = list[low].maximum_bytes;
	memory->shared = list[low].shared ? KNOWN_YES : KNOWN_NO;
	return true;
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

/* What the collection at the end freed was there at every mark. */
static bool saw_all(const struct wasm_memory *memory, const struct instants *instants)
{
	return instants->count && memory->died > instants->ticks[instants->count - 1];
}

void wasm_drop_steps(struct wasm_memory *memory, const struct instants *instants)
{
	if (saw_all(memory, instants))
		memory->trend = judge(memory, instants);
	free(memory->steps);
	memory->steps = NULL;
	memory->step_count = 0;
}

void wasm_judge(struct process_info *process)
{
	for (size_t i = 0; i < process->wasm_memory_count; i++) {
		struct wasm_memory *memory = &process->wasm_memories[i];

		if (saw_all(memory, &process->instants) && memory->step_count == memory->grows)
			memory->trend = judge(memory, &process->instants);
	}
}
