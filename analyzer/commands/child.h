/*
 * child.h: runs a program as a shell does, and waits for it.
 */
#ifndef PROBE_CHILD_H
#define PROBE_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct child {
	pid_t pid;                /* of the program, when it was started */
	int   wait_status;        /* as from waitpid */
	int   error;              /* errno; 0: it ran */
	bool  started;            /* false: there was no process to run it in; true with `error`: exec failed */
};

/*
 * Runs `argv` with this process's standard streams and environment, found by PATH. SIGINT and SIGQUIT, which a
 * terminal sends to both, are left to it; SIGTERM and SIGHUP, sent to us, are handed on.
 */
struct child child_run(char *const *argv);

#endif
