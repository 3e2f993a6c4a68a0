/*
 * wasm_parts.c: what the bytes of a linear memory are: the module's own data and stack, blocks, what the allocator adds
 * to each, holes, and what no block was ever in; see model.h. Every byte is counted once.
 *
 * What an allocator adds is known by its layout, and that by the distances of its blocks: where two lie side by side in
 * memory, the second begins exactly where the layout says that the first one ends. Of the layouts which no pair of
 * blocks contradicts the one that most pairs bear out is taken; without such a pair, what the names of the watched
 * functions say. Otherwise small gaps between blocks are taken for what the allocator adds.
 */
#include <stdlib.h>
#include <string.h>

#include "heap/wasm_heap.h"
#include "util.h"

#define SMALL_GAP   32u           /* bytes: smaller ones are no holes, where the layout is not known */
#define STACK_ROUND 65536u
#define CONTRADICT  100u          /* of so many pairs one may: events out of order */

struct placed { uint64_t pointer, size; }; /* a live block */

struct layout {                  /* of one allocator with addresses of `word` bytes */
	enum wasm_layout kind;
	unsigned head;           /* bytes before the block */
	unsigned adds;           /* to the size; the sum is rounded up … */
	unsigned align, least;   /* … to a multiple of this; and is no less than that */
};

static uint64_t chunk_of(const struct layout *layout, uint64_t size)
{
	uint64_t chunk;

	if (layout->kind == WASM_LAYOUT_UNKNOWN || size > UINT32_MAX * 4096ull)
		return size;
	chunk = (size + layout->adds + layout->align - 1) / layout->align * layout->align;
	return chunk < layout->least ? layout->least : chunk;
}

/* ---- which layout --------------------------------------------------------------------------------------------- */

/* The word that a watched function's name must have in it for a layout without evidence. */
static const char *const telling[][3] = {
	[WASM_LAYOUT_DLMALLOC] = {"dlmalloc", "__rust_", "__rdl_"}, [WASM_LAYOUT_EMMALLOC] = {"emmalloc", NULL, NULL},
	[WASM_LAYOUT_TLSF] = {"rt/tlsf", NULL, NULL},
};

static bool is_named(const struct wasm_told *told, enum wasm_layout kind)
{
	for (size_t i = 0; told && i < told->watched_count; i++)
		for (size_t w = 0; w < 3 && telling[kind][w]; w++)
			if (told->watched[i].name && strstr(told->watched[i].name, telling[kind][w]))
				return true;
	return false;
}

/*
 * AssemblyScript's TLSF takes as much for a block as dlmalloc does that aligns blocks to 16 (wasi-libc's): only names tell
 * them apart.
 */
static bool is_likely(const struct layout *layout, bool tlsf)
{
	return layout->align < 16 || (layout->kind == WASM_LAYOUT_TLSF) == tlsf;
}

/* How many pairs of neighbours bear the layout out; 0 if too many contradict it. */
static size_t bear_out(const struct layout *layout, const struct placed *blocks, size_t count, bool *contradicted)
{
	size_t exact = 0, against = 0;

	for (size_t i = 1; i < count; i++) {
		uint64_t end = blocks[i - 1].pointer + chunk_of(layout, blocks[i - 1].size);

		exact += end == blocks[i].pointer;
		against += end > blocks[i].pointer;
	}
	*contradicted = against * CONTRADICT > count;
	return *contradicted ? 0 : exact;
}

static struct layout find_layout(const struct placed *blocks, size_t count, const struct wasm_told *told)
{
	unsigned word = told && told->record.flags & TRACE_WASM_HEAP_WIDE ? 8 : 4;
	const struct layout layouts[] = {
		{WASM_LAYOUT_DLMALLOC, word, word, 2 * word, 4 * word},
		{WASM_LAYOUT_DLMALLOC, word, word, 16, 4 * word},
		{WASM_LAYOUT_EMMALLOC, word, 2 * word, 8, 2 * word + 8},
		{WASM_LAYOUT_TLSF, word, word, 16, 16},
	};
	struct layout best = {.kind = WASM_LAYOUT_UNKNOWN};
	size_t most = 0;

	for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
		bool contradicted;
		size_t pairs = bear_out(&layouts[i], blocks, count, &contradicted);

		if (!is_likely(&layouts[i], is_named(told, WASM_LAYOUT_TLSF)))
			continue;
		if (pairs > most || (!most && !contradicted && best.kind == WASM_LAYOUT_UNKNOWN &&
		                     is_named(told, layouts[i].kind))) {
			best = layouts[i];
			most = pairs;
		}
	}
	return best;
}

