/*
 * exec.c: the exec family. The process tells that it is about to become another program, hands its environment on so
 * that the program is recorded too, and takes both back if it cannot. A child of vfork comes here in its parent's
 * memory: it says what becomes of it, and leaves the parent as it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "interpose/follow.h"
#include "sys.h"
#include "text.h"

/* What must be remembered from before the real call until after it has failed. */
struct attempt {
	enum trace_how how;      /* what becomes of the program; 0: there is none */
	bool noted;              /* an EXEC record was written */
	bool ended;              /* the process was told to have ended */
};

#define PATH_AT_SIZE 512         /* bytes; a longer path is not spelled out */

enum { SEARCH = 1 << 30 };       /* besides execveat's flags: find the file as execvp does */

/* The path of `file` in the folder dir_fd, or of dir_fd itself if it is "", in `path`, of `size` bytes. */
static const char *path_at(int dir_fd, const char *file, char *path, size_t size)
{
	char by_number[32];
	long length;

	text_format(by_number, sizeof(by_number), "/proc/self/fd/%u", (unsigned)dir_fd);
	length = sys(SYS_readlinkat, AT_FDCWD, by_number, path, size - 1);
	if (length <= 0 || (size_t)length == size - 1)
		return file;
	text_format(path + length, size - (size_t)length, *file ? "/%s" : "%s", file);
	return path;
}

/* Not inlined: its buffers, no larger than need be, are gone from what may be a small stack at the real call. */
static __attribute__((noinline)) struct attempt begin(int dir_fd, const char *file, int flags)
{
	struct attempt attempt = {.how = TRACE_FOLLOWED};
	bool live = process_start();
	char *found;

	if (!library.ready || !file)
		return attempt;
	if (library.off) {
		attempt.how = library.follow ? TRACE_FOLLOWED : TRACE_NOT_ASKED;
		return attempt;
	}
	if (library.filtered) {
		attempt.how = TRACE_FILTERED;
	} else if (flags & SEARCH) {
		found = __builtin_alloca(program_search_room(file));
		attempt.how = program_search(file, found) ? program_at(AT_FDCWD, found, 0, true) : 0;
		file = found;
	} else {
		attempt.how = program_at(dir_fd, file, flags, false);
	}
	if (!attempt.how)
		return attempt;
	if (!follow_asked(true))
		attempt.how = TRACE_NOT_ASKED;
	if (dir_fd != AT_FDCWD && *file != '/' && !library.filtered)
		file = path_at(dir_fd, file, __builtin_alloca(PATH_AT_SIZE), PATH_AT_SIZE);
	follow_note(follow_pid(), attempt.how, 0, file);
	attempt.noted = true;
	if (live && !process_is_borrowed()) {
		process_end(TRACE_END_EXEC, 0);
		attempt.ended = true;
	}
	return attempt;
}

/* The real call has failed: the process goes on. */
static int failed(const struct attempt *attempt, struct scratch *scratch, const char *file)
{
	int error = errno;

	if (attempt->ended)
		process_end_undo();
	if (attempt->noted)
		follow_note(follow_pid(), attempt->how, error, file);
	scratch_give(scratch);
	errno = error;
	return -1;
}

static int exec_path(const char *path, char *const *arguments, char *const *environment)
{
	struct attempt attempt = begin(AT_FDCWD, path, 0);
	struct scratch scratch = {0};

	REAL(execve)(path, arguments, ENVIRONMENT_FOR(attempt.how, environment, &scratch));
	return failed(&attempt, &scratch, path);
}

static int exec_search(const char *file, char *const *arguments, char *const *environment)
{
	struct attempt attempt = begin(AT_FDCWD, file, SEARCH);
	struct scratch scratch = {0};

	REAL(execvpe)(file, arguments, ENVIRONMENT_FOR(attempt.how, environment, &scratch));
	return failed(&attempt, &scratch, file);
}

PUBLIC int execve(const char *path, char *const arguments[], char *const environment[])
{
	return exec_path(path, arguments, environment);
}

PUBLIC int execv(const char *path, char *const arguments[])
{
	return exec_path(path, arguments, environ);
}

PUBLIC int execvpe(const char *file, char *const arguments[], char *const environment[])
{
	return exec_search(file, arguments, environment);
}

PUBLIC int execvp(const char *file, char *const arguments[])
{
	return exec_search(file, arguments, environ);
}

PUBLIC int fexecve(int fd, char *const arguments[], char *const environment[])
{
	struct attempt attempt = begin(fd, "", AT_EMPTY_PATH);
	struct scratch scratch = {0};

	REAL(fexecve)(fd, arguments, ENVIRONMENT_FOR(attempt.how, environment, &scratch));
	return failed(&attempt, &scratch, "");
}

PUBLIC int execveat(int dir_fd, const char *path, char *const arguments[], char *const environment[], int flags)
{
	struct attempt attempt = begin(dir_fd, path, flags & (AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW));
	struct scratch scratch = {0};

	if (!REAL(execveat))
		errno = ENOSYS;
	else
		REAL(execveat)(dir_fd, path, arguments, ENVIRONMENT_FOR(attempt.how, environment, &scratch), flags);
	return failed(&attempt, &scratch, path);
}

static size_t count(va_list rest)
{
	size_t arguments = 1;

	while (va_arg(rest, const char *))
		arguments++;
	return arguments;
}

/* The arguments from `first` on as an array, on the caller's stack, as in glibc. `rest` ends behind the NULL. */
#define ARGUMENTS(first, rest) \
	({ \
		va_list counted_; \
		va_copy(counted_, rest); \
		size_t count_ = count(counted_); \
		va_end(counted_); \
		char **array_ = __builtin_alloca((count_ + 1) * sizeof(char *)); \
		array_[0] = (char *)(first); \
		for (size_t i_ = 1; i_ <= count_; i_++) \
			array_[i_] = va_arg(rest, char *); \
		array_; \
	})

PUBLIC int execl(const char *path, const char *first, ...)
{
	char **arguments;
	va_list rest;

	va_start(rest, first);
	arguments = ARGUMENTS(first, rest);
	va_end(rest);
	return exec_path(path, arguments, environ);
}

PUBLIC int execlp(const char *file, const char *first, ...)
{
	char **arguments;
	va_list rest;

	va_start(rest, first);
	arguments = ARGUMENTS(first, rest);
	va_end(rest);
	return exec_search(file, arguments, environ);
}

PUBLIC int execle(const char *path, const char *first, ...)
{
	char **arguments, *const *environment;
	va_list rest;

	va_start(rest, first);
	arguments = ARGUMENTS(first, rest);
	environment = va_arg(rest, char *const *);
	va_end(rest);
	return exec_path(path, arguments, environment);
}
