/* reader_dump.c: see reader_dump.h. */
#include "reader_dump.h"

#include <inttypes.h>

#include "heap/cpu.h"
#include "trace/lines.h"

static const char *const ends[] = {"exit", "exec", "signal", "killed", "running"};
static const char *const domains[] = {"heap", "map", "wasm-memory", "wasm-heap", "log", "pool"};

static void dump_stack(FILE *out, const struct process_info *process, uint32_t id)
{
	while (id >= TRACE_FIRST_NODE) {
		const struct trace_node *node = &process->nodes[id - TRACE_FIRST_NODE];

		fprintf(out, " %" PRIx64, node->address);
		if (node->generation)
			fprintf(out, "/%" PRIx32, node->generation);
		id = node->parent;
	}
	fprintf(out, " %s\n", id == TRACE_STACK_NONE ? "none" : id == TRACE_STACK_ROOT ? "root" :
	        id == TRACE_STACK_CUT ? "cut" : "lost");
}

static void dump_code(FILE *out, const struct process_info *process)
{
	for (size_t i = 0; i < process->code_count; i++) {
		const struct code *code = &process->codes[i];
		struct lines lines = {.at = code->lines, .end = code->lines + code->lines_size};

		fprintf(out, "  code %" PRIu32 " kind %u isolate %u size %" PRIu32 " tick %" PRIu64 " [%s]", code->id,
		        code->kind, code->isolate, code->size, code->tick, code->name);
		while (code->lines && lines_next(&lines))
			fprintf(out, " +%" PRIu32 "=%" PRIu32 ":%" PRIu32, lines.entry.offset, lines.entry.line,
			        lines.entry.column);
		fputc('\n', out);
	}
	for (size_t i = 0; i < process->place_count; i++) {
		const struct code_place *place = &process->places[i];

		fprintf(out, "  place %" PRIx64 " generation %" PRIu32 " of code %" PRIu32 " tick %" PRIu64 " %s\n",
		        place->address, place->generation, place->id, place->tick,
		        place->code ? place->code->name : "unknown");
	}
	for (size_t i = 0; i < process->runtime_count; i++)
		fprintf(out, "  runtime isolate %" PRIu32 " state %" PRIu32 " tick %" PRIu64 " %s\n",
		        process->runtimes[i].isolate, process->runtimes[i].state, process->runtimes[i].tick,
		        process->runtimes[i].text);
}

static void dump_notes(FILE *out, const struct process_info *process)
{
	for (size_t i = 0; i < process->module_count; i++) {
		const struct module *module = &process->modules[i];

		fprintf(out, "  module %s %" PRIx64 " %" PRIx64 "-%" PRIx64 " generation %" PRIu32 " ticks %" PRIu64
		        "-%" PRIu64 " build-id ", module->path, module->bias, module->start, module->end,
		        module->generation, module->loaded, module->unloaded);
		for (uint32_t j = 0; j < module->build_id_size; j++)
			fprintf(out, "%02x", module->build_id[j]);
		fputc('\n', out);
	}
	for (size_t i = 0; i < process->thread_count; i++)
		fprintf(out, "  thread %s stream %" PRIu32 " tid %" PRIu32 " lane %" PRIu32 "\n",
		        process->threads[i].name, process->threads[i].stream.index, process->threads[i].tid,
		        process->threads[i].lane);
	for (size_t i = 0; i < process->child_count; i++)
		fprintf(out, "  child type %u pid %" PRIu32 " how %" PRIu32 " status %" PRId32 " tick %" PRIu64
		        " %s\n", process->children[i].type, process->children[i].child.pid,
		        process->children[i].child.how, process->children[i].child.status,
		        process->children[i].tick, process->children[i].path);
	for (size_t i = 0; i < process->mark_count; i++)
		fprintf(out, "  mark %s %" PRIu64 "\n", process->marks[i].label, process->marks[i].tick);
	dump_code(out, process);
	for (size_t i = 0; i < process->warning_count; i++)
		fprintf(out, "  warning %s\n", process->warnings[i]);
}

