/* reader_pending_test.c: which blocks inside linear memories only a pending finalizer holds, by what it holds. */
#include <stdint.h>
#include <sys/mman.h>

#include "reader_check.h"
#include "reader_maker.h"
#include "suite.h"
#include "trace/recording.h"

#define GIB     (1ull << 30)
#define SURPLUS 61440ull
#define AT      0x7f0000000000ull  /* base of the first memory */
#define NEXT    (AT + 16 * GIB)     /* and of the second */
#define ENDING  10000u
#define BLOCKS  40u
#define SIZE    48u
#define V8      (TRACE_MAP_ANONYMOUS | TRACE_MAP_RUNTIME)

/* Nodes: V8 makes the memory; the program allocates, and makes registries. */
enum { MAIN = TRACE_FIRST_NODE, MAPS, ALLOCATES, ONE, OTHER };

static struct maker maker;
static struct trace_event events[256];
static size_t count, first_of_second; /* events; those of the second stream begin here, if there are any */

static void set_up(void)
{
	const struct trace_module v8 = {.start = 0x400000, .end = 0x500000};

	maker_init(&maker, 100, 0);
	maker_header(&maker)->ending_tick = ENDING;
	maker_record(&maker, TRACE_RECORD_MODULE, 1, &v8, sizeof v8, "/bin/node");
	maker_node(&maker, TRACE_STACK_ROOT, 0x401000);
	maker_node(&maker, MAIN, 0x402000);
	for (uint64_t i = 1; i <= 3; i++)
		maker_node(&maker, MAIN, 0x7e0000001000 * i);
	count = 0;
	first_of_second = sizeof events / sizeof events[0];
}

static void tear_down(void)
{
	maker_free(&maker);
}

static void memory(uint64_t base)
{
	events[count] = event_make(TRACE_EVENT_MAP, count + 2, base, 8 * GIB + SURPLUS, MAPS, PROT_NONE, V8), count++;
	events[count] = event_make(TRACE_EVENT_UNMAP, count + 2, base + 8 * GIB, SURPLUS, 0, 0, 0), count++;
	events[count] = event_make(TRACE_EVENT_PROTECT, count + 2, base, 16 * 65536, MAPS, PROT_READ | PROT_WRITE, 0), count++;
}

static uint64_t pointer(uint64_t block)
{
	return 65536 + 64 * block;
}

/* The blocks [first, end) of a memory are alive. */
static void blocks(uint64_t base, uint64_t first, uint64_t end, uint64_t size)
{
	for (uint64_t i = first; i < end; i++, count++) {
		events[count] = event_alloc(count + 2, base + pointer(i), size, ALLOCATES);
		events[count].detail = TRACE_FAMILY_WASM;
	}
}

/* A registry of an isolate holds pointers `distance` into the blocks [first, end), and `others` numbers that are none. */
static void held(uint32_t isolate, uint32_t registry, uint64_t first, uint64_t end, uint64_t distance, uint64_t others)
{
	struct { struct trace_pending record; uint64_t values[2 * BLOCKS]; } payload = {
		.record = {.isolate = isolate, .registry = registry},
	};

	for (uint64_t i = first; i < end; i++)
		payload.values[payload.record.count++] = pointer(i) + distance;
	for (uint64_t i = 0; i < others; i++)
		payload.values[payload.record.count++] = 3 + i;
	maker_record(&maker, TRACE_RECORD_PENDING, ENDING - 1, &payload, sizeof payload.record + 8ul * payload.record.count, NULL);
}

/* Of the site that allocates: `alive` blocks are left, `pending` were taken. */
static struct recording *check(uint64_t alive, uint64_t pending, uint64_t size)
{
	struct recording *recording;
	const struct process_info *process;

	first_of_second = first_of_second < count ? first_of_second : count;
	maker_ring(&maker, 0, 0, events, first_of_second, first_of_second);
	if (count > first_of_second)
		maker_ring(&maker, 1, 0, events + first_of_second, count - first_of_second, count - first_of_second);
	recording = maker_open(&maker, 1);
	process = &recording->processes[0];
	ck_assert_uint_eq(recording->finding_count, 0);
	for (size_t i = 0; i < process->site_count; i++) {
		const struct site *site = &process->sites[i];

		if (site->domain != DOMAIN_WASM_HEAP)
			continue;
		ck_assert_uint_eq(site->live_blocks, alive);
		ck_assert_uint_eq(site->live_bytes, alive * size);
		ck_assert_uint_eq(site->pending.blocks, pending);
		ck_assert_uint_eq(site->pending.bytes, pending * size);
		ck_assert_uint_eq(site->allocs, alive + pending);
		ck_assert_uint_eq(site->frees, 0);
		return recording;
	}
	ck_abort_msg("no block in a linear memory");
}

static void check_row(const struct recording *recording, size_t row, uint32_t memory_id, uint64_t taken)
{
	const struct unfinalized *objects = &recording->processes[0].unfinalized[row];

	ck_assert_uint_lt(row, recording->processes[0].unfinalized_count);
	ck_assert_uint_eq(objects->memory, memory_id);
	ck_assert_uint_eq(objects->blocks, taken);
}