/* ---- below the heap ------------------------------------------------------------------------------------------- */

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t largest(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/*
 * The module's own, up to `first`, where the lowest block's chunk begins, or the memory's end if there never was a block.
 * Returns up to where all is attributed.
 */
static uint64_t own_parts(const struct wasm_memory *memory, const struct trace_wasm_heap *told, uint64_t first,
	struct wasm_parts *parts)
{
	bool empty = !memory->heap->allocs;
	uint64_t data_end = least(told->data_end, first), stack_top = least(told->stack_top, first);
	uint64_t end = largest(data_end, stack_top), gap;

	parts->heap_known = told->heap_base && told->heap_base <= first;
	if (parts->heap_known)
		end = largest(end, told->heap_base);
	if (stack_top && data_end) {
		/* Linkers put it either below the data or right above. */
		parts->stack_known = true;
		parts->stack_bytes = stack_top >= data_end ? stack_top - data_end : stack_top;
	} else if (stack_top && (told->data_bytes > stack_top || stack_top % STACK_ROUND == 0)) {
		/* Where the data is, is not told: a round number is the size of a stack that lies below it all. */
		parts->stack_known = true;
		parts->stack_bytes = stack_top;
	}
	/* Zeroed variables are in no segment; an allocator that only grows the memory leaves the rest of the first pages. */
	if (!empty && !parts->heap_known && first < memory->initial_bytes)
		end = first;
	else if (!empty && end < memory->initial_bytes && first >= memory->initial_bytes)
		end = memory->initial_bytes;
	parts->static_bytes = end - parts->stack_bytes;
	if (empty)
		return end;
	gap = first - end;
	if (gap < SMALL_GAP)
		parts->overhead_bytes += gap;
	else
		parts->unattributed_bytes += gap;
	return first;
}

/* ---- the heap ------------------------------------------------------------------------------------------------- */

struct sweep {
	const struct layout *layout;
	struct wasm_parts *parts;
	uint64_t at;             /* up to here all is attributed */
	uint64_t bytes;          /* of the memory */
};

/* All up to `to` that is not attributed yet is this. */
static void take(struct sweep *sweep, uint64_t to, uint64_t *part)
{
	to = least(to, sweep->bytes);
	if (to <= sweep->at)
		return;
	*part += to - sweep->at;
	sweep->at = to;
}

static void take_gap(struct sweep *sweep, uint64_t to)
{
	uint64_t hole = sweep->layout->kind == WASM_LAYOUT_UNKNOWN ? SMALL_GAP : sweep->layout->least;

	if (to > sweep->at)
		take(sweep, to, to - sweep->at < hole ? &sweep->parts->overhead_bytes : &sweep->parts->free_bytes);
}

static uint64_t above(uint64_t at, uint64_t more)
{
	return more > UINT64_MAX - at ? UINT64_MAX : at + more;
}

static uint64_t below(uint64_t at, uint64_t less)
{
	return less > at ? 0 : at - less;
}

static void sweep_blocks(struct sweep *sweep, struct wasm_heap *heap, const struct placed *blocks, size_t count)
{
	const struct layout *layout = sweep->layout;
	uint64_t reach = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t end = above(blocks[i].pointer, blocks[i].size), start = below(blocks[i].pointer, layout->head);
		uint64_t chunk_end = above(start, chunk_of(layout, blocks[i].size));

		heap->overlapping += blocks[i].pointer < reach;
		heap->outside += end > sweep->bytes;
		reach = largest(reach, end);
		take_gap(sweep, start);
		take(sweep, blocks[i].pointer, &sweep->parts->overhead_bytes);
		take(sweep, end, &sweep->parts->live_bytes);
		if (i + 1 < count)
			chunk_end = least(chunk_end, below(blocks[i + 1].pointer, layout->head));
		take(sweep, chunk_end, &sweep->parts->overhead_bytes);
	}
	if (heap->no_deaths)
		take(sweep, heap->highest, &sweep->parts->unattributed_bytes);
	else
		take_gap(sweep, heap->highest);
	take(sweep, sweep->bytes, &sweep->parts->unused_bytes);
}

static int by_pointer(const void *left, const void *right)
{
	const struct placed *a = left, *b = right;

	if (a->pointer != b->pointer)
		return a->pointer > b->pointer ? 1 : -1;
	return (a->size > b->size) - (a->size < b->size);
}

void wasm_parts_find(const struct wasm_memory *memory, const struct wasm_told *told)
{
	static const struct trace_wasm_heap nothing;
	struct wasm_heap *heap = memory->heap;
	struct placed *blocks = xcalloc(heap->live ? heap->live->count : 0, sizeof *blocks);
	struct sweep sweep = {.parts = &heap->parts, .bytes = memory->bytes};
	struct layout layout;
	size_t count = 0;

	for (size_t i = 0; heap->live && i <= heap->live->mask; i++)
		if (heap->live->slots[i].address)
			blocks[count++] = (struct placed){heap->live->slots[i].address - memory->base,
			                                  heap->live->slots[i].size};
	if (count)
		qsort(blocks, count, sizeof *blocks, by_pointer);
	layout = find_layout(blocks, count, told);
	heap->parts.layout = layout.kind;
	sweep.layout = &layout;
	sweep.at = own_parts(memory, told ? &told->record : &nothing,
	                     least(heap->allocs ? below(heap->lowest, layout.head) : memory->bytes, memory->bytes),
	                     &heap->parts);
	sweep_blocks(&sweep, heap, blocks, count);
	free(blocks);
}
