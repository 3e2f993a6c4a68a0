/* text_wasm.c: linear memories, and the stacks that made them grow; see text.h. */
#include <stdlib.h>
#include <string.h>

#include "heap/verdict.h"
#include "report/escape.h"
#include "report/human.h"
#include "report/text.h"
#include "util.h"

#define STACKS_EACH 3             /* of a memory at most; of all together as many as are asked for */
#define POINTS_MOST 6             /* sizes at marks */
#define LIKELY 0.8                /* confidence that a trend is told with */

struct row {
	struct view_process *process;
	const struct wasm_memory *memory;
};

/* What is alive comes first, of that what is larger. */
static int by_bytes(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	bool a_freed = a->memory->died != UINT64_MAX, b_freed = b->memory->died != UINT64_MAX;

	if (a_freed != b_freed)
		return a_freed ? 1 : -1;
	if (a->memory->bytes != b->memory->bytes)
		return a->memory->bytes > b->memory->bytes ? -1 : 1;
	if (a->process != b->process)
		return a->process > b->process ? 1 : -1;
	return (a->memory->id > b->memory->id) - (a->memory->id < b->memory->id);
}

static void print_memory(const struct page *page, const struct view *view, const struct row *row, size_t number,
                         const int widths[2])
{
	const struct wasm_memory *memory = row->memory;
	char *maker = text_blame(row->process, memory->stack), *made, *where = NULL;

	fputc('\n', page->file);
	page_format(page, STYLE_DIM, "%4zu. ", number);
	page_format(page, STYLE_SIZE, "%*s → %*s", widths[0], BYTES(memory->initial_bytes), widths[1],
	            BYTES(memory->bytes));
	if (memory->grows)
		page_format(page, STYLE_PLAIN, " in %s %s", COUNT(memory->grows),
		            PLURAL(memory->grows, "growth", "growths"));
	else
		page_format(page, STYLE_PLAIN, ", never grew");
	if (view->process_count > 1)
		where = text_process(row->process);
	page_format(page, STYLE_DIM, "%s%s%s%s", memory->shared == KNOWN_YES ? " · shared" : "",
	            memory->died != UINT64_MAX ? " · freed" : memory->let_go ? " · let go at the end" : "", where ? " · " : "", where ? where : "");
	fputc('\n', page->file);
	free(where);
	made = xasprintf("made by %s", maker);
	fprintf(page->file, "%*s", 7, "");
	page_words(page, 7, 9, STYLE_DIM, made);
	free(made);
	free(maker);
}

/* How much more it may grow, and when it will be there. */
static void print_future(const struct page *page, const struct row *row)
{
	const struct wasm_memory *memory = row->memory;
	bool grows = memory->trend.trend == TREND_GROWING && memory->trend.confidence >= LIKELY &&
	             row->process->info->instants.kind != INSTANTS_SLICES;
	uint64_t maximum = memory->maximum_bytes ? memory->maximum_bytes : WASM_BYTES_MOST;
	double per_mark = memory->trend.bytes_per_mark;
	char *limit, *text;

	if (memory->died != UINT64_MAX && !grows)
		return;
	if (memory->maximum_bytes)
		limit = xasprintf("its maximum of %s", BYTES(maximum));
	else
		limit = xasprintf("V8's limit of %s (its maximum is unknown)", BYTES(maximum));
	if (grows && per_mark >= 1 && memory->bytes < maximum)
		text = xasprintf("grows %s per mark; at this rate %s is reached after %s more marks",
		                 BYTES((uint64_t)per_mark), limit,
		                 COUNT(verdict_marks((double)verdict_room(memory), per_mark)));
	else if (memory->maximum_bytes)
		text = xasprintf("%s of %s", SHARE(memory->bytes, maximum), limit);
	else
		text = xasprintf("its maximum is unknown; V8's limit is %s (32-bit addresses)", BYTES(maximum));
	fprintf(page->file, "%*s", 7, "");
	page_words(page, 7, 9, grows ? STYLE_BAD : STYLE_DIM, text);
	free(limit);
	free(text);
}

