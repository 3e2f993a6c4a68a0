/* inside.c: see inside.h. Reads the model. */
#include "report/inside.h"

#include <stdlib.h>
#include <string.h>

#include "report/human.h"
#include "util.h"

#define PAGE         65536ull
#define WATCHED_MOST 256u         /* functions of one memory, of all its modules */

/* ---- the functions of an allocator ---------------------------------------------------------------------------- */

static bool is_same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool is_known(const struct wasm_watched *const *list, size_t count, const struct wasm_watched *watched)
{
	for (size_t i = 0; i < count; i++)
		if (list[i]->index == watched->index && !strcmp(list[i]->role, watched->role) &&
		    is_same_text(list[i]->name, watched->name))
			return true;
	return false;
}

/* Does an instance tell of this memory, or did it, wrongly? */
static bool is_of(const struct wasm_told *told, const struct wasm_memory *memory, bool dropped)
{
	return told->memory == memory->id && (memory->heap && told->tick <= memory->heap->dropped.until) == dropped;
}

static const struct wasm_watched **watched_of(const struct process_info *info, const struct wasm_memory *memory,
                                              bool dropped, size_t *count)
{
	const struct wasm_watched **list = NULL;
	size_t most = 0;

	*count = 0;
	for (size_t i = 0; i < info->wasm_told_count; i++) {
		const struct wasm_told *told = &info->wasm_told[i];
		/* A worker's instance is mostly one of the same module. */
		bool repeats = i && told->record.module == told[-1].record.module && is_of(&told[-1], memory, dropped);

		if (!is_of(told, memory, dropped) || repeats)
			continue;
		most += told->watched_count;
		list = xreallocarray(list, most + 1, sizeof(*list));
		for (size_t w = 0; w < told->watched_count; w++)
			if (*count < WATCHED_MOST && !is_known(list, *count, &told->watched[w]))
				list[(*count)++] = &told->watched[w];
	}
	return list;
}

const struct wasm_watched **inside_watched(const struct process_info *info, const struct wasm_memory *memory,
                                           size_t *count)
{
	return watched_of(info, memory, false, count);
}

const struct wasm_watched **inside_dropped(const struct process_info *info, const struct wasm_memory *memory,
                                           size_t *count)
{
	return watched_of(info, memory, true, count);
}

static const char *why_of(const struct process_info *info, const struct wasm_memory *memory, bool dropped)
{
	for (size_t i = 0; i < info->wasm_told_count; i++)
		if (is_of(&info->wasm_told[i], memory, dropped) && *info->wasm_told[i].why)
			return info->wasm_told[i].why;
	return NULL;
}

const char *inside_why(const struct process_info *info, const struct wasm_memory *memory)
{
	return why_of(info, memory, false);
}

const char *inside_why_dropped(const struct process_info *info, const struct wasm_memory *memory)
{
	return why_of(info, memory, true);
}

uint64_t inside_instances(const struct process_info *info, const struct wasm_memory *memory)
{
	uint64_t count = 0;

	for (size_t i = 0; i < info->wasm_told_count; i++)
		count += is_of(&info->wasm_told[i], memory, false);
	return count;
}

const char *inside_layout(enum wasm_layout layout)
{
	static const char *const names[] = {
		[WASM_LAYOUT_UNKNOWN] = NULL, [WASM_LAYOUT_DLMALLOC] = "dlmalloc", [WASM_LAYOUT_EMMALLOC] = "emmalloc",
		[WASM_LAYOUT_TLSF] = "tlsf",
	};

	return names[layout];
}

/* ---- what was refused ----------------------------------------------------------------------------------------- */

static int by_stack(const void *left, const void *right)
{
	const struct inside_refused *a = left, *b = right;

	return (a->stack.index > b->stack.index) - (a->stack.index < b->stack.index);
}

static int by_count(const void *left, const void *right)
{
	const struct inside_refused *a = left, *b = right;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return by_stack(left, right);
}

struct inside_refused *inside_refused(const struct process_info *info, const struct wasm_memory *memory, size_t *count)
{
	struct inside_refused *rows = xcalloc(info->wasm_refused_count, sizeof(*rows));
	size_t all = 0;

