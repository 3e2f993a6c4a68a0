/* text_wasm.c: linear memories, and the stacks that made them grow; see text.h. */
#include <stdlib.h>
#include <string.h>

#include "report/human.h"
#include "report/text.h"
#include "util.h"

#define STACKS_EACH 3             /* of a memory at most; of all together as many as are asked for */
#define LIKELY 0.8                /* confidence that a trend is told with */
#define DEFAULT_MAXIMUM (4ull << 30) /* V8's own, of memories with 32-bit addresses: 65536 pages */

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
	            memory->died != UINT64_MAX ? " · freed" : "", where ? " · " : "", where ? where : "");
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
	uint64_t maximum = memory->maximum_bytes ? memory->maximum_bytes : DEFAULT_MAXIMUM;
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
		                 COUNT((uint64_t)((double)(maximum - memory->bytes) / per_mark)));
	else if (memory->maximum_bytes)
		text = xasprintf("%s of %s", SHARE(memory->bytes, maximum), limit);
	else
		text = xasprintf("its maximum is unknown; V8's limit is %s (32-bit addresses)", BYTES(maximum));
	fprintf(page->file, "%*s", 7, "");
	page_words(page, 7, 9, grows ? STYLE_BAD : STYLE_DIM, text);
	free(limit);
	free(text);
}

/* Prints `most` stacks at most; returns how many it were. */
static size_t print_growth(const struct page *page, const struct row *row, size_t most, bool whole_stacks,
                           struct name_sum *names)
{
	const struct wasm_memory *memory = row->memory;
	size_t shown = memory->growth_count < most ? memory->growth_count : most;
	uint64_t rest = memory->bytes - memory->initial_bytes;

	for (size_t i = 0; i < shown; i++) {
		const struct wasm_growth *growth = &memory->growth[i];

		rest -= growth->bytes;
		fprintf(page->file, "%*s", 5, "");
		page_format(page, STYLE_SIZE, "+ %s", BYTES(growth->bytes));
		page_format(page, STYLE_PLAIN, " in %s %s", COUNT(growth->grows),
		            PLURAL(growth->grows, "growth", "growths"));
		fputc('\n', page->file);
		text_stack(page, row->process, growth->stack, whole_stacks, names);
	}
	if (shown < memory->growth_count)
		page_format(page, STYLE_DIM, "     + %s from %s %s%s\n", BYTES(rest),
		            COUNT(memory->growth_count - shown), shown ? "more " : "",
		            PLURAL(memory->growth_count - shown, "stack", "stacks"));
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
		stacks -= print_growth(page, &rows[i], most, options->whole_stacks, names);
	}
	free(rows);
}
