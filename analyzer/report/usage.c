/* usage.c: see usage.h. The kernel counts for a process, whatever it becomes by exec: what an image took is a difference. */
#include "report/usage.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "report/human.h"
#include "report/json_rows.h"
#include "report/text.h"
#include "util.h"

static void add(struct trace_usage *sum, const struct trace_usage *usage)
{
	sum->user_us += usage->user_us;
	sum->system_us += usage->system_us;
	sum->minor_faults += usage->minor_faults;
	sum->major_faults += usage->major_faults;
	sum->voluntary += usage->voluntary;
	sum->involuntary += usage->involuntary;
	if (usage->peak_rss > sum->peak_rss)
		sum->peak_rss = usage->peak_rss;
}

static uint64_t less(uint64_t all, uint64_t part)
{
	return all > part ? all - part : 0;
}

static void subtract(struct trace_usage *usage, const struct trace_usage *part)
{
	usage->user_us = less(usage->user_us, part->user_us);
	usage->system_us = less(usage->system_us, part->system_us);
	usage->minor_faults = less(usage->minor_faults, part->minor_faults);
	usage->major_faults = less(usage->major_faults, part->major_faults);
	usage->voluntary = less(usage->voluntary, part->voluntary);
	usage->involuntary = less(usage->involuntary, part->involuntary);
}

bool usage_of(const struct view *view, const struct view_process *process, struct trace_usage *usage)
{
	const struct usage *before = process->previous == NO_PROCESS ? NULL
	                                                            : &view->processes[process->previous].info->usage;

	*usage = process->info->usage.record;
	if (!process->info->usage.told)
		return false;
	if (before && before->told)
		subtract(usage, &before->record);
	return true;
}

bool usage_unrecorded(const struct view_process *process, const struct usage *child, struct trace_usage *rest)
{
	const struct recording *recording = process->input->recording;
	const struct trace_process *parent = &process->info->header;
	const struct process_info *last = NULL;

	*rest = child->record;
	for (size_t i = 0; i < recording->process_count; i++) {
		const struct trace_process *header = &recording->processes[i].header;

		if (header->pid == child->record.pid && header->pid_namespace == parent->pid_namespace &&
		    !memcmp(header->boot_id, parent->boot_id, sizeof(header->boot_id)) && (!last || header->image >= last->header.image))
			last = &recording->processes[i];
	}
	if (!last)
		return true;
	if (last->end != END_EXEC || !last->usage.told)
		return false;
	subtract(rest, &last->usage.record);
	return true;
}

/* ---- text ------------------------------------------------------------------------------------------------------- */

struct row { size_t process; struct trace_usage usage; };

static uint64_t cpu_ns(const struct trace_usage *usage)
{
	return (usage->user_us + usage->system_us) * 1000;
}

static int by_cpu(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	if (cpu_ns(&a->usage) != cpu_ns(&b->usage))
		return cpu_ns(&a->usage) < cpu_ns(&b->usage) ? 1 : -1;
	return (a->process > b->process) - (a->process < b->process);
}

static void put_rows(const struct page *page, const struct view *view, const struct row *rows, size_t count)
{
	static const struct column columns[] = {
		{"user", true, false, STYLE_SIZE, CUT_END}, {"system", true, false, STYLE_PLAIN, CUT_END},
		{"peak RSS", true, false, STYLE_PLAIN, CUT_END}, {"faults", true, false, STYLE_PLAIN, CUT_END},
		{"from disk", true, false, STYLE_PLAIN, CUT_END}, {"waits", true, false, STYLE_PLAIN, CUT_END},
		{"preempted", true, false, STYLE_PLAIN, CUT_END}, {"process", false, true, STYLE_PLAIN, CUT_END},
	};
	struct grid *grid = grid_open(columns, 8);

	for (size_t i = 0; i < count; i++) {
		const struct trace_usage *usage = &rows[i].usage;
		char *name = text_process(&view->processes[rows[i].process]);

		grid_cell(grid, TIME(usage->user_us * 1000));
		grid_cell(grid, TIME(usage->system_us * 1000));
		grid_cell(grid, BYTES(usage->peak_rss));
		grid_cell(grid, COUNT(usage->minor_faults + usage->major_faults));
		grid_cell(grid, COUNT(usage->major_faults));
		grid_cell(grid, COUNT(usage->voluntary));
		grid_cell(grid, COUNT(usage->involuntary));
		grid_cell(grid, name);
		free(name);
	}
	grid_close(page, grid);
}

