/* child.c: fork, exec, signals and wait; see child.h. */
#include "commands/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t child_pid;

static const int handed_on[] = {SIGTERM, SIGHUP};
static const int left_alone[] = {SIGINT, SIGQUIT};

static void hand_on(int signal_number)
{
	int error = errno;

	kill(child_pid, signal_number);
	errno = error;
}

/* What was in force before, for the child. */
struct signals {
	sigset_t mask;
	struct sigaction handed_on[2], left_alone[2];
};

/* They are blocked until the pid is known: a signal in between would have nobody to go to. */
static void take_signals(struct signals *before)
{
	struct sigaction hand = {.sa_handler = hand_on, .sa_flags = SA_RESTART}, ignore = {.sa_handler = SIG_IGN};
	sigset_t blocked;

	sigemptyset(&blocked);
	for (size_t i = 0; i < 2; i++) {
		sigaddset(&blocked, handed_on[i]);
		sigaddset(&blocked, left_alone[i]);
	}
	sigprocmask(SIG_BLOCK, &blocked, &before->mask);
	for (size_t i = 0; i < 2; i++) {
		sigaction(handed_on[i], NULL, &before->handed_on[i]);
		/* Under nohup, SIGHUP stays ignored. */
		if (before->handed_on[i].sa_handler != SIG_IGN)
			sigaction(handed_on[i], &hand, NULL);
		sigaction(left_alone[i], &ignore, &before->left_alone[i]);
	}
}

static void give_back_signals(const struct signals *before)
{
	for (size_t i = 0; i < 2; i++) {
		sigaction(handed_on[i], &before->handed_on[i], NULL);
		sigaction(left_alone[i], &before->left_alone[i], NULL);
	}
	sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

/* The errno of a failed exec, through a pipe that a successful one closes; 0. */
static int read_error(int fd)
{
	int error = 0;
	ssize_t got;

	do
		got = read(fd, &error, sizeof(error));
	while (got < 0 && errno == EINTR);
	return got == sizeof(error) ? error : 0;
}

struct child child_run(char *const *argv)
{
	struct child child = {0};
	struct signals before;
	siginfo_t info;
	int pipe_fds[2];

	fflush(NULL);
	if (pipe2(pipe_fds, O_CLOEXEC)) {
		child.error = errno;
		return child;
	}
	take_signals(&before);
	child.pid = fork();
	if (!child.pid) {
		int error;

		give_back_signals(&before);
		execvp(argv[0], argv);
		error = errno;
		if (write(pipe_fds[1], &error, sizeof(error)) < 0)
			_exit(126);
		_exit(127);
	}
	close(pipe_fds[1]);
	if (child.pid < 0) {
		child.error = errno;
	} else {
		child.started = true;
		child_pid = child.pid;
		sigprocmask(SIG_SETMASK, &before.mask, NULL);
		child.error = read_error(pipe_fds[0]);
		while (waitid(P_PID, (id_t)child.pid, &info, WEXITED | WNOWAIT) && errno == EINTR)
			;
	}
	close(pipe_fds[0]);
	/* Before the pid is given up: it may then be somebody else's. */
	give_back_signals(&before);
	if (child.started)
		waitpid(child.pid, &child.wait_status, 0);
	return child;
}
