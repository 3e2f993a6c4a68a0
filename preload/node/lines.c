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
#define MOST_ROOM  (64u << 10)       /* positions of one batch of codes; what is beyond has no line */
#define FIRST_PIECES 64u
#define MOST_PIECES  4096u
#define ENTRY_MOST 15                /* bytes: three varints of 32 bits */

struct position {
	uint32_t offset;             /* in the code */
	uint32_t position;           /* in the source */
	uint32_t line, column;       /* from 1; 0 unknown */
};

#define POSITION_ROOM (sizeof(struct position) + 2 * sizeof(struct position *) + ENTRY_MOST)

/* What one code has of the positions. */
struct piece {
	uintptr_t code;              /* whose they are; 0: it was told */
	uint32_t first, count;       /* index of the first; how many */
	uint32_t moves;              /* lines_moves at its END */
};

/* V8 compiles several functions at once: first come the positions of each, then, in the same order, the codes. */
struct lines {
	struct position *positions;  /* then room for sorting them, two pointers each, and for the record of them */
	uint32_t count, room;        /* positions in use, with room */
	uint32_t first;              /* of the piece that has no END yet */
	struct piece *pieces;        /* by END */
	uint32_t piece_count, piece_room; /* pieces in use, with room */
	uint32_t next;               /* the piece that is likely to be asked for */
	bool telling;                /* codes have come: the next START is another batch's */
	bool busy;                   /* being told: what comes meanwhile, from within V8, is dropped */
};

static uint32_t moves;               /* of code, so far: an address may not mean the same any more */

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

	if (!lines)
		return;
	if (lines->telling)
		lines->first = lines->piece_count = lines->next = 0;
	lines->telling = false;
	lines->count = lines->first;
}

/* Four times the room, or NULL. */
static void *grow(uint32_t *room, uint32_t first, uint32_t most, size_t each)
{
	uint32_t larger = *room ? *room * 4 : first;
	void *memory = larger <= most ? wiped_take(larger * each) : NULL;

	if (memory)
		*room = larger;
	return memory;
}

void lines_add(size_t offset, size_t position)
{
	struct lines *lines = lines_idle();

	if (!lines || offset > INT32_MAX || position > INT32_MAX)
		return;
	if (lines->count == lines->room) {
		struct position *larger = grow(&lines->room, FIRST_ROOM, MOST_ROOM, POSITION_ROOM);

		if (!larger)
			return;
		if (lines->count)
			memcpy(larger, lines->positions, lines->count * sizeof(*larger));
		lines->positions = larger;
	}
	lines->positions[lines->count++] = (struct position){.offset = (uint32_t)offset, .position = (uint32_t)position};
}

void lines_end(uintptr_t code)
{
	struct lines *lines = lines_idle();

	if (!lines || lines->count == lines->first)
		return;
	if (lines->piece_count == lines->piece_room) {
		struct piece *larger = grow(&lines->piece_room, FIRST_PIECES, MOST_PIECES, sizeof(*larger));

		if (!larger) {
			lines->count = lines->first;
			return;
		}
		if (lines->piece_count)
			memcpy(larger, lines->pieces, lines->piece_count * sizeof(*larger));
		lines->pieces = larger;
	}
	lines->pieces[lines->piece_count++] = (struct piece){.code = code, .first = lines->first,
		.count = lines->count - lines->first, .moves = __atomic_load_n(&moves, __ATOMIC_RELAXED)};
	lines->first = lines->count;
}

void lines_moved(void)
{
	__atomic_fetch_add(&moves, 1, __ATOMIC_RELAXED);
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

static void resolve(struct position *positions, uint32_t count, void *script, struct position **sorted)
{
	uint32_t line = 0;
	int64_t begin = 0; /* position of the line's column 0 */

	for (uint32_t i = 0; i < count; i++)
		sorted[i] = &positions[i];
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

static void record(uint32_t id, const struct position *positions, uint32_t count, uint8_t *bytes)
{
	struct trace_code_lines head = {.id = id};
	struct position last = {0};
	uint8_t *at = bytes;

	for (uint32_t i = 0; i < count; i++) {
		const struct position *position = &positions[i];

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

static struct piece *piece_of(struct lines *lines, uintptr_t code)
{
	for (uint32_t i = 0; i < lines->piece_count; i++) {
		uint32_t at = (lines->next + i) % lines->piece_count;

		if (lines->pieces[at].code == code) {
			lines->next = at + 1;
			return &lines->pieces[at];
		}
	}
	return NULL;
}

void lines_tell(uint32_t id, uintptr_t code, void *script, const void *isolate)
{
	struct lines *lines = lines_idle();
	struct position *positions, **sorted;
	struct piece *piece;

	if (!lines || !(piece = piece_of(lines, code)))
		return;
	lines->telling = true;
	piece->code = 0;
	if (piece->moves != __atomic_load_n(&moves, __ATOMIC_RELAXED))
		return;
	if (script && (!v8.line_of || v8.current() != isolate))
		return;
	positions = lines->positions + piece->first;
	sorted = (struct position **)(lines->positions + lines->room);
	lines->busy = true;
	if (script)
		resolve(positions, piece->count, script, sorted);
	for (uint32_t i = 0; !script && i < piece->count; i++)
		positions[i].line = positions[i].position;
	record(id, positions, piece->count, (uint8_t *)(sorted + 2 * lines->room));
	lines->busy = false;
}
