/* reader_recording_test.c: a directory of images: ends, parents, clocks, what was not followed, no recording. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reader_check.h"
#include "reader_maker.h"
#include "suite.h"
#include "trace/recording.h"
#include "util.h"

static void note(struct maker *maker, enum trace_record_type type, uint64_t tick, uint32_t pid, uint32_t how,
	int32_t status, const char *path)
{
	struct trace_child child = {pid, how, status, 0};

	maker_record(maker, type, tick, &child, sizeof child, path);
}

static void free_all(struct maker *makers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		maker_free(&makers[i]);
}

START_TEST(ends)
{
	struct recording *recording;
	struct maker makers[7];

	for (uint32_t i = 0; i < 6; i++)
		maker_init(&makers[i], 100 + i, 0);
	maker_init(&makers[6], 105, 1);
	/* 100 exited; the others it waited for. */
	maker_header(&makers[0])->end = TRACE_END_EXIT;
	maker_header(&makers[0])->end_status = 256 + 7; /* as the kernel cuts it */
	for (int i = 1; i < 7; i++)
		maker_header(&makers[i])->anchor[0] = (struct trace_anchor){50, 50};
	note(&makers[0], TRACE_RECORD_WAITED, 40, 101, 0, 9, "");        /* an earlier process of that pid */
	note(&makers[0], TRACE_RECORD_WAITED, 60, 101, 0, 0x137f, "");   /* stopped */
	note(&makers[0], TRACE_RECORD_WAITED, 70, 101, 0, 11 | 0x80, ""); /* SIGSEGV and a core */
	note(&makers[0], TRACE_RECORD_WAITED, 80, 102, 0, 3 << 8, "");
	note(&makers[0], TRACE_RECORD_WAITED, 90, 103, 0, 5 << 8, "");   /* but it told itself: */
	maker_header(&makers[3])->end = TRACE_END_EXIT;
	maker_header(&makers[3])->end_status = 1;
	/* 104: nothing is known of it; 105 became another program, which was killed. */
	note(&makers[0], TRACE_RECORD_WAITED, 90, 105, 0, 15, "");
	recording = maker_open(makers, 7);
	static const struct { enum process_end end; int status; } expected[7] = {
		{END_EXIT, 7}, {END_SIGNAL, 11}, {END_EXIT, 3}, {END_EXIT, 1}, {END_KILLED, 0}, {END_EXEC, 0},
		{END_SIGNAL, 15},
	};
	for (size_t i = 0; i < 7; i++) {
		ck_assert_uint_eq(recording->processes[i].end, expected[i].end);
		ck_assert_int_eq(recording->processes[i].status, expected[i].status);
	}
	recording_close(recording);
	free_all(makers, 7);
}
END_TEST

/* Clock ticks since boot at which this process started, and the host's boot id. */
static uint64_t own_start(uint8_t boot_id[16])
{
	char line[1024], *at;
	FILE *file = fopen("/proc/self/stat", "r");
	uint64_t start;
	unsigned byte;
	int digits = 0;

	if (!file || !fgets(line, sizeof line, file))
		ck_abort_msg("no /proc");
	fclose(file);
	at = strrchr(line, ')') + 1;
	for (int field = 2; field < 22; field++)
		at = strchr(at + (field > 2), ' ');
	start = strtoull(at, NULL, 10);
	file = fopen("/proc/sys/kernel/random/boot_id", "r");
	if (!file)
		ck_abort_msg("no boot id");
	while (digits < 16 && fscanf(file, "%2x", &byte) == 1) {
		boot_id[digits++] = (uint8_t)byte;
		if (digits == 4 || digits == 6 || digits == 8 || digits == 10)
			fgetc(file);
	}
	fclose(file);
	return start;
}

