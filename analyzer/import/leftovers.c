/* leftovers.c: see leftovers.h. */
#include "import/leftovers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PREFIX ".import-"

static const int endings[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXCPU, SIGXFSZ};
#define ENDINGS (sizeof endings / sizeof *endings)

static struct {                  /* for the handler, which is there only while this holds */
	int         dir_fd;
	const char *names[2];
	const char *made_dir;
	struct sigaction before[ENDINGS];
} guarded;

void leftovers_name(char name[LEFTOVER_NAME], const char *what)
{
	snprintf(name, LEFTOVER_NAME, PREFIX "%ld.%s", (long)getpid(), what);
}

/* Whose file it is; 0: it is none of an import. */
static pid_t owner_of(const char *name)
{
	char *rest;
	long pid;

	if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
		return 0;
	pid = strtol(name + strlen(PREFIX), &rest, 10);
	if (pid <= 0 || pid > INT_MAX || (strcmp(rest, ".events") != 0 && strcmp(rest, ".records") != 0))
		return 0;
	return (pid_t)pid;
}

void leftovers_sweep(int dir_fd)
{
	int own_fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = own_fd < 0 ? NULL : fdopendir(own_fd);
	struct dirent *entry;

	if (!dir) {
		if (own_fd >= 0)
			close(own_fd);
		return;
	}
	while ((entry = readdir(dir))) {
		pid_t owner = owner_of(entry->d_name);

		if (owner && kill(owner, 0) && errno == ESRCH)
			unlinkat(dir_fd, entry->d_name, 0);
	}
	closedir(dir);
}

/* The action is the default one again: the signal, raised once more, ends the process when this returns. */
static void remove_and_end(int signal)
{
	for (size_t i = 0; i < 2; i++)
		unlinkat(guarded.dir_fd, guarded.names[i], 0);
	if (guarded.made_dir)
		rmdir(guarded.made_dir);
	raise(signal);
}

void leftovers_guard(int dir_fd, const char *const names[2], const char *made_dir)
{
	struct sigaction end = {.sa_handler = remove_and_end, .sa_flags = (int)SA_RESETHAND};

	guarded.dir_fd = dir_fd;
	guarded.names[0] = names[0];
	guarded.names[1] = names[1];
	guarded.made_dir = made_dir;
	for (size_t i = 0; i < ENDINGS; i++) {
		sigaction(endings[i], NULL, &guarded.before[i]);
		/* What is ignored, as by nohup, is to stay so. */
		if (guarded.before[i].sa_handler == SIG_DFL)
			sigaction(endings[i], &end, NULL);
	}
}

void leftovers_release(void)
{
	for (size_t i = 0; i < ENDINGS; i++)
		if (guarded.before[i].sa_handler == SIG_DFL)
			sigaction(endings[i], &guarded.before[i], NULL);
}
