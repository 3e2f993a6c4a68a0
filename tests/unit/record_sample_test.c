/*
 * record_sample_test.c: how many marks are sampled, when each could be paid for.
 */
#include <time.h>

#include "record/sample.h"
#include "record_stub.h"
#include "suite.h"
#include "trace/recording.h"
#include "trace/sample.h"

#define APART 20000000ull /* ticks between marks of which each is looked at */
#define SHARE 100         /* of the CPU time, what samples at marks may take */
#define EACH  64          /* samples, before there are half as many */

static uint64_t cpu_us(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

/* A mark, when neither its time nor its cost stands against a sample. */
static void mark(void)
{
	static uint64_t dearest = 1000; /* microseconds */
	uint64_t began = clock_tick(), before = process->header->sampling_us;

	while (clock_tick() < began + APART + APART / 8 || cpu_us() < SHARE * (before + 2 * dearest + 2))
		;
	sample_take(TRACE_SAMPLE_MARK);
	if (process->header->sampling_us - before > dearest)
		dearest = process->header->sampling_us - before;
}

static size_t samples(const char *directory)
{
	struct recording *recording = recording_open(directory);
	size_t count;

	ck_assert_ptr_nonnull(recording);
	count = recording->processes[0].sample_count;
	recording_close(recording);
	return count;
}

START_TEST(rarer)
{
	const char *directory = record_stub_start();

	for (int i = 0; i < EACH; i++)
		mark();
	ck_assert_uint_eq(samples(directory), EACH);
	for (int i = 0; i < EACH; i++)
		mark();
	ck_assert_uint_eq(samples(directory), EACH + EACH / 2);
	record_stub_end();
}
END_TEST

SUITE_MAIN("sample", rarer)