/* This process says that it records: it is running; not with another start time or on another boot. */
START_TEST(running)
{
	struct trace_event event = event_alloc(10, 0x1000, 5, TRACE_STACK_NONE);
	struct recording *recording;
	struct maker makers[4];
	uint64_t start;

	for (uint32_t i = 0; i < 4; i++) {
		maker_init(&makers[i], (uint32_t)getpid(), i < 2 ? i : 0);
		start = own_start(maker_header(&makers[i])->boot_id);
		start += i == 2;
		maker_header(&makers[i])->start_ticks = start;
		if (i == 3)
			maker_header(&makers[i])->boot_id[0] ^= 1;
		snprintf(makers[i].stem, sizeof makers[i].stem, "%d-%llx-%08x-%u", getpid(),
		         (unsigned long long)start, i == 3 ? 7u : MAKER_HOST, i < 2 ? i : 0);
		maker_ring(&makers[i], 0, 0, &event, 1, 4);
	}
	recording = maker_open(makers, 4);
	ck_assert_uint_eq(recording->process_count, 4);
	for (size_t i = 0; i < 4; i++) {
		const struct process_info *process = &recording->processes[i];
		enum process_end expected = strcmp(process->stem, makers[1].stem) == 0 ? END_RUNNING
		                          : strcmp(process->stem, makers[0].stem) == 0 ? END_EXEC : END_KILLED;

		ck_assert_uint_eq(process->end, expected);
		ck_assert_uint_eq(process->totals.live_bytes, 5);
	}
	recording_close(recording);
	free_all(makers, 4);
}
END_TEST

START_TEST(parents)
{
	struct recording *recording;
	struct maker makers[5];

	maker_init(&makers[0], 100, 0);
	maker_init(&makers[1], 100, 1);
	maker_header(&makers[0])->end = TRACE_END_EXEC;
	maker_header(&makers[1])->anchor[0] = (struct trace_anchor){500, 500};
	maker_init(&makers[2], 200, 0); /* made before the exec */
	maker_forked(&makers[2], &makers[0], 300, 310);
	maker_init(&makers[3], 300, 0); /* and after */
	maker_forked(&makers[3], &makers[0], 700, 710);
	maker_init(&makers[4], 400, 0); /* its parent was gone when it looked: only the parent knows */
	maker_header(&makers[4])->parent_pid = 1;
	maker_header(&makers[4])->parent_start_ticks = 1;
	maker_header(&makers[4])->anchor[0] = (struct trace_anchor){900, 900};
	note(&makers[3], TRACE_RECORD_CHILD, 890, 400, TRACE_HOW_FORK, 0, "");
	recording = maker_open(makers, 5);
	ck_assert_uint_eq(recording->processes[0].parent.index, UINT32_MAX);
	ck_assert_uint_eq(recording->processes[1].parent.index, UINT32_MAX);
	ck_assert_uint_eq(recording->processes[2].parent.index, 0);
	ck_assert_uint_eq(recording->processes[3].parent.index, 1);
	ck_assert_uint_eq(recording->processes[4].parent.index, 3);
	ck_assert(recording->processes[2].forked && !recording->processes[4].forked);
	recording_close(recording);
	free_all(makers, 5);
}
END_TEST

