/* What commands do with what surrounds them: recordings given twice, a reader that goes away, names of anybody's. */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands/commands.h"
#include "probe/trace.h"
#include "report/view.h"
#include "suite.h"
#include "util.h"

static char folder[] = "/tmp/report_commands.XXXXXX";

static void write_file(const char *dir, const char *name, const void *bytes, size_t size)
{
	char path[PATH_MAX];
	FILE *file;

	mkdir(dir, 0700);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	ck_assert(file && fwrite(bytes, 1, size, file) == size && !fclose(file));
}

/* A recording that was begun at `realtime_ns`, of one process that left an empty file. */
static void make_recording(const char *dir, uint64_t realtime_ns, const char *file)
{
	struct trace_recording header = {
		.magic = TRACE_RECORDING_MAGIC, .version = TRACE_VERSION, .pid = 101, .realtime_ns = realtime_ns,
	};

	write_file(dir, "recording", &header, sizeof(header));
	write_file(dir, file, "", 0);
}

static size_t opened(const char *first, const char *second)
{
	const char *dirs[] = {first, second};
	struct view_input *inputs;
	size_t count;

	inputs = inputs_open(dirs, 2, NULL, &count);
	ck_assert_ptr_nonnull(inputs);
	inputs_close(inputs, count);
	return count;
}

START_TEST(a_recording_counts_once)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	make_recording("one", 1, "101-11-cafe0001-0.shared");
	make_recording("copy", 1, "101-11-cafe0001-0.shared");
	make_recording("part", 1, "102-11-cafe0001-0.shared");
	make_recording("other", 2, "101-11-cafe0001-0.shared");
	ck_assert_int_eq(symlink("other", "link"), 0);
	ck_assert_uint_eq(opened("one", "one"), 1);
	ck_assert_uint_eq(opened("one", "copy"), 1);
	ck_assert_uint_eq(opened("other", "link"), 1);
	ck_assert_uint_eq(opened("one", "part"), 2);
	ck_assert_uint_eq(opened("one", "other"), 2);
	/* A folder that holds the one that was named, too. */
	ck_assert_uint_eq(opened("copy", "."), 3);
	ck_assert_int_eq(system("rm -r one copy part other link"), 0);
	ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

/* The exit status of a process that writes more than a pipe holds to `output`, and what it said on its way. */
static int status_of_output(int output, char *said, size_t size)
{
	int fds[2], status;
	ssize_t got;
	pid_t pid;

	ck_assert_int_eq(pipe(fds), 0);
	pid = fork();
	if (!pid) {
		dup2(output, STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		output_begin();
		for (int i = 0; i < 100000; i++)
			puts("a line");
		_exit(output_end());
	}
	close(fds[1]);
	/* Messages are short: all of one fits into the pipe. */
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	got = read(fds[0], said, size - 1);
	said[got > 0 ? got : 0] = '\0';
	close(fds[0]);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

START_TEST(a_reader_that_goes_away_is_no_error)
{
	int fds[2], full = open("/dev/full", O_WRONLY);
	char said[200];

	ck_assert_int_eq(pipe(fds), 0);
	close(fds[0]);
	ck_assert_int_eq(status_of_output(fds[1], said, sizeof(said)), 128 + SIGPIPE);
	ck_assert_str_eq(said, "");
	ck_assert_int_ge(full, 0);
	ck_assert_int_eq(status_of_output(full, said, sizeof(said)), STATUS_INPUT);
	ck_assert_ptr_nonnull(strstr(said, "standard output"));
}
END_TEST

START_TEST(messages_hold_no_control_characters)
{
	char said[200] = "";
	int fds[2], before = dup(STDERR_FILENO);

	ck_assert_int_eq(pipe(fds), 0);
	dup2(fds[1], STDERR_FILENO);
	warn("%s: no", "a\033[31m\n\177ü");
	dup2(before, STDERR_FILENO);
	ck_assert_int_gt(read(fds[0], said, sizeof(said) - 1), 0);
	ck_assert_str_eq(said, "probe: a\\x1b[31m\\x0a\\x7fü: no\n");
}
END_TEST

SUITE_MAIN("commands", a_recording_counts_once, a_reader_that_goes_away_is_no_error,
           messages_hold_no_control_characters)
