/*
 * view_types.c: sites by the type of their blocks; see view.h. Types are known of blocks inside linear memories, by the
 * names of their stacks (names/types.h).
 */
#include <stdlib.h>
#include <string.h>

#include "names/types.h"
#include "report/stack.h"
#include "report/suppress.h"
#include "util.h"

bool view_has_types(enum domain domain)
{
	return domain == DOMAIN_WASM_HEAP;
}

static bool any_types(const struct view_process *process)
{
	for (size_t i = 0; i < process->info->site_count; i++)
		if (view_has_types(process->info->sites[i].domain))
			return true;
	return false;
}

void view_learn_types(struct view *view)
{
	view->types = types_open();
	for (size_t i = 0; i < view->process_count; i++)
		if (any_types(&view->processes[i]))
			types_learn(view->types, view->processes[i].info);
}

struct block_type view_type(const struct view *view, struct view_process *process, enum domain domain,
                            struct node_id stack, struct block_sizes sizes)
{
	struct stack resolved;
	struct block_type type;
	const struct frame **frames;

	if (!view_has_types(domain))
		return (struct block_type){0};
	resolved = stack_resolve(process, stack);
	frames = xcalloc(resolved.count, sizeof(*frames));
	for (size_t i = 0; i < resolved.count; i++)
		frames[i] = resolved.frames[i].frame;
	type = types_of(view->types, frames, resolved.count, sizes);
	free(frames);
	stack_free(&resolved);
	return type;
}

/* Sites with a type are told apart by the text; NULL, unknown, comes last among equals. */
static int by_name(const void *left, const void *right)
{
	const struct view_type_sum *a = left, *b = right;

	if (!a->type || !b->type)
		return (a->type == NULL) - (b->type == NULL);
	return strcmp(a->type, b->type);
}

static int by_bytes(const void *left, const void *right)
{
	const struct view_type_sum *a = left, *b = right;

	if (a->live_bytes != b->live_bytes)
		return a->live_bytes > b->live_bytes ? -1 : 1;
	if (a->owned_bytes != b->owned_bytes)
		return a->owned_bytes > b->owned_bytes ? -1 : 1;
	if (a->allocs != b->allocs)
		return a->allocs > b->allocs ? -1 : 1;
	return by_name(a, b);
}

static bool is_hidden(const struct view *view, struct view_process *process, const struct site *site)
{
	return site->live_blocks && view->suppressions &&
	       suppressions_match(view->suppressions, process, site->stack, site->domain, site->growth.trend);
}

/* A row for what the site has, and one for who owns what is alive of it; returns how many. */
static size_t add_site(const struct view *view, struct view_process *process, const struct site *site,
                       struct view_type_sum *rows)
{
	struct block_type type = view_type(view, process, site->domain, site->stack,
	                                   (struct block_sizes){site->allocs, site->bytes_allocated});

	rows[0] = (struct view_type_sum){
		.type = type.type, .sites = view_blocks(view, site) > 0, .allocs = site->allocs, .frees = site->frees,
		.alive = site->live_blocks, .live_blocks = view_blocks(view, site), .live_bytes = view_bytes(view, site),
	};
	if (!type.owner || !rows[0].live_bytes)
		return 1;
	rows[1] = (struct view_type_sum){.type = type.owner, .owned_bytes = rows[0].live_bytes};
	return 2;
}

static void add(struct view_type_sum *into, const struct view_type_sum *row)
{
	into->sites += row->sites;
	into->allocs += row->allocs;
	into->frees += row->frees;
	into->alive += row->alive;
	into->live_blocks += row->live_blocks;
	into->live_bytes += row->live_bytes;
	into->owned_bytes += row->owned_bytes;
}

struct view_type_sum *view_by_type(const struct view *view, enum domain domain, size_t *count)
{
	struct view_type_sum *rows;
	size_t all = 0;

	*count = 0;
	if (!view_has_types(domain))
		return NULL;
	for (size_t p = 0; p < view->process_count; p++)
		all += view->processes[p].info->site_count;
	rows = xcalloc(2 * all, sizeof(*rows));
	all = 0;
	for (size_t p = 0; p < view->process_count; p++) {
		struct view_process *process = &view->processes[p];

		for (size_t i = 0; i < process->info->site_count; i++) {
			const struct site *site = &process->info->sites[i];

			if (site->domain == domain && !is_hidden(view, process, site))
				all += add_site(view, process, site, &rows[all]);
		}
	}
	if (all)
		qsort(rows, all, sizeof(*rows), by_name);
	for (size_t i = 0; i < all; i++)
		if (*count && !by_name(&rows[*count - 1], &rows[i]))
			add(&rows[*count - 1], &rows[i]);
		else
			rows[(*count)++] = rows[i];
	if (*count)
		qsort(rows, *count, sizeof(*rows), by_bytes);
	return rows;
}

const char *view_dropping(const struct view_type_sum *sum)
{
	if (!sum->allocs)
		return NULL;
	if (!sum->alive)
		return "perfect";
	return sum->alive == sum->allocs ? "never" : "partial";
}
