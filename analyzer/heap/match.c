/* match.c: see match.h. The hot path of reading is birth() and death(), with what they use of heap/space.h. */
#include "heap/match.h"

#include <stdlib.h>

#include "heap/cpu.h"
#include "heap/garbage.h"
#include "heap/history.h"
#include "heap/ledger.h"
#include "heap/logged.h"
#include "heap/maps.h"
#include "heap/objects.h"
#include "heap/pending.h"
#include "heap/sites.h"
#include "heap/space.h"
#include "heap/survivors.h"
#include "heap/told.h"
#include "heap/wasm.h"
#include "heap/wasm_heap.h"
#include "heap/workers.h"
#include "util.h"

#define LOOK_AHEAD 24            /* events whose slots are fetched before they are needed */

struct matcher {
	struct table live;       /* blocks of the heap that are alive */
	struct space heap;
	struct sites sites;
	uint32_t streams;        /* whose events these are */
	uint64_t next_instant;   /* an event later than this must wait for instant() */
	struct inherit *inherit; /* not owned */
	struct process_info *process; /* not owned */
	struct maps *maps;       /* owned */
	struct history *history; /* owned by the process in the end; NULL: nothing is measured */
	struct garbage *garbage; /* owned; NULL: no collection at the end */
	bool     garbage_dies;   /* it is under way */
	struct workers *workers; /* owned; NULL: none ended before the process did */
	struct wasm *wasm;       /* owned */
	struct wasm_heaps *wasm_heaps; /* owned; NULL: no block in a linear memory was told so far */
	struct objects *objects; /* owned; NULL: nobody looked for them */
	struct told *told;       /* owned; NULL: the program told nothing so far */
	struct pending *pending; /* owned; NULL until the leak instant, and if nothing waits for a finalizer */
	struct ledgers ledgers;
	uint64_t impossible;     /* events that make no sense */
};

static void instant(struct matcher *matcher, uint64_t tick);

/* Blocks lie beside each other in an address space. */
static inline bool is_possible(const struct matcher *matcher, const struct trace_event *event)
{
	return event->address - 1 < ADDRESSES_END - 1 && event->size <= ADDRESSES_END - event->address &&
	       matcher->sites.live_bytes <= ADDRESSES_END - event->size;
}

static inline void birth(struct matcher *matcher, uint32_t stream, const struct trace_event *event)
{
	struct block *block;
	bool existed;

	if (__builtin_expect(!is_possible(matcher, event), 0)) {
		matcher->impossible++;
		return;
	}
	ledgers_birth(&matcher->ledgers, event->address, event->size);
	if (__builtin_expect(matcher->inherit->open_count, 0))
		inherit_birth(matcher->inherit, event->address);
	block = space_birth(&matcher->heap, &matcher->live, stream, event, &existed);
	if (__builtin_expect(matcher->told && block, 0))
		told_moved_in(matcher->told, stream, event, block);
}

/* A death where nothing is alive. */
static void orphan(struct matcher *matcher, uint32_t stream, const struct trace_event *event)
{
	if (matcher->heap.teardown)
		matcher->heap.teardown_frees++;
	else if (event->address == 0)
		matcher->impossible++;
	else
		space_orphan(&matcher->heap, stream, event->address, event->tick);
}

static void unknown(void *context, uint64_t address)
{
	struct matcher *matcher = context;

	inherit_ask(matcher->inherit, address);
}

static inline void death(struct matcher *matcher, uint32_t stream, const struct trace_event *event)
{
	struct block *block = event->address ? table_find(&matcher->live, event->address) : NULL;

	if (__builtin_expect(!block, 0)) {
		orphan(matcher, stream, event);
		return;
	}
	if (__builtin_expect(block->owed, 0) && space_pays_debt(&matcher->heap, block, stream, event->tick))
		return;
	if (__builtin_expect(matcher->workers != NULL, 0) && !matcher->heap.teardown)
		workers_death(matcher->workers, stream, event->tick, block->site, block->tick, block->size);
	if (__builtin_expect(matcher->told != NULL, 0))
		told_moves_out(matcher->told, stream, event, block);
	space_death(&matcher->heap, block, stream);
	if (__builtin_expect(matcher->garbage_dies, 0))
		garbage_death(matcher->garbage, block->site, block->tick, event->tick, block->size);
	table_remove(&matcher->live, block);
}

