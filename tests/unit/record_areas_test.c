/*
 * record_areas_test.c: what a sample says of this very process, with the kernel's scan of pages and, where a kernel has
 * none, with smaps and pagemap.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "record/areas.h"
#include "record_stub.h"
#include "suite.h"
#include "trace/recording.h"
#include "trace/sample.h"

#define PAGE    4096ul
#define PAGES   9000ul
#define HOLES   3                 /* each third page is not touched */
#define SPARSE  (1ul << 40)
#define SCAN    _IOWR('f', 16, char[96])

static uint64_t kernel_rss(void)
{
	uint64_t total, resident = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	ck_assert_int_eq(fscanf(file, "%lu %lu", &total, &resident), 2);
	fclose(file);
	return resident * PAGE;
}

/* A kernel before 6.7. */
static void forbid_scan(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)SCAN, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOTTY),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof(code) / sizeof(*code), .filter = code};

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static struct recording *take(const char *directory)
{
	struct areas *areas = areas_make();
	struct trace_sample head = {.reason = TRACE_SAMPLE_MARK};
	struct recording *recording;

	ck_assert_ptr_nonnull(areas);
	ck_assert_int_gt(areas_write(areas, &head), 0);
	recording = recording_open(directory);
	ck_assert_ptr_nonnull(recording);
	ck_assert_uint_eq(recording->process_count, 1);
	ck_assert_uint_eq(recording->processes[0].sample_count, 1);
	return recording;
}

static uint64_t resident(const struct sample *sample, char *start, char *end)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < sample->area_count; i++)
		bytes += sample_resident(sample, &sample->areas[i], (uintptr_t)start, (uintptr_t)end);
	return bytes;
}

static void check(bool scans)
{
	const char *directory = record_stub_start();
	char *memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct sample *sample;
	struct recording *recording;
	volatile char *pages = memory;
	uint64_t sum = 0, rss, own = 0;

	madvise(memory, PAGES * PAGE, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < PAGES; i++)
		if (i % HOLES)
			pages[i * PAGE] = 1;
		else if (i % 2)
			(void)pages[i * PAGE]; /* only read: the kernel's page of zeros, which counts for nobody */
	if (!scans)
		forbid_scan();
	rss = kernel_rss();
	recording = take(directory);
	sample = &recording->processes[0].samples[0];
	ck_assert_uint_eq(resident(sample, memory, memory + PAGES * PAGE), PAGES / HOLES * (HOLES - 1) * PAGE);
	/* It is known to the page, in as many areas as it takes. */
	for (size_t i = 0; i < PAGES; i++)
		ck_assert_uint_eq(resident(sample, memory + i * PAGE, memory + (i + 1) * PAGE), i % HOLES ? PAGE : 0);
	for (size_t i = 0; i < sample->area_count; i++)
		sum += sample->areas[i].resident;
	ck_assert_uint_le(sum > rss ? sum - rss : rss - sum, 1u << 20);
	ck_assert_uint_le(sample->head.rss > rss ? sample->head.rss - rss : rss - sample->head.rss, 1u << 20);
	for (size_t i = 0; i < sample->claim_count; i++)
		if (sample->claims[i].kind == TRACE_CLAIM_OWN && sample->claims[i].start <= (uintptr_t)process &&
		    (uintptr_t)process < sample->claims[i].end)
			own++;
	ck_assert_uint_eq(own, 1);
	recording_close(recording);
	record_stub_end();
}

/* Reserved in plenty, used sparsely, as runtimes do: before 6.7 its pages would take seconds to ask for. */
START_TEST(sparse)
{
	const char *directory = record_stub_start();
	char *memory = mmap(NULL, SPARSE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	const struct sample_area *area = NULL;
	const struct sample *sample;
	struct recording *recording;

	ck_assert_ptr_ne(memory, MAP_FAILED);
	madvise(memory, SPARSE, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < PAGES; i += 2)
		((volatile char *)memory)[i * PAGE] = 1;
	forbid_scan();
	recording = take(directory);
	sample = &recording->processes[0].samples[0];
	for (size_t i = 0; i < sample->area_count; i++)
		if (sample->areas[i].start <= (uintptr_t)memory && (uintptr_t)memory < sample->areas[i].end)
			area = &sample->areas[i];
	ck_assert_ptr_nonnull(area);
	ck_assert_uint_eq(area->resident, PAGES / 2 * PAGE);
	ck_assert_uint_eq(area->run_count, 0);
	recording_close(recording);
	record_stub_end();
}
END_TEST

START_TEST(scanned)
{
	check(true);
}
END_TEST

START_TEST(from_smaps)
{
	check(false);
}
END_TEST

SUITE_MAIN("areas", scanned, from_smaps, sparse)
