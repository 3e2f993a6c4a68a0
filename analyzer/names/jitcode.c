/* jitcode.c: sweeps over all codes once, in order of address, and keeps who is there; see jitcode.h. */
#include "names/jitcode.h"

#include <stdlib.h>
#include <string.h>

#include "trace/array.h"
#include "util.h"

struct jitcode_range {
	uint64_t  start, end;     /* addresses, end exclusive */
	struct cache_entry *name; /* of all that lay there; NULL: they have several */
	const struct jitcode *code; /* the one that lay there; NULL: there were several */
};

struct edge {                 /* where a code begins or ends */
	uint64_t  address;
	struct jitcode *code;
	bool      begins;
};

bool jitcodes_add(struct jitcodes *codes, uint64_t start, uint64_t size, const char *name, size_t name_size,
                  const struct jitcode_line *lines, size_t line_count)
{
	if (!name_size || name_size > JITCODE_MOST_NAME || memchr(name, '\0', name_size) || size > JITCODE_MOST_SIZE ||
	    start > UINT64_MAX - size || line_count > UINT32_MAX) {
		codes->damaged++;
		return false;
	}
	if (!size || codes->unusable)
		return true;
	if (codes->count == JITCODE_MOST_CODES) {
		codes->unusable = true;
		return true;
	}
	array_room(codes->codes, codes->count);
	codes->codes[codes->count++] = (struct jitcode){start, start + size, cache_at(&codes->names, name, name_size),
		lines, (uint32_t)line_count};
	return true;
}

void jitcodes_own(struct jitcodes *codes, struct jitcode_line *lines)
{
	array_room(codes->tables, codes->table_count);
	codes->tables[codes->table_count++] = lines;
}

static int by_address(const void *left, const void *right)
{
	const struct edge *a = left, *b = right;

	return (a->address > b->address) - (a->address < b->address);
}

/* Who is there now. Sums of pointers, so that when one is left it is known which. */
struct present {
	size_t    names, codes;   /* different names, codes */
	uintptr_t name_sum, code_sum; /* of their addresses */
};

static void step(struct present *present, const struct edge *edge)
{
	struct cache_entry *name = edge->code->name;
	uintptr_t here = (uintptr_t)name->value; /* codes of this name that are there now */

	present->codes += edge->begins ? 1 : (size_t)-1;
	present->code_sum += edge->begins ? (uintptr_t)edge->code : -(uintptr_t)edge->code;
	if (edge->begins && here == 0) {
		present->names++;
		present->name_sum += (uintptr_t)name;
	} else if (!edge->begins && here == 1) {
		present->names--;
		present->name_sum -= (uintptr_t)name;
	}
	name->value = (void *)(edge->begins ? here + 1 : here - 1);
}

static void add_range(struct jitcodes *codes, uint64_t start, uint64_t end, const struct present *present)
{
	struct jitcode_range range = {.start = start, .end = end};
	struct jitcode_range *last = codes->range_count ? &codes->ranges[codes->range_count - 1] : NULL;

	if (!present->codes || start == end)
		return;
	if (present->names == 1)
		range.name = (struct cache_entry *)present->name_sum;
	if (present->codes == 1)
		range.code = (const struct jitcode *)present->code_sum;
	if (last && last->end == start && last->name == range.name && last->code == range.code) {
		last->end = end;
		return;
	}
	array_room(codes->ranges, codes->range_count);
	codes->ranges[codes->range_count++] = range;
}

void jitcodes_build(struct jitcodes *codes)
{
	struct edge *edges = xcalloc(codes->count * 2, sizeof(*edges));
	struct present present = {0};

	for (size_t i = 0; i < codes->count; i++) {
		edges[2 * i] = (struct edge){codes->codes[i].start, &codes->codes[i], true};
		edges[2 * i + 1] = (struct edge){codes->codes[i].end, &codes->codes[i], false};
	}
	if (codes->count && !codes->unusable) {
		qsort(edges, codes->count * 2, sizeof(*edges), by_address);
		for (size_t i = 0; i < codes->count * 2; i++) {
			if (i)
				add_range(codes, edges[i - 1].address, edges[i].address, &present);
			step(&present, &edges[i]);
		}
	}
	free(edges);
}

void jitcodes_free(struct jitcodes *codes)
{
	for (size_t i = 0; i < codes->table_count; i++)
		free(codes->tables[i]);
	free(codes->tables);
	free(codes->ranges);
	free(codes->codes);
	cache_free(&codes->names, NULL);
	*codes = (struct jitcodes){0};
}

/* The last line that is at or before `offset`. */
static void find_line(const struct jitcode *code, uint64_t offset, struct jitcode_place *place)
{
	size_t low = 0, high = code->line_count; /* the first one after it is in [low, high] */

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (code->lines[middle].offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || !code->lines[low - 1].line)
		return;
	place->file = code->lines[low - 1].file;
	place->line = code->lines[low - 1].line;
}

enum jitcode_answer jitcodes_find(const struct jitcodes *codes, uint64_t address, struct jitcode_place *place)
{
	size_t low = 0, high = codes->range_count; /* the first one after it is in [low, high] */
	const struct jitcode_range *range;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (codes->ranges[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || codes->ranges[low - 1].end <= address)
		return JITCODE_NONE;
	range = &codes->ranges[low - 1];
	if (!range->name)
		return JITCODE_TWO;
	*place = (struct jitcode_place){.name = range->name->key};
	if (range->code)
		find_line(range->code, address - range->code->start, place);
	return JITCODE_ONE;
}