/* A birth or death in a linear memory. */
static void inside(struct matcher *matcher, uint32_t stream, const struct trace_event *event)
{
	if (matcher->heap.teardown)
		return;
	if (!matcher->wasm_heaps)
		matcher->wasm_heaps = wasm_heaps_open(matcher->process, &matcher->sites, matcher->wasm, matcher->streams);
	if (!wasm_heaps_event(matcher->wasm_heaps, stream, event))
		matcher->impossible++;
}

/* What the program says of its blocks. */
static void told(struct matcher *matcher, uint32_t stream, const struct trace_event *event)
{
	if (matcher->heap.teardown)
		return;
	if (!matcher->told)
		matcher->told = told_open(matcher->process, &matcher->sites, matcher->streams);
	if (!told_event(matcher->told, &matcher->live, stream, event))
		matcher->impossible++;
}

static void mapping(struct matcher *matcher, uint32_t stream, const struct trace_event *event)
{
	if (event->kind == 0 || event->kind >= TRACE_EVENT_KINDS) {
		matcher->impossible++;
	} else if (!matcher->heap.teardown) {
		if (maps_event(matcher->maps, stream, event))
			wasm_event(matcher->wasm, stream, event);
		else
			matcher->impossible++;
	}
}

void matcher_events(void *context, uint32_t stream, const struct trace_event *events, size_t count, size_t behind)
{
	struct matcher *matcher = context;

	for (size_t i = 0; i < count; i++) {
		const struct trace_event *event = &events[i];

		if (i + LOOK_AHEAD < count + behind)
			table_prefetch(&matcher->live, events[i + LOOK_AHEAD].address);
		if (__builtin_expect(event->tick > matcher->next_instant, 0))
			instant(matcher, event->tick);
		matcher->sites.now = event->tick;
		switch (event->kind) {
		case TRACE_EVENT_ALLOC:
		case TRACE_EVENT_REALLOC_IN:
			if (__builtin_expect(trace_detail_is_wasm(event->detail), 0))
				inside(matcher, stream, event);
			else
				birth(matcher, stream, event);
			break;
		case TRACE_EVENT_FREE:
		case TRACE_EVENT_REALLOC_OUT:
			if (__builtin_expect(trace_detail_is_wasm(event->detail), 0))
				inside(matcher, stream, event);
			else
				death(matcher, stream, event);
			break;
		case TRACE_EVENT_TOLD:
		case TRACE_EVENT_TOLD_ALLOC:
			told(matcher, stream, event);
			break;
		case TRACE_EVENT_LOG:
			matcher->impossible += !logged_event(matcher->process, &matcher->sites, event);
			break;
		case TRACE_EVENT_CPU:
			matcher->impossible += !cpu_event(matcher->process, stream, event);
			break;
		default:
			mapping(matcher, stream, event);
		}
	}
}

/* ---- instants ---- */

static void schedule(struct matcher *matcher)
{
	uint64_t ending = matcher->process->header.ending_tick;

	matcher->next_instant = inherit_next(matcher->inherit);
	if (matcher->heap.teardown)
		return;
	if (ending && ending < matcher->next_instant)
		matcher->next_instant = ending;
	if (garbage_next(matcher->garbage) < matcher->next_instant)
		matcher->next_instant = garbage_next(matcher->garbage);
	if (history_next(matcher->history) < matcher->next_instant)
		matcher->next_instant = history_next(matcher->history);
	if (objects_next(matcher->objects) < matcher->next_instant)
		matcher->next_instant = objects_next(matcher->objects);
	if (ledgers_next(&matcher->ledgers) < matcher->next_instant)
		matcher->next_instant = ledgers_next(&matcher->ledgers);
}

static void leak_instant(struct matcher *matcher)
{
	garbage_complete(matcher->garbage);
	wasm_heaps_end(matcher->wasm_heaps);
	objects_end(matcher->objects, &matcher->live);
	matcher->pending = pending_take(matcher->process, &matcher->sites, matcher->wasm_heaps);
	survivors_take(matcher->process, &matcher->sites, matcher->history, &matcher->live, matcher->maps, matcher->wasm,
	               matcher->wasm_heaps, matcher->told, matcher->garbage);
	matcher->heap.teardown = true;
	matcher->garbage_dies = false;
}

