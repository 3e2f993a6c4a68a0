/*
 * ledger.c: see ledger.h. Each live block is laid over the ranges of place.h as malloc lays it out: a chunk, with its
 * header and rounded up. What of an arena is then left over is free and was not given back.
 */
#include "heap/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "heap/place.h"
#include "trace/array.h"

#define VISITS_MOST   (64ull << 20) /* of live blocks and the like, for samples nobody asked for; others: four times */
#define PIECES_MOST   1024         /* ranges that a block can reach into */
#define SMALL_PART    16384u       /* bytes below which a site's live blocks have no part of their own */
#define TOUCHED_MOST  (64ull << 30) /* bytes of all arenas up to which their pages are looked at */
#define ISOLATES_MOST 64           /* whose heaps are added up */
#define HEAPS_LOOKED_AT 1024       /* of what they said, from the last on */

/* glibc's malloc */
#define CHUNK_HEADER  16u          /* bytes before a block; its first half belongs to the chunk before */
#define CHUNK_ALIGN   16u
#define CHUNK_LEAST   32u
#define CHUNK_FREE    48u          /* what a free one keeps of its first page, to stand in its lists */

struct counting {
	const struct ledgers *ledgers;
	const struct sample *sample;
	const struct sites *sites;
	struct range *ranges; size_t range_count;
	uint64_t *live;          /* bytes resident, by site; owned */
	struct ledger *ledger;   /* to be filled */
	uint64_t touched;        /* pages of arenas that are looked at */
	bool     last;           /* of the process: what could be given back is looked for */
};

/* ---- live blocks ---- */

static void touch(struct counting *counting, struct range *range, uint64_t start, uint64_t end)
{
	uint64_t pages = (range->end - range->start) / TRACE_PAGE;

	if (!range->touched) {
		if (pages > TOUCHED_MOST / TRACE_PAGE - counting->touched)
			return;
		counting->touched += pages;
		range->touched = xcalloc(pages + 1, sizeof *range->touched);
	}
	end += CHUNK_FREE;
	if (end > range->end)
		end = range->end;
	range->touched[(start - range->start) / TRACE_PAGE]++;
	range->touched[(end - 1 - range->start) / TRACE_PAGE + 1]--;
}

static uint64_t lay_over(struct counting *counting, uint64_t start, uint64_t end)
{
	size_t at = ranges_from(counting->ranges, counting->range_count, start), pieces = 0;
	uint64_t live = 0;

	for (; at < counting->range_count && counting->ranges[at].start < end && pieces < PIECES_MOST; at++, pieces++) {
		struct range *range = &counting->ranges[at];
		uint64_t from = start > range->start ? start : range->start, to = end < range->end ? end : range->end;
		uint64_t resident;

		if (range->kind > RANGE_MAPPED)
			continue;
		if (range->kind == RANGE_ARENA && counting->last)
			touch(counting, range, from, to);
		resident = sample_resident(counting->sample, range->area, from, to);
		if (resident > range->resident - range->live)
			resident = range->resident - range->live;
		range->live += resident;
		live += resident;
	}
	return live;
}

static void count_block(struct counting *counting, const struct block *block)
{
	uint64_t size = block->size, start = block->address - CHUNK_HEADER, end, live;

	if (block->address < CHUNK_HEADER || size > 1ull << 47 || block->address > 1ull << 47)
		return;
	size = (size + CHUNK_HEADER / 2 + CHUNK_ALIGN - 1) & ~(uint64_t)(CHUNK_ALIGN - 1);
	end = start + (size < CHUNK_LEAST ? CHUNK_LEAST : size);
	/* One that is a mapping of its own goes on to the end of the page. */
	if (start % TRACE_PAGE == 0 && block->size >= SMALL_BYTES)
		end = (end + CHUNK_HEADER / 2 + TRACE_PAGE - 1) & ~(uint64_t)(TRACE_PAGE - 1);
	live = lay_over(counting, start, end);
	if (block->site < counting->sites->count)
		counting->live[block->site] += live;
}