	for (size_t i = 0; i < info->wasm_refused_count; i++) {
		const struct wasm_refused *refused = &info->wasm_refused[i];
		uint64_t pages = refused->record.pages;

		if (refused->memory == memory->id)
			rows[all++] = (struct inside_refused){
				{refused->record.stack}, refused->count,
				pages < UINT64_MAX / PAGE ? pages * PAGE : UINT64_MAX};
	}
	*count = 0;
	if (all)
		qsort(rows, all, sizeof(*rows), by_stack);
	for (size_t i = 0; i < all; i++) {
		struct inside_refused *into = *count ? &rows[*count - 1] : NULL;

		if (!into || into->stack.index != rows[i].stack.index) {
			rows[(*count)++] = rows[i];
			continue;
		}
		into->count += rows[i].count;
		into->bytes = rows[i].bytes > into->bytes ? rows[i].bytes : into->bytes;
	}
	if (*count)
		qsort(rows, *count, sizeof(*rows), by_count);
	return rows;
}

/* ---- where no memory is --------------------------------------------------------------------------------------- */

struct inside_stray inside_stray(const struct view *view)
{
	struct inside_stray sum = {0};

	for (size_t p = 0; p < view->process_count; p++) {
		const struct wasm_heap *stray = view->processes[p].info->wasm_stray;

		if (!stray)
			continue;
		sum.allocs += stray->allocs;
		sum.unknown_frees += stray->unknown_frees;
		sum.live_bytes += stray->live_bytes;
	}
	return sum;
}

/* ---- what is not watched -------------------------------------------------------------------------------------- */

static int by_why(const void *left, const void *right)
{
	const struct inside_unwatched *a = left, *b = right;

	return strcmp(a->why, b->why);
}

static int by_instances(const void *left, const void *right)
{
	const struct inside_unwatched *a = left, *b = right;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return by_why(left, right);
}

/* Others tell of that memory since. */
static bool is_told_since(const struct process_info *info, const struct wasm_unwatched *unwatched)
{
	for (size_t i = 0; unwatched->record.base && i < info->wasm_memory_count; i++)
		if (info->wasm_memories[i].id == unwatched->memory)
			return info->wasm_memories[i].heap && !info->wasm_memories[i].heap->dropped.all;
	return false;
}

struct inside_unwatched *inside_unwatched(const struct view *view, size_t *count)
{
	struct inside_unwatched *rows;
	size_t all = 0;

	for (size_t p = 0; p < view->process_count; p++)
		all += view->processes[p].info->wasm_unwatched_count;
	rows = xcalloc(all, sizeof(*rows));
	all = 0;
	for (size_t p = 0; p < view->process_count; p++)
		for (size_t i = 0; i < view->processes[p].info->wasm_unwatched_count; i++) {
			const struct wasm_unwatched *unwatched = &view->processes[p].info->wasm_unwatched[i];

			if (is_told_since(view->processes[p].info, unwatched))
				continue;
			rows[all++] = (struct inside_unwatched){
				unwatched->why, unwatched->count, unwatched->record.bytes};
		}
	*count = 0;
	if (all)
		qsort(rows, all, sizeof(*rows), by_why);
	for (size_t i = 0; i < all; i++) {
		struct inside_unwatched *into = *count ? &rows[*count - 1] : NULL;

		if (!into || strcmp(into->why, rows[i].why) != 0) {
			rows[(*count)++] = rows[i];
			continue;
		}
		into->count += rows[i].count;
		into->bytes = rows[i].bytes > into->bytes ? rows[i].bytes : into->bytes;
	}
	if (*count)
		qsort(rows, *count, sizeof(*rows), by_instances);
	return rows;
}

char *inside_sentence(const struct inside_unwatched *unwatched)
{
	const char *up_to = unwatched->count > 1 ? "up to " : "";
	const char *what = PLURAL(unwatched->count, "module", "modules");

	if (!unwatched->bytes)
		return xasprintf("%s %s: %s", COUNT(unwatched->count), what, unwatched->why);
	return xasprintf("%s %s, of %s%s: %s", COUNT(unwatched->count), what, up_to, BYTES(unwatched->bytes),
	                 unwatched->why);
}
