/*
 * hot_json.c: hot paths for programs, schema probe.hot/1; see hot.h. Trees are lists of nodes that name their parent's
 * place in the list: a reader need not follow them as deep as stacks are.
 */
#include <stdlib.h>

#include "report/by_type.h"
#include "report/hot.h"
#include "report/json_rows.h"
#include "report/json_writer.h"
#include "util.h"

static json_t *numbers(const uint64_t *values, size_t count)
{
	json_t *array = json_checked(json_array());

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_number(values[i]));
	return array;
}

static void set_counts(json_t *object, const struct hot *hot, const struct hot_counts *counts)
{
	if (hot_is_cpu(hot->options->by)) {
		hot_cpu_json(object, hot, counts);
		return;
	}
	json_set(object, "allocs", json_number(counts->allocs));
	json_set(object, "bytes_allocated", json_number(counts->bytes));
	json_set(object, "temporary", hot_has_blocks(hot->options->domain) ? json_number(counts->temporary) : json_null());
	json_set(object, "peak_bytes", hot->options->domain == DOMAIN_HEAP || hot_needs_churn(hot->options)
	                               ? json_number(counts->peak) : json_null());
}

static void set_churn(json_t *object, const struct churn_site *churn)
{
	json_set(object, "lifetimes", churn ? numbers(churn->lifetimes, CHURN_LIFETIMES) : json_null());
	json_set(object, "sizes", churn ? numbers(churn->sizes, CHURN_SIZES) : json_null());
}

static void set_thread(json_t *object, const struct thread_info *thread)
{
	json_set(object, "tid", thread ? json_number(thread->tid) : json_null());
	json_set(object, "name", json_text(thread ? thread->name : NULL));
}

/* A stack of a thread with CPU samples. */
static json_t *sampled(const struct hot *hot, const struct hot_row *row, struct name_sum *names)
{
	struct view_process *process = &hot->view->processes[row->process];
	json_t *object = json_checked(json_object());

	json_set(object, "process", json_text(process->info->stem));
	set_thread(object, row->cpu->thread < process->info->thread_count ? &process->info->threads[row->cpu->thread] : NULL);
	json_set(object, "value", json_number(row->value));
	set_counts(object, hot, &row->counts);
	json_stack(object, process, row->stack, names);
	return object;
}

static json_t *site(const struct hot *hot, const struct hot_row *row, struct name_sum *names)
{
	struct view_process *process = &hot->view->processes[row->process];
	struct stack stack = stack_resolve(process, row->stack);
	struct block_type is = type_of_each(process, row->site->domain, &row->site->claims, &stack,
	                                      (struct block_sizes){row->site->allocs, row->site->bytes_allocated,
	                                                           row->site->live_blocks > 0}, row->site->range);
	json_t *object = json_checked(json_object());

	json_set(object, "process", json_text(row->process_count > 1 ? NULL : process->info->stem));
	json_set(object, "processes", json_number(row->process_count));
	json_set(object, "value", json_number(row->value));
	set_counts(object, hot, &row->counts);
	set_churn(object, row->churn);
	json_block_type(object, &is);
	json_stack(object, process, row->stack, names);
	stack_free(&stack);
	return object;
}

/* A FRAME, or of what stands for how stacks end, its words alone. */
static json_t *frame_of(const struct hot *hot, uint32_t frame, const struct hot_place *place)
{
	json_t *object;

	if (place->at.frame) {
		object = json_frame(&hot->view->processes[place->process], &place->at);
		if (place->several) {
			json_set(object, "line", json_null());
			json_set(object, "line_kind", json_null());
			json_set(object, "column", json_null());
		}
	} else {
		object = json_checked(json_object());
	}
	json_set(object, "label", json_text(hot->frames[frame].label));
	return object;
}

/* Those that are not thin; the rest is told in sums. */
static void put_sites(struct json_writer *writer, const struct hot *hot, struct name_sum *names)
{
	uint64_t least = (uint64_t)((double)hot->total * hot->options->fold), value = 0;
	size_t i;

	json_open_level(writer, "sites", '[');
	for (i = 0; i < hot->row_count && i < hot->options->top && hot->rows[i].value >= least; i++)
		json_put_row(writer, hot->rows[i].cpu ? sampled(hot, &hot->rows[i], names) : site(hot, &hot->rows[i], names));
	json_close_level(writer, ']');
	json_put_member(writer, "left_off", json_number(hot->row_count - i));
	for (; i < hot->row_count; i++)
		value += hot->rows[i].value;
	json_put_member(writer, "left_off_value", json_number(value));
}

static void put_functions(struct json_writer *writer, const struct hot *hot)
{
	size_t count;
	uint32_t *order = hot_functions(hot, &count);

	json_open_level(writer, "functions", '[');
	for (size_t i = 0; i < count; i++) {
		json_t *object = frame_of(hot, order[i], &hot->frames[order[i]].place);

		json_set(object, "self", json_number(hot->functions.list[order[i]].self));
		json_set(object, "total", json_number(hot->functions.list[order[i]].total));
		json_put_row(writer, object);
	}
	json_close_level(writer, ']');
	free(order);
}

