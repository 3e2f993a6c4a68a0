/* wasm_trend.c: how a linear memory grows from mark to mark; see wasm.h. It never shrinks, but it may be born late. */
#include "heap/growth.h"
#include "heap/wasm.h"

static struct growth judge(const struct wasm_memory *memory, const struct instants *instants)
{
	uint64_t values[GROWTH_POINTS], bytes = memory->initial_bytes;
	size_t step = 0, count = instants->count < GROWTH_POINTS ? instants->count : GROWTH_POINTS;

	for (size_t i = 0; i < count; i++) {
		for (; step < memory->step_count && memory->steps[step].tick <= instants->ticks[i]; step++)
			bytes += memory->steps[step].bytes;
		values[i] = memory->born <= instants->ticks[i] ? bytes : 0;
	}
	return growth_judge((struct series){values, instants->numbers, count, memory->bytes});
}

void wasm_judge(struct process_info *process)
{
	const struct instants *instants = &process->instants;

	/* What the collection at the end freed was there at every mark. */
	for (size_t i = 0; instants->count && i < process->wasm_memory_count; i++)
		if (process->wasm_memories[i].died > instants->ticks[instants->count - 1])
			process->wasm_memories[i].trend = judge(&process->wasm_memories[i], instants);
}
