/* wasm_trend.c: see wasm_trend.h. */
#include "heap/wasm_trend.h"

#include "heap/growth.h"

static struct growth judge(const struct instants *instants, const struct wasm_memory *memory)
{
	uint64_t values[GROWTH_POINTS], bytes = memory->initial_bytes;
	size_t first = 0, step = 0, count = 0;

	while (first < instants->count && instants->ticks[first] < memory->born)
		first++;
	for (size_t i = first; i < instants->count; i++) {
		while (step < memory->step_count && memory->steps[step].tick <= instants->ticks[i])
			bytes += memory->steps[step++].bytes;
		values[count++] = bytes;
	}
	return growth_judge((struct series){values, instants->numbers + first, count, memory->bytes});
}

void wasm_trend(struct process_info *process)
{
	for (size_t i = 0; i < process->wasm_memory_count; i++)
		if (process->wasm_memories[i].died == UINT64_MAX)
			process->wasm_memories[i].trend = judge(&process->instants, &process->wasm_memories[i]);
}
