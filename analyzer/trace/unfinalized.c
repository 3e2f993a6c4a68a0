/* unfinalized.c: see unfinalized.h. */
#include "trace/unfinalized.h"

#include <stdlib.h>

#include "trace/array.h"

#define ROWS_SEARCHED 1024           /* bounds the search; beyond there may be two rows of the same stacks */

static struct unfinalized *row_of(struct process_info *process, const struct trace_pending *record, uint64_t tick)
{
	size_t first = process->unfinalized_count > ROWS_SEARCHED ? process->unfinalized_count - ROWS_SEARCHED : 0;
	struct unfinalized *row;

	for (size_t i = process->unfinalized_count; i > first; i--) {
		row = &process->unfinalized[i - 1];
		if (row->isolate == record->isolate && row->registry.index == record->registry &&
		    row->stack.index == record->stack)
			return row;
	}
	array_room(process->unfinalized, process->unfinalized_count);
	row = &process->unfinalized[process->unfinalized_count++];
	*row = (struct unfinalized){.isolate = record->isolate, .registry = {record->registry}, .stack = {record->stack},
		.tick = tick};
	return row;
}

bool unfinalized_record(struct process_info *process, struct payload payload, uint64_t tick)
{
	struct trace_pending record;
	struct unfinalized *row;
	uint64_t held;

	if (!payload_take(&payload, &record, sizeof record) || !record.isolate || !record.count ||
	    payload.left != (size_t)record.count * sizeof held)
		return false;
	row = row_of(process, &record, tick);
	row->count += record.count;
	while (payload_take(&payload, &held, sizeof held)) {
		if (held == UINT64_MAX)
			continue;
		array_room(row->held, row->held_count);
		row->held[row->held_count++] = held;
	}
	return true;
}

void unfinalized_free(struct process_info *process)
{
	for (size_t i = 0; i < process->unfinalized_count; i++)
		free(process->unfinalized[i].held);
	free(process->unfinalized);
}

bool unfinalized_for_ever(const struct process_info *process, const struct unfinalized *objects)
{
	for (size_t i = 0; i < process->runtime_count; i++)
		if (process->runtimes[i].isolate == objects->isolate && process->runtimes[i].state == TRACE_RUNTIME_ENDED &&
		    process->runtimes[i].tick > objects->tick && process->runtimes[i].tick <= process->header.ending_tick)
			return true;
	return false;
}
