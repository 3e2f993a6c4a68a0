/* follow.c: see follow.h. */
#include <string.h>

#include "interpose/follow.h"
#include "interpose/next.h"
#include "sys.h"

struct follow_next follow_next;

void follow_resolve(void)
{
	static const char names[][20] = {
		"execve", "execvpe", "fexecve", "execveat", "posix_spawn", "posix_spawnp", "system", "popen", "wait4",
		"waitid", "close", "closefrom", "close_range", "dup2", "dup3", "dlopen",
		"dlmopen", "dlclose", "dl_iterate_phdr", "_dl_find_object",
	};
	void **slots = (void **)&follow_next;

	_Static_assert(sizeof(names) / sizeof(*names) == offsetof(struct follow_next, ready) / sizeof(void *), "all");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		slots[i] = next_symbol(names[i]);
	__atomic_store_n(&follow_next.ready, true, __ATOMIC_RELEASE);
}

void follow_start(void)
{
	if (!follow_next.ready)
		follow_resolve();
	program_start();
	environment_start();
}

bool follow_asked(bool itself)
{
	/* A program that becomes another (env, a shell's exec) is no child, so PROBE_FOLLOW=0 leaves it recorded. */
	return library.follow || (itself && process && process->live == PROCESS_LIVE && !process_is_borrowed());
}

uint32_t follow_pid(void)
{
	return library.filtered && process ? process->pid : (uint32_t)sys(SYS_getpid);
}

void follow_note(uint32_t pid, enum trace_how how, int error, const char *path)
{
	struct trace_child child = {.pid = pid, .how = how, .status = error};

	meta_write(TRACE_RECORD_EXEC, &child, sizeof(child), path, strlen(path));
}
