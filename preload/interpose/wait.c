/*
 * wait.c: the wait family tells how a child ended, which the child's own recording cannot always: a signal leaves no
 * end in it. The real functions may block and may be cancelled: nothing is held while they run.
 */
#include <errno.h>

#include "interpose/follow.h"
#include "record/usage.h"

static void tell(pid_t pid, int status, const struct rusage *usage)
{
	struct trace_child child = {.pid = (uint32_t)pid, .status = status};

	if (pid <= 0 || !(WIFEXITED(status) || WIFSIGNALED(status)))
		return;
	meta_write(TRACE_RECORD_WAITED, &child, sizeof(child), NULL, 0);
	if (usage)
		usage_tell_child(child.pid, usage);
}

/* All of them are wait4 for the kernel, which tells this one what the child took. */
static inline pid_t wait_by(pid_t pid, int *status, int options, struct rusage *usage)
{
	int own = 0, *where = status ? status : &own;
	struct rusage taken = {0}, *taken_by = usage ? usage : &taken;
	pid_t found = REAL(wait4)(pid, where, options, taken_by);

	tell(found, found > 0 ? *where : 0, taken_by);
	return found;
}

PUBLIC pid_t wait(int *status)
{
	return wait_by(-1, status, 0, NULL);
}

PUBLIC pid_t waitpid(pid_t pid, int *status, int options)
{
	return wait_by(pid, status, options, NULL);
}

PUBLIC pid_t wait3(int *status, int options, struct rusage *usage)
{
	return wait_by(-1, status, options, usage);
}

PUBLIC pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
	return wait_by(pid, status, options, usage);
}

PUBLIC int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
	siginfo_t own = {0}, *where = info ? info : &own;
	int result = REAL(waitid)(type, id, where, options);

	/* Who only looks (WNOWAIT) will come again. */
	if (result != 0 || (options & WNOWAIT))
		return result;
	if (where->si_code == CLD_EXITED)
		tell(where->si_pid, (where->si_status & 0xff) << 8, NULL);
	else if (where->si_code == CLD_KILLED)
		tell(where->si_pid, where->si_status & 0x7f, NULL);
	else if (where->si_code == CLD_DUMPED)
		tell(where->si_pid, (where->si_status & 0x7f) | WCOREFLAG, NULL);
	return result;
}
