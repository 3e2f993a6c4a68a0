/*
 * node_code_test.c: code that comes, moves and goes, and frames in it. The test knows at each instant what lies where; what
 * a reader makes of the records (trace.h, "generated code") must be that, for each frame that was ever captured.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/code.h"
#include "node/lines.h"
#include "node/node.h"
#include "node/v8.h"
#include "node_stub.h"
#include "stack/stack.h"
#include "suite.h"

#define SPACE     (64u << 10)        /* bytes of the model's memory: few, so that all is used again and again */
#define BASE      0x7f1234560000ull
#define STEPS     60000
#define ISOLATES  3

struct v8 v8;

/* ---- what is there --------------------------------------------------------------------------------------------- */

struct lying {                       /* a code, alive */
	uint32_t start, size;        /* in the model's memory */
	uint32_t id;
	uint16_t isolate;
	bool there;
};

static struct lying lying[STEPS];
static uint32_t lying_count;
static uint32_t owner[SPACE];        /* index in lying + 1 of who is at this byte; 0 nobody */
static bool cleared[SPACE];          /* nobody is, and the library knows it */

struct frame {
	uint64_t address;
	uint32_t generation;
	uint32_t id;                 /* of the code that it was in; 0: code that was not told yet */
	uint32_t told;               /* codes that were told by then */
};

static struct frame frames[STEPS];
static uint32_t frame_count;

static void take_away(uint32_t index)
{
	struct lying *code = &lying[index];

	code->there = false;
	for (uint32_t i = code->start; i < code->start + code->size; i++)
		if (owner[i] == index + 1)
			owner[i] = 0;
}

static uint32_t put(uint32_t start, uint32_t size, uint32_t id, uint16_t isolate)
{
	/* The runtime freed what was there, and did not say so. */
	for (uint32_t i = start; i < start + size; i++)
		if (owner[i])
			take_away(owner[i] - 1);
	for (uint32_t i = start; i < start + size; i++) {
		owner[i] = lying_count + 1;
		cleared[i] = false;
	}
	lying[lying_count] = (struct lying){start, size, id, isolate, true};
	return lying_count++;
}

/* ---- what a reader finds --------------------------------------------------------------------------------------- */

struct place { uint64_t start; uint32_t size, generation, id; };

static struct place places[2 * STEPS];
static uint32_t place_count;
static uint32_t sizes[2 * STEPS];    /* by id */

static void read_places(void)
{
	const uint8_t *payload;
	size_t size;
	uint16_t type;

	place_count = 0;
	for (size_t i = 0; node_stub_record(i, &type, &payload, &size); i++) {
		struct trace_code code;
		struct trace_code_moved moved;

		if (type == TRACE_RECORD_CODE) {
			memcpy(&code, payload, sizeof(code));
			sizes[code.id] = code.size;
			places[place_count++] = (struct place){code.address, code.size, code.generation,
			                                       code.kind == TRACE_CODE_GONE ? 0 : code.id};
		} else if (type == TRACE_RECORD_MOVED) {
			memcpy(&moved, payload, sizeof(moved));
			places[place_count++] =
				(struct place){moved.address, sizes[moved.id], moved.generation, moved.id};
		}
	}
}

static uint32_t reader_finds(const struct frame *frame)
{
	const struct place *found = NULL;

	for (uint32_t i = 0; i < place_count; i++) {
		const struct place *place = &places[i];

		if (frame->address - place->start < place->size && place->generation <= frame->generation &&
		    (!found || place->generation >= found->generation))
			found = place;
	}
	return found ? found->id : 0;
}

/* ---- tests ----------------------------------------------------------------------------------------------------- */

static uint32_t pick(uint32_t below)
{
	return (uint32_t)rand() % below;
}

