/* marks.c: see marks.h. */
#include "trace/marks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace/array.h"
#include "trace/time.h"

static int by_tick(const void *left, const void *right)
{
	const struct mark *a = left, *b = right;

	return (a->tick > b->tick) - (a->tick < b->tick);
}

/* "123456789 label", as `probe mark` writes it. False: this is none. */
static bool read_line(struct process_info *process, const char *line, size_t length)
{
	const char *end = line + length;
	uint64_t time = 0, tick;
	char *label, *to;

	for (; line < end && *line >= '0' && *line <= '9' && time < UINT64_MAX / 10 - 9; line++)
		time = time * 10 + (uint64_t)(*line - '0');
	if (time == 0 || line == end || *line++ != ' ' || memchr(line, '\0', (size_t)(end - line)) ||
	    !tick_of_time(process, time, &tick))
		return false;
	label = to = xmalloc((size_t)(end - line) + 1);
	for (; line < end; line++) {
		if (*line == '\\' && line + 1 < end && (line[1] == 'n' || line[1] == '\\'))
			*to++ = *++line == 'n' ? '\n' : '\\';
		else
			*to++ = *line;
	}
	*to = '\0';
	array_room(process->marks, process->mark_count);
	process->marks[process->mark_count++] = (struct mark){label, tick};
	return true;
}

void marks_add(struct process_info *process, struct bytes file, struct damage *damage)
{
	for (size_t at = 0, next; at < file.size; at = next) {
		const char *line = (const char *)file.data + at, *end = memchr(line, '\n', file.size - at);

		next = end ? at + (size_t)(end - line) + 1 : file.size;
		if (!end || !read_line(process, line, (size_t)(end - line)))
			damage_add(damage, ".marks", at, "no mark in this line");
	}
	/* glibc's qsort is a merge sort and keeps the order of equals. */
	if (process->mark_count)
		qsort(process->marks, process->mark_count, sizeof *process->marks, by_tick);
}

/* The tick of the last mark with this label, or of the Nth. */
static bool find(const struct process_info *process, const char *label, size_t number, uint64_t *tick)
{
	if (number && number <= process->mark_count) {
		*tick = process->marks[number - 1].tick;
		return true;
	}
	for (size_t i = process->mark_count; !number && i > 0; i--)
		if (!strcmp(process->marks[i - 1].label, label)) {
			*tick = process->marks[i - 1].tick;
			return true;
		}
	return false;
}

/* The instant `tick` of one process in another, maybe of another host. */
static uint64_t elsewhere(const struct process_info *from, uint64_t tick, const struct process_info *to)
{
	bool same_boot = !memcmp(from->header.boot_id, to->header.boot_id, sizeof from->header.boot_id);
	uint64_t time, found;

	if (!time_of_tick(from, tick, &time))
		return tick;
	if (!same_boot)
		time += (from->header.realtime_ns - from->header.anchor[0].monotonic_ns) -
		        (to->header.realtime_ns - to->header.anchor[0].monotonic_ns);
	return tick_of_time(to, time, &found) ? found : tick;
}

static bool resolve(struct process_info *processes, size_t count, const char *label, size_t number)
{
	const struct process_info *first = NULL;

	for (size_t i = 0; i < count; i++)
		if (find(&processes[i], label, number, &processes[i].since) && !first)
			first = &processes[i];
	for (size_t i = 0; first && i < count; i++)
		if (processes[i].since == UINT64_MAX)
			processes[i].since = elsewhere(first, first->since, &processes[i]);
	return first != NULL;
}

bool marks_since(struct process_info *processes, size_t count, const char *wanted)
{
	unsigned long number;
	char *end;

	if (resolve(processes, count, wanted, 0))
		return true;
	if (wanted[0] != '#' || wanted[1] < '1' || wanted[1] > '9')
		return false;
	errno = 0;
	number = strtoul(wanted + 1, &end, 10);
	return !errno && !*end && resolve(processes, count, wanted, number);
}

/* "1.5s" in nanoseconds. False: it is no time. */
static bool read_time(const char *text, double *ns)
{
	static const struct { const char *name; double ns; } units[] = {
		{"ns", 1}, {"us", 1e3}, {"µs", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"min", 60e9}, {"h", 3600e9},
	};
	char *unit;

	if (*text < '0' || *text > '9')
		return false;
	*ns = strtod(text, &unit);
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (!strcmp(unit, units[i].name)) {
			*ns *= units[i].ns;
			return *ns < 9e18;
		}
	return false;
}

bool marks_instant(struct process_info *processes, size_t count, const char *wanted, uint64_t *ticks)
{
	const struct process_info *first = NULL;
	bool found = marks_since(processes, count, wanted);
	uint64_t start = 0;
	double ns;

	for (size_t i = 0; i < count; i++) {
		ticks[i] = processes[i].since;
		processes[i].since = UINT64_MAX;
		if (!first && processes[i].header.anchor[0].monotonic_ns)
			first = &processes[i];
	}
	if (found || !read_time(wanted, &ns) || !first ||
	    !tick_of_time(first, first->header.anchor[0].monotonic_ns + (uint64_t)ns, &start))
		return found;
	for (size_t i = 0; i < count; i++)
		ticks[i] = elsewhere(first, start, &processes[i]);
	return true;
}