/* Callers come before those that they call; the root is left out. */
static void put_tree(struct json_writer *writer, const struct hot *hot, const char *key, const struct hot_tree *tree,
                     const struct hot_place *places)
{
	uint64_t least = (uint64_t)((double)hot->total * hot->options->fold);
	uint32_t *rows = xcalloc(tree->count, sizeof(*rows)), row = 0;

	json_open_level(writer, key, '[');
	for (uint32_t node = hot_tree_next(tree, 0, least); node != HOT_NONE; node = hot_tree_next(tree, node, least)) {
		const struct hot_node *is = &tree->nodes[node];
		json_t *object = frame_of(hot, is->frame, &places[node]);

		rows[node] = row++;
		json_set(object, "parent", is->parent ? json_number(rows[is->parent]) : json_null());
		json_set(object, "self", json_number(is->self));
		json_set(object, "total", json_number(is->total));
		json_put_row(writer, object);
	}
	json_close_level(writer, ']');
	free(rows);
}

static void put_peaks(struct json_writer *writer, const struct hot *hot)
{
	json_open_level(writer, "peaks", '[');
	for (size_t i = 0; i < hot->view->process_count; i++) {
		const struct process_info *info = hot->view->processes[i].info;
		const struct churn *churn = info->churn;
		json_t *object, *series;

		if (!churn)
			continue;
		object = json_checked(json_object());
		series = json_checked(json_object());
		json_set(object, "process", json_text(info->stem));
		json_set(object, "bytes", json_number(churn->peak_bytes));
		json_set(object, "time_ns", churn->peak_bytes ? json_time(info, churn->peak_tick) : json_null());
		json_set(series, "first_ns", churn->step_count ? json_time(info, churn->first) : json_null());
		json_set(series, "step_ns", json_checked(json_real((double)churn->width * info->ns_per_tick)));
		json_set(series, "bytes", numbers(churn->steps, churn->step_count));
		json_set(object, "series", series);
		json_put_row(writer, object);
	}
	json_close_level(writer, ']');
}

static void put_threads(struct json_writer *writer, const struct hot *hot)
{
	size_t count;
	struct hot_thread *threads = hot_threads(hot, &count);

	json_open_level(writer, "threads", '[');
	for (size_t i = 0; i < count; i++) {
		json_t *object = json_checked(json_object());

		json_set(object, "process", json_text(hot->view->processes[threads[i].process].info->stem));
		set_thread(object, threads[i].thread);
		if (hot_is_cpu(hot->options->by)) {
			set_counts(object, hot, &threads[i].counts);
			json_put_row(writer, object);
			continue;
		}
		json_set(object, "allocs", json_number(threads[i].counts.allocs));
		json_set(object, "bytes_allocated", json_number(threads[i].counts.bytes));
		json_set(object, "temporary", json_number(threads[i].counts.temporary));
		json_set(object, "short_lived", json_number(threads[i].counts.brief));
		json_put_row(writer, object);
	}
	json_close_level(writer, ']');
	free(threads);
}

/* When all processes had most together; null: that is not told, and of each it is what it had at its own peak. */
static json_t *moment(const struct hot *hot)
{
	json_t *object;

	if (!hot->options->moment.at_ns)
		return json_null();
	object = json_checked(json_object());
	json_set(object, "time_ns", json_number(hot->options->moment.at_ns));
	json_set(object, "bytes", json_number(hot->all.peak));
	json_set(object, "at_most_bytes", json_number(hot->options->moment.most));
	return object;
}

/* The upper bounds of classes; the last has none. */
static json_t *bounds(uint64_t (*bound)(unsigned), unsigned classes)
{
	json_t *array = json_checked(json_array());

	for (unsigned class = 0; class < classes; class++)
		json_array_append_new(array, bound(class) == UINT64_MAX ? json_null() : json_number(bound(class)));
	return array;
}

static json_t *sums(const struct hot *hot, const struct hot_counts *counts)
{
	json_t *object = json_checked(json_object());

	set_counts(object, hot, counts);
	json_set(object, "value", json_number(hot_value(counts, hot->options->by)));
	return object;
}

void hot_json(FILE *file, const struct view *view, const struct hot_options *options)
{
	struct json_writer writer = {.file = file, .first = true};
	struct hot *hot = hot_build(view, options);
	struct name_sum names = {0};

	json_put_head(&writer, view, "probe.hot/1");
	json_put_marks(&writer, view);
	json_put_member(&writer, "by", json_text(hot_by_name(options->by)));
	json_put_member(&writer, "domain", json_text(hot_is_cpu(options->by) ? NULL : domain_name(options->domain)));
	json_put_member(&writer, "from", json_text(options->from));
	json_put_member(&writer, "to", json_text(options->to));
	json_put_member(&writer, "match", json_texts(options->matches, options->match_count));
	json_put_member(&writer, "thread", json_texts(options->threads, options->thread_count));
	json_put_member(&writer, "sampling", hot_is_cpu(options->by) ? hot_cpu_sampling(hot) : json_null());
	json_put_member(&writer, "fold", json_checked(json_real(options->fold)));
	json_put_member(&writer, "totals", sums(hot, &hot->all));
	json_put_member(&writer, "matching", sums(hot, &hot->matching));
	json_put_member(&writer, "lifetimes_below_ns", bounds(churn_lifetime_below, CHURN_LIFETIMES));
	json_put_member(&writer, "sizes_most_bytes", bounds(churn_size_most, CHURN_SIZES));
	put_sites(&writer, hot, &names);
	put_functions(&writer, hot);
	put_tree(&writer, hot, "top_down", &hot->down, hot->down_places);
	put_tree(&writer, hot, "bottom_up", &hot->up, hot->up_places);
	put_threads(&writer, hot);
	put_peaks(&writer, hot);
	json_put_member(&writer, "moment", moment(hot));
	json_put_member(&writer, "names", json_names(&names));
	json_put_findings(&writer, view);
	fputs("\n}\n", file);
	hot_free(hot);
}