static void add(void)
{
	uint32_t size = pick(8) ? 8 + pick(40) * 8 : 4096 + pick(9000);
	uint32_t start = pick((SPACE - size) / 8) * 8;
	uint16_t isolate = (uint16_t)(1 + pick(ISOLATES));
	char name[32];
	int length = snprintf(name, sizeof(name), "JS:~f%u", lying_count);

	put(start, size, code_add(TRACE_CODE_MACHINE, isolate, BASE + start, size, name, (size_t)length), isolate);
	ck_assert_uint_ne(lying[lying_count - 1].id, 0);
}

static void move(void)
{
	uint32_t index = pick(lying_count), start;
	struct lying code = lying[index];

	if (!code.there)
		return;
	start = pick((SPACE - code.size) / 8) * 8;
	/* A collection copies to where nothing of the kind lies. */
	if (start + code.size > code.start && start < code.start + code.size)
		return;
	code_move(BASE + code.start, BASE + start);
	take_away(index);
	put(start, code.size, code.id, code.isolate);
}

static void unmap(void)
{
	uint32_t start = pick(SPACE / 4096) * 4096, end = start + 4096 * (1 + pick(3));

	end = end > SPACE ? SPACE : end;
	/* Pages go with all code that touches them. */
	for (uint32_t i = start; i < end; i++)
		if (owner[i] && (lying[owner[i] - 1].start < start ||
		                 lying[owner[i] - 1].start + lying[owner[i] - 1].size > end))
			return;
	code_unmapped(BASE + start, BASE + end);
	for (uint32_t i = start; i < end; i++)
		if (owner[i]) {
			uint32_t index = owner[i] - 1;

			take_away(index);
			memset(cleared + lying[index].start, true, lying[index].size);
		}
}

static void end_isolate(void)
{
	uint16_t isolate = (uint16_t)(1 + pick(ISOLATES));

	code_isolate_ended(isolate);
	for (uint32_t i = 0; i < lying_count; i++)
		if (lying[i].there && lying[i].isolate == isolate) {
			take_away(i);
			memset(cleared + lying[i].start, true, lying[i].size);
		}
}

static void capture(void)
{
	uint32_t at = pick(SPACE);

	if (owner[at] || cleared[at])
		frames[frame_count++] = (struct frame){BASE + at, stack_generation(BASE + at),
			owner[at] ? lying[owner[at] - 1].id : 0, lying_count};
}

static void live(unsigned seed, uint32_t steps)
{
	srand(seed);
	node_stub_start();
	for (uint32_t i = 0; i < steps; i++) {
		uint32_t what = pick(1000);

		if (what < 250)
			add();
		else if (what < 350 && lying_count)
			move();
		else if (what < 360)
			unmap();
		else if (what < 362)
			end_isolate();
		else
			capture();
	}
}

/* Whether this code came to lie somewhere after so many. */
static bool is_newer(uint32_t id, uint32_t told)
{
	for (uint32_t i = told; i < lying_count; i++)
		if (lying[i].id == id)
			return true;
	return false;
}

START_TEST(each_frame_is_in_its_own_code)
{
	uint32_t raised = 0, untold = 0;

	live((unsigned)_i + 1, 20000);
	read_places();
	ck_assert_uint_gt(frame_count, 2000);
	for (uint32_t i = 0; i < frame_count; i++) {
		uint32_t found = reader_finds(&frames[i]);

		if (frames[i].id)
			ck_assert_uint_eq(found, frames[i].id);
		else /* what was told since is there, or nothing: never what is gone */
			ck_assert(!found || is_newer(found, frames[i].told));
		untold += frames[i].id == 0;
		raised += frames[i].generation > 0;
	}
	ck_assert_uint_gt(untold, 100);
	ck_assert_uint_gt(raised, 1000); /* or nothing was used again, and this test says nothing */
}
END_TEST