static void count_blocks(struct counting *counting, const struct table *live)
{
	for (size_t i = 0; i <= live->mask; i++)
		if (live->slots[i].address)
			count_block(counting, &live->slots[i]);
}

/*
 * Whole pages that are resident and that no live chunk touches, but for those above the last chunk of a thread's arena:
 * malloc_trim leaves them alone.
 */
static uint64_t trimmable(const struct counting *counting, const struct range *range)
{
	uint64_t pages = (range->end - range->start) / TRACE_PAGE, bytes = 0, above = 0, page = range->start, end;
	int64_t chunks = 0;

	if (!range->touched)
		return 0;
	for (uint64_t i = 0, next; i < pages; i = next, page = end) {
		/* Where nothing begins or ends all pages are alike. */
		chunks += range->touched[i];
		for (next = i + 1; next < pages && !range->touched[next]; next++)
			;
		end = page + (next - i) * TRACE_PAGE;
		if (chunks > 0) {
			above = 0;
		} else {
			above = sample_resident(counting->sample, range->area, page, end);
			bytes += above;
		}
	}
	return range->arena ? bytes - above : bytes;
}

/* ---- parts ---- */

static struct ledger_part *part_add(struct ledger *ledger, enum ledger_kind kind, uint64_t bytes)
{
	array_room(ledger->parts, ledger->part_count);
	ledger->parts[ledger->part_count] = (struct ledger_part){.kind = kind, .bytes = bytes};
	return &ledger->parts[ledger->part_count++];
}

static void range_part(struct counting *counting, const struct range *range)
{
	struct ledger *ledger = counting->ledger;
	uint64_t rest = range->resident - range->live;
	struct ledger_part *part;

	if (!rest || range->kind == RANGE_UNKNOWN)
		return;
	switch (range->kind) {
	case RANGE_ARENA:
		part = part_add(ledger, counting->ledgers->process->forked ? LEDGER_INHERITED : LEDGER_RETAINED, rest);
		part->name = range->arena ? xasprintf("arena at 0x%llx", (unsigned long long)range->arena)
		                          : xstrdup("main arena");
		part->trimmable = counting->ledgers->process->forked ? 0 : trimmable(counting, range);
		break;
	case RANGE_MAPPED:
		part = part_add(ledger, LEDGER_MAPPED, rest);
		part->stack.index = range->stack;
		part->executable = range->area->protection & 4;
		break;
	case RANGE_FILE:
		part_add(ledger, LEDGER_FILE, rest)->name = xstrdup(range->file);
		break;
	case RANGE_STACK:
		part_add(ledger, LEDGER_STACKS, rest);
		break;
	default:
		part_add(ledger, LEDGER_PROBE, rest);
	}
}

/* The call of malloc and the function that it is in: enough to tell whose blocks they are. */
struct call { uint64_t addresses[2], bytes; uint32_t stack; };

static struct call call_of(const struct process_info *process, uint32_t stack, uint64_t bytes)
{
	struct call call = {.bytes = bytes, .stack = stack};

	for (int i = 0; i < 2 && stack >= TRACE_FIRST_NODE && stack - TRACE_FIRST_NODE < process->node_count; i++) {
		call.addresses[i] = process->nodes[stack - TRACE_FIRST_NODE].address;
		stack = process->nodes[stack - TRACE_FIRST_NODE].parent;
	}
	return call;
}

static int by_call(const void *left, const void *right)
{
	return memcmp(((const struct call *)left)->addresses, ((const struct call *)right)->addresses,
	              sizeof(((const struct call *)left)->addresses));
}

static void live_parts(struct counting *counting)
{
	struct call *calls = xcalloc(counting->sites->count + 1, sizeof *calls);
	uint64_t rest = 0;
	size_t count = 0;

	for (size_t i = 0; i < counting->sites->count; i++)
		if (counting->live[i])
			calls[count++] = call_of(counting->ledgers->process, counting->sites->list[i].stack,
			                         counting->live[i]);
	qsort(calls, count, sizeof *calls, by_call);
	for (size_t i = 0, next; i < count; i = next) {
		uint64_t bytes = 0;

		for (next = i; next < count && by_call(&calls[i], &calls[next]) == 0; next++)
			bytes += calls[next].bytes;
		if (bytes >= SMALL_PART)
			part_add(counting->ledger, LEDGER_LIVE, bytes)->stack.index = calls[i].stack;
		else
			rest += bytes;
	}
	if (rest)
		part_add(counting->ledger, LEDGER_LIVE, rest);
	free(calls);
}

