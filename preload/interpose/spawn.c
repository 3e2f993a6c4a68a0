/*
 * spawn.c: posix_spawn and posix_spawnp. The child is made and replaced inside libc, so everything about it is
 * decided here, before it exists.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "interpose/follow.h"

/*
 * File actions may change the child's working directory or close what we look at: a file that is not there now may
 * be there then. Not inlined, for its buffer's sake.
 */
static __attribute__((noinline)) enum trace_how decide(const char *file, bool search)
{
	enum trace_how how;
	char *found;

	if (!follow_asked(false))
		return TRACE_NOT_ASKED;
	if (!library.ready || library.off)
		return TRACE_FOLLOWED;
	if (library.filtered)
		return TRACE_FILTERED;
	if (!search)
		return (how = program_at(AT_FDCWD, file, 0, false)) ? how : TRACE_FOLLOWED;
	found = __builtin_alloca(program_search_room(file));
	how = program_search(file, found) ? program_at(AT_FDCWD, found, 0, false) : 0;
	return how ? how : TRACE_FOLLOWED;
}

static void tell(pid_t pid, enum trace_how how, const char *file)
{
	struct trace_child child = {.pid = (uint32_t)pid, .how = TRACE_HOW_SPAWN};

	meta_write(TRACE_RECORD_CHILD, &child, sizeof(child), NULL, 0);
	follow_note(child.pid, how, 0, file);
}

PUBLIC int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[])
{
	struct scratch scratch = {0};
	enum trace_how how;
	pid_t child = 0;
	int error;

	process_start();
	how = decide(path, false);
	error = REAL(posix_spawn)(&child, path, actions, attributes, arguments,
	                          ENVIRONMENT_FOR(how, environment, &scratch));
	scratch_give(&scratch);
	if (error)
		return error;
	if (pid)
		*pid = child;
	tell(child, how, path);
	return 0;
}

PUBLIC int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[])
{
	struct scratch scratch = {0};
	enum trace_how how;
	pid_t child = 0;
	int error;

	process_start();
	how = decide(file, true);
	error = REAL(posix_spawnp)(&child, file, actions, attributes, arguments,
	                           ENVIRONMENT_FOR(how, environment, &scratch));
	scratch_give(&scratch);
	if (error)
		return error;
	if (pid)
		*pid = child;
	tell(child, how, file);
	return 0;
}