START_TEST(not_followed)
{
	struct recording *recording;
	const struct finding *finding;
	struct maker makers[3];
	static const char *const expected[] = {
		"/bin/static (pid 201", "/bin/su (pid 202", "/bin/gone (pid 204", "a program (pid 206",
		"/bin/lost (pid 207",
		"/bin/next (pid 300", "/bin/own-libc (started",
	};

	maker_init(&makers[0], 100, 0);
	maker_init(&makers[1], 200, 0);
	maker_init(&makers[2], 300, 0);
	note(&makers[0], TRACE_RECORD_CHILD, 10, 200, TRACE_HOW_FORK, 0, ""); /* there */
	note(&makers[0], TRACE_RECORD_EXEC, 11, 201, TRACE_STATIC, 0, "/bin/static");
	note(&makers[0], TRACE_RECORD_EXEC, 12, 202, TRACE_FOLLOWED, 0, "/nowhere/su");
	note(&makers[0], TRACE_RECORD_EXEC, 13, 202, TRACE_FOLLOWED, 2, "/nowhere/su"); /* failed, then: */
	note(&makers[0], TRACE_RECORD_EXEC, 14, 202, TRACE_SETUID, 0, "/bin/su");
	note(&makers[0], TRACE_RECORD_CHILD, 15, 203, TRACE_HOW_VFORK, 0, "");          /* a vfork whose exec
	                                                                                 * failed */
	note(&makers[0], TRACE_RECORD_EXEC, 16, 203, TRACE_STATIC, 0, "/bin/none");
	note(&makers[0], TRACE_RECORD_EXEC, 17, 203, TRACE_STATIC, 2, "/bin/none");
	note(&makers[0], TRACE_RECORD_EXEC, 18, 204, TRACE_FOLLOWED, 0, "/bin/gone");   /* should have recorded
	                                                                                 * itself */
	note(&makers[0], TRACE_RECORD_CHILD, 19, 205, TRACE_HOW_VFORK, 0, "");          /* _exit at once */
	note(&makers[0], TRACE_RECORD_CHILD, 20, 206, TRACE_HOW_SPAWN, 0, "");
	note(&makers[0], TRACE_RECORD_CHILD, 21, 207, TRACE_HOW_FORK, 0, "");           /* a fork without files */
	note(&makers[0], TRACE_RECORD_EXEC, 22, 207, TRACE_FOLLOWED, 0, "/bin/lost");
	note(&makers[0], TRACE_RECORD_EXEC, 23, 0, TRACE_OTHER_LIBC, 0, "/bin/own-libc");
	note(&makers[0], TRACE_RECORD_EXEC, 24, 0, TRACE_FOLLOWED, 0, "/bin/unknown-pid");
	note(&makers[0], TRACE_RECORD_WAITED, 25, 208, 0, 0, "");
	note(&makers[2], TRACE_RECORD_EXEC, 30, 300, TRACE_UNREACHABLE, 0, "/bin/next"); /* itself, and no next
	                                                                                  * image */
	recording = maker_open(makers, 3);
	ck_assert_uint_eq(recording->finding_count, 1);
	finding = &recording->findings[0];
	ck_assert_str_eq(finding->kind, "not-followed");
	ck_assert_uint_eq(finding->count, LENGTH(expected));
	for (size_t i = 0; i < LENGTH(expected); i++) {
		bool found = false;

		for (size_t j = 0; j < finding->example_count; j++)
			found |= strncmp(finding->examples[j], expected[i], strlen(expected[i])) == 0;
		ck_assert_msg(found, "%s is not there", expected[i]);
	}
	recording_close(recording);
	free_all(makers, 3);
}
END_TEST

START_TEST(clocks)
{
	struct recording *recording;
	struct maker makers[4];

	for (uint32_t i = 0; i < 4; i++) {
		maker_init(&makers[i], 100 + i, 0);
		maker_header(&makers[i])->clock = TRACE_CLOCK_TSC;
		memset(maker_header(&makers[i])->anchor, 0, sizeof maker_header(&makers[i])->anchor);
	}
	/* Two of one boot: the widest pair is between them. */
	maker_header(&makers[0])->anchor[0] = (struct trace_anchor){1000, 5000};
	maker_header(&makers[0])->anchor[1] = (struct trace_anchor){1010, 5001};
	maker_header(&makers[1])->anchor[3] = (struct trace_anchor){5000, 7000};
	/* Another boot, with nothing to go by. */
	maker_header(&makers[2])->boot_id[0] = 1;
	maker_header(&makers[2])->anchor[0] = (struct trace_anchor){1000, 5000};
	/* And one that counts nanoseconds. */
	maker_header(&makers[3])->clock = TRACE_CLOCK_NS;
	recording = maker_open(makers, 4);
	ck_assert_double_eq_tol(recording->processes[0].ns_per_tick, 0.5, 1e-12);
	ck_assert_double_eq_tol(recording->processes[1].ns_per_tick, 0.5, 1e-12);
	ck_assert_double_eq(recording->processes[2].ns_per_tick, 1);
	ck_assert_double_eq(recording->processes[3].ns_per_tick, 1);
	ck_assert_uint_eq(recording->warning_count, 1);
	recording_close(recording);
	free_all(makers, 4);
}
END_TEST

