/*
 * mark.c: probe mark PID LABEL: a line in STEM.marks, next to the files that the process records into (trace.h). The
 * process is not touched: where it records shows in what it maps.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "commands/commands.h"
#include "model.h"
#include "util.h"

#define LABEL_MOST 255            /* bytes, as of probe_mark */

/* Start time in clock ticks since boot; 0: there is no such process, with errno, or it is a zombie. */
static uint64_t start_ticks(unsigned long pid)
{
	char path[64], line[1024], *at;
	unsigned long long start = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%lu/stat", pid);
	file = fopen(path, "re");
	if (!file) {
		errno = errno == ENOENT ? ESRCH : errno;
		return 0;
	}
	if (fgets(line, sizeof(line), file) && (at = strrchr(line, ')')) && at[1] == ' ' && at[2] != 'Z')
		sscanf(at + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
		       &start);
	fclose(file);
	if (!start)
		errno = ESRCH;
	return start;
}

/*
 * Where a process records. Its folder may be another user's, who can change what lies there while an administrator marks:
 * it is looked up once, and neither file may be a link to something else.
 */
struct place {
	int      folder;          /* file descriptor */
	char    *marks;           /* name of its STEM.marks in there; owned */
	uid_t    uid; gid_t gid;  /* whom the recording belongs to */
};

/* Is it the image file of a live image of a process that started then? */
static bool is_recorded_to(int folder, const char *name, uint64_t start, struct stat *status)
{
	struct trace_process header;
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	bool good;

	if (fd < 0)
		return false;
	good = read(fd, &header, sizeof(header)) == sizeof(header) && !fstat(fd, status) &&
	       S_ISREG(status->st_mode) && header.extent.magic == TRACE_EXTENT_MAGIC &&
	       header.extent.kind == TRACE_EXTENT_PROCESS && header.start_ticks == start;
	close(fd);
	return good;
}

/* False, with errno: the process does not record to this STEM.shared, or it cannot be read. */
static bool find_place(const char *shared, uint64_t start, struct place *place)
{
	const char *name = strrchr(shared, '/') + 1;
	/* Without the slash at its end, which would lead through a link. */
	char *folder = xasprintf("%.*s", name - shared > 1 ? (int)(name - shared - 1) : 1, shared);
	struct stat status;

	place->folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	free(folder);
	if (place->folder < 0)
		return false;
	if (!is_recorded_to(place->folder, name, start, &status)) {
		int error = errno;

		close(place->folder);
		errno = error;
		return false;
	}
	place->marks = xasprintf("%.*s.marks", (int)(strlen(name) - strlen(".shared")), name);
	place->uid = status.st_uid;
	place->gid = status.st_gid;
	return true;
}

/* The name of a mapped file in a line of maps, with its \012 undone; NULL: it is no STEM.shared. */
static char *mapped_name(char *line)
{
	char *name = strchr(line, '/'), *to = name;
	size_t length;

	if (!name)
		return NULL;
	name[strcspn(name, "\n")] = '\0';
	for (const char *from = name; *from; from++)
		if (!strncmp(from, "\\012", 4)) {
			*to++ = '\n';
			from += 3;
		} else {
			*to++ = *from;
		}
	*to = '\0';
	length = strlen(name);
	return length > 7 && !strcmp(name + length - 7, ".shared") ? name : NULL;
}

/*
 * The place of the STEM.shared that the process maps, as we can reach it: as it is told, or, in a container, below the
 * process's own root. False: there is none, and a message was printed.
 */
