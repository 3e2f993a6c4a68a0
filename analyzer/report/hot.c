/* hot.c: which sites of a view match, what they have, and trees of them; see hot.h. Reads names. */
#include "report/hot.h"

#include <stdlib.h>
#include <string.h>

#include "report/by_type.h"
#include "report/suppress.h"
#include "trace/array.h"
#include "util.h"

/* ---- values -------------------------------------------------------------------------------------------------- */

uint64_t hot_value(const struct hot_counts *counts, enum hot_by by)
{
	switch (by) {
	case HOT_ALLOCS:
		return counts->allocs;
	case HOT_BYTES:
		return counts->bytes;
	case HOT_TEMPORARY:
		return counts->temporary;
	case HOT_PEAK:
		return counts->peak;
	case HOT_LIFETIME:
		return counts->brief;
	default:
		return counts->cpu[hot_cpu_kind(by)];
	}
}

const char *hot_by_name(enum hot_by by)
{
	static const char *const names[HOT_BYS] = {
		[HOT_ALLOCS] = "allocs", [HOT_BYTES] = "bytes", [HOT_TEMPORARY] = "temporary", [HOT_PEAK] = "peak",
		[HOT_LIFETIME] = "lifetime", [HOT_CPU] = "cpu", [HOT_INSTRUCTIONS] = "instructions", [HOT_CYCLES] = "cycles",
		[HOT_CACHE_MISSES] = "cache-misses", [HOT_PAGE_FAULTS] = "page-faults",
	};

	return names[by];
}

/* A peak of a domain is counted there; the model has that of the heap alone, and no series. */
bool hot_needs_churn(const struct hot_options *options)
{
	if (hot_is_cpu(options->by))
		return false;
	return options->from || options->to || options->by == HOT_PEAK || options->by == HOT_LIFETIME ||
	       options->thread_count;
}

/* Block by block it is counted for a whole stack: rows that were taken off one (alive_only) have nothing then. */
static struct hot_counts counts_of(const struct site *site, const struct churn_site *churn, bool needs_churn)
{
	struct hot_counts counts = {
		.allocs = site->allocs, .bytes = site->bytes_allocated, .temporary = site->temporary, .peak = site->peak_bytes,
	};

	if (!needs_churn)
		return counts;
	if (!churn)
		return (struct hot_counts){0};
	counts = (struct hot_counts){
		.allocs = churn->allocs, .bytes = churn->bytes, .temporary = churn->temporary, .peak = churn->peak_bytes,
	};
	for (unsigned class = 0; class < CHURN_SHORT; class++)
		counts.brief += churn->lifetimes[class];
	return counts;
}

void hot_add_counts(struct hot_counts *sum, const struct hot_counts *counts)
{
	sum->allocs += counts->allocs;
	sum->bytes += counts->bytes;
	sum->temporary += counts->temporary;
	sum->peak += counts->peak;
	sum->brief += counts->brief;
	sum->samples += counts->samples;
	for (int kind = 0; kind < TRACE_CPU_KINDS; kind++)
		sum->cpu[kind] += counts->cpu[kind];
}

void hot_add_churn(struct churn_site *sum, const struct churn_site *churn)
{
	for (unsigned class = 0; churn && class < CHURN_LIFETIMES; class++)
		sum->lifetimes[class] += churn->lifetimes[class];
	for (unsigned class = 0; churn && class < CHURN_SIZES; class++)
		sum->sizes[class] += churn->sizes[class];
}

/* ---- which sites --------------------------------------------------------------------------------------------- */

static bool text_matches(const char *pattern, const char *text)
{
	return text && suppressions_matches(pattern, text);
}

static bool pattern_matches(const char *pattern, const struct stack *stack, const struct block_type *is)
{
	if (text_matches(pattern, is->type) || text_matches(pattern, is->owner))
		return true;
	for (size_t i = 0; i < stack->count; i++) {
		const struct frame *frame = stack->frames[i].frame;

		if (text_matches(pattern, frame->function) || text_matches(pattern, frame->file) ||
		    text_matches(pattern, frame->module))
			return true;
	}
	return false;
}

static bool is_wanted(const struct hot *hot, const struct hot_row *row, const struct stack *stack)
{
	struct block_type is = {0};

	if (!hot->options->match_count)
		return true;
	if (row->site)
		is = type_of_each(&hot->view->processes[row->process], row->site->domain, &row->site->claims, stack,
		                  (struct block_sizes){row->site->allocs, row->site->bytes_allocated,
		                                       row->site->live_blocks > 0}, row->site->range);
	for (size_t i = 0; i < hot->options->match_count; i++)
		if (!pattern_matches(hot->options->matches[i], stack, &is))
			return false;
	return true;
}

/* Largest first; what decides between equals is the same in every run. */
static int by_value(const void *left, const void *right)
{
	const struct hot_row *a = left, *b = right;

	if (a->value != b->value)
		return a->value < b->value ? 1 : -1;
	if (a->process != b->process)
		return a->process > b->process ? 1 : -1;
	if (a->stack.index != b->stack.index)
		return a->stack.index > b->stack.index ? 1 : -1;
	if (a->cpu || b->cpu)
		return (a->cpu > b->cpu) - (a->cpu < b->cpu);
	if (a->site->claims.told != b->site->claims.told)
		return a->site->claims.told > b->site->claims.told ? 1 : -1;
	if (a->site->claims.vtable != b->site->claims.vtable)
		return a->site->claims.vtable > b->site->claims.vtable ? 1 : -1;
	return (a->site > b->site) - (a->site < b->site);
}

