/*
 * maps.c: see maps.h. Spans (ranges of one block or of nothing accessible) lie in a treap by their start: a balanced
 * tree that splits and joins in a few lines. Priorities are random, so that no file can make it deep.
 */
#include "heap/maps.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "trace/array.h"

#define PAGE 4096ull
#define BLOCK_NONE UINT32_MAX    /* of a span: mapped, not accessible */

struct span {
	uint64_t start, end;     /* addresses, end exclusive */
	uint32_t block;          /* index in maps.blocks, or BLOCK_NONE */
	uint32_t priority : 30;  /* of a parent ≥ of its children */
	uint32_t opened : 1;     /* it or one below it is accessible: */
	uint32_t closed : 1;     /* it or one below it is not: branches with nothing to change are not walked */
	struct span *left, *right; /* spans below and above */
};

struct map_block {
	uint64_t bytes;          /* accessible, in all its spans */
	uint64_t born;           /* tick */
	uint32_t site;           /* index of its site */
	uint32_t next_free;      /* of an unused one */
};

struct remap {                   /* what a REMAP_OUT took, until its REMAP_IN comes */
	uint32_t stream;         /* of both */
	bool     accessible;     /* what was there */
};

struct maps {
	struct sites *sites;     /* not owned */
	struct span *root;       /* owned */
	struct map_block *blocks; size_t block_count; /* owned */
	uint32_t free_block;     /* first unused one, or BLOCK_NONE */
	struct remap *remaps;    size_t remap_count; /* under way; owned */
	uint64_t now;            /* tick of the event */
	uint64_t random;         /* state of the generator of priorities; not 0 */
};

struct maps *maps_open(struct sites *sites)
{
	struct maps *maps = xcalloc(1, sizeof *maps);

	maps->sites = sites;
	maps->free_block = BLOCK_NONE;
	if (getrandom(&maps->random, sizeof maps->random, GRND_NONBLOCK) != sizeof maps->random)
		maps->random = (uintptr_t)maps;
	maps->random |= 1;
	return maps;
}

/* Frees a tree of spans without recursion: right-rotates until there is no left branch. */
static void free_spans(struct span *span)
{
	while (span) {
		struct span *next = span->left;

		if (next) {
			span->left = next->right;
			next->right = span;
		} else {
			next = span->right;
			free(span);
		}
		span = next;
	}
}

void maps_close(struct maps *maps)
{
	free_spans(maps->root);
	free(maps->blocks);
	free(maps->remaps);
	free(maps);
}

/* ---- the treap ---- */

static void sum(struct span *span)
{
	const struct span *left = span->left, *right = span->right;

	span->opened = span->block != BLOCK_NONE || (left && left->opened) || (right && right->opened);
	span->closed = span->block == BLOCK_NONE || (left && left->closed) || (right && right->closed);
}

static struct span *new_span(struct maps *maps, uint64_t start, uint64_t end, uint32_t block)
{
	struct span *span = xmalloc(sizeof *span);

	maps->random ^= maps->random << 13;
	maps->random ^= maps->random >> 7;
	maps->random ^= maps->random << 17;
	*span = (struct span){.start = start, .end = end, .block = block};
	span->priority = maps->random >> 34 & 0x3fffffff;
	sum(span);
	return span;
}

/* Spans that start below `at` go to *low, the others to *high. */
static void split(struct span *span, uint64_t at, struct span **low, struct span **high)
{
	if (!span) {
		*low = *high = NULL;
	} else if (span->start < at) {
		*low = span;
		split(span->right, at, &span->right, high);
		sum(span);
	} else {
		*high = span;
		split(span->left, at, low, &span->left);
		sum(span);
	}
}

/* All of `low` is below all of `high`. */
static struct span *join(struct span *low, struct span *high)
{
	if (!low || !high)
		return low ? low : high;
	if (low->priority >= high->priority) {
		low->right = join(low->right, high);
		sum(low);
		return low;
	}
	high->left = join(low, high->left);
	sum(high);
	return high;
}

/* Makes an end of any span that has `at` inside it. */
static void cut(struct maps *maps, uint64_t at)
{
	struct span *span = maps->root, *below = NULL, *low, *high;

	while (span)
		if (span->start < at) {
			below = span;
			span = span->right;
		} else {
			span = span->left;
		}
	if (!below || below->end <= at)
		return;
	split(maps->root, at, &low, &high);
	high = join(new_span(maps, at, below->end, below->block), high);
	below->end = at;
	maps->root = join(low, high);
}

