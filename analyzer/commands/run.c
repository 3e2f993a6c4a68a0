/*
 * run.c: probe run [options] -- COMMAND…: COMMAND runs as it would from a shell, with libprobe.so preloaded; then its
 * recording is reported. What waitpid told about COMMAND goes into that report, never into the recording.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "commands/child.h"
#include "commands/commands.h"
#include "commands/show.h"
#include "util.h"

enum { OUTPUT, STACK_DEPTH, NO_FOLLOW, SUPPRESSIONS, NO_DEFAULT_SUPPRESSIONS, PRINT_SUPPRESSIONS, TOP, JSON };

/* Where the build and an installation put the library, seen from the folder of this program. */
static const char *const library_places[] = {
	"../lib/libprobe.so", "../lib/probe/libprobe.so", "../lib/x86_64-linux-gnu/libprobe.so",
	"../lib64/libprobe.so", "libprobe.so", "../preload/libprobe.so",
};

/* The absolute path of libprobe.so; exits with a message if it is nowhere. */
static char *find_library(void)
{
	char here[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", here, sizeof(here) - 1);
	char *slash, *found = NULL;

	if (length < 0)
		fatal(STATUS_INPUT, "/proc/self/exe:");
	here[length] = '\0';
	slash = strrchr(here, '/');
	*slash = '\0';
	for (size_t i = 0; !found && i < sizeof(library_places) / sizeof(*library_places); i++) {
		char *path = xasprintf("%s/%s", here, library_places[i]);

		found = realpath(path, NULL);
		free(path);
	}
	if (!found)
		fatal(STATUS_INPUT, "%s/%s: not found, nor beside it: is probe installed whole?", here,
		      library_places[0]);
	if (strpbrk(found, " :"))
		fatal(STATUS_INPUT, "%s: the loader cannot preload from a path with a space or a colon", found);
	return found;
}

/* Absolute. An existing one is joined. */
static char *choose_dir(const char *wanted)
{
	char here[PATH_MAX], date[32];
	time_t now = time(NULL);
	struct tm tm;

	if (wanted && wanted[0] == '/')
		return xstrdup(wanted);
	if (!getcwd(here, sizeof(here)))
		fatal(STATUS_INPUT, "the working directory:");
	if (wanted)
		return xasprintf("%s/%s", here, wanted);
	if (!gmtime_r(&now, &tm) || !strftime(date, sizeof(date), "%Y%m%dT%H%M%SZ", &tm))
		strcpy(date, "0");
	return xasprintf("%s/probe-%s-%d", here, date, getpid());
}

/*
 * Nothing can be recorded where no directory can be made: better said before COMMAND has run for an hour. A missing
 * parent is the library's to make. `*made`: it was not there before.
 */
static bool make_dir(const char *dir, bool *made)
{
	*made = !mkdir(dir, 0700);
	if (*made || errno == EEXIST || errno == ENOENT)
		return true;
	warn("%s:", dir);
	return false;
}

static void set_variable(const char *name, const char *value)
{
	if (setenv(name, value, 1))
		fatal(STATUS_INPUT, "%s:", name);
}

/* The environment of COMMAND; probe itself is not preloaded any more by then. */
static void set_environment(const char *library, const char *dir, const char *depth, bool follow)
{
	const char *before = getenv("LD_PRELOAD");
	char *preload = before && *before ? xasprintf("%s:%s", library, before) : xstrdup(library);

	set_variable("LD_PRELOAD", preload);
	set_variable("PROBE_OUT", dir);
	/* The report follows: the closing line would only point at it. */
	set_variable("PROBE_QUIET", "1");
	if (depth)
		set_variable("PROBE_STACK_DEPTH", depth);
	if (!follow)
		set_variable("PROBE_FOLLOW", "0");
	free(preload);
}

static int command_status(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

int run_command(const struct command *command, int argc, char **argv)
{
	struct arguments arguments = {.command = command, .argc = argc, .argv = argv, .at = 1};
	struct show show = {.domain = -1};
	const char *wanted = NULL, *depth = NULL;
	char *library, *dir, **program = NULL;
	bool follow = true, recorded, made;
	struct child child;
	int next, status;

	while (!program && (next = argument_next(&arguments)) != ARGUMENT_END) {
		if (next == OUTPUT)
			wanted = arguments.value;
		else if (next == STACK_DEPTH && (!strcmp(arguments.value, "0") ||
		                                 argument_number(command, "stack-depth", arguments.value, 1024)))
			depth = arguments.value;
		else if (next == NO_FOLLOW)
			follow = false;
		else if (next == SUPPRESSIONS)
			show_add_suppressions(&show, arguments.value);
		else if (next == NO_DEFAULT_SUPPRESSIONS)
			show.no_shipped = true;
		else if (next == PRINT_SUPPRESSIONS)
			show.print_suppressions = true;
		else if (next == TOP)
			show.top = argument_number(command, "top", arguments.value, 1000000000);
		else if (next == JSON)
			show.json = true;
		else
			program = argv + arguments.at - 1;
	}
	if (!program)
		usage_error(command, "which command?");
	if (wanted && !*wanted)
		usage_error(command, "--output wants a directory");
	if (!wanted && getenv("PROBE_OUT") && *getenv("PROBE_OUT"))
		wanted = getenv("PROBE_OUT");
	library = find_library();
	dir = choose_dir(wanted);
	/* The library would put numbers in its place, and the report look elsewhere. */
	if (strchr(dir, '%'))
		usage_error(command, "%s: the path of a recording cannot have a '%%' in it; try --output", dir);
	recorded = make_dir(dir, &made);
	if (recorded && !made && is_recording(dir))
		warn("%s: joined: it holds a recording already", dir);
	if (recorded)
		set_environment(library, dir, depth, follow);
	child = child_run(program);
	free(library);
	/* If it is empty. */
	if (made)
		rmdir(dir);
	if (child.error) {
		errno = child.error;
		warn("%s:", program[0]);
		free(dir);
		return child.error == ENOENT ? 127 : child.started ? 126 : STATUS_INPUT;
	}
	status = command_status(child.wait_status);
	if (recorded && !is_recording(dir)) {
		warn("%s: nothing was recorded: %s may be linked statically, be setuid, use another C library or "
		     "architecture, or the directory could not be made", dir, program[0]);
	} else if (recorded) {
		int shown;

		show_add_dir(&show, dir);
		show.waited = true;
		show.waited_pid = (uint32_t)child.pid;
		show.wait_status = child.wait_status;
		shown = show_run(&show);
		/* Who reads no further has lost nothing. */
		status = status || shown == STATUS_PIPE ? status : shown;
	}
	free(dir);
	return status;
}