/* Time goes past next_instant: the leak instant, one where growth is measured, a sample's, or a fork that begins or ends. */
static void instant(struct matcher *matcher, uint64_t tick)
{
	uint64_t ending = matcher->process->header.ending_tick;

	inherit_instant(matcher->inherit, tick, &matcher->live, &matcher->heap.pending);
	if (!matcher->heap.teardown) {
		history_instant(matcher->history, &matcher->sites, tick);
		objects_instant(matcher->objects, tick, &matcher->live);
		matcher->garbage_dies = garbage_instant(matcher->garbage, tick, &matcher->sites);
		wasm_collecting(matcher->wasm, matcher->garbage_dies);
		ledgers_instant(&matcher->ledgers, tick, &matcher->live, matcher->maps, &matcher->sites);
	}
	if (!matcher->heap.teardown && ending && tick > ending)
		leak_instant(matcher);
	schedule(matcher);
}

struct matcher *matcher_open(struct process_info *process, struct inherit *inherit, uint32_t streams)
{
	struct matcher *matcher = xcalloc(1, sizeof *matcher);

	matcher->process = process;
	matcher->inherit = inherit;
	matcher->streams = streams;
	table_init(&matcher->live);
	sites_init(&matcher->sites, process);
	space_open(&matcher->heap, DOMAIN_HEAP, &matcher->sites, streams, process->ns_per_tick);
	matcher->heap.unknown = unknown;
	matcher->heap.context = matcher;
	matcher->maps = maps_open(&matcher->sites);
	matcher->history = history_open(process);
	matcher->garbage = garbage_open(process);
	matcher->workers = workers_open(process, streams);
	matcher->objects = objects_open(process, &matcher->sites);
	matcher->wasm = wasm_open(process, &matcher->sites);
	ledgers_open(&matcher->ledgers, process);
	inherit_begin(inherit);
	schedule(matcher);
	return matcher;
}

static void add_totals(const struct space *heap, struct totals *totals)
{
	totals->repaired = heap->repaired;
	totals->teardown_allocs = heap->teardown_allocs;
	totals->teardown_frees = heap->teardown_frees;
}

void matcher_close(struct matcher *matcher, struct damage *damage)
{
	space_settle(&matcher->heap, UINT64_MAX);
	inherit_instant(matcher->inherit, UINT64_MAX, &matcher->live, &matcher->heap.pending);
	ledgers_instant(&matcher->ledgers, UINT64_MAX, &matcher->live, matcher->maps, &matcher->sites);
	ledgers_close(&matcher->ledgers);
	if (!matcher->heap.teardown)
		leak_instant(matcher);
	wasm_close(matcher->wasm);
	wasm_heaps_close(matcher->wasm_heaps, matcher->process);
	told_close(matcher->told, matcher->process);
	add_totals(&matcher->heap, &matcher->process->totals);
	churn_finish(matcher->process->churn, matcher->sites.count);
	sites_finish(&matcher->sites, matcher->process);
	for (size_t i = 0; i < matcher->process->site_count; i++) {
		struct site *site = &matcher->process->sites[i];

		site->garbage = garbage_of_site(matcher->garbage, site->history);
		site->held = workers_of_site(matcher->workers, site->history);
		site->pending = pending_of_site(matcher->pending, site->history);
		site->frees -= site->pending.blocks;
	}
	garbage_free(matcher->garbage);
	workers_free(matcher->workers);
	pending_free(matcher->pending);
	matcher->process->history = matcher->history;
	history_judge(matcher->process);
	objects_close(matcher->objects, matcher->process);
	wasm_judge(matcher->process);
	damage_some(damage, matcher->impossible, "events make no sense");
	if (matcher->process->cpu)
		matcher->sites.unknown_stacks += matcher->process->cpu->unknown_stacks;
	damage_some(damage, matcher->sites.unknown_stacks, "events name a stack that is not in the call tree");
	maps_close(matcher->maps);
	sites_free(&matcher->sites);
	table_free(&matcher->live);
	space_close(&matcher->heap);
	free(matcher);
}