/* Takes the spans within [start, end) out; spans at its ends are cut. */
static struct span *take(struct maps *maps, uint64_t start, uint64_t end)
{
	struct span *low, *middle, *high;

	cut(maps, start);
	cut(maps, end);
	split(maps->root, start, &low, &middle);
	split(middle, end, &middle, &high);
	maps->root = join(low, high);
	return middle;
}

/* Puts spans where there is nothing else. */
static void put(struct maps *maps, struct span *spans, uint64_t start)
{
	struct span *low, *high;

	split(maps->root, start, &low, &high);
	maps->root = join(join(low, spans), high);
}

/* Does [start, end) hold anything whose accessibility is not `accessible`? */
static bool differs(const struct span *span, uint64_t start, uint64_t end, bool accessible)
{
	if (!span || !(accessible ? span->closed : span->opened))
		return false;
	if (span->end <= start)
		return differs(span->right, start, end, accessible);
	if (span->start >= end)
		return differs(span->left, start, end, accessible);
	return (span->block != BLOCK_NONE) != accessible || differs(span->left, start, end, accessible) ||
	       differs(span->right, start, end, accessible);
}

/* ---- blocks ---- */

/* The block may still be empty: its bytes come with add_bytes. */
static uint32_t new_block(struct maps *maps, uint32_t stack)
{
	uint32_t index = maps->free_block;
	uint32_t site = site_of(maps->sites, DOMAIN_MAP, stack);

	if (index != BLOCK_NONE) {
		maps->free_block = maps->blocks[index].next_free;
	} else {
		index = (uint32_t)maps->block_count;
		array_room(maps->blocks, maps->block_count);
		maps->block_count++;
	}
	maps->blocks[index] = (struct map_block){.site = site, .born = maps->now};
	maps->sites->list[site].allocs++;
	return index;
}

static void add_bytes(struct maps *maps, uint32_t index, uint64_t bytes)
{
	struct site_count *site = &maps->sites->list[maps->blocks[index].site];

	site_settle(maps->sites, site);
	site->live_bytes += bytes;
	site->bytes_allocated += bytes;
	maps->blocks[index].bytes += bytes;
}

/* The span is accessible no longer. */
static void release(struct maps *maps, struct span *span)
{
	struct map_block *block;
	struct site_count *site;

	if (span->block == BLOCK_NONE)
		return;
	block = &maps->blocks[span->block];
	site = &maps->sites->list[block->site];
	site_settle(maps->sites, site);
	site->live_bytes -= span->end - span->start;
	block->bytes -= span->end - span->start;
	if (block->bytes == 0) {
		site->frees++;
		block->next_free = maps->free_block;
		maps->free_block = span->block;
	}
	span->block = BLOCK_NONE;
}

static void release_all(struct maps *maps, struct span *span)
{
	if (!span || !span->opened)
		return;
	release_all(maps, span->left);
	release_all(maps, span->right);
	release(maps, span);
	sum(span);
}

/* Makes all spans accessible; those that were not become parts of one new block of `stack`. */
static void open_all(struct maps *maps, struct span *span, uint32_t stack, uint32_t *block)
{
	if (!span || !span->closed)
		return;
	open_all(maps, span->left, stack, block);
	open_all(maps, span->right, stack, block);
	if (span->block == BLOCK_NONE) {
		if (*block == BLOCK_NONE)
			*block = new_block(maps, stack);
		span->block = *block;
		add_bytes(maps, *block, span->end - span->start);
	}
	sum(span);
}

/* ---- calls ---- */

static void unmap(struct maps *maps, uint64_t start, uint64_t end)
{
	struct span *spans = take(maps, start, end);

	release_all(maps, spans);
	free_spans(spans);
}

static void map(struct maps *maps, uint64_t start, uint64_t end, bool accessible, uint32_t stack)
{
	struct span *span;

	unmap(maps, start, end); /* MAP_FIXED, or an munmap that bypassed us */
	span = new_span(maps, start, end, BLOCK_NONE);
	if (accessible) {
		span->block = new_block(maps, stack);
		add_bytes(maps, span->block, end - start);
		sum(span);
	}
	put(maps, span, start);
}