START_TEST(the_same_again_keeps_its_id)
{
	uint32_t first, again, other;

	node_stub_start();
	first = code_add(TRACE_CODE_WASM, 1, BASE, 100, "JS:f-1-liftoff", 14);
	again = code_add(TRACE_CODE_WASM, 2, BASE, 100, "JS:f-1-liftoff", 14);
	ck_assert_uint_eq(first, again);
	ck_assert_uint_eq(stack_generation(BASE), 0);
	/* It belongs to both: the end of one does not take it away. */
	code_isolate_ended(1);
	ck_assert_uint_eq(code_add(TRACE_CODE_WASM, 2, BASE, 100, "JS:f-1-liftoff", 14), first);
	other = code_add(TRACE_CODE_WASM, 1, BASE, 100, "JS:g-2-liftoff", 14);
	ck_assert_uint_ne(first, other);
	ck_assert_uint_eq(stack_generation(BASE), 1);
	ck_assert_uint_eq(stack_generation(BASE + 4096), 0);
}
END_TEST

/* There was no room to tell of a code: what comes after it must not be taken for it. */
START_TEST(what_is_not_recorded_has_no_id)
{
	const uint8_t *payload;
	size_t size;
	uint16_t type;
	uint32_t id;

	node_stub_start();
	node_stub_full = true;
	ck_assert_uint_eq(code_add(TRACE_CODE_MACHINE, 1, BASE, 64, "JS:*f", 5), 0);
	node_stub_full = false;
	id = code_add(TRACE_CODE_MACHINE, 1, BASE + 64, 64, "JS:*g", 5);
	ck_assert_uint_ne(id, 0);
	code_move(BASE, BASE + 128);
	ck_assert(node_stub_record(0, &type, &payload, &size) && type == TRACE_RECORD_CODE);
	ck_assert(!node_stub_record(1, &type, &payload, &size));
	ck_assert_uint_gt(code_add(TRACE_CODE_MACHINE, 1, BASE + 128, 64, "JS:*f", 5), id);
	ck_assert(node_stub_record(0, &type, &payload, &size));
	ck_assert(node_stub_record(1, &type, &payload, &size) && type == TRACE_RECORD_CODE);
}
END_TEST

START_TEST(nonsense_is_refused)
{
	node_stub_start();
	ck_assert_uint_eq(code_add(TRACE_CODE_MACHINE, 1, BASE, 0, "", 0), 0);
	ck_assert_uint_eq(code_add(TRACE_CODE_MACHINE, 1, 1ull << 47, 8, "", 0), 0);
	ck_assert_uint_eq(code_add(TRACE_CODE_MACHINE, 1, UINT64_MAX - 4, 8, "", 0), 0);
	code_move(BASE, BASE + 64);
	ck_assert_uint_ne(code_add(TRACE_CODE_MACHINE, 1, BASE, 8, "", 0), 0);
	code_move(BASE, 1ull << 47);
	code_unmapped(BASE, BASE);
	code_unmapped(0, 1ull << 47);
	ck_assert_uint_eq(stack_generation(BASE), 1);
}
END_TEST

/* ---- lines ----------------------------------------------------------------------------------------------------- */

#define LINE_LENGTH 10

static unsigned asked;

/* A script of lines of ten characters. */
static int line_of(void *script, int position)
{
	(void)script;
	asked++;
	return position / LINE_LENGTH;
}

static int column_of(void *script, int position)
{
	(void)script;
	asked++;
	return position % LINE_LENGTH;
}

static void *isolate_here(void)
{
	return &asked;
}

