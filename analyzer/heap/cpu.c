/* cpu.c: see cpu.h. */
#include "heap/cpu.h"

#include <stdlib.h>

#include "heap/churn.h"
#include "trace/array.h"

#define AMOUNT_MOST (UINT64_MAX >> 2) /* of a sum */

struct cpu *cpu_of(struct process_info *process)
{
	if (!process->cpu) {
		process->cpu = xcalloc(1, sizeof *process->cpu);
		process->cpu->to = UINT64_MAX;
	}
	return process->cpu;
}

void cpu_free(struct cpu *cpu)
{
	if (!cpu)
		return;
	if (cpu->ids.slots)
		table_free(&cpu->ids);
	free(cpu->streams);
	free(cpu->rows);
	free(cpu->samples);
	free(cpu);
}

/* ---- threads --------------------------------------------------------------------------------------------------- */

/* The kernel gives a thread's id anew: a handler's stream is of the last thread that had begun. */
static uint32_t thread_of(const struct process_info *process, struct stream_id stream)
{
	uint32_t low = 0, high = (uint32_t)process->thread_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (process->threads[middle].stream.index < stream.index)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == process->thread_count || process->threads[low].stream.index != stream.index)
		return UINT32_MAX;
	for (uint32_t i = low; process->threads[low].lane && i-- > 0;)
		if (!process->threads[i].lane && process->threads[i].tid == process->threads[low].tid)
			return i;
	return low;
}

void cpu_stream(struct process_info *process, size_t index, size_t count, struct stream_id id)
{
	struct cpu *cpu = cpu_of(process);
	struct cpu_stream *stream;

	if (!cpu->streams) {
		cpu->streams = xcalloc(count, sizeof *cpu->streams);
		cpu->stream_count = count;
	}
	stream = &cpu->streams[index];
	*stream = (struct cpu_stream){.thread = thread_of(process, id), .left_out = cpu->wanted_count > 0};
	for (size_t i = 0; stream->thread != UINT32_MAX && i < cpu->wanted_count; i++)
		if (churn_is_called(&process->threads[stream->thread], cpu->wanted[i]))
			stream->left_out = false;
}

/* ---- samples --------------------------------------------------------------------------------------------------- */

/* Is there such a node in the tree? */
static bool is_known(const struct process_info *process, uint32_t stack)
{
	return stack < TRACE_FIRST_NODE || (stack - TRACE_FIRST_NODE < process->node_count &&
	                                    process->nodes[stack - TRACE_FIRST_NODE].address != 0);
}

static uint32_t row_of(struct cpu *cpu, uint32_t thread, uint32_t stack)
{
	struct block *entry;
	bool existed;

	if (!cpu->ids.slots)
		table_init(&cpu->ids);
	entry = table_insert(&cpu->ids, ((uint64_t)thread + 1) << 32 | stack, &existed);
	if (!existed) {
		entry->site = (uint32_t)cpu->row_count;
		array_room(cpu->rows, cpu->row_count);
		cpu->rows[cpu->row_count++] = (struct cpu_row){.thread = thread, .stack = {stack}};
	}
	return entry->site;
}

static void keep(struct cpu *cpu, const struct trace_event *event, uint32_t row)
{
	array_room(cpu->samples, cpu->sample_count);
	cpu->samples[cpu->sample_count++] = (struct cpu_sample){event->tick, event->size, row};
}

bool cpu_event(struct process_info *process, uint32_t stream, const struct trace_event *event)
{
	struct cpu *cpu = cpu_of(process);
	uint32_t thread = stream < cpu->stream_count ? cpu->streams[stream].thread : UINT32_MAX, stack = event->stack, row;
	bool left_out = stream < cpu->stream_count ? cpu->streams[stream].left_out : cpu->wanted_count > 0;

	if (event->detail >= TRACE_CPU_KINDS || event->size > AMOUNT_MOST - cpu->amounts[event->detail])
		return false;
	if (left_out || (event->tick <= cpu->from && cpu->from) || event->tick > cpu->to)
		return true;
	if (!is_known(process, stack)) {
		cpu->unknown_stacks++;
		stack = TRACE_STACK_LOST;
	}
	row = row_of(cpu, thread, stack);
	cpu->rows[row].amounts[event->detail] += event->size;
	cpu->amounts[event->detail] += event->size;
	if (event->detail != TRACE_CPU_TIME)
		return true;
	cpu->rows[row].samples++;
	cpu->taken++;
	/* It cannot have taken more than there was. */
	cpu->handlers_ns += event->address < event->size ? event->address : event->size;
	if (cpu->keep)
		keep(cpu, event, row);
	return true;
}
