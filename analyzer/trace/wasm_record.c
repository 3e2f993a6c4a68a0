/* wasm_record.c: see wasm_record.h. */
#include "trace/wasm_record.h"

#include <stdlib.h>
#include <xxhash.h>

#include "trace/array.h"

#define WATCHED_MOST 256             /* functions of one allocator */
#define LOOKED_AT    64              /* instances */
#define EMPTY_LOOKED_AT 4096         /* the same, where the text is to be found */

/* What is left of the line up to a tab, to be freed; NULL: nothing is left. */
static char *next_field(char **line)
{
	char *field = *line, *tab;

	if (!field)
		return NULL;
	tab = strchr(field, '\t');
	if (tab)
		*tab = '\0';
	*line = tab ? tab + 1 : NULL;
	return xstrdup(field);
}

static void watched_free(struct wasm_watched *watched)
{
	free(watched->role);
	free(watched->name);
	free(watched->why);
}

/* "malloc	25	dlmalloc	its name": role, index, name or "?", why. */
static bool read_watched(struct wasm_told *told, char *line)
{
	struct wasm_watched watched = {.role = next_field(&line)};
	char *number = next_field(&line), *rest = NULL;
	unsigned long index = number ? strtoul(number, &rest, 10) : 0;
	bool good = number && *number >= '0' && *number <= '9' && !*rest && index < UINT32_MAX && *watched.role &&
	            told->watched_count < WATCHED_MOST;

	free(number);
	watched.index = (uint32_t)index;
	watched.name = next_field(&line);
	watched.why = next_field(&line);
	if (watched.name && !strcmp(watched.name, "?")) {
		free(watched.name);
		watched.name = NULL;
	}
	if (!good) {
		watched_free(&watched);
		return false;
	}
	array_room(told->watched, told->watched_count);
	told->watched[told->watched_count++] = watched;
	return true;
}

/* Why these functions, then a line for each. What can be read of it is kept. */
static bool read_text(struct wasm_told *told, char *text)
{
	char *line = text, *end;
	bool good = true, first = true;

	while (line) {
		end = strchr(line, '\n');
		if (end)
			*end = '\0';
		if (first)
			told->why = xstrdup(line);
		else if (*line)
			good = read_watched(told, line) && good;
		first = false;
		line = end ? end + 1 : NULL;
	}
	return good;
}

/* The text of an earlier instance of the same module: some programs make very many. `empty`: it is that, whatever it is. */
static bool take_over(const struct process_info *process, struct wasm_told *told, bool empty)
{
	size_t count = process->wasm_told_count, far = empty ? EMPTY_LOOKED_AT : LOOKED_AT;
	size_t oldest = count > far ? count - far : 0;

	for (size_t i = count; i > oldest; i--) {
		const struct wasm_told *other = &process->wasm_told[i - 1];

		if (other->record.module != told->record.module || (!empty && other->text != told->text))
			continue;
		told->text = other->text;
		told->repeats = true;
		told->why = other->why;
		told->watched = other->watched;
		told->watched_count = other->watched_count;
		return true;
	}
	return false;
}

static bool read_heap(struct process_info *process, struct payload payload, uint64_t tick)
{
	struct wasm_told told = {.tick = tick};
	bool good = true;

	if (!payload_take(&payload, &told.record, sizeof told.record))
		return false;
	told.text = XXH3_64bits(payload.at, payload.left);
	if (!take_over(process, &told, !payload.left)) {
		char *text = payload_text(&payload);

		good = read_text(&told, text);
		free(text);
	}
	array_room(process->wasm_told, process->wasm_told_count);
	process->wasm_told[process->wasm_told_count++] = told;
	return good;
}

static bool read_refused(struct process_info *process, struct payload payload, uint64_t tick)
{
	struct wasm_refused refused = {.tick = tick, .count = 1};
	struct wasm_refused *last = process->wasm_refused_count ? &process->wasm_refused[process->wasm_refused_count - 1]
	                                                        : NULL;

	if (!payload_take(&payload, &refused.record, sizeof refused.record))
		return false;
	/* A program that does without tries again and again. */
	if (last && !memcmp(&last->record, &refused.record, sizeof refused.record)) {
		last->count++;
		return true;
	}
	array_room(process->wasm_refused, process->wasm_refused_count);
	process->wasm_refused[process->wasm_refused_count++] = refused;
	return true;
}

static bool read_unwatched(struct process_info *process, struct payload payload, uint64_t tick)
{
	struct wasm_unwatched unwatched = {.tick = tick, .count = 1};
	size_t count = process->wasm_unwatched_count;
	struct wasm_unwatched *last = count ? &process->wasm_unwatched[count - 1] : NULL;

	if (!payload_take(&payload, &unwatched.record, sizeof unwatched.record))
		return false;
	unwatched.why = payload_text(&payload);
	/* One with a base is of that memory alone, at its time. */
	if (last && !last->record.base && !memcmp(&last->record, &unwatched.record, sizeof unwatched.record) &&
	    !strcmp(last->why, unwatched.why)) {
		free(unwatched.why);
		last->count++;
		return true;
	}
	array_room(process->wasm_unwatched, process->wasm_unwatched_count);
	process->wasm_unwatched[process->wasm_unwatched_count++] = unwatched;
	return true;
}

bool wasm_record(struct process_info *process, const struct trace_record *record, struct payload payload)
{
	switch (record->type) {
	case TRACE_RECORD_WASM_HEAP:
		return read_heap(process, payload, record->tick);
	case TRACE_RECORD_WASM_REFUSED:
		return read_refused(process, payload, record->tick);
	default:
		return read_unwatched(process, payload, record->tick);
	}
}

void wasm_records_free(struct process_info *process)
{
	for (size_t i = 0; i < process->wasm_told_count; i++) {
		struct wasm_told *told = &process->wasm_told[i];

		if (told->repeats)
			continue;
		for (size_t w = 0; w < told->watched_count; w++)
			watched_free(&told->watched[w]);
		free(told->watched);
		free(told->why);
	}
	for (size_t i = 0; i < process->wasm_unwatched_count; i++)
		free(process->wasm_unwatched[i].why);
	free(process->wasm_told);
	free(process->wasm_refused);
	free(process->wasm_unwatched);
}