static uint64_t bytes_at(const struct wasm_memory *memory, uint64_t tick)
{
	uint64_t bytes = memory->born <= tick ? memory->initial_bytes : 0;

	for (size_t i = 0; i < memory->step_count && memory->steps[i].tick <= tick; i++)
		bytes += memory->steps[i].bytes;
	return bytes;
}

static const char *label_at(const struct process_info *info, uint64_t tick)
{
	size_t low = 0, high = info->mark_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (info->marks[middle].tick < tick)
			low = middle + 1;
		else
			high = middle;
	}
	return low < info->mark_count && info->marks[low].tick == tick ? info->marks[low].label : NULL;
}

/* "216.9 MiB at proof 0, 288.2 MiB at proof 4": its size over time. */
static void print_sizes(const struct page *page, const struct row *row)
{
	const struct instants *instants = &row->process->info->instants;
	size_t points = instants->count < POINTS_MOST ? instants->count : POINTS_MOST;
	char *text = xstrdup("");

	for (size_t i = 0; i < points && row->memory->step_count; i++) {
		uint64_t tick = instants->ticks[points > 1 ? i * (instants->count - 1) / (points - 1) : 0];
		const char *label = label_at(row->process->info, tick);
		char *escaped = label ? escape_text(label) : NULL, *longer;

		if (!escaped)
			continue;
		longer = xasprintf("%s%s%s at %s", text, *text ? ", " : "", BYTES(bytes_at(row->memory, tick)),
		                   escaped);
		free(escaped);
		free(text);
		text = longer;
	}
	if (*text) {
		fprintf(page->file, "%*s", 7, "");
		page_words(page, 7, 9, STYLE_PLAIN, text);
	}
	free(text);
}

/* Growth of a memory by the innermost function of a script that led to it, in whatever tier and at whatever line. */
struct caller {
	char    *key;             /* function and file; owned */
	struct node_id stack;     /* of the most bytes */
	uint64_t bytes, grows, stacks;
};

/* To be freed. */
static char *key_of(struct view_process *process, struct node_id node)
{
	struct stack stack = stack_resolve(process, node);
	char *key = NULL;

	for (size_t i = 0; !key && i < stack.count; i++) {
		const struct frame *frame = stack.frames[i].frame;

		if (frame->kind == FRAME_JS && !stack.frames[i].engine && frame->function)
			key = xasprintf("%s\n%s", frame->function, frame->file ? frame->file : "");
	}
	stack_free(&stack);
	return key ? key : xasprintf("%u", node.index);
}

static int by_growth(const void *left, const void *right)
{
	const struct caller *a = left, *b = right;

	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	return (a->stack.index > b->stack.index) - (a->stack.index < b->stack.index);
}

/* Largest first; to be freed with its keys. */
static struct caller *callers_of(const struct row *row, size_t *count)
{
	struct caller *callers = xcalloc(row->memory->growth_count, sizeof *callers);

	*count = 0;
	for (size_t i = 0; i < row->memory->growth_count; i++) {
		const struct wasm_growth *growth = &row->memory->growth[i];
		char *key = key_of(row->process, growth->stack);
		size_t at = 0;

		while (at < *count && strcmp(callers[at].key, key) != 0)
			at++;
		if (at == *count)
			callers[(*count)++] = (struct caller){.key = key, .stack = growth->stack};
		else
			free(key);
		callers[at].bytes += growth->bytes;
		callers[at].grows += growth->grows;
		callers[at].stacks++;
	}
	qsort(callers, *count, sizeof *callers, by_growth);
	return callers;
}

static void print_caller(const struct page *page, struct view_process *process, const struct caller *caller)
{
	char *name = text_caller(process, caller->stack), *text;

	if (!name)
		name = text_blame(process, caller->stack);
	if (caller->stacks > 1)
		text = xasprintf("by %s; the largest of %s stacks:", name, COUNT(caller->stacks));
	else
		text = xasprintf("by %s", name);
	fprintf(page->file, "%*s", 7, "");
	page_words(page, 7, 9, STYLE_DIM, text);
	free(text);
	free(name);
}

