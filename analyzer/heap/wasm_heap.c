/* wasm_heap.c: see wasm_heap.h. */
#include "heap/wasm_heap.h"

#include <stdlib.h>

#include "heap/space.h"
#include "util.h"

struct wasm_heaps {
	struct space space;      /* of all memories: an address is in one of them only */
	struct process_info *process; /* not owned */
	struct wasm *wasm;       /* not owned */
};

/* ---- whose a record is ---------------------------------------------------------------------------------------- */

static int by_base(const void *left, const void *right)
{
	const struct wasm_told *a = left, *b = right;

	if (a->record.base != b->record.base)
		return a->record.base > b->record.base ? 1 : -1;
	return (a->tick > b->tick) - (a->tick < b->tick);
}

/* The first instance of the memory that was told since then; NULL: none was. */
static const struct wasm_told *first_told(const struct process_info *process, const struct wasm_memory *memory,
	uint64_t since)
{
	const struct wasm_told wanted = {.record = {.base = memory->base}, .tick = since}, *told;
	size_t low = 0, high = process->wasm_told_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_base(&process->wasm_told[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	told = low < process->wasm_told_count ? &process->wasm_told[low] : NULL;
	return told && told->record.base == memory->base && told->tick <= memory->died ? told : NULL;
}

/* The tick until which what was told of the memory was wrong; 0: nothing was. */
static uint64_t wrong_until(const struct process_info *process, const struct wasm_memory *memory)
{
	uint64_t until = 0;

	for (size_t i = 0; i < process->wasm_unwatched_count; i++) {
		const struct wasm_unwatched *unwatched = &process->wasm_unwatched[i];

		if (unwatched->record.base && unwatched->record.base == memory->base && unwatched->tick >= memory->born &&
		    unwatched->tick <= memory->died && unwatched->tick > until)
			until = unwatched->tick;
	}
	return until;
}

static int by_place(const void *left, const void *right)
{
	const struct wasm_memory *a = *(struct wasm_memory *const *)left, *b = *(struct wasm_memory *const *)right;

	if (a->base != b->base)
		return a->base > b->base ? 1 : -1;
	return (a->born > b->born) - (a->born < b->born);
}

/* The memory that had its byte 0 here then, among those in order of place; NULL: none. */
static struct wasm_memory *memory_then(struct wasm_memory *const *memories, size_t count, uint64_t base, uint64_t tick)
{
	size_t low = 0, high = count;

	while (low < high) { /* the first that lies further up, or was born later */
		size_t middle = low + (high - low) / 2;

		if (memories[middle]->base < base || (memories[middle]->base == base && memories[middle]->born <= tick))
			low = middle + 1;
		else
			high = middle;
	}
	return low && memories[low - 1]->base == base && memories[low - 1]->died >= tick ? memories[low - 1] : NULL;
}

static void attach(struct process_info *process)
{
	struct wasm_memory **memories = xcalloc(process->wasm_memory_count, sizeof(struct wasm_memory *)), *memory;
	size_t count = process->wasm_memory_count;

	for (size_t i = 0; i < count; i++)
		memories[i] = &process->wasm_memories[i];
	if (count)
		qsort(memories, count, sizeof(struct wasm_memory *), by_place);
	for (size_t i = 0; i < process->wasm_told_count; i++) {
		struct wasm_told *told = &process->wasm_told[i];

		memory = memory_then(memories, count, told->record.base, told->tick);
		told->memory = memory ? memory->id : 0;
		if (memory && !memory->heap) {
			memory->heap = xcalloc(1, sizeof *memory->heap);
			memory->heap->dropped.until = wrong_until(process, memory);
		}
		if (memory && told->record.flags & TRACE_WASM_HEAP_NO_DEATHS)
			memory->heap->no_deaths = true;
	}
	for (size_t i = 0; i < process->wasm_refused_count; i++) {
		struct wasm_refused *refused = &process->wasm_refused[i];

		memory = memory_then(memories, count, refused->record.base, refused->tick);
		refused->memory = memory ? memory->id : 0;
	}
	for (size_t i = 0; i < process->wasm_unwatched_count; i++) {
		struct wasm_unwatched *unwatched = &process->wasm_unwatched[i];

		memory = memory_then(memories, count, unwatched->record.base, unwatched->tick);
		unwatched->memory = memory ? memory->id : 0;
	}
	free(memories);
}

/* ---- events --------------------------------------------------------------------------------------------------- */

/* That of the memory, or of blocks in none. */
static struct wasm_heap *heap_of(struct wasm_heaps *heaps, struct wasm_memory *memory)
{
	struct wasm_heap **heap = memory ? &memory->heap : &heaps->process->wasm_stray;
	const struct wasm_told *told;

	if (__builtin_expect(*heap != NULL, 1))
		return *heap;
	*heap = xcalloc(1, sizeof **heap);
	(*heap)->lowest = UINT64_MAX;
	told = memory ? first_told(heaps->process, memory, memory->born) : NULL;
	(*heap)->dropped.until = memory ? wrong_until(heaps->process, memory) : 0;
	(*heap)->module = told ? told->record.module : 0;
	if (told && (*heap)->dropped.until)
		told = first_told(heaps->process, memory, (*heap)->dropped.until);
	(*heap)->no_deaths = told && told->record.flags & TRACE_WASM_HEAP_NO_DEATHS;
	return *heap;
}

static void unknown(void *context, uint64_t address)
{
	struct wasm_heaps *heaps = context;

	heap_of(heaps, wasm_at(heaps->wasm, address))->unknown_frees++;
}

static void free_table(struct table **table)
{
	if (*table)
		table_free(*table);
	free(*table);
	*table = NULL;
}

static void free_tables(struct wasm_heap *heap)
{
	free_table(&heap->live);
	free_table(&heap->wrong);
}

/* What is alive, and where. */
static void sum_up(const struct process_info *process, const struct wasm_memory *memory, struct wasm_heap *heap)
{
	for (size_t i = 0; heap->live && i <= heap->live->mask; i++)
		if (heap->live->slots[i].address) {
			heap->live_blocks++;
			heap->live_bytes += heap->live->slots[i].size;
		}
	heap->dropped.all = heap->dropped.until && !heap->allocs && !heap->unknown_frees;
	if (memory && !heap->dropped.all)
		wasm_parts_find(memory, first_told(process, memory, heap->dropped.until ? heap->dropped.until : memory->born));
}

/* The memory is about to be gone, with all that is in it. */
static void dies(void *context, struct wasm_memory *memory)
{
	struct wasm_heaps *heaps = context;
	struct wasm_heap *heap = memory->heap;

	space_settle(&heaps->space, UINT64_MAX);
	sum_up(heaps->process, memory, heap);
	for (size_t i = 0; heap->live && i <= heap->live->mask; i++) {
		const struct block *block = &heap->live->slots[i];

		if (block->address)
			space_count_death(&heaps->space, block, false);
	}
	free_tables(heap);
}

struct wasm_heaps *wasm_heaps_open(struct process_info *process, struct sites *sites, struct wasm *wasm,
	uint32_t streams)
{
	struct wasm_heaps *heaps = xcalloc(1, sizeof *heaps);

	heaps->process = process;
	heaps->wasm = wasm;
	space_open(&heaps->space, DOMAIN_WASM_HEAP, sites, streams, process->ns_per_tick);
	heaps->space.unknown = unknown;
	heaps->space.context = heaps;
	if (process->wasm_told_count)
		qsort(process->wasm_told, process->wasm_told_count, sizeof *process->wasm_told, by_base);
	wasm_on_death(wasm, dies, heaps);
	return heaps;
}

static void birth(struct wasm_heaps *heaps, struct wasm_heap *heap, uint64_t base, uint32_t stream,
	const struct trace_event *event)
{
	uint64_t pointer = event->address - base;
	bool existed = false;

	heap->allocs++;
	if (pointer < heap->lowest)
		heap->lowest = pointer;
	if (event->size <= UINT64_MAX - pointer && pointer + event->size > heap->highest)
		heap->highest = pointer + event->size;
	if (heap->no_deaths) {
		struct block block = {.address = event->address, .size = event->size, .tick = event->tick,
		                      .stream = stream & 0xffffff,
		                      .site = site_of(heaps->space.sites, DOMAIN_WASM_HEAP, event->stack)};

		space_count_birth(&heaps->space, &block);
		space_count_death(&heaps->space, &block, false);
		churn_ageless(heaps->space.sites->churn, DOMAIN_WASM_HEAP, &block);
		return;
	}
	if (!heap->live) {
		heap->live = xmalloc(sizeof *heap->live);
		table_init(heap->live);
	}
	if (!space_birth(&heaps->space, heap->live, stream, event, &existed))
		heap->frees++;
	heap->replaced += existed;
	heap->frees += existed;
}

static void death(struct wasm_heaps *heaps, struct wasm_heap *heap, uint32_t stream, const struct trace_event *event)
{
	struct block *block = heap->live ? table_find(heap->live, event->address) : NULL;

	if (heap->no_deaths)
		return;
	if (!block) {
		heap->replaced -= space_orphan(&heaps->space, stream, event->address, event->tick);
		return;
	}
	if (block->owed && space_pays_debt(&heaps->space, block, stream, event->tick)) {
		heap->replaced--;
		return;
	}
	space_death(&heaps->space, block, stream);
	heap->frees++;
	table_remove(heap->live, block);
}

/* An event that was told wrongly: by one thread alone, in its order. */
static void drop(struct wasm_heap *heap, const struct trace_event *event)
{
	bool birth = event->kind == TRACE_EVENT_ALLOC || event->kind == TRACE_EVENT_REALLOC_IN, existed;
	struct block *block;

	if (!heap->wrong) {
		heap->wrong = xmalloc(sizeof *heap->wrong);
		table_init(heap->wrong);
	}
	block = birth ? table_insert(heap->wrong, event->address, &existed) : table_find(heap->wrong, event->address);
	heap->dropped.allocs += birth;
	heap->dropped.frees += !birth && block;
	heap->dropped.unknown_frees += !birth && !block;
	if (!birth && block)
		table_remove(heap->wrong, block);
}

bool wasm_heaps_event(struct wasm_heaps *heaps, uint32_t stream, const struct trace_event *event)
{
	struct wasm_memory *memory;
	struct wasm_heap *heap;

	if (event->address == 0)
		return false;
	memory = wasm_at(heaps->wasm, event->address);
	heap = heap_of(heaps, memory);
	heap->used = event->tick;
	if (__builtin_expect(event->tick <= heap->dropped.until, 0)) {
		drop(heap, event);
		return true;
	}
	if (event->kind == TRACE_EVENT_ALLOC || event->kind == TRACE_EVENT_REALLOC_IN)
		birth(heaps, heap, memory ? memory->base : 0, stream, event);
	else
		death(heaps, heap, stream, event);
	return true;
}

/* ---- the leak instant ----------------------------------------------------------------------------------------- */

void wasm_heaps_end(struct wasm_heaps *heaps)
{
	if (heaps)
		space_settle(&heaps->space, UINT64_MAX);
}

struct visit {                   /* of the memories that are alive */
	void   (*each)(void *context, uint32_t site, uint64_t birth, uint64_t bytes);
	void    *context;
};

static void visit_blocks(const struct visit *visit, const struct wasm_heap *heap)
{
	for (size_t i = 0; heap && heap->live && i <= heap->live->mask; i++)
		if (heap->live->slots[i].address)
			visit->each(visit->context, heap->live->slots[i].site, heap->live->slots[i].tick,
			            heap->live->slots[i].size);
}

static void visit_memory(void *context, const struct wasm_memory *memory)
{
	visit_blocks(context, memory->heap);
}

void wasm_heaps_each(const struct wasm_heaps *heaps,
	void (*each)(void *context, uint32_t site, uint64_t birth, uint64_t bytes), void *context)
{
	struct visit visit = {.each = each, .context = context};

	if (!heaps)
		return;
	wasm_each_memory(heaps->wasm, visit_memory, &visit);
	visit_blocks(&visit, heaps->process->wasm_stray);
}

void wasm_heaps_each_memory(const struct wasm_heaps *heaps, void (*each)(void *context, const struct wasm_memory *memory),
	void *context)
{
	wasm_each_memory(heaps->wasm, each, context);
}

/* ---- afterwards ----------------------------------------------------------------------------------------------- */

void wasm_heaps_close(struct wasm_heaps *heaps, struct process_info *process)
{
	if (!heaps && process->wasm_told_count)
		qsort(process->wasm_told, process->wasm_told_count, sizeof *process->wasm_told, by_base);
	attach(process);
	for (size_t i = 0; i < process->wasm_memory_count; i++) {
		struct wasm_memory *memory = &process->wasm_memories[i];

		if (!memory->heap || memory->died != UINT64_MAX)
			continue;
		sum_up(process, memory, memory->heap);
		free_tables(memory->heap);
	}
	if (process->wasm_stray) {
		sum_up(process, NULL, process->wasm_stray);
		free_tables(process->wasm_stray);
	}
	if (!heaps)
		return;
	space_close(&heaps->space);
	free(heaps);
}
