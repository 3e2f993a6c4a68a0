/* group.c: live sites added up by module and by process; see view.h. Reads a view. */
#include <stdlib.h>
#include <string.h>

#include "report/suppress.h"
#include "util.h"

/* In the order that puts equals side by side. */
static int by_key(const void *left, const void *right)
{
	const struct view_group *a = left, *b = right;

	if (a->name && b->name)
		return strcmp(a->name, b->name);
	return (a->process > b->process) - (a->process < b->process);
}

static int by_bytes(const void *left, const void *right)
{
	const struct view_group *a = left, *b = right;

	if (a->live_bytes != b->live_bytes)
		return a->live_bytes < b->live_bytes ? 1 : -1;
	return by_key(left, right);
}

static struct view_group *group_up(struct view_group *groups, size_t rows, size_t *count)
{
	*count = 0;
	qsort(groups, rows, sizeof(*groups), by_key);
	for (size_t i = 0; i < rows; i++) {
		struct view_group *into = *count ? &groups[*count - 1] : NULL;

		if (!into || by_key(into, &groups[i])) {
			groups[(*count)++] = groups[i];
			continue;
		}
		into->sites += groups[i].sites;
		into->allocs += groups[i].allocs;
		into->frees += groups[i].frees;
		into->live_blocks += groups[i].live_blocks;
		into->live_bytes += groups[i].live_bytes;
	}
	qsort(groups, *count, sizeof(*groups), by_bytes);
	return groups;
}

struct view_group *view_by_module(const struct view *view, enum domain domain, size_t *count)
{
	struct view_group *groups = xcalloc(view->site_count, sizeof(*groups));
	size_t rows = 0;

	for (size_t i = 0; i < view->site_count; i++) {
		const struct view_site *site = &view->sites[i];

		if (site->domain != domain || site->suppressed_by)
			continue;
		groups[rows++] = (struct view_group){
			.name = place_owner(&view->processes[site->process], site->stack), .process = NO_PROCESS,
			.sites = 1, .allocs = site->allocs, .frees = site->frees,
			.live_blocks = site->live_blocks, .live_bytes = site->live_bytes,
		};
	}
	return group_up(groups, rows, count);
}

struct view_group *view_by_process(const struct view *view, enum domain domain, size_t *count)
{
	struct view_group *groups = xcalloc(view->process_count, sizeof(*groups));
	size_t rows = 0;

	for (size_t p = 0; p < view->process_count; p++) {
		const struct process_info *info = view->processes[p].info;
		struct view_group group = {.process = p};

		for (size_t i = 0; i < info->site_count; i++) {
			const struct site *site = &info->sites[i];

			if (site->domain != domain || !view_blocks(view, site))
				continue;
			if (view->suppressions &&
			    suppressions_match(view->suppressions, &view->processes[p], site->stack, domain,
			                       site->growth.trend))
				continue;
			group.sites++;
			group.allocs += site->allocs;
			group.frees += site->frees;
			group.live_blocks += view_blocks(view, site);
			group.live_bytes += view_bytes(view, site);
		}
		if (group.sites)
			groups[rows++] = group;
	}
	return group_up(groups, rows, count);
}
