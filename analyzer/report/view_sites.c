/* view_sites.c: the sites of a view: joins them, sorts them, adds them up; see view.h. */
#include <stdlib.h>

#include "report/by_type.h"
#include "report/grown.h"
#include "report/suppress.h"
#include "report/view.h"
#include "util.h"

struct keyed_site {
	bool     joined;          /* with others of the same hash */
	const void *suppressor;   /* what is never joined: the suppressions of its own, … */
	size_t   apart;           /* … and the index of the process, or 0 … */
	struct node_hash hash;    /* … equal: to be joined */
	const struct site *from;  /* in the model */
	struct view_site site;
};

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int by_hash(const void *left, const void *right)
{
	const struct keyed_site *a = *(const struct keyed_site *const *)left, *b = *(const struct keyed_site *const *)right;
	int order = compare(a->apart, b->apart);

	order = order ? order : compare((uintptr_t)a->suppressor, (uintptr_t)b->suppressor);
	order = order ? order : compare(a->hash.high, b->hash.high);
	order = order ? order : compare(a->hash.low, b->hash.low);
	order = order ? order : compare(a->site.domain, b->site.domain);
	order = order ? order : compare(a->site.process, b->site.process);
	order = order ? order : compare(a->site.stack.index, b->site.stack.index);
	order = order ? order : compare(a->site.claims.told, b->site.claims.told);
	order = order ? order : compare(a->site.claims.vtable, b->site.claims.vtable);
	return order ? order : compare(a->site.claims.elements, b->site.claims.elements);
}

/* Largest first; what decides between equals is the same in every run. */
static int by_bytes(const void *left, const void *right)
{
	const struct view_site *a = left, *b = right;
	int order = compare(b->live_bytes, a->live_bytes);

	order = order ? order : compare(b->live_blocks, a->live_blocks);
	order = order ? order : compare(a->process, b->process);
	order = order ? order : compare(a->domain, b->domain);
	order = order ? order : compare(a->stack.index, b->stack.index);
	order = order ? order : compare(a->claims.told, b->claims.told);
	order = order ? order : compare(a->claims.vtable, b->claims.vtable);
	return order ? order : compare(a->claims.elements, b->claims.elements);
}

/*
 * The same stack of one process is one site, too, where code was generated: a runtime makes code again, in other
 * tiers, and moves it. A joined site's allocs and frees are those of all rows where the stack keeps a block or not; so
 * all sites are keyed whose stack is that of a live one. Without joining, dead sites are not looked at.
 */
static size_t collect_sites(const struct view *view, bool join, struct keyed_site *keyed)
{
	size_t count = 0;

	for (size_t p = 0; p < view->process_count; p++) {
		const struct process_info *info = view->processes[p].info;
		/* Of classes whose names are the same, or not known, there is one row. */
		bool joined = join || view->processes[p].has_runtime || info->has_rows_by_class;

		for (size_t i = 0; i < info->site_count; i++) {
			const struct site *site = &info->sites[i];

			if (site->domain >= DOMAINS || (!joined && !view_blocks(view, site) && !site->garbage.blocks &&
			                                        !site->held.blocks && !site->pending.blocks))
				continue;
			if (keyed)
				keyed[count] = (struct keyed_site){
					.joined = joined, .apart = join ? 0 : p, .from = site,
					.suppressor = view->processes[p].suppressor,
					.site = {
						.process = p, .domain = site->domain, .stack = site->stack, .claims = site->claims, .alive_only = site->alive_only,
						.allocs = site->allocs, .frees = site->frees,
						.live_blocks = view_blocks(view, site),
						.live_bytes = view_bytes(view, site), .temporary = site->temporary,
						.range = site->range,
						.garbage = site->garbage, .held = site->held, .pending = site->pending,
					},
				};
			count++;
		}
	}
	return count;
}

static bool is_same(const struct keyed_site *a, const struct keyed_site *b)
{
	return a->joined && b->joined && a->apart == b->apart && a->suppressor == b->suppressor &&
	       a->hash.low == b->hash.low &&
	       a->hash.high == b->hash.high && a->site.domain == b->site.domain;
}

static void join_site(struct view_site *into, const struct view_site *site)
{
	/* The one that stands for all keeps blocks, so that its stack is that of a leak; else it kept some until the end. */
	if (!into->live_blocks && (site->live_blocks || (!into->garbage.blocks && (site->garbage.blocks ||
	    (!into->held.blocks && (site->held.blocks || (!into->pending.blocks && site->pending.blocks))))))) {
		into->process = site->process;
		into->stack = site->stack;
		into->claims = site->claims;
	}
	size_range_join(&into->range, site->range);
	into->alive_only |= site->alive_only;
	into->allocs += site->allocs;
	into->frees += site->frees;
	into->live_blocks += site->live_blocks;
	into->live_bytes += site->live_bytes;
	into->temporary += site->temporary;
	into->garbage.blocks += site->garbage.blocks;
	into->garbage.bytes += site->garbage.bytes;
	into->garbage.held_blocks += site->garbage.held_blocks;
	into->garbage.held_bytes += site->garbage.held_bytes;
	into->garbage.kept_blocks += site->garbage.kept_blocks;
	into->garbage.kept_bytes += site->garbage.kept_bytes;
	into->held.blocks += site->held.blocks;
	into->held.bytes += site->held.bytes;
	into->pending.blocks += site->pending.blocks;
	into->pending.bytes += site->pending.bytes;
}

