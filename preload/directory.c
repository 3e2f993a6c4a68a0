/*
 * directory.c: the recording directory: PROBE_OUT; else that of the parent, if it is recorded (libc's own system and
 * popen hand on nothing of ours); else a new one in the working directory; else, where that cannot be written to, one
 * among the temporary files.
 */
#include "directory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "clock.h"
#include "identity.h"
#include "record/area.h"
#include "sys.h"
#include "text.h"

#define SUFFIX ".shared"

/* YYYYMMDD-HHMMSS in UTC. Days to date after Howard Hinnant, "chrono-compatible low-level date algorithms". */
static void format_time(char *buffer, size_t size, uint64_t seconds)
{
	unsigned day_seconds = (unsigned)(seconds % 86400), z = (unsigned)(seconds / 86400) + 719468;
	unsigned era = z / 146097, day_of_era = z % 146097;
	unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned shifted = (5 * day_of_year + 2) / 153, day = day_of_year - (153 * shifted + 2) / 5 + 1;
	unsigned month = shifted < 10 ? shifted + 3 : shifted - 9;
	unsigned numbers[6] = {year_of_era + era * 400 + (month <= 2), month, day, day_seconds / 3600,
		day_seconds / 60 % 60, day_seconds % 60};
	size_t length = 0;

	for (int i = 0; i < 6; i++) {
		if (i == 3 && length + 1 < size)
			buffer[length++] = '-';
		length += text_format(buffer + length, size - length, numbers[i] < 10 ? "0%u" : "%u", numbers[i]);
	}
}

/* Replaces %p and %t; makes the path absolute. */
static bool expand(const char *pattern, char *path, size_t size)
{
	unsigned pid = (unsigned)sys(SYS_getpid);
	char time[32];
	size_t length = 0;

	if (pattern[0] != '/') {
		long n = sys(SYS_getcwd, path, size);

		if (n < 2 || path[0] != '/') /* "(unreachable)…" where the working directory is gone */
			return false;
		length = (size_t)n - 1;
		length += text_format(path + length, size - length, "/");
	}
	format_time(time, sizeof(time), clock_realtime_ns() / 1000000000u);
	for (; *pattern; pattern++) {
		if (pattern[0] == '%' && pattern[1] == 'p')
			length += text_format(path + length, size - length, "%u", pid), pattern++;
		else if (pattern[0] == '%' && pattern[1] == 't')
			length += text_format(path + length, size - length, "%s", time), pattern++;
		else
			length += text_format(path + length, size - length, "%s", (char[]){*pattern, '\0'});
	}
	while (length > 1 && path[length - 1] == '/')
		path[--length] = '\0';
	return length + 80 < size;
}

/* A number that the program will hardly use, and that loops over all descriptors come to last. */
static int move_up(int fd)
{
	struct rlimit limit = {0, 0};
	long high;

	sys(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &limit);
	if (limit.rlim_cur < 32) {
		sys(SYS_close, fd);
		return -1; /* each is precious to the program */
	}
	high = sys(SYS_fcntl, fd, F_DUPFD_CLOEXEC,
	           limit.rlim_cur > 1024 ? 1000 : limit.rlim_cur - limit.rlim_cur / 8);
	sys(SYS_close, fd);
	return high < 0 ? -1 : (int)high;
}

static int identify(void)
{
	struct stat status;
	long fd = sys(SYS_openat, AT_FDCWD, library.dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), error;

	if (fd < 0)
		return (int)fd;
	error = sys(SYS_fstat, fd, &status);
	library.dir_device = status.st_dev;
	library.dir_inode = status.st_ino;
	sys(SYS_close, fd);
	return (int)error;
}

/*
 * A program may list its descriptors, and Python's tests do: one of ours is there only where it is the only way left
 * to the directory.
 */
void directory_keep(void)
{
	int fd = library.dir_fd < 0 ? area_open_directory() : -1;

	if (fd >= 0)
		library.dir_fd = move_up(fd);
}