static bool find_shared(unsigned long pid, uint64_t start, struct place *place)
{
	char path[64], *line = NULL;
	bool readable = true, found = false;
	size_t size = 0;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%lu/maps", pid);
	maps = fopen(path, "re");
	if (!maps) {
		warn("process %lu: its maps cannot be read:", pid);
		return false;
	}
	while (!found && getline(&line, &size, maps) > 0) {
		const char *name = mapped_name(line);
		char *inside;

		if (!name)
			continue;
		inside = xasprintf("/proc/%lu/root/.%s", pid, name);
		errno = 0;
		found = find_place(name, start, place) || find_place(inside, start, place);
		if (!found && errno == EACCES)
			readable = false;
		free(inside);
	}
	free(line);
	fclose(maps);
	if (!found && readable)
		warn("process %lu: it is not being recorded", pid);
	else if (!found)
		warn("process %lu: no permission to read its recording", pid);
	return found;
}

/* "TIME LABEL\n"; backslashes and newlines of the label are \\ and \n. To be freed. */
static char *make_line(uint64_t time, const char *label)
{
	char *escaped = xmalloc(2 * LABEL_MOST + 1), *to = escaped, *line;

	for (size_t i = 0; i < LABEL_MOST && label[i]; i++) {
		if (label[i] == '\n' || label[i] == '\\')
			*to++ = '\\';
		*to++ = label[i] == '\n' ? 'n' : label[i];
	}
	*to = '\0';
	line = xasprintf("%llu %s\n", (unsigned long long)time, escaped);
	free(escaped);
	return line;
}

/* A new one must stay readable for whoever records, even if an administrator makes it. */
static int make_marks(const struct place *place)
{
	int fd = openat(place->folder, place->marks, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0 && !geteuid() && fchown(fd, place->uid, place->gid))
		warn("%s: it cannot be given to whom the recording belongs:", place->marks);
	return fd;
}

/* One that is there must be that of whom the recording belongs to, and nothing else of theirs or of another's. */
static int open_marks(const struct place *place)
{
	int fd = openat(place->folder, place->marks, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat status;

	if (fd < 0)
		return -1;
	if (!fstat(fd, &status) && S_ISREG(status.st_mode) && status.st_nlink == 1 && status.st_uid == place->uid)
		return fd;
	close(fd);
	errno = EPERM;
	return -1;
}

static bool append(const struct place *place, const char *line)
{
	int fd = make_marks(place);
	size_t length = strlen(line);
	ssize_t written = -1;

	if (fd < 0 && errno == EEXIST)
		fd = open_marks(place);
	if (fd >= 0) {
		written = write(fd, line, length);
		if (written >= 0 && written < (ssize_t)length)
			errno = ENOSPC;
	}
	if (written != (ssize_t)length)
		warn("%s:", place->marks);
	if (fd >= 0)
		close(fd);
	return written == (ssize_t)length;
}

int mark_command(const struct command *command, int argc, char **argv)
{
	struct arguments arguments = {.command = command, .argc = argc, .argv = argv, .at = 1};
	const char *words[2] = {0};
	struct timespec now;
	struct place place;
	size_t count = 0;
	unsigned long pid;
	uint64_t start;
	char *line, *rest;
	bool done;

	/* At once: what follows takes its time. */
	clock_gettime(CLOCK_MONOTONIC, &now);
	while (argument_next(&arguments) != ARGUMENT_END) {
		if (count == 2)
			usage_error(command, "one label, please: '%s' is one word too many", arguments.value);
		words[count++] = arguments.value;
	}
	if (count < 2)
		usage_error(command, count ? "which label?" : "which process?");
	errno = 0;
	pid = strtoul(words[0], &rest, 10);
	if (*words[0] < '0' || *words[0] > '9' || *rest)
		usage_error(command, "a process is given by its number, not '%s'", words[0]);
	start = start_ticks(pid);
	if (!start) {
		warn("process %lu:", pid);
		return STATUS_INPUT;
	}
	if (!find_shared(pid, start, &place))
		return STATUS_INPUT;
	line = make_line((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec, words[1]);
	done = append(&place, line);
	free(line);
	free(place.marks);
	close(place.folder);
	return done ? STATUS_DONE : STATUS_INPUT;
}