START_TEST(taken_from_the_site_but_not_from_the_memory)
{
	struct recording *recording;

	memory(AT);
	blocks(AT, 0, BLOCKS, SIZE);
	held(1, ONE, 0, 10, 0, 0);
	held(1, OTHER, 5, 20, 0, 0); /* some of the same */
	recording = check(BLOCKS - 20, 20, SIZE);
	check_row(recording, 0, 1, 10);
	check_row(recording, 1, 1, 10);
	ck_assert_uint_eq(recording->processes[0].wasm_memories[0].heap->live_blocks, BLOCKS);
	recording_close(recording);
}
END_TEST

START_TEST(behind_a_reference_count)
{
	struct recording *recording;

	memory(AT);
	blocks(AT, 0, BLOCKS, SIZE);
	held(1, ONE, 0, 10, 8, 0);
	held(1, OTHER, 10, 15, 16, 0);
	recording = check(BLOCKS - 15, 15, SIZE);
	check_row(recording, 0, 1, 10);
	check_row(recording, 1, 1, 5);
	recording_close(recording);
}
END_TEST

START_TEST(no_pointers_of_these_blocks)
{
	struct recording *recording;

	memory(AT);
	blocks(AT, 0, BLOCKS, 8);
	held(1, ONE, 0, 10, 8, 0);    /* one past the end */
	held(1, OTHER, 0, 10, 4, 0);
	recording = check(BLOCKS, 0, 8);
	check_row(recording, 0, 0, 0);
	check_row(recording, 1, 0, 0);
	recording_close(recording);
}
END_TEST

START_TEST(nearly_all_must_fit)
{
	struct recording *recording;

	memory(AT);
	blocks(AT, 0, BLOCKS, SIZE);
	held(1, ONE, 0, 18, 0, 2);
	held(1, OTHER, 18, 35, 0, 3);
	recording = check(BLOCKS - 18, 18, SIZE);
	check_row(recording, 0, 1, 18);
	check_row(recording, 1, 0, 0);
	recording_close(recording);
}
END_TEST

START_TEST(in_one_memory_alone)
{
	struct recording *recording;

	memory(AT);
	memory(NEXT);
	blocks(AT, 0, 20, SIZE);
	blocks(NEXT, 10, BLOCKS, SIZE);
	held(1, ONE, 10, 20, 0, 0);      /* which of the two? */
	held(1, OTHER, 20, 30, 0, 0);
	recording = check(20 + 30 - 10, 10, SIZE);
	check_row(recording, 0, 0, 0);
	check_row(recording, 1, 2, 10);
	recording_close(recording);
}
END_TEST

/* The thread of an isolate. */
static void collected(uint32_t isolate, uint32_t stream)
{
	const struct trace_collected record = {.isolate = isolate, .why = TRACE_COLLECTED_ENDING, .stream = stream};

	maker_record(&maker, TRACE_RECORD_COLLECTED, ENDING - 2, &record, sizeof record, NULL);
}

START_TEST(of_two_memories_that_of_its_own_thread)
{
	struct recording *recording;

	memory(AT);
	memory(NEXT);
	blocks(AT, 0, 20, SIZE);
	first_of_second = count;
	blocks(NEXT, 0, 20, SIZE);
	collected(1, 0);
	collected(2, 1);
	held(1, ONE, 0, 5, 0, 0);
	held(2, ONE, 5, 12, 0, 0);
	held(3, ONE, 12, 14, 0, 0);      /* whose thread is not known */
	recording = check(40 - 12, 12, SIZE);
	check_row(recording, 0, 1, 5);
	check_row(recording, 1, 2, 7);
	check_row(recording, 2, 0, 0);
	recording_close(recording);
}
END_TEST

START_TEST(nobody_will_call_back)
{
	const struct trace_runtime ended = {.isolate = 2, .state = TRACE_RUNTIME_ENDED};
	struct recording *recording;

	memory(AT);
	blocks(AT, 0, BLOCKS, SIZE);
	held(2, ONE, 0, 10, 0, 0);
	maker_record(&maker, TRACE_RECORD_RUNTIME, ENDING, &ended, sizeof ended, NULL);
	recording = check(BLOCKS, 0, SIZE);
	check_row(recording, 0, 0, 0);
	recording_close(recording);
}
END_TEST

int main(void)
{
	TCase *test = tcase_create("pending");

	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_add_test(test, taken_from_the_site_but_not_from_the_memory);
	tcase_add_test(test, behind_a_reference_count);
	tcase_add_test(test, no_pointers_of_these_blocks);
	tcase_add_test(test, nearly_all_must_fit);
	tcase_add_test(test, in_one_memory_alone);
	tcase_add_test(test, of_two_memories_that_of_its_own_thread);
	tcase_add_test(test, nobody_will_call_back);
	return suite_run("reader_pending", test);
}