static int by_key(const void *left, const void *right)
{
	const struct ledger_part *a = left, *b = right;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	/* A mapping's site is the function that mapped it, once that is known; stacks lead there in many ways. */
	if (a->stack.index != b->stack.index && !(a->name && b->name))
		return a->stack.index < b->stack.index ? -1 : 1;
	if (a->executable != b->executable)
		return a->executable ? 1 : -1;
	return strcmp(a->name ? a->name : "", b->name ? b->name : "");
}

static int by_bytes(const void *left, const void *right)
{
	const struct ledger_part *a = left, *b = right;

	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	return by_key(left, right);
}

void ledger_join(struct ledger *ledger)
{
	size_t kept = 0;

	if (!ledger->part_count)
		return;
	qsort(ledger->parts, ledger->part_count, sizeof *ledger->parts, by_key);
	for (size_t i = 1; i < ledger->part_count; i++) {
		struct ledger_part *last = &ledger->parts[kept], *part = &ledger->parts[i];

		if (by_key(last, part) == 0) {
			last->bytes += part->bytes;
			last->trimmable += part->trimmable;
			free(part->name);
		} else {
			ledger->parts[++kept] = *part;
		}
	}
	ledger->part_count = kept + 1;
	qsort(ledger->parts, ledger->part_count, sizeof *ledger->parts, by_bytes);
}

/* ---- ledgers ---- */

/* How many of `count` entries, which are sorted by tick, are not after `tick`. */
#define COUNT_UNTIL(entries, count, until) \
	((count) ? count_until(&(entries)->tick, sizeof *(entries), count, until) : 0)

static size_t count_until(const uint64_t *first, size_t stride, size_t count, uint64_t until)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (*(const uint64_t *)((const char *)first + middle * stride) <= until)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static char *name_instant(const struct process_info *process, const struct sample *sample)
{
	size_t i;

	if (sample->head.reason == TRACE_SAMPLE_END)
		return xstrdup("exit");
	if (sample->head.reason == TRACE_SAMPLE_PEAK)
		return xstrdup("peak");
	if (sample->head.reason != TRACE_SAMPLE_MARK)
		return xstrdup("");
	i = COUNT_UNTIL(process->marks, process->mark_count, sample->tick);
	return xstrdup(i ? process->marks[i - 1].label : "");
}

static bool has_ended(const struct process_info *process, uint32_t isolate, uint64_t tick)
{
	for (size_t i = 0; i < process->runtime_count; i++)
		if (process->runtimes[i].isolate == isolate && process->runtimes[i].state == TRACE_RUNTIME_ENDED &&
		    process->runtimes[i].tick <= tick)
			return true;
	return false;
}

/* What each isolate said last. */
static uint64_t runtime_used(const struct process_info *process, uint64_t tick)
{
	uint32_t seen[ISOLATES_MOST];
	size_t count = 0, at = COUNT_UNTIL(process->runtime_heaps, process->runtime_heap_count, tick);
	uint64_t used = 0;

	for (size_t looked = 0; at && looked < HEAPS_LOOKED_AT && count < ISOLATES_MOST; looked++) {
		const struct trace_runtime_heap *heap = &process->runtime_heaps[--at].record;
		size_t i = 0;

		while (i < count && seen[i] != heap->isolate)
			i++;
		if (i < count)
			continue;
		seen[count++] = heap->isolate;
		if (!has_ended(process, heap->isolate, tick))
			used += heap->used;
	}
	return used;
}