/* Tells who began the recording; the first to come writes it. */
static int sign(void)
{
	struct trace_recording header = {
		.magic = TRACE_RECORDING_MAGIC,
		.version = TRACE_VERSION,
		.pid = (uint32_t)sys(SYS_getpid),
		.start_ticks = identity_start_ticks(0, NULL),
		.realtime_ns = clock_realtime_ns(),
		.pid_namespace = identity_pid_namespace(),
	};
	size_t length = strlen(library.dir);
	long fd;

	memcpy(header.boot_id, library.boot_id, sizeof(header.boot_id));
	text_format(library.dir + length, sizeof(library.dir) - length, "/recording");
	fd = sys(SYS_openat, AT_FDCWD, library.dir, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 && fd == -EEXIST) {
		struct trace_recording found;
		long old = sys(SYS_openat, AT_FDCWD, library.dir, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

		if (old >= 0) { /* a later image of the first process is the first process still */
			library.first = sys(SYS_read, old, &found, sizeof(found)) == sizeof(found) &&
			                found.pid == header.pid && found.start_ticks == header.start_ticks &&
			                found.pid_namespace == header.pid_namespace &&
			                memcmp(found.boot_id, header.boot_id, sizeof(found.boot_id)) == 0;
			sys(SYS_close, old);
		}
	}
	library.dir[length] = '\0';
	if (fd == -EEXIST)
		return 0;
	if (fd < 0)
		return (int)fd;
	library.first = true;
	/* Left empty, the file says that a recording was wanted here. */
	long written = area_limit_allows(sizeof(header)) ? sys(SYS_write, fd, &header, sizeof(header)) : -EFBIG;
	sys(SYS_close, fd);
	return written == sizeof(header) ? 0 : written < 0 ? (int)written : -ENOSPC;
}

/* Makes library.dir, with its parents, unless it is there. */
static int make(void)
{
	for (char *slash = strchr(library.dir + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		sys(SYS_mkdirat, AT_FDCWD, library.dir, 0700);
		*slash = '/';
	}
	long error = sys(SYS_mkdirat, AT_FDCWD, library.dir, 0700);
	if (error < 0 && error != -EEXIST)
		return (int)error;
	error = identify();
	return error < 0 ? (int)error : sign();
}

/* The recording that the parent maps a file of, if any: into library.dir. */
static bool inherit(void)
{
	static char window[8192];
	char path[32];
	uint32_t parent = 0;
	size_t kept = 0;
	bool found = false;
	long fd, n;

	identity_start_ticks(0, &parent);
	if (parent <= 1)
		return false;
	text_format(path, sizeof(path), "/proc/%u/maps", parent);
	fd = sys(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	while (!found && (n = sys(SYS_read, fd, window + kept, sizeof(window) - 1 - kept)) > 0) {
		char *line = window, *end;

		window[kept + (size_t)n] = '\0';
		for (; !found && (end = strchr(line, '\n')); line = end + 1) {
			char *name = memchr(line, '/', (size_t)(end - line)), *stem;
			size_t suffix = sizeof(SUFFIX) - 1;

			*end = '\0';
			if (!name || (size_t)(end - name) < suffix || strcmp(end - suffix, SUFFIX) != 0)
				continue;
			stem = strrchr(name, '/');
			*stem = '\0';
			if (strlen(name) + 80 >= sizeof(library.dir))
				continue;
			struct trace_recording header;
			text_format(library.dir, sizeof(library.dir), "%s/recording", name);
			long file = sys(SYS_openat, AT_FDCWD, library.dir, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
			found = file >= 0 && sys(SYS_read, file, &header, sizeof(header)) == sizeof(header) &&
			        header.magic == TRACE_RECORDING_MAGIC;
			if (file >= 0)
				sys(SYS_close, file);
			text_format(library.dir, sizeof(library.dir), "%s", name);
		}
		if (found)
			break;
		kept = strlen(line);
		if (kept == sizeof(window) - 1)
			kept = 0; /* a line longer than the window is none of ours */
		memmove(window, line, kept);
	}
	sys(SYS_close, fd);
	return found;
}

int directory_start(char *const *environment)
{
	static char fallback[PATH_MAX];
	const char *given = text_variable(environment, "PROBE_OUT"), *temporary;
	int error;

	library.dir_fd = -1;
	if (given && !*given)
		given = NULL;
	if ((!given || strchr(given, '%')) && inherit())
		return make();
	if (!expand(given ? given : "probe-%t-%p", library.dir, sizeof(library.dir))) {
		error = -ENOENT;
		text_format(library.dir, sizeof(library.dir), "%s", given ? given : ".");
	} else {
		error = make();
	}
	if (error == 0 || given)
		return error;
	temporary = text_variable(environment, "TMPDIR");
	text_format(fallback, sizeof(fallback), "%s/probe-%%t-%%p",
	            temporary && temporary[0] == '/' ? temporary : "/tmp");
	if (!expand(fallback, library.dir, sizeof(library.dir)))
		return error;
	return make();
}
