/*
 * names_code_test.c: of generated code at an address that counts which the format says, however places overlap. The
 * reference asks every place.
 */
#include <check.h>
#include <stdlib.h>

#include "names/code.h"
#include "names_recording.h"
#include "reader_check.h"
#include "suite.h"

static struct recording *recording;
static struct process_id first;
static struct code_index code_index;

static void set_up(void)
{
	recording = made_recording();
	code_index = (struct code_index){0};
}

static void tear_down(void)
{
	code_index_free(&code_index);
	made_recording_free(recording);
}

static uint32_t id_at(uint64_t address, uint32_t generation)
{
	const struct code_place *place = code_at(&code_index, address, generation);

	return place ? place->id : 0;
}

static void add(uint64_t address, uint32_t size, uint32_t generation)
{
	made_code(recording, first, TRACE_CODE_MACHINE, "", address, size, generation);
}

START_TEST(highest_generation_then_last)
{
	made_codes(recording, first, 8);
	add(0x1000, 0x100, 0); /* 1 */
	add(0x1080, 0x100, 2); /* 2 */
	add(0x1080, 0x40, 2);  /* 3: told later */
	add(0x1000, 0x10, 1);  /* 4: told later than 2, but of an earlier generation */
	add(0x2000, 0, 0);     /* 5: has no room */
	code_index_build(&code_index, recording, first);
	ck_assert_uint_eq(id_at(0xfff, 9), 0);
	ck_assert_uint_eq(id_at(0x1000, 0), 1);
	ck_assert_uint_eq(id_at(0x1000, 1), 4);
	ck_assert_uint_eq(id_at(0x1000, 7), 4);
	ck_assert_uint_eq(id_at(0x1010, 7), 1);
	ck_assert_uint_eq(id_at(0x1090, 1), 1);
	ck_assert_uint_eq(id_at(0x1090, 2), 3);
	ck_assert_uint_eq(id_at(0x10c0, 2), 2);
	ck_assert_uint_eq(id_at(0x117f, TRACE_NODE_GENERATION), 2);
	ck_assert_uint_eq(id_at(0x117f, 1), 0);
	ck_assert_uint_eq(id_at(0x1180, 7), 0);
	ck_assert_uint_eq(id_at(0x2000, 7), 0);
	ck_assert_uint_eq(id_at(UINT64_MAX, 7), 0);
}
END_TEST

START_TEST(none_at_all)
{
	code_index_build(&code_index, recording, first);
	ck_assert_uint_eq(id_at(0, 0), 0);
	ck_assert_uint_eq(id_at(0x1000, 7), 0);
}
END_TEST

START_TEST(up_to_the_last_address)
{
	made_codes(recording, first, 2);
	add(UINT64_MAX - 0xfff, 0xfff, 0);
	add(0, 1, 0);
	code_index_build(&code_index, recording, first);
	ck_assert_uint_eq(id_at(UINT64_MAX - 1, 0), 1);
	ck_assert_uint_eq(id_at(UINT64_MAX, 0), 0);
	ck_assert_uint_eq(id_at(0, 0), 2);
	ck_assert_uint_eq(id_at(1, 0), 0);
}
END_TEST

