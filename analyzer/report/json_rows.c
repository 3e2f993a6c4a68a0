/* json_rows.c: processes, sites and groups as JSON objects; see json_rows.h. Reads a view and names. */
#include "report/json_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "report/by_type.h"
#include "report/escape.h"
#include "report/ledger.h"
#include "report/stack.h"
#include "report/suppress.h"
#include "report/usage.h"
#include "trace/time.h"
#include "util.h"

/* ---- values -------------------------------------------------------------------------------------------------- */

json_t *json_checked(json_t *value)
{
	if (!value)
		fatal(3, "out of memory");
	return value;
}

json_t *json_number(uint64_t value)
{
	return json_checked(json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value));
}

json_t *json_text(const char *value)
{
	char *valid;
	json_t *made;

	if (!value)
		return json_null();
	valid = escape_utf8(value);
	made = json_checked(json_string(valid));
	free(valid);
	return made;
}

json_t *json_texts(const char *const *values, size_t count)
{
	json_t *array = json_checked(json_array());

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_text(values[i]));
	return array;
}

void json_set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value))
		fatal(3, "out of memory");
}

/* Nanoseconds since 1970 as "2026-11-21T06:55:37.123456789Z"; 0: null. */
static json_t *instant(uint64_t realtime_ns)
{
	time_t seconds = (time_t)(realtime_ns / 1000000000);
	char date[64], whole[96];
	struct tm tm;

	if (!realtime_ns || !gmtime_r(&seconds, &tm) || !strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm))
		return json_null();
	snprintf(whole, sizeof(whole), "%s.%09" PRIu64 "Z", date, realtime_ns % 1000000000);
	return json_text(whole);
}

/* ---- recordings and processes -------------------------------------------------------------------------------- */

json_t *json_recording(const struct recording *recording)
{
	json_t *object = json_checked(json_object());

	json_set(object, "dir", json_text(recording->dir));
	json_set(object, "started", instant(recording->header.magic ? recording->header.realtime_ns : 0));
	json_set(object, "warnings", json_texts((const char *const *)recording->warnings, recording->warning_count));
	json_set(object, "bytes_on_disk", json_number(recording->bytes_on_disk));
	return object;
}

static json_t *totals(const struct totals *totals)
{
	json_t *object = json_checked(json_object());

	json_set(object, "allocs", json_number(totals->allocs));
	json_set(object, "frees", json_number(totals->frees));
	json_set(object, "bytes_allocated", json_number(totals->bytes_allocated));
	json_set(object, "peak_bytes", json_number(totals->peak_bytes));
	json_set(object, "live_blocks", json_number(totals->live_blocks));
	json_set(object, "live_bytes", json_number(totals->live_bytes));
	json_set(object, "temporary", json_number(totals->temporary));
	json_set(object, "teardown_allocs", json_number(totals->teardown_allocs));
	json_set(object, "teardown_frees", json_number(totals->teardown_frees));
	json_set(object, "inherited_frees", json_number(totals->inherited_frees));
	json_set(object, "unmatched_frees", json_number(totals->unmatched_frees));
	json_set(object, "repaired", json_number(totals->repaired));
	return object;
}

static json_t *stack_endings(const struct stack_sum *endings)
{
	static const char *const names[TRACE_FIRST_NODE] = {"none", "complete", "cut", "lost"};
	json_t *object = json_checked(json_object());

	for (size_t i = 0; i < TRACE_FIRST_NODE; i++)
		json_set(object, names[i], json_number(endings[i].allocs));
	return object;
}

static json_t *process_id(const struct view *view, size_t index)
{
	return index == NO_PROCESS ? json_null() : json_text(view->processes[index].info->stem);
}

json_t *json_totals(const struct view *view)
{
	json_t *object = totals(&view->totals);

	json_set(object, "peak_process", process_id(view, view->peak_process));
	json_set(object, "stacks", stack_endings(view->endings));
	return object;
}

static json_t *bytes_or_null(uint64_t bytes)
{
	return bytes && bytes != TRACE_LIMIT_NONE ? json_number(bytes) : json_null();
}

/* null: not told. */
static json_t *limits(const struct limits *limits)
{
	json_t *object;

	if (!limits->told)
		return json_null();
	object = json_checked(json_object());
	json_set(object, "address_space_bytes", bytes_or_null(limits->address_space));
	json_set(object, "address_space_used_bytes", bytes_or_null(limits->address_space_used));
	json_set(object, "control_group_bytes", bytes_or_null(limits->group));
	json_set(object, "control_group", *limits->group_path ? json_text(limits->group_path) : json_null());
	json_set(object, "control_group_known", json_boolean(limits->group != 0));
	return object;
}

