/*
 * hot_peak.c: when several processes had most together. Each was read by itself, and of each it is known what it had at
 * most and at least within each step of time; so the sums are known within bounds. At the instant whose lower bound is
 * largest they are counted, by another reading; see hot.h.
 */
#include <stdlib.h>
#include <string.h>

#include "report/hot.h"
#include "trace/time.h"
#include "util.h"

struct edge { uint64_t ns; int64_t least, most; }; /* from when on they change, by so much */

struct edges { struct edge *list; size_t count; };

static int by_time(const void *left, const void *right)
{
	const struct edge *a = left, *b = right;

	return (a->ns > b->ns) - (a->ns < b->ns);
}

static void add(struct edges *edges, const struct process_info *info, uint64_t from, uint64_t to, uint64_t least, uint64_t most)
{
	uint64_t begin, end;

	if (from >= to || !time_of_tick(info, from, &begin) || !time_of_tick(info, to, &end) || begin >= end)
		return;
	edges->list[edges->count++] = (struct edge){begin, (int64_t)least, (int64_t)most};
	edges->list[edges->count++] = (struct edge){end, -(int64_t)least, -(int64_t)most};
}

/* When its memory was gone; its blocks stay up to then. */
static uint64_t end_of(const struct process_info *info)
{
	const struct churn *churn = info->churn;

	return info->header.ending_tick > churn->last ? info->header.ending_tick : churn->last + 1;
}

static void add_process(struct edges *edges, const struct process_info *info)
{
	const struct churn *churn = info->churn;

	for (size_t step = 0; step < churn->step_count; step++) {
		uint64_t from = churn->first + step * churn->width, to = from + churn->width;

		add(edges, info, from, to > churn->last ? churn->last + 1 : to, churn->lows[step], churn->steps[step]);
	}
	add(edges, info, churn->last + 1, end_of(info), churn->live_bytes, churn->live_bytes);
}

/* At least so much is there in a process at an instant. */
static uint64_t least_at(const struct process_info *info, uint64_t ns)
{
	const struct churn *churn = info->churn;
	uint64_t tick;

	if (!tick_of_time(info, ns, &tick) || tick < churn->first || tick >= end_of(info) || !churn->step_count)
		return 0;
	if (tick > churn->last)
		return churn->live_bytes;
	return (tick - churn->first) / churn->width < churn->step_count ? churn->lows[(tick - churn->first) / churn->width] : 0;
}

/* Where one process alone had its peak, that is known to the byte. */
static void try_peak(const struct view *view, size_t index, uint64_t *best, struct hot_moment *moment)
{
	const struct process_info *info = view->processes[index].info;
	uint64_t ns, sum = info->churn->peak_bytes;

	if (!sum || !time_of_tick(info, info->churn->peak_tick, &ns))
		return;
	for (size_t i = 0; i < view->process_count; i++)
		if (i != index)
			sum += least_at(view->processes[i].info, ns);
	if (sum > *best) {
		*best = sum;
		moment->at_ns = ns;
	}
}

struct hot_moment hot_moment(const struct view *view)
{
	struct edges edges = {0};
	struct hot_moment moment = {0};
	int64_t least = 0, most = 0;
	uint64_t best = 0;

	for (size_t i = 0; i < view->process_count; i++) {
		const struct process_info *info = view->processes[i].info;

		/* What goes on cannot be read twice alike; other hosts have other clocks. */
		if (!info->churn || view->processes[i].end == END_RUNNING ||
		    memcmp(info->header.boot_id, view->processes[0].info->header.boot_id, sizeof(info->header.boot_id)))
			return moment;
	}
	edges.list = xcalloc(view->process_count * 2 * (CHURN_STEPS + 1), sizeof(*edges.list));
	for (size_t i = 0; i < view->process_count; i++)
		add_process(&edges, view->processes[i].info);
	qsort(edges.list, edges.count, sizeof(*edges.list), by_time);
	for (size_t i = 0; i < edges.count; i++) {
		least += edges.list[i].least;
		most += edges.list[i].most;
		if (i + 1 < edges.count && edges.list[i + 1].ns == edges.list[i].ns)
			continue;
		moment.most = most > (int64_t)moment.most ? (uint64_t)most : moment.most;
		if (least > (int64_t)best) {
			best = (uint64_t)least;
			moment.at_ns = edges.list[i].ns;
		}
	}
	free(edges.list);
	for (size_t i = 0; i < view->process_count; i++)
		try_peak(view, i, &best, &moment);
	return moment;
}

void hot_take_moment(const struct view *view, const struct recording *at, uint64_t at_ns)
{
	for (size_t i = 0; i < view->process_count; i++) {
		const struct process_info *info = view->processes[i].info;
		struct churn *churn = info->churn;
		const struct process_info *again = view->processes[i].id.index < at->process_count
		                                   ? &at->processes[view->processes[i].id.index] : NULL;
		uint64_t tick;
		bool there = again && again->churn && tick_of_time(info, at_ns, &tick) && tick < end_of(info);

		for (size_t site = 0; site < churn->site_count; site++)
			churn->sites[site].peak_bytes = there && site < again->churn->site_count
			                                ? again->churn->sites[site].peak_bytes : 0;
	}
}
