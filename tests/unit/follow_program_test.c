/* follow_program_test.c: what a file that is to be executed is taken for. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "follow_stub.h"
#include "interpose/follow.h"
#include "suite.h"

#define FIXTURE(name) FIXTURES_DIR "/follow_" name

static char folder[] = "/tmp/follow_program.XXXXXX";

static const char *in_folder(const char *name)
{
	static char path[sizeof(folder) + 64];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static const char *make(const char *name, const void *bytes, size_t size, mode_t mode)
{
	const char *path = in_folder(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0700);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, size), (ssize_t)size);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
	return path;
}

static const char *script(const char *name, const char *text)
{
	return make(name, text, strlen(text), 0755);
}

static const char *copy(const char *name, const char *from, mode_t mode)
{
	static char bytes[4 << 20];
	int fd = open(from, O_RDONLY);
	ssize_t size = read(fd, bytes, sizeof(bytes));

	ck_assert_msg(size > 0, "%s cannot be read", from);
	close(fd);
	return make(name, bytes, (size_t)size, mode);
}

static void begin(void)
{
	strcpy(folder, "/tmp/follow_program.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	stub_library();
	strcpy(library.path, "/proc/self/exe"); /* something that is there */
	program_start();
}

static void end(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static void is(const char *path, enum trace_how expected)
{
	enum trace_how how;

	errno = 4711;
	how = program_at(AT_FDCWD, path, 0, false);
	ck_assert_msg(how == expected, "%s: %d instead of %d", path, (int)how, (int)expected);
	ck_assert_int_eq(errno, 4711);
}

START_TEST(binaries)
{
	is(FIXTURE("dynamic"), TRACE_FOLLOWED);
	is(FIXTURE("static"), TRACE_STATIC);
	is(FIXTURE("static_pie"), TRACE_STATIC);
	is(FIXTURE("musl"), TRACE_OTHER_LIBC);
	is(FIXTURE("other_class"), TRACE_OTHER_CLASS);
	is("/bin/sh", TRACE_FOLLOWED);
	is("/lib64/ld-linux-x86-64.so.2", TRACE_FOLLOWED);
	is("/no/such/program", 0);
	is(FIXTURE("dynamic") "/below", 0);
	is("/", TRACE_FOLLOWED);
}
END_TEST

START_TEST(what_cannot_be_told_is_followed)
{
	static const char cut[] = "\177ELF\2\1\1";
	char elf[64] = "\177ELF\2\1\1";

	/* Of the right machine, with headers that are not there. */
	elf[18] = 62;
	elf[54] = 56;
	elf[56] = 3;
	elf[33] = 4;
	is(make("headless", elf, sizeof(elf), 0755), TRACE_FOLLOWED);
	is(make("cut", cut, sizeof(cut), 0755), TRACE_OTHER_CLASS);
	is(make("empty", cut, 0, 0755), TRACE_OTHER_CLASS);
	elf[18] = 183;
	is(make("arm", elf, sizeof(elf), 0755), TRACE_OTHER_CLASS);
	ck_assert_int_eq(mkfifo(in_folder("fifo"), 0755), 0);
	is(in_folder("fifo"), TRACE_FOLLOWED); /* and does not block */
}
END_TEST

START_TEST(a_loader_by_another_name_is_the_same)
{
	/* follow_dynamic with the name of its loader replaced by a link's, no longer than it. */
	static char bytes[4 << 20];
	const char *path = copy("renamed", FIXTURE("dynamic"), 0755);
	char link[32], *at;
	int fd = open(path, O_RDWR);
	ssize_t size = read(fd, bytes, sizeof(bytes));

	snprintf(link, sizeof(link), "/tmp/ld.%d", (int)getpid());
	ck_assert_int_eq(symlink("/lib64/ld-linux-x86-64.so.2", link), 0);
	at = memmem(bytes, (size_t)size, "/lib64/ld-linux-x86-64.so.2", 28);
	ck_assert_ptr_nonnull(at);
	ck_assert_int_eq(pwrite(fd, link, strlen(link) + 1, at - bytes), (ssize_t)strlen(link) + 1);
	close(fd);
	is(path, TRACE_FOLLOWED);
	ck_assert_int_eq(unlink(link), 0);
	is(path, TRACE_OTHER_LIBC);
}
END_TEST

START_TEST(scripts)
{
	char chain[128], line[400];

	is(script("plain", "#!/bin/sh\n"), TRACE_FOLLOWED);
	is(script("spaces", "#! \t /bin/sh -e x\necho\n"), TRACE_FOLLOWED);
	is(script("no_end", "#!/bin/sh"), TRACE_FOLLOWED);
	is(script("static", "#!" FIXTURE("static") " -x\n"), TRACE_STATIC);
	is(script("musl", "#!" FIXTURE("musl") "\n"), TRACE_OTHER_LIBC);
	is(script("nobody", "#!/no/such/interpreter\n"), 0);
	is(script("nothing", "#!  \n"), TRACE_OTHER_CLASS);
	is(script("text", "echo\n"), TRACE_OTHER_CLASS);
	ck_assert_int_eq(program_at(AT_FDCWD, in_folder("text"), 0, true), TRACE_FOLLOWED);

	script("chain0", "#!" FIXTURE("musl") "\n");
	for (int i = 1; i <= 3; i++) {
		char name[16];

		snprintf(chain, sizeof(chain), "#!%s/chain%d\n", folder, i - 1);
		snprintf(name, sizeof(name), "chain%d", i);
		script(name, chain);
	}
	is(in_folder("chain3"), TRACE_OTHER_LIBC);
	snprintf(chain, sizeof(chain), "#!%s/loop\n", folder);
	is(script("loop", chain), TRACE_FOLLOWED);

	/* The kernel reads 256 bytes: a name that may go on behind them is refused. */
	memset(line, 'x', sizeof(line));
	memcpy(line, "#!/bin/sh", 9);
	is(make("long", line, sizeof(line), 0755), TRACE_OTHER_CLASS);
	line[9] = ' ';
	is(make("long_option", line, sizeof(line), 0755), TRACE_FOLLOWED);
}
END_TEST

START_TEST(relative_to_a_folder)
{
	int dir, fd;

	copy("program", FIXTURE("musl"), 0755);
	ck_assert_int_eq(symlink("program", in_folder("link")), 0);
	dir = open(folder, O_PATH | O_DIRECTORY);
	ck_assert_int_eq(program_at(dir, "program", 0, false), TRACE_OTHER_LIBC);
	ck_assert_int_eq(program_at(dir, "link", 0, false), TRACE_OTHER_LIBC);
	ck_assert_int_eq(program_at(dir, "none", 0, false), 0);
	ck_assert_int_eq(program_at(-5, "program", 0, false), 0);
	fd = openat(dir, "program", O_PATH);
	ck_assert_int_eq(program_at(fd, "", AT_EMPTY_PATH, false), TRACE_OTHER_LIBC);
	close(fd);
	fd = openat(dir, "program", O_RDONLY);
	ck_assert_int_eq(program_at(fd, "", AT_EMPTY_PATH, false), TRACE_OTHER_LIBC);
	ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 0);
	close(fd);
	close(dir);
}
END_TEST

