/*
 * cpu_counters_test.c: counters of a thread, by the kernel's own ones (page faults), since not every machine has the
 * processor's: against getrusage, and in programs that close what is not theirs. Where the kernel lets nobody ask there are none.
 */
#include <check.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cpu/counters.h"
#include "suite.h"

#define PAGES 500

static const struct counter table[] = {
	{PERF_TYPE_HARDWARE, TRACE_CPU_INSTRUCTIONS, 1u << 20}, /* no such thing: left out */
	{PERF_TYPE_SOFTWARE, TRACE_CPU_PAGE_FAULTS, PERF_COUNT_SW_PAGE_FAULTS},
	{PERF_TYPE_SOFTWARE, TRACE_CPU_CYCLES, PERF_COUNT_SW_PAGE_FAULTS_MIN},
};

static struct counter_group *opened(void)
{
	struct counter_group *group = counters_open(table, 3);

	if (!group)
		ck_assert_msg(access("/proc/sys/kernel/perf_event_paranoid", R_OK) != 0 || getuid() != 0,
		              "the kernel lets root ask, but no counter is open");
	return group;
}

static uint64_t faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return (uint64_t)(usage.ru_minflt + usage.ru_majflt);
}

static void touch(void)
{
	char *pages = mmap(NULL, PAGES << 12, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	madvise(pages, PAGES << 12, MADV_NOHUGEPAGE);
	for (int i = 0; i < PAGES; i++)
		pages[i << 12] = 1;
	munmap(pages, PAGES << 12);
}

START_TEST(amounts)
{
	struct counter_group *group = opened();
	uint64_t told[COUNTERS_MOST], before, after;

	if (!group)
		return;
	ck_assert_uint_eq(group->count, 2);
	ck_assert_uint_eq(group->told[0], TRACE_CPU_PAGE_FAULTS);
	ck_assert_uint_eq(group->told[1], TRACE_CPU_CYCLES);
	ck_assert(counters_read(group, told));
	before = faults();
	touch();
	after = faults();
	ck_assert(counters_read(group, told));
	ck_assert_uint_ge(after - before, PAGES);
	ck_assert_uint_ge(told[0], PAGES);
	ck_assert_uint_le(told[0], after - before + 8);
	ck_assert_uint_ge(told[1], PAGES);
	counters_close(group);
	ck_assert(!counters_read(group, told));
}
END_TEST

START_TEST(others_descriptors)
{
	struct counter_group *group = opened();
	uint64_t told[COUNTERS_MOST];
	int fds[COUNTERS_MOST], files[2];
	char byte = 'x';

	if (!group)
		return;
	fds[0] = group->fd[0];
	fds[1] = group->fd[1];
	ck_assert_int_eq(pipe(files), 0);
	ck_assert_int_eq(write(files[1], &byte, 1), 1);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(dup2(files[0], fds[i]), fds[i]);
	ck_assert(!counters_read(group, told));
	counters_close(group);
	ck_assert_int_eq(fcntl(fds[0], F_GETFD), 0);
	ck_assert_int_eq(read(fds[1], &byte, 1), 1);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(of_the_parent)
{
	struct counter_group *group = opened();
	int status;
	pid_t pid;

	if (!group)
		return;
	pid = fork();
	if (pid == 0) {
		int fd = group->fd[0];

		counters_forked();
		_exit(fcntl(fd, F_GETFD) == -1 && counters_open(table, 3) ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_ge(fcntl(group->fd[0], F_GETFD), FD_CLOEXEC);
	counters_close(group);
}
END_TEST

START_TEST(few)
{
	struct counter_group *group[COUNTED_THREADS];

	if (!opened())
		return;
	counters_forked();
	for (int i = 0; i < COUNTED_THREADS; i++)
		ck_assert_ptr_nonnull(group[i] = counters_open(table, 3));
	ck_assert_ptr_null(counters_open(table, 3));
	counters_close(group[3]);
	ck_assert_ptr_eq(counters_open(table, 3), group[3]);
	counters_forked();
}
END_TEST

SUITE_MAIN("cpu counters", amounts, others_descriptors, of_the_parent, few)
