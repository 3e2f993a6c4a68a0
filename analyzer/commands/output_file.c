/* output_file.c: see output_file.h. Writes beside the place where the file is to be. */
#include "commands/output_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"

#define BUFFER (1u << 20)        /* bytes written at once */

/* As open() makes a new file. */
static mode_t new_mode(mode_t most)
{
	mode_t mask = umask(0);

	umask(mask);
	return most & ~mask;
}

/* The folder that `path` lies in. To be freed. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return xstrdup(".");
	return slash == path ? xstrdup("/") : xasprintf("%.*s", (int)(slash - path), path);
}

/* A name beside `path` for mkostemp or mkdtemp. To be freed. */
static char *beside(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? xasprintf("%.*s/.probe-XXXXXX", (int)(slash - path), path) : xstrdup(".probe-XXXXXX");
}

static int open_aside(struct output_file *output, mode_t mode)
{
	char *folder = folder_of(output->path);
	int file = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);

	free(folder);
	if (file < 0) {
		output->aside = beside(output->path);
		file = mkostemp(output->aside, O_CLOEXEC);
	}
	if (file >= 0)
		fchmod(file, mode);
	return file;
}

bool output_file_open(struct output_file *output, const char *path)
{
	char *real = realpath(path, NULL);
	struct stat there;
	bool exists = !stat(path, &there);
	int file;

	*output = (struct output_file){.path = real ? real : xstrdup(path), .in_place = exists && !S_ISREG(there.st_mode)};
	if (output->in_place)
		file = open(path, O_WRONLY | O_CLOEXEC);
	else if (exists && access(path, W_OK))
		file = -1;
	else
		file = open_aside(output, exists ? there.st_mode & 07777 : new_mode(0666));
	output->file = file < 0 ? NULL : fdopen(file, "w");
	if (!output->file) {
		warn("%s:", path);
		free(output->path);
		free(output->aside);
		return false;
	}
	setvbuf(output->file, NULL, _IOFBF, BUFFER);
	return true;
}

/* Gives what has no name so far one beside its place: an existing file can only be replaced by a rename. */
static bool give_name(struct output_file *output)
{
	char *from = xasprintf("/proc/self/fd/%d", fileno(output->file));
	bool good = false;

	for (int tries = 0; !good && tries < 100; tries++) {
		int file;

		free(output->aside);
		output->aside = beside(output->path);
		/* What mkostemp finds to be free is free a moment later. */
		file = mkostemp(output->aside, O_CLOEXEC);
		if (file < 0)
			break;
		close(file);
		unlink(output->aside);
		good = !linkat(AT_FDCWD, from, AT_FDCWD, output->aside, AT_SYMLINK_FOLLOW);
		if (!good && errno != EEXIST)
			break;
	}
	if (!good) {
		free(output->aside);
		output->aside = NULL;
	}
	free(from);
	return good;
}

bool output_file_close(struct output_file *output, bool good)
{
	bool written = !ferror(output->file) & !fflush(output->file);

	if (good && !written)
		warn("%s: not all of it could be written", output->path);
	good &= written;
	if (good && !output->in_place && !output->aside && !give_name(output)) {
		warn("%s:", output->path);
		good = false;
	}
	if (fclose(output->file) && good) {
		warn("%s: not all of it could be written", output->path);
		good = false;
	}
	if (good && output->aside && rename(output->aside, output->path)) {
		warn("%s:", output->path);
		good = false;
	}
	if (!good && output->aside)
		unlink(output->aside);
	free(output->aside);
	free(output->path);
	return good;
}

/* ---- folders --------------------------------------------------------------------------------------------------- */

bool output_folder_open(struct output_folder *output, const char *path)
{
	size_t length = strlen(path);

	*output = (struct output_folder){0};
	while (length > 1 && path[length - 1] == '/')
		length--;
	output->path = xasprintf("%.*s", (int)length, path);
	output->aside = beside(output->path);
	/* It is replaced by a rename if it is empty; else that would fail when all is done. */
	if (rmdir(output->path) && errno != ENOENT) {
		if (errno == ENOTEMPTY || errno == EEXIST)
			warn("%s: it is not empty", path);
		else
			warn("%s:", path);
	} else if (!mkdtemp(output->aside)) {
		warn("%s:", path);
	} else {
		chmod(output->aside, new_mode(0777));
		return true;
	}
	free(output->path);
	free(output->aside);
	return false;
}

static void remove_folder(const char *path)
{
	DIR *open = opendir(path);

	for (struct dirent *entry; open && (entry = readdir(open));)
		unlinkat(dirfd(open), entry->d_name, 0);
	if (open)
		closedir(open);
	rmdir(path);
}

bool output_folder_close(struct output_folder *output, bool good)
{
	if (good && rename(output->aside, output->path)) {
		warn("%s:", output->path);
		good = false;
	}
	if (!good)
		remove_folder(output->aside);
	free(output->aside);
	free(output->path);
	return good;
}