static void add_row(struct hot *hot, struct hot_row row)
{
	row.value = hot_value(&row.counts, hot->options->by);
	hot_add_counts(&hot->all, &row.counts);
	array_room(hot->rows, hot->row_count);
	hot->rows[hot->row_count++] = row;
}

static void collect_samples(struct hot *hot, size_t process)
{
	const struct cpu *cpu = hot->view->processes[process].info->cpu;

	for (size_t i = 0; cpu && i < cpu->row_count; i++) {
		struct hot_row row = {.process = process, .process_count = 1, .stack = cpu->rows[i].stack, .cpu = &cpu->rows[i]};

		row.counts.samples = row.cpu->samples;
		memcpy(row.counts.cpu, row.cpu->amounts, sizeof(row.counts.cpu));
		add_row(hot, row);
	}
}

static void collect(struct hot *hot)
{
	for (size_t p = 0; p < hot->view->process_count; p++) {
		const struct process_info *info = hot->view->processes[p].info;
		const struct churn *churn = hot_needs_churn(hot->options) ? info->churn : NULL;

		if (hot_is_cpu(hot->options->by)) {
			collect_samples(hot, p);
			continue;
		}
		for (size_t i = 0; i < info->site_count; i++) {
			struct hot_row row = {.process = p, .process_count = 1, .stack = info->sites[i].stack, .site = &info->sites[i]};

			if (row.site->domain != hot->options->domain)
				continue;
			if (churn && row.site->history < churn->site_count)
				row.churn = &churn->sites[row.site->history];
			row.counts = counts_of(row.site, row.churn, hot_needs_churn(hot->options));
			add_row(hot, row);
		}
	}
	if (hot->row_count)
		qsort(hot->rows, hot->row_count, sizeof(*hot->rows), by_value);
	/* Rows of CPU samples are few, and of one thread each. */
	if (!hot->options->join || hot_is_cpu(hot->options->by))
		return;
	hot_join(hot);
	if (hot->row_count)
		qsort(hot->rows, hot->row_count, sizeof(*hot->rows), by_value);
}

struct hot *hot_build(const struct view *view, const struct hot_options *options)
{
	struct hot *hot = xcalloc(1, sizeof(*hot));
	struct hot_path *path = hot_path_new();
	size_t kept = 0;

	hot->options = options;
	hot->view = view;
	table_init(&hot->ids);
	hot_tree_init(&hot->down);
	hot_tree_init(&hot->up);
	collect(hot);
	for (size_t i = 0; i < hot->row_count; i++) {
		struct hot_row row = hot->rows[i];
		struct stack stack = {0};
		bool wanted = true;

		/* A name costs, and what has none of the value is shown in sums only. */
		if (row.value || options->match_count) {
			stack = stack_resolve(&view->processes[row.process], row.stack);
			wanted = is_wanted(hot, &row, &stack);
		}
		if (wanted) {
			hot_add_counts(&hot->matching, &row.counts);
			hot_add_churn(&hot->churn, row.churn);
		}
		if (wanted && row.value) {
			hot_add_path(hot, path, &stack, &row);
			hot->rows[kept++] = row;
		}
		stack_free(&stack);
	}
	hot->total = hot_value(&hot->matching, options->by);
	hot->row_count = kept;
	hot_tree_sort(&hot->down);
	hot_tree_sort(&hot->up);
	free(path);
	return hot;
}

void hot_free(struct hot *hot)
{
	for (size_t i = 0; i < hot->frame_count; i++)
		free(hot->frames[i].label);
	free(hot->frames);
	free(hot->rows);
	free(hot->churns);
	free(hot->down_places);
	free(hot->up_places);
	table_free(&hot->ids);
	hot_tree_free(&hot->down);
	hot_tree_free(&hot->up);
	hot_sums_free(&hot->functions);
	free(hot);
}

struct ranked { uint64_t self; uint32_t frame; };

static int by_self(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;

	if (a->self != b->self)
		return a->self < b->self ? 1 : -1;
	return (a->frame > b->frame) - (a->frame < b->frame);
}

uint32_t *hot_functions(const struct hot *hot, size_t *count)
{
	struct ranked *ranked = xcalloc(hot->frame_count, sizeof(*ranked));
	uint32_t *order = xcalloc(hot->frame_count, sizeof(*order));

	*count = 0;
	for (uint32_t frame = 0; frame < hot->frame_count; frame++)
		if (frame < hot->functions.count && hot->functions.list[frame].self)
			ranked[(*count)++] = (struct ranked){hot->functions.list[frame].self, frame};
	if (*count)
		qsort(ranked, *count, sizeof(*ranked), by_self);
	for (size_t i = 0; i < *count; i++)
		order[i] = ranked[i].frame;
	free(ranked);
	return order;
}
