/* sites.c: see sites.h. */
#include "heap/sites.h"

#include <stdlib.h>
#include <string.h>

#include "trace/array.h"

void sites_init(struct sites *sites, const struct process_info *process)
{
	*sites = (struct sites){
		.process = process, .watch = process->watch, .churn = process->churn, .stacks = (uint32_t)(TRACE_FIRST_NODE + process->node_count),
	};
}

void sites_free(struct sites *sites)
{
	for (int domain = 0; domain < DOMAINS; domain++)
		free(sites->of_stack[domain]);
	if (sites->told.slots)
		table_free(&sites->told);
	free(sites->list);
	free(sites->since);
	free(sites->ranges);
	*sites = (struct sites){0};
}

/* Is there such a node in the tree? */
static bool known(const struct sites *sites, uint32_t stack)
{
	if (stack < TRACE_FIRST_NODE)
		return true;
	return stack < sites->stacks && sites->process->nodes[stack - TRACE_FIRST_NODE].address != 0;
}

uint32_t site_add(struct sites *sites, enum domain domain, uint32_t stack)
{
	uint32_t **of_stack = &sites->of_stack[domain], site;

	if (!*of_stack) {
		*of_stack = xmalloc(sites->stacks * sizeof **of_stack);
		memset(*of_stack, 0xff, sites->stacks * sizeof **of_stack);
	}
	if (!known(sites, stack)) {
		sites->unknown_stacks++;
		stack = TRACE_STACK_LOST;
	}
	site = (*of_stack)[stack];
	if (site != SITE_NONE)
		return site;
	site = (uint32_t)sites->count;
	array_room(sites->list, sites->count);
	sites->list[sites->count++] = (struct site_count){
		.stack = stack, .domain = (uint8_t)domain, .family = domain == DOMAIN_HEAP ? sites->family : 0, .peak = sites->peak,
	};
	return (*of_stack)[stack] = site;
}

/* The site of what the process calls so. */
static uint32_t site_told(struct sites *sites, const struct site_count *like, uint32_t told)
{
	struct site_count fresh = {.stack = like->stack, .domain = like->domain, .family = like->family, .told = (uint16_t)told, .peak = sites->peak};
	struct block *entry;
	bool existed;

	if (!sites->told.slots)
		table_init(&sites->told);
	entry = table_insert(&sites->told, 1ull << 63 | (uint64_t)told << 40 | (uint64_t)like->domain << 32 | like->stack,
	                     &existed);
	if (!existed) {
		entry->site = (uint32_t)sites->count;
		array_room(sites->list, sites->count);
		sites->list[sites->count++] = fresh;
	}
	return entry->site;
}

void site_retype(struct sites *sites, struct block *block, uint32_t told)
{
	struct site_count *from = &sites->list[block->site], *to;
	uint32_t site;

	if (from->told == told)
		return;
	site = told ? site_told(sites, from, told) : site_of(sites, from->domain, from->stack);
	from = &sites->list[block->site];
	to = &sites->list[site];
	site_settle(sites, from);
	site_settle(sites, to);
	from->allocs--;
	from->bytes_allocated -= block->size;
	from->live_bytes -= block->size;
	to->allocs++;
	to->bytes_allocated += block->size;
	to->live_bytes += block->size;
	/* As at most births, the peak is now: what was settled of it as the block was born is settled again. */
	if (sites->live_bytes == sites->peak_bytes)
		sites->peak++;
	if (sites->churn)
		churn_retype(sites->churn, to->domain, block, site, sites->now);
	block->site = site;
	site_tell(sites, BLOCK_RETYPED, site, block);
}

static int by_live_bytes(const void *left, const void *right)
{
	const struct site *a = left, *b = right;

	if (a->live_bytes != b->live_bytes)
		return a->live_bytes > b->live_bytes ? -1 : 1;
	if (a->allocs != b->allocs)
		return a->allocs > b->allocs ? -1 : 1;
	if (a->domain != b->domain)
		return a->domain < b->domain ? -1 : 1;
	if (a->stack.index != b->stack.index)
		return a->stack.index > b->stack.index ? 1 : -1;
	return (a->claims.told > b->claims.told) - (a->claims.told < b->claims.told);
}

void sites_finish(struct sites *sites, struct process_info *process)
{
	struct totals *totals = &process->totals;

	process->sites = xcalloc(sites->count, sizeof *process->sites);
	totals->peak_bytes = sites->peak_bytes;
	for (size_t i = 0; i < sites->count; i++) {
		struct site_count *count = &sites->list[i];
		struct site *site;

		/* The types of all its blocks were told. */
		if (!count->allocs)
			continue;
		site_settle(sites, count);
		site = &process->sites[process->site_count++];
		*site = (struct site){
			.domain = count->domain, .stack = {count->stack}, .claims.told = count->told, .claims.family = count->family,
			.allocs = count->allocs, .frees = count->frees,
			.bytes_allocated = count->bytes_allocated,
			.live_blocks = count->allocs - count->frees, .live_bytes = count->live_bytes,
			.temporary = count->temporary, .peak_bytes = count->peak_bytes, .history = (uint32_t)i,
		};
		if (i < sites->since_count) {
			site->since_blocks = sites->since[i].blocks;
			site->since_bytes = sites->since[i].bytes;
		}
		if (i < sites->range_count)
			process->sites[i].range = sites->ranges[i];
		if (count->domain != DOMAIN_HEAP)
			continue;
		totals->allocs += count->allocs;
		totals->frees += count->frees;
		totals->bytes_allocated += count->bytes_allocated;
		totals->live_bytes += count->live_bytes;
		totals->temporary += count->temporary;
	}
	totals->live_blocks = totals->allocs - totals->frees;
	qsort(process->sites, process->site_count, sizeof *process->sites, by_live_bytes);
}