/* Prints `most` stacks at most; returns how many it were. */
static size_t print_growth(const struct page *page, const struct row *row, size_t most, bool whole_stacks,
                           struct name_sum *names)
{
	uint64_t rest = row->memory->bytes - row->memory->initial_bytes;
	size_t count, shown;
	struct caller *callers = callers_of(row, &count);

	shown = count < most ? count : most;
	for (size_t i = 0; i < shown; i++) {
		const struct caller *caller = &callers[i];

		rest -= caller->bytes;
		fprintf(page->file, "%*s", 5, "");
		page_format(page, STYLE_SIZE, "+ %s", BYTES(caller->bytes));
		page_format(page, STYLE_PLAIN, " in %s %s", COUNT(caller->grows),
		            PLURAL(caller->grows, "growth", "growths"));
		fputc('\n', page->file);
		print_caller(page, row->process, caller);
		text_stack(page, row->process, caller->stack, whole_stacks, names);
	}
	if (shown < count)
		page_format(page, STYLE_DIM, "     + %s from %s %s%s\n", BYTES(rest), COUNT(count - shown),
		            shown ? "more " : "", PLURAL(count - shown, "caller", "callers"));
	for (size_t i = 0; i < count; i++)
		free(callers[i].key);
	free(callers);
	return shown;
}

/* "3, with 12.2 MiB; 1 was freed" */
static char *note_of(const struct row *rows, size_t count, size_t shown, uint64_t left_off)
{
	uint64_t bytes = 0, freed = left_off;
	char *note, *longer;

	for (size_t i = 0; i < count; i++)
		if (rows[i].memory->died == UINT64_MAX)
			bytes += rows[i].memory->bytes;
		else
			freed++;
	note = xasprintf("%s alive with %s", COUNT(count + left_off - freed), BYTES(bytes));
	if (freed) {
		longer = xasprintf("%s, %s freed", note, COUNT(freed));
		free(note);
		note = longer;
	}
	if (shown < count + left_off) {
		longer = xasprintf("%s; the largest %s", note, COUNT(shown));
		free(note);
		note = longer;
	}
	return note;
}

void text_wasm(const struct page *page, const struct view *view, const struct text_options *options,
               struct name_sum *names)
{
	size_t count = 0, shown, stacks = options->top;
	uint64_t left_off = 0;
	int widths[2] = {0};
	struct row *rows;
	char *note;

	for (size_t i = 0; i < view->process_count; i++)
		count += view->processes[i].info->wasm_memory_count;
	if (!count)
		return;
	rows = xcalloc(count, sizeof *rows);
	count = 0;
	for (size_t i = 0; i < view->process_count; i++) {
		const struct process_info *info = view->processes[i].info;

		left_off += info->wasm_memories_left_off;
		for (size_t m = 0; m < info->wasm_memory_count; m++)
			rows[count++] = (struct row){&view->processes[i], &info->wasm_memories[m]};
	}
	qsort(rows, count, sizeof *rows, by_bytes);
	shown = count < options->top ? count : options->top;
	note = note_of(rows, count, shown, left_off);
	page_title(page, "WebAssembly memories", note);
	free(note);
	for (size_t i = 0; i < shown; i++) {
		int first = (int)strlen(BYTES(rows[i].memory->initial_bytes));
		int last = (int)strlen(BYTES(rows[i].memory->bytes));

		widths[0] = first > widths[0] ? first : widths[0];
		widths[1] = last > widths[1] ? last : widths[1];
	}
	for (size_t i = 0; i < shown; i++) {
		size_t most = stacks < STACKS_EACH ? stacks : STACKS_EACH;

		print_memory(page, view, &rows[i], i + 1, widths);
		print_future(page, &rows[i]);
		if (stacks)
			print_sizes(page, &rows[i]);
		text_inside(page, rows[i].process, rows[i].memory);
		stacks -= print_growth(page, &rows[i], most, options->whole_stacks, names);
	}
	free(rows);
}