static uint64_t varint(const uint8_t **at)
{
	uint64_t value = 0;

	for (unsigned shift = 0;; shift += 7) {
		uint8_t byte = *(*at)++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
}

static int64_t change(const uint8_t **at)
{
	uint64_t value = varint(at);

	return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

START_TEST(lines_are_those_of_the_positions)
{
	enum { COUNT = 3000 };
	static uint32_t positions[COUNT];
	struct trace_code_lines head;
	const uint8_t *payload;
	int64_t offset = 0, line = 0, column = 0;
	uint32_t next = 0;
	size_t size;
	uint16_t type;

	node_stub_start();
	v8 = (struct v8){.current = isolate_here, .line_of = line_of, .column_of = column_of};
	srand(3);
	lines_begin();
	for (uint32_t i = 0; i < COUNT; i++) {
		positions[i] = pick(500);
		lines_add(i * 3, positions[i]);
	}
	lines_end(BASE);
	lines_tell(7, BASE + 8, &asked, &asked); /* another's */
	ck_assert(!node_stub_record(0, &type, &payload, &size));
	lines_tell(7, BASE, &asked, &asked);
	ck_assert(node_stub_record(0, &type, &payload, &size));
	ck_assert_uint_eq(type, TRACE_RECORD_LINES);
	memcpy(&head, payload, sizeof(head));
	ck_assert_uint_eq(head.id, 7);
	ck_assert_uint_lt(asked, 500); /* fifty lines, three thousand positions */
	for (const uint8_t *at = payload + sizeof(head); at < payload + size; next++) {
		offset += (int64_t)varint(&at);
		line += change(&at);
		column += change(&at);
		while (next < (uint64_t)offset / 3) {
			/* Left out: the same as the one before. */
			ck_assert_uint_eq(positions[next], positions[next - 1]);
			next++;
		}
		ck_assert_int_eq(line, positions[next] / LINE_LENGTH + 1);
		ck_assert_int_eq(column, positions[next] % LINE_LENGTH + 1);
	}
	ck_assert_uint_ge(next, COUNT - 1);
	lines_tell(7, BASE, &asked, &asked); /* once */
	ck_assert(!node_stub_record(1, &type, &payload, &size));
}
END_TEST

static void line_told(uintptr_t code, uint32_t line)
{
	lines_begin();
	lines_add(0, line * LINE_LENGTH);
	lines_end(code);
}

/* The line that the next record says of the code with this id; 0: there is no record. */
static uint32_t line_recorded(int *record, uint32_t id)
{
	struct trace_code_lines head;
	const uint8_t *payload;
	size_t size;
	uint16_t type;

	if (!node_stub_record(*record, &type, &payload, &size))
		return 0;
	++*record;
	memcpy(&head, payload, sizeof(head));
	ck_assert_uint_eq(head.id, id);
	payload += sizeof(head);
	ck_assert_uint_eq(varint(&payload), 0);
	return (uint32_t)change(&payload);
}

/* Functions that are compiled together: all positions come first. */
START_TEST(lines_of_a_batch)
{
	enum { COUNT = 500 };
	int record = 0;

	node_stub_start();
	v8 = (struct v8){.current = isolate_here, .line_of = line_of, .column_of = column_of};
	for (uint32_t i = 0; i < COUNT; i++)
		line_told(BASE + 16 * i, 10 + i);
	for (uint32_t i = 0; i < COUNT; i += 2) {
		lines_tell(i + 1, BASE + 16 * i, &asked, &asked);
		ck_assert_uint_eq(line_recorded(&record, i + 1), 11 + i);
	}
	/* The next batch: what the last one left is not its. */
	line_told(BASE, 7);
	lines_tell(1000, BASE + 16, &asked, &asked);
	ck_assert_uint_eq(line_recorded(&record, 1000), 0);
	lines_tell(1001, BASE, &asked, &asked);
	ck_assert_uint_eq(line_recorded(&record, 1001), 8);
	/* Something moved in between: it may be this, and another here. */
	line_told(BASE, 9);
	lines_moved();
	lines_tell(1002, BASE, &asked, &asked);
	ck_assert_uint_eq(line_recorded(&record, 1002), 0);
	/* One that has no end. */
	lines_begin();
	lines_add(0, 5 * LINE_LENGTH);
	line_told(BASE, 6);
	lines_tell(1003, BASE, &asked, &asked);
	ck_assert_uint_eq(line_recorded(&record, 1003), 7);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("node");

	tcase_add_loop_test(tcase, each_frame_is_in_its_own_code, 0, 8);
	tcase_add_test(tcase, the_same_again_keeps_its_id);
	tcase_add_test(tcase, what_is_not_recorded_has_no_id);
	tcase_add_test(tcase, nonsense_is_refused);
	tcase_add_test(tcase, lines_are_those_of_the_positions);
	tcase_add_test(tcase, lines_of_a_batch);
	return suite_run("node", tcase);
}