/* Of records and events that the format has had later: nothing where there are none. */
static void dump_newer(FILE *out, const struct process_info *process)
{
	const struct trace_usage *usage = &process->usage.record;
	const struct logged *logged = process->logged;

	if (process->look_count)
		fprintf(out, "  looks %zu tables %zu: %s\n", process->look_count, process->vtable_count,
		        process->unlooked ? process->unlooked : "all");
	if (usage->user_us)
		fprintf(out, "  usage %" PRIu64 " us %" PRIu64 " us peak %" PRIu64 " faults %" PRIu64 " %" PRIu64 " switches %"
		        PRIu64 " %" PRIu64 "\n", usage->user_us, usage->system_us, usage->peak_rss, usage->minor_faults,
		        usage->major_faults, usage->voluntary, usage->involuntary);
	for (size_t i = 0; process->cpu && i < process->cpu->row_count; i++) {
		fprintf(out, "  cpu %" PRIu64 " samples %" PRIu64 " ns:", process->cpu->rows[i].samples,
		        process->cpu->rows[i].amounts[TRACE_CPU_TIME]);
		dump_stack(out, process, process->cpu->rows[i].stack.index);
	}
	if (!logged)
		return;
	fprintf(out, "  log lines %" PRIu64 " allocs %" PRIu64 " drops %" PRIu64 " bytes %" PRIu64 " live %" PRIu64 " growth %" PRId64 "\n",
	        logged->record.lines, logged->allocs, logged->drops, logged->bytes_allocated, logged->live_bytes,
	        logged->record.growth);
	for (size_t i = 0; i < logged->site_count; i++)
		fprintf(out, "  place %s:%" PRIu32 ":%" PRIu32 " %s\n", logged->sites[i].file, logged->sites[i].line,
		        logged->sites[i].column, logged->sites[i].type);
}

static void dump_process(FILE *out, const struct process_info *process)
{
	const struct totals *totals = &process->totals;

	fprintf(out, "process %s exe %s end %s %d parent %" PRId32 " forked %d ns_per_tick %.6f\n", process->stem,
	        process->exe, ends[process->end], process->status, (int32_t)process->parent.index, process->forked,
	        process->ns_per_tick);
	fprintf(out, "  argv");
	for (char **argument = process->argv; *argument; argument++)
		fprintf(out, " [%s]", *argument);
	fprintf(out, "\n  events %" PRIu64 " lost %" PRIu64 " recovered %" PRIu64 " nodes %zu\n", process->events,
	        process->lost, process->recovered, process->node_count);
	fprintf(out, "  allocs %" PRIu64 " frees %" PRIu64 " bytes %" PRIu64 " peak %" PRIu64 " live %" PRIu64
	        " blocks %" PRIu64 " bytes\n", totals->allocs, totals->frees, totals->bytes_allocated,
	        totals->peak_bytes, totals->live_blocks, totals->live_bytes);
	fprintf(out, "  temporary %" PRIu64 " teardown %" PRIu64 "/%" PRIu64 " inherited %" PRIu64
	        " unmatched %" PRIu64 " repaired %" PRIu64 "\n", totals->temporary, totals->teardown_allocs,
	        totals->teardown_frees, totals->inherited_frees, totals->unmatched_frees, totals->repaired);
	dump_notes(out, process);
	for (size_t i = 0; i < process->site_count; i++) {
		const struct site *site = &process->sites[i];

		fprintf(out, "  site %s allocs %" PRIu64 " frees %" PRIu64 " bytes %" PRIu64 " live %" PRIu64
		        " blocks %" PRIu64 " bytes peak %" PRIu64 " temporary %" PRIu64 ":", domains[site->domain],
		        site->allocs, site->frees, site->bytes_allocated, site->live_blocks, site->live_bytes,
		        site->peak_bytes, site->temporary);
		dump_stack(out, process, site->stack.index);
		if (site->claims.told && site->claims.told < process->type_name_count)
			fprintf(out, "    told to be %s\n", process->type_names[site->claims.told]);
		if (site->claims.vtable && site->claims.vtable < process->vtable_count)
			fprintf(out, "    objects of %s\n", process->vtables[site->claims.vtable].name);
	}
	dump_newer(out, process);
}

void dump_recording(FILE *out, const struct recording *recording)
{
	fprintf(out, "recording of pid %" PRIu32 " at %" PRIu64 "\n", recording->header.pid,
	        recording->header.realtime_ns);
	for (size_t i = 0; i < recording->warning_count; i++)
		fprintf(out, "warning %s\n", recording->warnings[i]);
	for (size_t i = 0; i < recording->finding_count; i++) {
		fprintf(out, "finding %s %" PRIu64 "\n", recording->findings[i].kind, recording->findings[i].count);
		for (size_t j = 0; j < recording->findings[i].example_count; j++)
			fprintf(out, "  %s\n", recording->findings[i].examples[j]);
	}
	for (size_t i = 0; i < recording->process_count; i++)
		dump_process(out, &recording->processes[i]);
}
