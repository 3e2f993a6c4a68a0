/*
 * descriptors.c: keeps the recording directory's descriptor alive in programs that close what they did not open. For
 * the program it does not exist: closing it answers EBADF, and who wants its number gets it. A program that makes
 * system calls by itself can still take it away: its users verify what it is (library.dir_inode).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interpose/follow.h"
#include "sys.h"

/* Whether our descriptor is in [first, last] and is still ours. */
static bool ours_within(unsigned first, unsigned last)
{
	struct stat file;
	int fd = __atomic_load_n(&library.dir_fd, __ATOMIC_RELAXED);

	if (likely(fd < 0 || (unsigned)fd < first || (unsigned)fd > last))
		return false;
	return library.filtered || (sys(SYS_newfstatat, fd, "", &file, AT_EMPTY_PATH) == 0 &&
	                            file.st_dev == library.dir_device && file.st_ino == library.dir_inode);
}

/*
 * `number` is about to become the program's: if it is ours, ours moves. Returns true if our old one is still there,
 * to be replaced. In a child of vfork `library` is the parent's, where ours stays; here it is about to go anyway.
 */
static bool make_way(int number)
{
	long moved = -1;

	if (likely(number != __atomic_load_n(&library.dir_fd, __ATOMIC_RELAXED)) ||
	    !ours_within((unsigned)number, (unsigned)number) || process_is_borrowed())
		return false;
	if (!library.filtered) {
		moved = sys(SYS_fcntl, number, F_DUPFD_CLOEXEC, number);
		/* Not among the lowest: which of those are free decides what numbers the program gets. */
		if (moved < 0)
			moved = sys(SYS_fcntl, number, F_DUPFD_CLOEXEC, number / 2);
	}
	__atomic_store_n(&library.dir_fd, moved < 0 ? -1 : (int)moved, __ATOMIC_RELAXED);
	return true;
}

/* The number is the program's now, or, if its call failed, nobody's. */
static int made_way(int result, int number)
{
	if (result < 0 && !library.filtered)
		sys(SYS_close, number);
	return result;
}

PUBLIC int close(int fd)
{
	if (fd >= 0 && unlikely(ours_within((unsigned)fd, (unsigned)fd))) {
		errno = EBADF;
		return -1;
	}
	return REAL(close)(fd);
}

PUBLIC int close_range(unsigned first, unsigned last, int flags)
{
	unsigned ours = (unsigned)library.dir_fd;

	if (!REAL(close_range)) {
		errno = ENOSYS;
		return -1;
	}
	if (first > last || (flags & CLOSE_RANGE_CLOEXEC) || !ours_within(first, last))
		return REAL(close_range)(first, last, flags);
	if (first < ours && REAL(close_range)(first, ours - 1, flags) != 0)
		return -1;
	return ours < last ? REAL(close_range)(ours + 1, last, flags) : 0;
}

PUBLIC void closefrom(int lowest)
{
	unsigned first = lowest < 0 ? 0 : (unsigned)lowest, ours = (unsigned)library.dir_fd;
	int error = errno;

	if (ours_within(first, ~0u)) {
		if (first == ours ||
		    (REAL(close_range) && REAL(close_range)(first, ours - 1, 0) == 0))
			first = ours + 1;
		errno = error;
	}
	if (REAL(closefrom))
		REAL(closefrom)((int)first);
}

PUBLIC int dup2(int old, int new)
{
	if (old != new && unlikely(make_way(new)))
		return made_way(REAL(dup2)(old, new), new);
	return REAL(dup2)(old, new);
}

PUBLIC int dup3(int old, int new, int flags)
{
	if (old != new && unlikely(make_way(new)))
		return made_way(REAL(dup3)(old, new, flags), new);
	return REAL(dup3)(old, new, flags);
}