/* A child has what its parent had when it forked, its grandparent's included, and what it told itself hides that. */
START_TEST(inherited)
{
	struct process_id child = made_process(recording), grandchild = made_process(recording);
	struct process_info *processes = recording->processes;

	made_codes(recording, first, 4);
	add(0x1000, 0x100, 0); /* 1, tick 1 */
	add(0x2000, 0x100, 0); /* 2, tick 2 */
	add(0x1000, 0x100, 0); /* 3, tick 3: after the fork */
	processes[child.index].forked = processes[grandchild.index].forked = true;
	processes[child.index].parent = first;
	processes[child.index].header.fork_before = 2;
	processes[grandchild.index].parent = child;
	processes[grandchild.index].header.fork_before = 1;
	made_codes(recording, child, 2);
	made_codes(recording, grandchild, 1);
	made_code(recording, child, TRACE_CODE_MACHINE, "", 0x2080, 0x10, 0); /* 1, tick 1 */
	made_code(recording, child, TRACE_CODE_MACHINE, "", 0x2000, 0x10, 0); /* 2, tick 2: after the second fork */
	code_index_build(&code_index, recording, child);
	ck_assert_ptr_eq(code_at(&code_index, 0x1000, 0), &processes[0].places[0]);
	ck_assert_ptr_eq(code_at(&code_index, 0x2080, 0), &processes[1].places[0]);
	ck_assert_ptr_eq(code_at(&code_index, 0x2000, 0), &processes[1].places[1]);
	ck_assert_ptr_eq(code_at(&code_index, 0x2010, 0), &processes[0].places[1]);
	code_index_free(&code_index);
	code_index_build(&code_index, recording, grandchild);
	ck_assert_ptr_eq(code_at(&code_index, 0x2080, 0), &processes[1].places[0]);
	ck_assert_ptr_eq(code_at(&code_index, 0x2000, 0), &processes[0].places[1]);
	/* Two that claim to be each other's parents do not hang. */
	processes[first.index].forked = true;
	processes[first.index].parent = child;
	code_index_free(&code_index);
	code_index_build(&code_index, recording, child);
}
END_TEST

static const struct code_place *reference(const struct process_info *process, uint64_t address, uint32_t generation)
{
	const struct code_place *best = NULL;

	for (size_t i = 0; i < process->place_count; i++) {
		const struct code_place *place = &process->places[i];

		if (address - place->address < place->code->size && place->generation <= generation &&
		    (!best || place->generation >= best->generation))
			best = place;
	}
	return best;
}

START_TEST(as_the_reference)
{
	static const struct { uint64_t span; uint32_t size, generations; } shapes[] = {
		{200, 60, 1}, {200, 60, 5}, {1000, 12, 3}, {64, 64, 40}, {100000, 50, 2}, {3, 3, 3},
	};
	uint64_t random = 0x9e3779b97f4a7c15;
	struct process_info *process = &recording->processes[0];

	made_codes(recording, first, 400);
	for (int round = 0; round < 120; round++) {
		const uint64_t span = shapes[round % 6].span;
		size_t count = 1 + next_random(&random) % 400;

		process->code_count = process->place_count = 0;
		free(process->places);
		process->places = NULL;
		for (size_t i = 0; i < count; i++)
			if (i && next_random(&random) % 4 == 0)
				made_move(recording, first, (uint32_t)(1 + next_random(&random) % process->code_count),
				          0x1000 + next_random(&random) % span,
				          (uint32_t)(next_random(&random) % shapes[round % 6].generations));
			else
				add(0x1000 + next_random(&random) % span,
				    (uint32_t)(next_random(&random) % shapes[round % 6].size),
				    (uint32_t)(next_random(&random) % shapes[round % 6].generations));
		code_index_build(&code_index, recording, first);
		for (int query = 0; query < 600; query++) {
			uint64_t address = 0xffe + next_random(&random) % (span + 70);
			uint32_t generation = (uint32_t)(next_random(&random) % (shapes[round % 6].generations + 1));

			ck_assert_ptr_eq(code_at(&code_index, address, generation),
			                 reference(process, address, generation));
		}
		code_index_free(&code_index);
	}
}
END_TEST

/* Many places, each over half of all others: a look-up must not ask them one by one. */
START_TEST(many_over_each_other)
{
	enum { MANY = 300000 };
	uint64_t sum = 0;

	made_codes(recording, first, MANY);
	for (uint32_t i = 0; i < MANY; i++)
		add(0x100000 + i, MANY, i % 1000);
	code_index_build(&code_index, recording, first);
	for (uint32_t i = 0; i < MANY; i++)
		sum += id_at(0x100000 + MANY / 2 + i, i % 1000);
	ck_assert_uint_gt(sum, 0);
}
END_TEST

int main(void)
{
	TCase *test = tcase_create("code");

	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_add_test(test, highest_generation_then_last);
	tcase_add_test(test, none_at_all);
	tcase_add_test(test, up_to_the_last_address);
	tcase_add_test(test, inherited);
	tcase_add_test(test, as_the_reference);
	tcase_add_test(test, many_over_each_other);
	return suite_run("names_code", test);
}