static void put_one(const struct page *page, const struct trace_usage *usage)
{
	uint64_t faults = usage->minor_faults + usage->major_faults, switches = usage->voluntary + usage->involuntary;

	page_entry(page, "CPU time", STYLE_PLAIN, "%s user, %s system", TIME(usage->user_us * 1000),
	           TIME(usage->system_us * 1000));
	page_entry(page, "memory", STYLE_PLAIN, "%s resident at most; %s page %s, %s from disk; %s context %s, %s forced",
	           BYTES(usage->peak_rss), COUNT(faults), PLURAL(faults, "fault", "faults"), COUNT(usage->major_faults),
	           COUNT(switches), PLURAL(switches, "switch", "switches"), COUNT(usage->involuntary));
}

static void put_children(const struct page *page, const struct view *view)
{
	struct trace_usage sum = {0};
	size_t count = 0;

	for (size_t i = 0; i < view->process_count; i++) {
		const struct view_process *process = &view->processes[i];

		for (size_t child = 0; child < process->info->child_usage_count; child++) {
			struct trace_usage rest;

			if (usage_unrecorded(process, &process->info->child_usages[child], &rest)) {
				add(&sum, &rest);
				count++;
			}
		}
	}
	if (count)
		page_entry(page, "besides", STYLE_PLAIN, "%s %s not recorded took %s user and %s system, %s resident at most",
		           COUNT(count), PLURAL(count, "child that was", "children that were"), TIME(sum.user_us * 1000),
		           TIME(sum.system_us * 1000), BYTES(sum.peak_rss));
}

void usage_text(const struct page *page, const struct view *view, size_t top)
{
	struct row *rows = xcalloc(view->process_count, sizeof(*rows));
	struct trace_usage sum = {0};
	size_t count = 0, shown;
	char *note = NULL;

	for (size_t i = 0; i < view->process_count; i++)
		if (usage_of(view, &view->processes[i], &rows[count].usage)) {
			add(&sum, &rows[count].usage);
			rows[count++].process = i;
		}
	shown = count < top ? count : top;
	if (count > 1) {
		qsort(rows, count, sizeof(*rows), by_cpu);
		note = xasprintf("%s user and %s system in %s processes%s%s", TIME(sum.user_us * 1000), TIME(sum.system_us * 1000),
		                 COUNT(count), shown < count ? ", of which these took most: " : "", shown < count ? COUNT(shown) : "");
	}
	if (count) {
		page_title(page, "Usage", note);
		if (count > 1)
			put_rows(page, view, rows, shown);
		else
			put_one(page, &rows[0].usage);
		put_children(page, view);
	}
	free(note);
	free(rows);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static json_t *object_of(const struct trace_usage *usage)
{
	json_t *object = json_checked(json_object());

	json_set(object, "user_ns", json_number(usage->user_us * 1000));
	json_set(object, "system_ns", json_number(usage->system_us * 1000));
	json_set(object, "peak_rss_bytes", json_number(usage->peak_rss));
	json_set(object, "minor_faults", json_number(usage->minor_faults));
	json_set(object, "major_faults", json_number(usage->major_faults));
	json_set(object, "voluntary_switches", json_number(usage->voluntary));
	json_set(object, "involuntary_switches", json_number(usage->involuntary));
	return object;
}

void usage_json(json_t *object, const struct view *view, const struct view_process *process)
{
	json_t *children = json_checked(json_array());
	struct trace_usage own;

	json_set(object, "usage", usage_of(view, process, &own) ? object_of(&own) : json_checked(json_null()));
	for (size_t i = 0; i < process->info->child_usage_count; i++) {
		const struct usage *child = &process->info->child_usages[i];
		struct trace_usage rest;
		json_t *row = object_of(&child->record);

		json_set(row, "pid", json_number(child->record.pid));
		json_set(row, "recorded", json_boolean(!usage_unrecorded(process, child, &rest)));
		json_array_append_new(children, row);
	}
	json_set(object, "children_usage", children);
}
