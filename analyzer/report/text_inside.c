/* text_inside.c: how far what is told of the blocks inside a linear memory can be trusted; see text.h. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "report/abbreviate.h"
#include "report/escape.h"
#include "report/human.h"
#include "report/inside.h"
#include "report/text.h"
#include "util.h"

#define INDENT        7
#define FUNCTIONS_MOST 8          /* of an allocator */
#define NAME_MOST     44          /* columns of a function, if it can be said in as many */
#define REFUSED_MOST  3           /* stacks */

static void say(const struct page *page, enum style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void say(const struct page *page, enum style style, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = xvasprintf(format, arguments);
	va_end(arguments);
	fprintf(page->file, "%*s", INDENT, "");
	page_words(page, INDENT, INDENT + 2, style, text);
	free(text);
}

/* Adds " + 3.1 MiB in holes" to `text`, which it takes; nothing of nothing. */
static char *and_part(char *text, uint64_t bytes, const char *what)
{
	char *longer;

	if (!bytes)
		return text;
	longer = xasprintf("%s%s%s %s", text, *text ? " + " : "", BYTES(bytes), what);
	free(text);
	return longer;
}

static void say_parts(const struct page *page, const struct wasm_memory *memory)
{
	const struct wasm_heap *heap = memory->heap;
	const struct wasm_parts *parts = &heap->parts;
	char *live = xasprintf("in %s live %s", COUNT(heap->live_blocks), PLURAL(heap->live_blocks, "block", "blocks"));
	char *text = and_part(xstrdup(""), parts->live_bytes, live);

	text = and_part(text, parts->overhead_bytes, "that the allocator adds");
	text = and_part(text, parts->free_bytes, "in holes between blocks");
	text = and_part(text, parts->unused_bytes, "above them, unused");
	text = and_part(text, parts->static_bytes, parts->stack_known ? "of static data" : "of static data and stack");
	text = and_part(text, parts->stack_bytes, "of stack");
	text = and_part(text, parts->unattributed_bytes, "not attributed");
	say(page, STYLE_PLAIN, "Inside%s: %s = %s.", memory->died != UINT64_MAX ? " when it was freed" : "", text,
	    BYTES(memory->bytes));
	free(text);
	free(live);
}

/* How the figures were had. */
static void say_method(const struct page *page, const struct wasm_heap *heap)
{
	const char *layout = inside_layout(heap->parts.layout), *begins;

	begins = heap->parts.heap_known ? "the heap begins where the module says" :
	         "the heap is taken to begin at the lowest block that there ever was";
	if (layout)
		say(page, STYLE_DIM, "Blocks are told by its allocator, which adds to each what %s adds, as their "
		    "distances or its names say; %s.", layout, begins);
	else
		say(page, STYLE_DIM, "Blocks are told by its allocator, whose layout is not known: gaps of less than "
		    "32 B between blocks are taken for what it adds; %s.", begins);
}

static char *function_of(const struct wasm_watched *watched)
{
	char *escaped = escape_text(watched->name ? watched->name : watched->role);
	char *name = abbreviate(escaped, NAME_MOST), *text = xasprintf("%s [%" PRIu32 "]", name, watched->index);

	free(name);
	free(escaped);
	return text;
}

/* "malloc [4], free [5]" */
static char *list_functions(const struct wasm_watched **watched, size_t count)
{
	char *text = xstrdup(""), *longer;

	for (size_t i = 0; i < count && i < FUNCTIONS_MOST; i++) {
		char *function = function_of(watched[i]);

		longer = xasprintf("%s%s%s", text, i ? ", " : "", function);
		free(function);
		free(text);
		text = longer;
	}
	if (count > FUNCTIONS_MOST) {
		longer = xasprintf("%s and %s more", text, COUNT(count - FUNCTIONS_MOST));
		free(text);
		text = longer;
	}
	return text;
}

static void say_functions(const struct page *page, const struct process_info *info, const struct wasm_memory *memory)
{
	size_t count;
	const struct wasm_watched **watched = inside_watched(info, memory, &count);
	const char *why = inside_why(info, memory);
	uint64_t instances = inside_instances(info, memory);
	char *text = list_functions(watched, count);

	if (count) {
		char *reason = why ? escape_text(why) : NULL;
		char *times = instances > 1 ? xasprintf(", in %s instances", COUNT(instances)) : xstrdup("");

		say(page, STYLE_DIM, "Its allocator%s%s: %s%s.", reason ? ", found by " : "", reason ? reason : "",
		    text, times);
		free(times);
		free(reason);
	}
	free(text);
	free(watched);
}

/* What was told at first, by functions that turned out to be others. */
static void say_dropped(const struct page *page, const struct process_info *info, const struct wasm_memory *memory)
{
	const struct wasm_dropped *dropped = &memory->heap->dropped;
	uint64_t frees = dropped->frees + dropped->unknown_frees;
	size_t count;
	const struct wasm_watched **watched = inside_dropped(info, memory, &count);
	const char *why = inside_why_dropped(info, memory);
	char *text = list_functions(watched, count), *reason = why ? escape_text(why) : NULL;

	say(page, STYLE_BAD, "What was taken for its allocator is not: %s of %s %s of what it had not allocated. What it "
	    "told was dropped%s: %s%s%s%s.", COUNT(dropped->unknown_frees), COUNT(frees),
	    PLURAL(frees, "free was", "frees were"), dropped->all ? ", and its blocks are not known" : "",
	    count ? text : "functions that are not known", reason ? " (" : "", reason ? reason : "", reason ? ")" : "");
	free(reason);
	free(text);
	free(watched);
}

/* What does not fit together. */
static void say_doubts(const struct page *page, const struct wasm_heap *heap)
{
	if (!heap->unknown_frees && !heap->replaced && !heap->overlapping && !heap->outside)
		say(page, STYLE_GOOD, "%s", heap->frees ? "Every free has its block." : "Nothing in it was freed.");
	if (heap->unknown_frees)
		say(page, STYLE_BAD, "%s of %s %s of what nobody was seen to allocate: some of its allocator's "
		    "functions are not watched, or were not from the start.",
		    COUNT(heap->unknown_frees), COUNT(heap->frees + heap->unknown_frees),
		    PLURAL(heap->frees + heap->unknown_frees, "free was", "frees were"));
	if (heap->replaced)
		say(page, STYLE_BAD, "%s %s allocated where one was alive: a function that frees is not watched, or "
		    "all was freed at once.", COUNT(heap->replaced),
		    PLURAL(heap->replaced, "block was", "blocks were"));
	if (heap->overlapping)
		say(page, STYLE_BAD, "%s live %s within another: what is watched is not the allocator alone.",
		    COUNT(heap->overlapping), PLURAL(heap->overlapping, "block lies", "blocks lie"));
	if (heap->outside)
		say(page, STYLE_BAD, "%s live %s behind the memory's end: their sizes are wrong.", COUNT(heap->outside),
		    PLURAL(heap->outside, "block ends", "blocks end"));
}

static void say_refused(const struct page *page, struct view_process *process, const struct wasm_memory *memory)
{
	size_t count;
	struct inside_refused *rows = inside_refused(process->info, memory, &count);

	for (size_t i = 0; i < count && i < REFUSED_MOST; i++) {
		char *place = text_blame(process, rows[i].stack), *caller = text_caller(process, rows[i].stack);

		say(page, STYLE_BAD, "memory.grow was refused %s %s, by %s%s: to %s%s%s", COUNT(rows[i].count),
		    PLURAL(rows[i].count, "time", "times"), rows[i].count > 1 ? "up to " : "",
		    BYTES(rows[i].bytes), place, caller ? ", called by " : "",
		    caller ? caller : "");
		free(place);
		free(caller);
	}
	if (count > REFUSED_MOST)
		say(page, STYLE_BAD, "and more from %s other stacks", COUNT(count - REFUSED_MOST));
	free(rows);
}

void text_inside(const struct page *page, struct view_process *process, const struct wasm_memory *memory)
{
	const struct wasm_heap *heap = memory->heap;

	say_refused(page, process, memory);
	if (!heap)
		return;
	if (heap->dropped.until)
		say_dropped(page, process->info, memory);
	if (heap->dropped.all)
		return;
	if (heap->no_deaths) {
		say(page, STYLE_PLAIN, "Inside: %s %s were allocated. A collector in the module frees, which is not "
		    "told: what of them is alive is not known.", COUNT(heap->allocs),
		    PLURAL(heap->allocs, "block", "blocks"));
	} else {
		say_parts(page, memory);
		say_method(page, heap);
	}
	if (!heap->no_deaths)
		say_doubts(page, heap);
	say_functions(page, process->info, memory);
}

void text_unwatched(const struct page *page, const struct view *view)
{
	struct inside_stray stray = inside_stray(view);
	size_t count;
	struct inside_unwatched *rows = inside_unwatched(view, &count);

	if (stray.allocs || stray.unknown_frees)
		page_entry(page, "stray", STYLE_BAD, "%s blocks were told inside of no memory that is known, %s of them alive; "
		           "and %s frees", COUNT(stray.allocs), BYTES(stray.live_bytes), COUNT(stray.unknown_frees));
	for (size_t i = 0; i < count; i++) {
		char *sentence = inside_sentence(&rows[i]), *escaped = escape_text(sentence);

		page_entry(page, i ? "" : "not inside", STYLE_PLAIN, "%s", escaped);
		free(escaped);
		free(sentence);
	}
	free(rows);
}
