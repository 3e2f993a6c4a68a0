/* A command runs under probe as it would from a shell: status, signals, what cannot be started. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands/child.h"
#include "suite.h"

static struct child shell(const char *script)
{
	char *argv[] = {(char *)"sh", (char *)"-c", (char *)(uintptr_t)script, NULL};

	return child_run(argv);
}

START_TEST(its_status_is_known)
{
	struct child child = shell("exit 7");

	ck_assert_int_eq(child.error, 0);
	ck_assert(WIFEXITED(child.wait_status));
	ck_assert_int_eq(WEXITSTATUS(child.wait_status), 7);
	child = shell("kill -SEGV $$");
	ck_assert(WIFSIGNALED(child.wait_status));
	ck_assert_int_eq(WTERMSIG(child.wait_status), SIGSEGV);
	/* No zombie is left. */
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

START_TEST(what_cannot_be_started_is_told_apart)
{
	char *missing[] = {(char *)"/nonexistent/program", NULL}, *forbidden[] = {(char *)"/etc/passwd", NULL};
	struct child child = child_run(missing);

	ck_assert_int_eq(child.error, ENOENT);
	child = child_run(forbidden);
	ck_assert_int_eq(child.error, EACCES);
	ck_assert(child.started);
}
END_TEST

/* Runs `script` from a fresh process of its own, sends it `signal_number` once it has written a byte. */
static int signalled(const char *script, int signal_number, bool ignored)
{
	int fds[2], status;
	pid_t pid;
	char byte;

	ck_assert_int_eq(pipe(fds), 0);
	pid = fork();
	if (!pid) {
		struct child child;

		if (ignored)
			signal(signal_number, SIG_IGN);
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		child = shell(script);
		_exit(WIFSIGNALED(child.wait_status) ? 128 + WTERMSIG(child.wait_status)
		                                      : WEXITSTATUS(child.wait_status));
	}
	close(fds[1]);
	ck_assert_int_eq(read(fds[0], &byte, 1), 1);
	ck_assert_int_eq(kill(pid, signal_number), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	close(fds[0]);
	ck_assert_msg(WIFEXITED(status), "probe's own process died of signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

START_TEST(signals_go_to_the_command)
{
	ck_assert_int_eq(signalled("trap 'exit 42' TERM; echo; while :; do sleep 0.1; done", SIGTERM, false), 42);
	ck_assert_int_eq(signalled("echo; exec sleep 30", SIGHUP, false), 128 + SIGHUP);
}
END_TEST

START_TEST(what_a_terminal_sends_to_both_is_left_to_the_command)
{
	ck_assert_int_eq(signalled("echo; sleep 0.5; exit 5", SIGINT, false), 5);
	ck_assert_int_eq(signalled("echo; sleep 0.5; exit 6", SIGQUIT, false), 6);
	/* Under nohup, even to a command that listens again. */
	ck_assert_int_eq(signalled("exec env --default-signal=HUP sh -c 'echo; sleep 0.5; exit 7'", SIGHUP, true), 7);
}
END_TEST

START_TEST(the_command_finds_signals_as_we_did)
{
	struct child child;

	/* The last digit of SigIgn: HUP is 1, INT 2, QUIT 4. While it runs, INT and QUIT are ignored here alone. */
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	child = shell("case $(sed -n 's/^SigIgn:.*\\(.\\)$/\\1/p' /proc/self/status) in [0189]) exit 3;; esac");

	ck_assert_int_eq(WEXITSTATUS(child.wait_status), 3);
	child = shell("test $(sed -n 's/^SigBlk:\\t*//p' /proc/self/status) = 0000000000000000");
	ck_assert_int_eq(WEXITSTATUS(child.wait_status), 0);
}
END_TEST

SUITE_MAIN("child", its_status_is_known, what_cannot_be_started_is_told_apart, signals_go_to_the_command,
            what_a_terminal_sends_to_both_is_left_to_the_command, the_command_finds_signals_as_we_did)