json_t *json_process(const struct view *view, struct view_process *process)
{
	const struct process_info *info = process->info;
	json_t *object = json_checked(json_object());
	size_t arguments = 0;

	while (info->argv && info->argv[arguments])
		arguments++;
	json_set(object, "id", json_text(info->stem));
	json_set(object, "pid", info->logged ? json_null() : json_number(info->header.pid));
	json_set(object, "ppid", info->logged ? json_null() : json_number(info->header.parent_pid));
	json_set(object, "parent",
	         process_id(view, process->parent != NO_PROCESS ? process->parent : process->previous));
	json_set(object, "exe", *info->exe ? json_text(info->exe) : json_null());
	json_set(object, "argv", json_texts((const char *const *)info->argv, arguments));
	json_set(object, "end", json_text(info->logged ? NULL : end_name(process->end)));
	json_set(object, "status", !info->logged && (process->end == END_EXIT || process->end == END_SIGNAL)
	                      ? json_checked(json_integer(process->status)) : json_null());
	json_set(object, "threads", json_number(process->threads));
	json_set(object, "events", json_number(info->events));
	json_set(object, "lost", json_number(info->lost));
	json_set(object, "recovered", json_number(info->recovered));
	json_set(object, "repaired", json_number(info->totals.repaired));
	json_set(object, "unmatched_frees", json_number(info->totals.unmatched_frees));
	json_set(object, "growth", json_instants(info));
	json_set(object, "verdict", info->logged ? json_null() : json_verdict(process));
	json_set(object, "limits", limits(&info->limits));
	json_set(object, "ledger", info->logged ? json_null() : json_ledger(process));
	json_set(object, "recording", json_text(process->input->recording->dir));
	json_set(object, "objects_unseen", json_text(info->unlooked));
	json_set(object, "own_heap", json_boolean(info->header.flags & TRACE_PROCESS_OWN_HEAP));
	json_set(object, "warnings", json_texts((const char *const *)info->warnings, info->warning_count));
	usage_json(object, view, process);
	json_set(object, "totals", totals(&info->totals));
	return object;
}

json_t *json_time(const struct process_info *info, uint64_t tick)
{
	uint64_t time;

	return time_of_tick(info, tick, &time) ? json_number(time) : json_null();
}

json_t *json_mark(const struct process_info *info, const struct mark *mark)
{
	json_t *object = json_checked(json_object());

	json_set(object, "process", json_text(info->stem));
	json_set(object, "label", json_text(mark->label));
	json_set(object, "time_ns", json_time(info, mark->tick));
	return object;
}

/* ---- leaks --------------------------------------------------------------------------------------------------- */

json_t *json_frame(struct view_process *process, const struct stack_frame *at)
{
	static const char *const kinds[] = {"native", "js", "wasm", "builtin", "log", "unknown"};
	static const char *const tiers[] = {NULL, "interpreted", "baseline", "optimized"};
	static const char *const line_kinds[] = {"call", "function"};
	const struct frame *frame = at->frame;
	const struct module *module = place_module(process, at->node);
	json_t *object = json_checked(json_object());
	char address[24];

	snprintf(address, sizeof(address), "0x%" PRIx64, frame->address);
	json_set(object, "kind", json_text(kinds[frame->kind <= FRAME_UNKNOWN ? frame->kind : FRAME_UNKNOWN]));
	json_set(object, "function", json_text(frame->function));
	json_set(object, "file", json_text(frame->file));
	json_set(object, "line", frame->line ? json_number(frame->line) : json_null());
	json_set(object, "line_kind", frame->line ? json_text(line_kinds[frame->line_kind]) : json_null());
	json_set(object, "column", frame->column ? json_number(frame->column) : json_null());
	json_set(object, "module", json_text(frame->module));
	json_set(object, "address", json_text(address));
	if (module) {
		snprintf(address, sizeof(address), "0x%" PRIx64, frame->address - module->bias);
		json_set(object, "module_address", json_text(address));
	} else {
		json_set(object, "module_address", json_null());
	}
	json_set(object, "inlined", json_boolean(frame->inlined));
	json_set(object, "tier", json_text(tiers[frame->tier]));
	if (frame->has_wasm_index)
		json_set(object, "wasm_function", json_number(at->wasm_index));
	if (frame->has_wasm_offset)
		json_set(object, "wasm_offset", json_number(frame->wasm_offset));
	if (!frame->function && frame->kind != FRAME_LOG)
		json_set(object, "unknown", json_text(unknown_name(frame->why)));
	return object;
}

json_t *json_names(const struct name_sum *names)
{
	json_t *object = json_checked(json_object()), *unknown = json_checked(json_object());

	json_set(object, "frames", json_number(names->frames));
	for (size_t why = 0; why < UNKNOWN_KINDS; why++)
		json_set(unknown, unknown_name((enum unknown)why), json_number(names->unknown[why]));
	json_set(object, "unknown", unknown);
	return object;
}