/* Killed while it was starting: an empty file, space that is all zero, an extent without its header. */
START_TEST(unborn)
{
	static const uint8_t zeros[8192];
	char *dir = maker_directory();
	struct recording *recording;
	struct maker maker;

	maker_write_file(dir, "100-1-00000001-0", ".shared", zeros, 0);
	maker_write_file(dir, "101-1-00000001-0", ".shared", zeros, sizeof zeros);
	maker_init(&maker, 102, 0);
	memset((uint8_t *)maker_header(&maker) + sizeof(struct trace_extent), 0,
	       sizeof(struct trace_process) - sizeof(struct trace_extent));
	maker_write_file(dir, "102-1-00000001-0", ".shared", maker.shared, maker.shared_size);
	memset(maker.shared, 0, 4); /* the magic is stored last */
	maker_write_file(dir, "103-1-00000001-0", ".shared", maker.shared, maker.shared_size);
	recording = recording_open(dir);
	ck_assert_uint_eq(recording->process_count, 4);
	ck_assert_uint_eq(recording->finding_count, 1); /* no damage */
	ck_assert_str_eq(recording->findings[0].kind, "not-recorded");
	ck_assert_uint_eq(recording->findings[0].count, 4);
	for (uint32_t i = 0; i < 4; i++) {
		ck_assert_uint_eq(recording->processes[i].header.pid, 100 + i);
		ck_assert_uint_eq(recording->processes[i].end, END_KILLED);
		ck_assert_str_eq(recording->processes[i].exe, "");
		ck_assert_ptr_null(recording->processes[i].argv[0]);
	}
	recording_close(recording);
	maker_remove(dir);
	maker_free(&maker);
}
END_TEST

/* Files that are not the recording's are left alone; a link or a pipe in its place holds nobody up. */
START_TEST(strangers)
{
	char *dir = maker_directory(), *path;
	struct recording *recording;
	struct maker maker;

	maker_init(&maker, 100, 0);
	maker_write(&maker, dir);
	maker_write_file(dir, "notes", ".txt", (const uint8_t *)"x", 1);
	maker_write_file(dir, "100-186a0-1234abcd", ".shared", (const uint8_t *)"x", 1);
	maker_write_file(dir, "-1-186a0-1234abcd-0", ".shared", (const uint8_t *)"x", 1);
	maker_write_file(dir, "100-186a0-1234abcd-0x", ".log", (const uint8_t *)"x", 1);
	path = xasprintf("%s/101-1-1234abcd-0.shared", dir);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	free(path);
	path = xasprintf("%s/102-1-1234abcd-0.shared", dir);
	ck_assert_int_eq(symlink("/etc/passwd", path), 0);
	free(path);
	recording = recording_open(dir);
	ck_assert_uint_eq(recording->process_count, 3);
	ck_assert_uint_eq(recording->findings[0].count, 2);
	recording_close(recording);
	maker_remove(dir);
	maker_free(&maker);
}
END_TEST

/* Closes standard error for a while: what is expected to complain. */
static struct recording *open_quietly(const char *dir)
{
	int kept = dup(2), null = open("/dev/null", O_WRONLY);
	struct recording *recording;

	dup2(null, 2);
	recording = recording_open(dir);
	dup2(kept, 2);
	close(kept);
	close(null);
	return recording;
}

