/* vtable_record.c: see vtable_record.h. */
#include "trace/vtable_record.h"

#include <stdlib.h>

#include "trace/array.h"

static bool read_table(struct process_info *process, struct payload payload, uint64_t tick)
{
	struct trace_vtable record;
	struct vtable *table;

	if (!payload_take(&payload, &record, sizeof record) || !record.id || record.id > VTABLES_MOST)
		return false;
	if (record.id >= process->vtable_count) {
		process->vtables = xreallocarray(process->vtables, record.id + 1, sizeof *process->vtables);
		while (process->vtable_count <= record.id)
			process->vtables[process->vtable_count++] = (struct vtable){0};
	}
	table = &process->vtables[record.id];
	if (!table->name)
		*table = (struct vtable){.address = record.address, .tick = tick, .name = payload_text(&payload)};
	return true;
}

/* The words are decoded where they are used. */
static bool read_look(struct process_info *process, struct payload payload, uint64_t tick)
{
	struct look look = {.tick = tick};

	if (!payload_take(&payload, &look.head, sizeof look.head) || look.head.began > tick)
		return false;
	look.size = (uint32_t)payload.left;
	look.words = xmalloc(payload.left + 1);
	memcpy(look.words, payload.at, payload.left);
	array_room(process->looks, process->look_count);
	process->looks[process->look_count++] = look;
	return true;
}

bool vtable_record(struct process_info *process, const struct trace_record *record, struct payload payload)
{
	return record->type == TRACE_RECORD_VTABLE ? read_table(process, payload, record->tick)
	                                           : read_look(process, payload, record->tick);
}

void vtable_records_free(struct process_info *process)
{
	for (size_t i = 0; i < process->vtable_count; i++)
		free(process->vtables[i].name);
	free(process->vtables);
	for (size_t i = 0; i < process->look_count; i++)
		free(process->looks[i].words);
	free(process->looks);
	free(process->unlooked);
}
