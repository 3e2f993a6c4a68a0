/*
 * aside.c: see aside.h. /tmp/perf-PID.map becomes STEM.perf-map, the jitdump STEM.jitdump. They are copied, not linked:
 * whoever next has this pid writes to the same file. After a kill the reader looks for the originals.
 */
#include "record/aside.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lock.h"
#include "record/area.h"
#include "text.h"

#define KEPT_MOST (256u << 20)      /* bytes of a file */
#define LAG_NS    20000000          /* that files' times may lie behind the clock's: a timer tick */

struct aside {                       /* in wiped memory: a forked child has no jitdump yet */
	struct lock lock;            /* guards the rest */
	bool     told;               /* jitdump is known, and the recording has its path */
	char     path[PATH_MAX];     /* where a mapped file lies */
	char     jitdump[PATH_MAX];  /* the first jitdump's path */
};

static struct aside *aside_state(void)
{
	struct aside *aside = __atomic_load_n(&process->aside, __ATOMIC_ACQUIRE), *none = NULL;

	if (aside)
		return aside;
	aside = wiped_take(sizeof(*aside));
	if (aside && !__atomic_compare_exchange_n(&process->aside, &none, aside, false, __ATOMIC_ACQ_REL,
	                                          __ATOMIC_ACQUIRE))
		aside = none;
	return aside;
}

static bool is_jitdump(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t length = strlen(path);

	return slash && length > 5 && strncmp(slash, "/jit-", 5) == 0 && strcmp(path + length - 5, ".dump") == 0;
}

void aside_mapped(int fd)
{
	struct aside *aside;
	struct lock_hold hold;
	char link[48];
	long length;

	if (library.filtered || !(aside = aside_state()) || !lock_take(&aside->lock, &hold))
		return;
	text_format(link, sizeof(link), "/proc/thread-self/fd/%u", (unsigned)fd);
	length = sys(SYS_readlinkat, AT_FDCWD, link, aside->path, sizeof(aside->path) - 1);
	if (length > 0) {
		aside->path[length] = '\0';
		if (is_jitdump(aside->path) && !(aside->told && strcmp(aside->path, aside->jitdump) == 0)) {
			meta_write(TRACE_RECORD_JITDUMP, aside->path, (size_t)length, NULL, 0);
			if (!aside->told)
				memcpy(aside->jitdump, aside->path, (size_t)length + 1);
			aside->told = true;
		}
	}
	lock_give(&aside->lock, &hold);
}

/* Room first: what does not fit is not begun. */
static bool copy(int from, int to, uint64_t size)
{
	long result = area_limit_allows(size) ? sys(SYS_fallocate, to, 0, 0, size) : -EFBIG;

	if (result < 0 && result != -EOPNOTSUPP && result != -ENOSYS)
		return false;
	for (uint64_t done = 0; done < size; done += (uint64_t)result) {
		result = sys(SYS_sendfile, to, from, 0, size - done);
		if (result < 0)
			return false;
		if (result == 0) /* it has shrunk */
			return sys(SYS_ftruncate, to, done) == 0;
	}
	return true;
}

/* A file of this image's: pids come again, and whoever had this one before may have left a file, too. */
static bool is_own(const struct stat *status)
{
	uint64_t changed = (uint64_t)status->st_mtim.tv_sec * 1000000000u + (uint64_t)status->st_mtim.tv_nsec;

	return S_ISREG(status->st_mode) && status->st_uid == (uid_t)sys(SYS_geteuid) &&
	       changed + LAG_NS >= process->header->realtime_ns;
}

static void keep(const char *path, const char *ending)
{
	/* O_NONBLOCK: in /tmp anybody may have put anything there. */
	int from = (int)sys(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY), to;
	char name[STEM_SIZE + 16];
	struct stat status;

	if (from < 0)
		return;
	if (sys(SYS_fstat, from, &status) == 0 && status.st_size > 0 && is_own(&status)) {
		text_format(name, sizeof(name), "%s%s", area_stem(), ending);
		to = area_open_file(-1, name, O_WRONLY | O_CREAT | O_TRUNC);
		if (to < 0 || (uint64_t)status.st_size > KEPT_MOST || !copy(from, to, (uint64_t)status.st_size)) {
			meta_warn("a perf map or jitdump could not be kept with the recording: too large, or no room");
			if (to >= 0) /* half of it could make an address look as if it had one name only */
				sys(SYS_ftruncate, to, 0);
		}
		if (to >= 0)
			sys(SYS_close, to);
	}
	sys(SYS_close, from);
}

void aside_keep(void)
{
	struct aside *aside = __atomic_load_n(&process->aside, __ATOMIC_ACQUIRE);
	char path[32];

	if (library.filtered)
		return;
	text_format(path, sizeof(path), "/tmp/perf-%u.map", process->pid);
	keep(path, ".perf-map");
	if (aside && aside->told)
		keep(aside->jitdump, ".jitdump");
}