START_TEST(no_recording)
{
	struct trace_recording own = {.magic = TRACE_RECORDING_MAGIC, .version = TRACE_VERSION + 1};
	char *dir = maker_directory();
	struct recording *recording;

	recording = recording_open(dir); /* begun, and nothing in it yet */
	ck_assert_ptr_nonnull(recording);
	ck_assert_uint_eq(recording->process_count, 0);
	recording_close(recording);
	maker_write_file(dir, "recording", "", (const uint8_t *)"damaged", 7);
	ck_assert_ptr_null(open_quietly(dir));
	maker_write_file(dir, "recording", "", (const uint8_t *)&own, sizeof own);
	ck_assert_ptr_null(open_quietly(dir));
	maker_remove(dir);
	ck_assert_ptr_null(open_quietly("/nonexistent"));
	ck_assert_ptr_null(open_quietly("/etc/passwd"));
}
END_TEST

/* Nodes that cannot be lead to "lost"; no walk leaves the tree or goes round in it. */
START_TEST(bad_tree)
{
	struct trace_event events[5];
	struct recording *recording;
	const struct process_info *process;
	struct maker maker;

	maker_init(&maker, 100, 0);
	maker_node(&maker, 5, 0x401000);                 /* 4: the child of its child, */
	maker_node(&maker, 4, 0x402000);                 /* 5 */
	maker_node(&maker, 6, 0x403000);                 /* 6: its own */
	maker_node(&maker, TRACE_STACK_ROOT, 0);         /* 7: never used */
	maker_node(&maker, 7, 0x404000);                 /* 8: on it */
	for (uint32_t i = 0; i < 5; i++)
		events[i] = event_alloc(i + 1, 0x1000 + 16 * i, 1, i == 3 ? 4000000000 : 4 + i);
	maker_ring(&maker, 0, 0, events, 5, 5);
	recording = maker_open(&maker, 1);
	process = &recording->processes[0];
	ck_assert_uint_eq(process->node_count, 5);
	ck_assert_uint_eq(process->nodes[0].parent, TRACE_STACK_LOST);
	ck_assert_uint_eq(process->nodes[1].parent, 4);
	ck_assert_uint_eq(process->nodes[2].parent, TRACE_STACK_LOST);
	ck_assert_uint_eq(process->nodes[4].parent, TRACE_STACK_LOST);
	ck_assert_uint_eq(process->totals.allocs, 5);
	for (size_t i = 0; i < process->site_count; i++)
		ck_assert(process->sites[i].stack.index == TRACE_STACK_LOST || process->sites[i].stack.index < 9);
	ck_assert_str_eq(recording->findings[0].kind, "damage");
	ck_assert_uint_eq(recording->findings[0].count, 2); /* of the tree, and of the event's stack */
	recording_close(recording);
	maker_free(&maker);
}
END_TEST

/* More images than threads: children first, the same result each time. */
START_TEST(many_images)
{
	enum { IMAGES = 300 };
	static struct maker makers[IMAGES];
	struct recording *recording;

	for (uint32_t i = 0; i < IMAGES; i++) {
		struct trace_event events[] = {
			event_free(1000 * i + 900, 0x100000 + 16 * (i - 1)),
			event_alloc(1000 * i + 950, 0x100000 + 16 * i, i, 1),
		};

		maker_init(&makers[i], 100 + i, 0);
		if (i)
			maker_forked(&makers[i], &makers[i - 1], 1000 * i, 1000 * i + 1); /* a child of the last */
		maker_ring(&makers[i], 0, 0, events + (i == 0), i ? 2 : 1, 2);
	}
	for (int round = 0; round < 5; round++) {
		recording = maker_open(makers, IMAGES);
		for (size_t i = 0; i < IMAGES; i++) {
			ck_assert_uint_eq(recording->processes[i].totals.inherited_frees, i > 0);
			ck_assert_uint_eq(recording->processes[i].totals.unmatched_frees, 0);
			ck_assert_uint_eq(recording->processes[i].totals.live_bytes, i);
			ck_assert_uint_eq(recording->processes[i].sites[0].process.index, i);
		}
		recording_close(recording);
	}
	free_all(makers, IMAGES);
}
END_TEST

SUITE_MAIN("recording", ends, running, parents, not_followed, clocks, unborn, strangers, no_recording, bad_tree,
	many_images)
