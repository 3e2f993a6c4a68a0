/*
 * lines.c: see lines.h. Positions are kept in the thread's state until the code comes. V8 finds a line by a binary search
 * over the ends of all lines of the script, and computes these at first, so it is asked no more often than there are
 * lines: what lies between two positions of one line is on that line.
 */
#include "node/lines.h"

#include <string.h>

#include "node/code.h"
#include "node/v8.h"
#include "record/thread.h"

#define FIRST_ROOM 256u
#define MOST_ROOM  (64u << 10)       /* positions of one code; what is beyond has no line */
#define ENTRY_MOST 15                /* bytes: three varints of 32 bits */

struct position {
	uint32_t offset;             /* in the code */
	uint32_t position;           /* in the source */
	uint32_t line, column;       /* from 1; 0 unknown */
};

#define POSITION_ROOM (sizeof(struct position) + 2 * sizeof(struct position *) + ENTRY_MOST)

struct lines {
	struct position *positions;  /* then room for sorting them, two pointers each, and for the record of them */
	uint32_t count, room;        /* positions in use, with room */
	uintptr_t code;              /* whose they are; 0: none's */
	bool busy;                   /* being told: what comes meanwhile, from within V8, is dropped */
};

static struct lines *lines_of(struct thread *thread)
{
	if (!thread->lines)
		thread->lines = wiped_take(sizeof(struct lines));
	return thread->lines;
}

static struct lines *lines_idle(void)
{
	struct thread *thread = thread_state();
	struct lines *lines = thread ? lines_of(thread) : NULL;

	return lines && !lines->busy ? lines : NULL;
}

void lines_begin(void)
{
	struct lines *lines = lines_idle();

	if (lines) {
		lines->count = 0;
		lines->code = 0;
	}
}

void lines_add(size_t offset, size_t position)
{
	struct lines *lines = lines_idle();

	if (!lines || offset > INT32_MAX || position > INT32_MAX)
		return;
	if (lines->count == lines->room) {
		uint32_t room = lines->room ? lines->room * 4 : FIRST_ROOM;
		struct position *larger = room <= MOST_ROOM ? wiped_take(room * POSITION_ROOM) : NULL;

		if (!larger)
			return;
		if (lines->count)
			memcpy(larger, lines->positions, lines->count * sizeof(*larger));
		lines->positions = larger;
		lines->room = room;
	}
	lines->positions[lines->count++] = (struct position){.offset = (uint32_t)offset, .position = (uint32_t)position};
}

void lines_end(uintptr_t code)
{
	struct lines *lines = lines_idle();

	if (lines)
		lines->code = code;
}

/* ---- from positions to lines ----------------------------------------------------------------------------------- */

/* vm's lineOffset and columnOffset may put the beginning of a script before its first line and column. */
static uint32_t line_of(void *script, uint32_t position)
{
	int line = v8.line_of(script, (int)position);

	return line < 0 ? 0 : (uint32_t)line + 1;
}

/* Fills in those of `sorted` that lie between its first and its last, whose lines are known. */
static void fill(void *script, struct position **sorted, uint32_t count)
{
	if (count <= 2)
		return;
	if (sorted[0]->line == sorted[count - 1]->line && sorted[0]->line) {
		for (uint32_t i = 1; i < count - 1; i++)
			sorted[i]->line = sorted[0]->line;
		return;
	}
	sorted[count / 2]->line = line_of(script, sorted[count / 2]->position);
	fill(script, sorted, count / 2 + 1);
	fill(script, sorted + count / 2, count - count / 2);
}

static void sort(struct position **sorted, struct position **room, uint32_t count)
{
	uint32_t half = count / 2;

	if (count < 2)
		return;
	sort(sorted, room, half);
	sort(sorted + half, room, count - half);
	memcpy(room, sorted, count * sizeof(*room));
	for (uint32_t i = 0, left = 0, right = half; i < count; i++)
		sorted[i] = right == count || (left < half && room[left]->position <= room[right]->position) ?
			room[left++] : room[right++];
}

static void resolve(struct lines *lines, void *script, struct position **sorted)
{
	uint32_t count = lines->count, line = 0;
	int64_t begin = 0; /* position of the line's column 0 */

	for (uint32_t i = 0; i < count; i++)
		sorted[i] = &lines->positions[i];
	sort(sorted, sorted + count, count);
	sorted[0]->line = line_of(script, sorted[0]->position);
	sorted[count - 1]->line = line_of(script, sorted[count - 1]->position);
	fill(script, sorted, count);
	for (uint32_t i = 0; v8.column_of && i < count; i++) {
		int64_t position = sorted[i]->position;

		if (sorted[i]->line != line) {
			line = sorted[i]->line;
			begin = position - v8.column_of(script, (int)position) - 1;
		}
		sorted[i]->column = line && position > begin ? (uint32_t)(position - begin) : 0;
	}
}

/* ---- recording ------------------------------------------------------------------------------------------------- */

static uint8_t *put(uint8_t *at, uint32_t value)
{
	for (; value >= 0x80; value >>= 7)
		*at++ = (uint8_t)(value | 0x80);
	*at++ = (uint8_t)value;
	return at;
}

static uint8_t *put_change(uint8_t *at, uint32_t value, uint32_t before)
{
	int32_t change = (int32_t)(value - before);

	return put(at, (uint32_t)change << 1 ^ (uint32_t)(change >> 31));
}

static void record(uint32_t id, const struct lines *lines, uint8_t *bytes)
{
	struct trace_code_lines head = {.id = id};
	struct position last = {0};
	uint8_t *at = bytes;

	for (uint32_t i = 0; i < lines->count; i++) {
		const struct position *position = &lines->positions[i];

		if (position->offset < last.offset ||
		    (head.count && position->line == last.line && position->column == last.column))
			continue;
		at = put(at, position->offset - last.offset);
		at = put_change(at, position->line, last.line);
		at = put_change(at, position->column, last.column);
		last = *position;
		head.count++;
	}
	if (head.count)
		code_tell(TRACE_RECORD_LINES, &head, sizeof(head), bytes, (size_t)(at - bytes));
}

void lines_tell(uint32_t id, uintptr_t code, void *script, const void *isolate)
{
	struct lines *lines = lines_idle();
	struct position **sorted;

	if (!lines || !lines->count || lines->code != code)
		return;
	lines->code = 0;
	if (script && (!v8.line_of || v8.current() != isolate))
		return;
	sorted = (struct position **)(lines->positions + lines->room);
	lines->busy = true;
	if (script)
		resolve(lines, script, sorted);
	for (uint32_t i = 0; !script && i < lines->count; i++)
		lines->positions[i].line = lines->positions[i].position;
	record(id, lines, (uint8_t *)(sorted + 2 * lines->room));
	lines->busy = false;
}