static void json_resolved(json_t *object, struct view_process *process, const struct stack *stack,
                          struct name_sum *names)
{
	static const char *const endings[TRACE_FIRST_NODE] = {"none", "complete", "cut", "lost"};
	json_t *frames = json_checked(json_array());

	for (size_t i = 0; i < stack->count; i++)
		json_array_append_new(frames, json_frame(process, &stack->frames[i]));
	json_set(object, "stack_end", json_text(endings[stack->ending]));
	json_set(object, "stack", frames);
	stack_count_names(stack, names);
}

void json_stack(json_t *object, struct view_process *process, struct node_id node, struct name_sum *names)
{
	struct stack stack = stack_resolve(process, node);

	json_resolved(object, process, &stack, names);
	stack_free(&stack);
}

json_t *json_site(const struct view *view, const struct view_site *site, struct name_sum *names)
{
	struct view_process *process = &view->processes[site->process];
	struct stack stack = stack_resolve(process, site->stack);
	struct block_type is = type_of_blocks(process, site->domain, &site->claims, &stack,
	                                      (struct block_sizes){site->live_blocks, site->live_bytes, site->live_blocks}, site->range);
	json_t *object = json_checked(json_object());

	json_set(object, "process", process_id(view, site->process_count > 1 ? NO_PROCESS : site->process));
	json_set(object, "processes", json_number(site->process_count));
	json_set(object, "domain", json_text(domain_name(site->domain)));
	json_set(object, "bytes", json_number(site->live_bytes));
	json_set(object, "blocks", json_number(site->live_blocks));
	json_set(object, "allocs", json_number(site->allocs));
	json_set(object, "frees", json_number(site->frees));
	json_set(object, "temporary", json_number(site->temporary));
	json_block_type(object, &is);
	json_growth(object, &site->growth);
	json_set(object, "suppressed_by", json_text(site->suppressed_by ? site->suppressed_by->pattern : NULL));
	json_set(object, "suppressed_from", json_text(site->suppressed_by ? site->suppressed_by->source : NULL));
	json_resolved(object, process, &stack, names);
	stack_free(&stack);
	return object;
}

json_t *json_garbage(const struct view *view, const struct view_site *site, struct name_sum *names)
{
	json_t *object = json_site(view, site, names);

	json_set(object, "bytes", json_number(site->garbage.bytes));
	json_set(object, "blocks", json_number(site->garbage.blocks));
	json_set(object, "held_bytes", json_number(site->garbage.held_bytes));
	json_set(object, "held_blocks", json_number(site->garbage.held_blocks));
	return object;
}

json_t *json_held(const struct view *view, const struct view_site *site, struct name_sum *names)
{
	json_t *object = json_site(view, site, names);

	json_set(object, "bytes", json_number(site->held.bytes));
	json_set(object, "blocks", json_number(site->held.blocks));
	return object;
}

json_t *json_group(const struct view *view, const struct view_group *group, enum domain domain)
{
	json_t *object = json_checked(json_object());

	if (group->name)
		json_set(object, "module", *group->name ? json_text(group->name) : json_null());
	else
		json_set(object, "process", process_id(view, group->process));
	json_set(object, "domain", json_text(domain_name(domain)));
	json_set(object, "bytes", json_number(group->live_bytes));
	json_set(object, "blocks", json_number(group->live_blocks));
	json_set(object, "sites", json_number(group->sites));
	json_set(object, "allocs", json_number(group->allocs));
	json_set(object, "frees", json_number(group->frees));
	return object;
}

json_t *json_suppression(const struct suppression *row)
{
	json_t *object, *domains = json_checked(json_object());
	bool used = false;

	for (enum domain domain = 0; domain < DOMAINS; domain++) {
		const struct domain_sum *hid = &row->hid[domain];
		json_t *sum;

		if (!hid->sites)
			continue;
		sum = json_checked(json_object());
		json_set(sum, "bytes", json_number(hid->bytes));
		json_set(sum, "blocks", json_number(hid->blocks));
		json_set(sum, "sites", json_number(hid->sites));
		json_set(domains, domain_name(domain), sum);
		used = true;
	}
	if (!used && row->from == FROM_SHIPPED) {
		json_decref(domains);
		return NULL;
	}
	object = json_checked(json_object());
	json_set(object, "pattern", json_text(row->pattern));
	json_set(object, "from", json_text(row->source));
	json_set(object, "process", json_text(row->owner ? row->owner->stem : NULL));
	json_set(object, "domains", domains);
	return object;
}