static bool is_empty(const struct view_site *site)
{
	return !site->live_blocks && !site->garbage.blocks && !site->held.blocks && !site->pending.blocks;
}

static int by_garbage(const void *left, const void *right)
{
	const struct view_site *a = left, *b = right;
	int order = compare(b->garbage.held_bytes, a->garbage.held_bytes);

	return order ? order : compare(b->garbage.bytes, a->garbage.bytes);
}

static int by_pending(const void *left, const void *right)
{
	const struct view_site *a = left, *b = right;

	return compare(b->pending.bytes, a->pending.bytes);
}

static int by_held(const void *left, const void *right)
{
	const struct view_site *a = left, *b = right;

	return compare(b->held.bytes, a->held.bytes);
}

/* Sites of what is gone go to lists of their own, and stay where they are if they have live blocks, too. */
static void sort_out_garbage(struct view *view)
{
	size_t live = 0;

	view->garbage = xcalloc(view->site_count, sizeof(*view->garbage));
	view->held = xcalloc(view->site_count, sizeof(*view->held));
	view->pending = xcalloc(view->site_count, sizeof(*view->pending));
	for (size_t i = 0; i < view->site_count; i++) {
		if (view->sites[i].garbage.blocks)
			view->garbage[view->garbage_count++] = view->sites[i];
		if (view->sites[i].held.blocks)
			view->held[view->held_count++] = view->sites[i];
		if (view->sites[i].pending.blocks)
			view->pending[view->pending_count++] = view->sites[i];
		if (view->sites[i].live_blocks)
			view->sites[live++] = view->sites[i];
	}
	view->site_count = live;
	qsort(view->garbage, view->garbage_count, sizeof(*view->garbage), by_garbage);
	qsort(view->held, view->held_count, sizeof(*view->held), by_held);
	qsort(view->pending, view->pending_count, sizeof(*view->pending), by_pending);
}

static struct node_hash join_site_hash(struct view_process *process, const struct view_site *site, bool by_symbol)
{
	char *type = claimed_type(process, &site->claims);
	struct node_hash hash = join_type(join_hash(process, site->stack, by_symbol), type);

	free(type);
	return hash;
}

static void collect(struct view *view, bool join)
{
	bool by_symbol = view->input_count > 1;
	size_t count = collect_sites(view, join, NULL), counted = NO_PROCESS;
	struct keyed_site *keyed = xcalloc(count, sizeof(*keyed)), **order = xcalloc(count, sizeof(*order));
	struct grown grown = {0};

	collect_sites(view, join, keyed);
	view->sites = xcalloc(count, sizeof(*view->sites));
	for (size_t i = 0; i < count; i++)
		if (keyed[i].joined)
			keyed[i].hash = join_site_hash(&view->processes[keyed[i].site.process], &keyed[i].site, by_symbol);
	for (size_t i = 0; i < count; i++)
		order[i] = &keyed[i];
	if (count)
		qsort(order, count, sizeof(*order), by_hash);
	for (size_t i = 0; i < count; i++) {
		struct view_site *into;

		if (!i || !is_same(order[i - 1], order[i])) {
			/* The one before is complete; it is forgotten if it keeps nothing. */
			if (!view->site_count || !is_empty(&view->sites[view->site_count - 1]))
				view->site_count++;
			view->sites[view->site_count - 1] = (struct view_site){.domain = order[i]->site.domain};
			counted = NO_PROCESS;
		}
		into = &view->sites[view->site_count - 1];
		/* Rows of one process stand side by side. */
		if (order[i]->site.live_blocks && counted != order[i]->site.process) {
			into->process_count++;
			counted = order[i]->site.process;
		}
		join_site(into, &order[i]->site);
		grown_add(&grown, view->processes[order[i]->site.process].info, order[i]->from);
		if (i + 1 == count || !is_same(order[i], order[i + 1]))
			into->growth = grown_end(&grown);
	}
	if (view->site_count && is_empty(&view->sites[view->site_count - 1]))
		view->site_count--;
	free(keyed);
	free(order);
	sort_out_garbage(view);
	qsort(view->sites, view->site_count, sizeof(*view->sites), by_bytes);
}

static void add_domain(struct domain_sum *sum, const struct view_site *site)
{
	sum->sites++;
	sum->blocks += site->live_blocks;
	sum->bytes += site->live_bytes;
}

static void sum_sites(struct view *view)
{
	for (size_t i = 0; i < view->site_count; i++) {
		struct view_site *site = &view->sites[i];

		struct suppression *by = NULL;

		add_domain(&view->domains[site->domain], site);
		if (view->suppressions)
			by = suppressions_match(view->suppressions, &view->processes[site->process], site->stack,
			                        site->domain, site->growth.trend);
		site->suppressed_by = by;
		if (by) {
			add_domain(&view->suppressed[site->domain], site);
			add_domain(&by->hid[site->domain], site);
		}
	}
	for (size_t p = 0; p < view->process_count; p++) {
		const struct process_info *info = view->processes[p].info;

		for (size_t i = 0; i < info->site_count; i++) {
			struct stack_sum *ending;

			if (info->sites[i].domain != DOMAIN_HEAP)
				continue;
			ending = &view->endings[place_ending(info, info->sites[i].stack)];
			ending->allocs += info->sites[i].allocs;
			ending->live_blocks += info->sites[i].live_blocks;
		}
	}
}

void view_collect(struct view *view, bool join)
{
	collect(view, join);
	sum_sites(view);
}