static void protect(struct maps *maps, uint64_t start, uint64_t end, bool accessible, uint32_t stack)
{
	uint32_t block = BLOCK_NONE;
	struct span *spans;

	if (!differs(maps->root, start, end, accessible)) /* the common case must not cut spans to pieces */
		return;
	spans = take(maps, start, end);
	if (accessible)
		open_all(maps, spans, stack, &block);
	else
		release_all(maps, spans);
	put(maps, spans, start);
}

static void remap_out(struct maps *maps, uint32_t stream, uint64_t start, uint64_t end)
{
	/* mremap takes one mapping, so its parts are all alike; one that was never seen is taken as accessible. */
	bool accessible = !differs(maps->root, start, end, true);

	unmap(maps, start, end);
	for (size_t i = 0; i < maps->remap_count; i++)
		if (maps->remaps[i].stream == stream) {
			maps->remaps[i].accessible = accessible;
			return;
		}
	array_room(maps->remaps, maps->remap_count);
	maps->remaps[maps->remap_count++] = (struct remap){stream, accessible};
}

static void remap_in(struct maps *maps, uint32_t stream, uint64_t start, uint64_t end, uint32_t stack)
{
	bool accessible = true;

	for (size_t i = 0; i < maps->remap_count; i++)
		if (maps->remaps[i].stream == stream) {
			accessible = maps->remaps[i].accessible;
			maps->remaps[i] = maps->remaps[--maps->remap_count];
			break;
		}
	map(maps, start, end, accessible, stack);
}

bool maps_event(struct maps *maps, uint32_t stream, const struct trace_event *event)
{
	bool accessible = (event->detail & (PROT_READ | PROT_WRITE | PROT_EXEC)) != 0;
	uint64_t start = event->address, end;

	maps->now = event->tick;
	if (event->kind == TRACE_EVENT_ADVISE)
		return true;
	if (event->kind == TRACE_EVENT_BREAK) {
		if (event->address > ADDRESSES_END || event->size > ADDRESSES_END)
			return false;
		if (event->address > event->size)
			map(maps, event->size, event->address, true, event->stack);
		else if (event->address < event->size)
			unmap(maps, event->address, event->size);
		return true;
	}
	/* The kernel works on whole pages. */
	if (start % PAGE || event->size > ADDRESSES_END || start > UINT64_MAX - event->size - PAGE)
		return false;
	end = start + (event->size + PAGE - 1) / PAGE * PAGE;
	if (start == end && event->kind != TRACE_EVENT_REMAP_OUT) /* an old size of 0 duplicates a shared mapping */
		return event->kind == TRACE_EVENT_PROTECT;
	switch (event->kind) {
	case TRACE_EVENT_MAP:
		map(maps, start, end, accessible, event->stack);
		break;
	case TRACE_EVENT_UNMAP:
		unmap(maps, start, end);
		break;
	case TRACE_EVENT_PROTECT:
		protect(maps, start, end, accessible, event->stack);
		break;
	case TRACE_EVENT_REMAP_OUT:
		remap_out(maps, stream, start, end);
		break;
	case TRACE_EVENT_REMAP_IN:
		remap_in(maps, stream, start, end, event->stack);
		break;
	default:
		return false;
	}
	return true;
}

void maps_each(const struct maps *maps, void (*each)(void *context, uint32_t site, uint64_t birth, uint64_t bytes),
	void *context)
{
	for (size_t i = 0; i < maps->block_count; i++)
		if (maps->blocks[i].bytes)
			each(context, maps->blocks[i].site, maps->blocks[i].born, maps->blocks[i].bytes);
}

static void tell_spans(const struct maps *maps, const struct span *span, uint64_t start, uint64_t end, maps_teller *tell,
                       void *context)
{
	if (!span)
		return;
	if (span->start > start)
		tell_spans(maps, span->left, start, end, tell, context);
	if (span->end > start && span->start < end)
		tell(context, span->start > start ? span->start : start, span->end < end ? span->end : end,
		     span->block == BLOCK_NONE ? TRACE_STACK_NONE :
		     maps->sites->list[maps->blocks[span->block].site].stack);
	if (span->end < end)
		tell_spans(maps, span->right, start, end, tell, context);
}

void maps_tell(const struct maps *maps, uint64_t start, uint64_t end, maps_teller *tell, void *context)
{
	tell_spans(maps, maps->root, start, end, tell, context);
}
