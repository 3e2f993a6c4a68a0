/*
 * wait.c: the wait family tells how a child ended, which the child's own recording cannot always: a signal leaves no
 * end in it. The real functions may block and may be cancelled: nothing is held while they run.
 */
#include <errno.h>

#include "interpose/follow.h"

static void tell(pid_t pid, int status)
{
	struct trace_child child = {.pid = (uint32_t)pid, .status = status};

	if (pid > 0 && (WIFEXITED(status) || WIFSIGNALED(status)))
		meta_write(TRACE_RECORD_WAITED, &child, sizeof(child), NULL, 0);
}

PUBLIC pid_t wait(int *status)
{
	int own = 0, *where = status ? status : &own;
	pid_t pid = REAL(wait)(where);

	tell(pid, pid > 0 ? *where : 0);
	return pid;
}

PUBLIC pid_t waitpid(pid_t pid, int *status, int options)
{
	int own = 0, *where = status ? status : &own;
	pid_t found = REAL(waitpid)(pid, where, options);

	tell(found, found > 0 ? *where : 0);
	return found;
}

PUBLIC pid_t wait3(int *status, int options, struct rusage *usage)
{
	int own = 0, *where = status ? status : &own;
	pid_t found = REAL(wait3)(where, options, usage);

	tell(found, found > 0 ? *where : 0);
	return found;
}

PUBLIC pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
	int own = 0, *where = status ? status : &own;
	pid_t found = REAL(wait4)(pid, where, options, usage);

	tell(found, found > 0 ? *where : 0);
	return found;
}

PUBLIC int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
	siginfo_t own = {0}, *where = info ? info : &own;
	int result = REAL(waitid)(type, id, where, options);

	/* Who only looks (WNOWAIT) will come again. */
	if (result != 0 || (options & WNOWAIT))
		return result;
	if (where->si_code == CLD_EXITED)
		tell(where->si_pid, (where->si_status & 0xff) << 8);
	else if (where->si_code == CLD_KILLED)
		tell(where->si_pid, where->si_status & 0x7f);
	else if (where->si_code == CLD_DUMPED)
		tell(where->si_pid, (where->si_status & 0x7f) | WCOREFLAG);
	return result;
}