static void make_ledger(struct ledgers *ledgers, const struct sample *sample, const struct table *live,
                        const struct maps *maps, const struct sites *sites)
{
	struct process_info *process = ledgers->process;
	struct counting counting = {.ledgers = ledgers, .sample = sample, .sites = sites,
	                            .last = ledgers->next + 1 == ledgers->count};
	uint64_t resident = 0, explained = 0;

	array_room(process->ledgers, process->ledger_count);
	counting.ledger = &process->ledgers[process->ledger_count++];
	*counting.ledger = (struct ledger){.tick = sample->tick, .reason = sample->head.reason,
	                                   .at = name_instant(process, sample),
	                                   .runtime_used = runtime_used(process, sample->tick)};
	counting.ranges = ranges_make(ledgers, sample, maps, &counting.range_count);
	counting.live = xcalloc(sites->count + 1, sizeof *counting.live);
	count_blocks(&counting, live);
	for (size_t i = 0; i < counting.range_count; i++) {
		resident += counting.ranges[i].resident;
		range_part(&counting, &counting.ranges[i]);
	}
	live_parts(&counting);
	for (size_t i = 0; i < counting.ledger->part_count; i++)
		explained += counting.ledger->parts[i].bytes;
	/* The kernel's count was read a moment before the mappings. */
	counting.ledger->rss_bytes = sample->head.rss > resident ? sample->head.rss : resident;
	counting.ledger->unexplained_bytes = counting.ledger->rss_bytes - explained;
	ledger_join(counting.ledger);
	ranges_free(counting.ranges, counting.range_count);
	free(counting.live);
}

static bool is_wanted(struct ledgers *ledgers, const struct sample *sample, const struct table *live,
                      const struct sites *sites)
{
	bool asked = sample->head.reason == TRACE_SAMPLE_MARK;
	bool last = ledgers->next + 1 == ledgers->count || sample->head.reason == TRACE_SAMPLE_END;

	if (!last && ledgers->visits > VISITS_MOST * (asked ? 4 : 1))
		return false;
	ledgers->visits += live->mask + 1 + sites->count + sample->area_count + ledgers->process->module_count;
	return true;
}

void ledgers_instant(struct ledgers *ledgers, uint64_t tick, const struct table *live, const struct maps *maps,
                     const struct sites *sites)
{
	for (; ledgers_next(ledgers) < tick; ledgers->next++) {
		const struct sample *sample = &ledgers->process->samples[ledgers->next];

		if (is_wanted(ledgers, sample, live, sites))
			make_ledger(ledgers, sample, live, maps, sites);
	}
}

void ledgers_open(struct ledgers *ledgers, struct process_info *process)
{
	uint64_t ending = process->header.ending_tick;

	*ledgers = (struct ledgers){.process = process, .count = process->sample_count};
	/* What was sampled while the program was torn down is of no interest. */
	while (ending && ledgers->count && process->samples[ledgers->count - 1].tick > ending)
		ledgers->count--;
	/* Nor what another thread sampled behind the look at the end, before that end was noted. */
	for (size_t i = 0; ending && i < ledgers->count; i++)
		if (process->samples[i].head.reason == TRACE_SAMPLE_END)
			ledgers->count = i + 1;
	if (ledgers->count)
		ledgers->heaps = xcalloc(HEAPS / 64, sizeof *ledgers->heaps);
}

void ledgers_close(struct ledgers *ledgers)
{
	const struct process_info *process = ledgers->process;
	struct ledger *last = process->ledger_count ? &process->ledgers[process->ledger_count - 1] : NULL;
	bool killed = process->end == END_KILLED || process->end == END_SIGNAL;

	/* It may have been too short for a look at its end. */
	if (last && last->reason != TRACE_SAMPLE_END && (killed || last->reason != TRACE_SAMPLE_MARK)) {
		free(last->at);
		last->at = xstrdup(killed ? "killed" : "last");
	}
	free(ledgers->heaps);
	*ledgers = (struct ledgers){0};
}

void ledger_free(struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->part_count; i++)
		free(ledger->parts[i].name);
	free(ledger->parts);
	free(ledger->at);
}

void ledgers_free(struct process_info *process)
{
	for (size_t i = 0; i < process->ledger_count; i++)
		ledger_free(&process->ledgers[i]);
	free(process->ledgers);
}
