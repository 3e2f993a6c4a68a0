/* record_limits_test.c: which limit a control group has, by files as the kernel makes them, in both versions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record/limits.h"
#include "suite.h"

static char mount[] = "/tmp/limits-XXXXXX", group[256];

static void put(const char *path, const char *text)
{
	char name[512];
	FILE *file;

	for (const char *slash = path; (slash = strchr(slash, '/')); slash++) {
		snprintf(name, sizeof name, "%s/%.*s", mount, (int)(slash - path), path);
		mkdir(name, 0700);
	}
	snprintf(name, sizeof name, "%s/%s", mount, path);
	file = fopen(name, "w");
	ck_assert(file && fputs(text, file) >= 0 && !fclose(file));
}

static void set_up(void)
{
	ck_assert_ptr_nonnull(mkdtemp(mount));
}

static void tear_down(void)
{
	char command[64];

	snprintf(command, sizeof command, "rm -r %s", mount);
	ck_assert_int_eq(system(command), 0);
}

static uint64_t limit(const char *groups)
{
	return limits_of_groups(groups, mount, group, sizeof group);
}

static void is_group(const char *path)
{
	ck_assert(!strncmp(group, mount, strlen(mount)));
	ck_assert_str_eq(group + strlen(mount), path);
}

START_TEST(second_version)
{
	put("cgroup.controllers", "cpu memory\n");
	ck_assert_uint_eq(limit("0::/a/b\n"), TRACE_LIMIT_NONE);
	put("a/b/memory.max", "max\n");
	ck_assert_uint_eq(limit("0::/a/b\n"), TRACE_LIMIT_NONE);
	ck_assert_str_eq(group, "");
	put("a/memory.max", "536870912\n");
	ck_assert_uint_eq(limit("0::/a/b\n"), 536870912);
	is_group("/a");
	put("a/b/memory.max", "1073741824\n"); /* a larger one below does not help */
	ck_assert_uint_eq(limit("0::/a/b\n"), 536870912);
	is_group("/a");
	put("a/b/memory.max", "4096\n");
	ck_assert_uint_eq(limit("0::/a/b\n"), 4096);
	is_group("/a/b");
	ck_assert_uint_eq(limit("0::/\n"), TRACE_LIMIT_NONE);
	ck_assert_uint_eq(limit("0::/other\n"), TRACE_LIMIT_NONE);
}
END_TEST

/* As in a container: the mount is its own group, by whatever name its path goes outside. */
START_TEST(container)
{
	put("memory.max", "268435456\n");
	ck_assert_uint_eq(limit("0::/\n"), 268435456);
	is_group("");
	ck_assert_uint_eq(limit("0::/docker/0123\n"), 268435456);
	put("memory/memory.limit_in_bytes", "134217728\n");
	ck_assert_uint_eq(limit("5:cpu,memory:/docker/0123\n0::/\n"), 134217728);
	is_group("/memory");
}
END_TEST

START_TEST(first_version)
{
	const char *groups = "9:name=memory:/wrong\n8:pids:/wrong\n4:cpuset,memory:/a\n0::/wrong\n";

	put("memory/memory.limit_in_bytes", "9223372036854771712\n");
	ck_assert_uint_eq(limit(groups), TRACE_LIMIT_NONE);
	put("memory/a/memory.limit_in_bytes", "65536\n");
	ck_assert_uint_eq(limit(groups), 65536);
	is_group("/memory/a");
}
END_TEST

START_TEST(unknown)
{
	char longer[8192];

	ck_assert_uint_eq(limit(""), 0);
	ck_assert_uint_eq(limit("0::/a\n"), 0);
	ck_assert_uint_eq(limit("4:memory:/a\n"), 0);
	ck_assert_uint_eq(limit("4:memory\n:::\n7:memo,memory2:/a\nmemory"), 0);
	put("memory.max", "none\n");
	ck_assert_uint_eq(limit("0::/a\n"), TRACE_LIMIT_NONE);
	memset(longer, 'a', sizeof longer);
	memcpy(longer, "0::/", 4);
	longer[sizeof longer - 1] = '\0';
	ck_assert_uint_eq(limit(longer), 0);
}
END_TEST

int main(void)
{
	TCase *test = tcase_create("limits");

	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_add_test(test, second_version);
	tcase_add_test(test, container);
	tcase_add_test(test, first_version);
	tcase_add_test(test, unknown);
	return suite_run("record limits", test);
}