START_TEST(unreachable)
{
	strcpy(library.path, "/no/such/libprobe.so");
	is(FIXTURE("dynamic"), TRACE_UNREACHABLE);
	is(FIXTURE("static"), TRACE_UNREACHABLE);
	is(FIXTURE("musl"), TRACE_OTHER_LIBC);
}
END_TEST

/* Runs a check as nobody. */
static void is_to_nobody(const char *path, enum trace_how expected)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (chmod(folder, 0755) != 0 || setgid(65534) != 0 || setuid(65534) != 0)
			_exit(0);
		_exit((int)program_at(AT_FDCWD, path, 0, false));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == (int)expected, "%s: %x", path, status);
}

START_TEST(privileges)
{
	/* Version 2, permitted and effective CAP_NET_RAW. */
	static const unsigned char capability[20] = {1, 0, 0, 2, 0, 0x20};
	const char *path = copy("setuid", FIXTURE("dynamic"), 0755);

	ck_assert_int_eq(chown(path, 65534, 65534), 0);
	ck_assert_int_eq(chmod(path, 04755), 0);
	is(path, TRACE_SETUID);
	is_to_nobody(path, TRACE_FOLLOWED);
	ck_assert_int_eq(chmod(path, 02755), 0);
	is(path, TRACE_SETUID);
	ck_assert_int_eq(chmod(path, 02745), 0);
	is(path, TRACE_FOLLOWED); /* mandatory locking */
	ck_assert_int_eq(chown(path, 0, 0), 0);
	ck_assert_int_eq(chmod(path, 06755), 0);
	is(path, TRACE_FOLLOWED); /* it gains nothing */
	is_to_nobody(path, TRACE_SETUID);
	ck_assert_int_eq(chmod(path, 0755), 0);
	is_to_nobody(path, TRACE_FOLLOWED);
	if (setxattr(path, "security.capability", capability, sizeof(capability), 0) == 0) {
		is(path, TRACE_FOLLOWED);
		is_to_nobody(path, TRACE_SETUID);
	}
}
END_TEST

START_TEST(search)
{
	char found[PATH_MAX], path[256];

	snprintf(path, sizeof(path), "/no/such:%s/empty:%s::/bin", folder, folder);
	setenv("PATH", path, 1);
	mkdir(in_folder("empty"), 0755);
	mkdir(in_folder("empty/tool"), 0755); /* a folder is no program, */
	script("not", "#!/bin/sh\n");
	ck_assert_int_eq(chmod(in_folder("not"), 0), 0); /* nor is what may not be executed */
	script("tool", "#!/bin/sh\n");
	ck_assert(program_search("tool", found));
	ck_assert_str_eq(found, in_folder("tool"));
	ck_assert(!program_search("not", found));
	ck_assert(!program_search("", found));
	ck_assert(program_search("a/tool", found));
	ck_assert_str_eq(found, "a/tool");
	ck_assert_int_eq(chdir(in_folder("empty")), 0);
	script("empty/here", "#!/bin/sh\n");
	setenv("PATH", "/bin:", 1);
	ck_assert(program_search("here", found));
	ck_assert_str_eq(found, "here");
	unsetenv("PATH");
	ck_assert(program_search("sh", found));
	ck_assert_str_eq(found, "/bin/sh");
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("all");

	tcase_add_checked_fixture(all, begin, end);
	tcase_add_test(all, binaries);
	tcase_add_test(all, what_cannot_be_told_is_followed);
	tcase_add_test(all, a_loader_by_another_name_is_the_same);
	tcase_add_test(all, scripts);
	tcase_add_test(all, relative_to_a_folder);
	tcase_add_test(all, unreachable);
	if (geteuid() == 0)
		tcase_add_test(all, privileges);
	else
		puts("skipped: privileges: only root can give files away");
	tcase_add_test(all, search);
	return suite_run("program", all);
}
