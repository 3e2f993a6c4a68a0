/*
 * launch.c FILE COMMAND…: runs COMMAND to its end and writes into FILE, in one line: its status, wall nanoseconds,
 * CPU microseconds (its waited-for children's too) and peak RSS in KiB. A static program, so that no preload applies
 * to it, and small, because an exec'd program's peak starts at what its parent's was.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct timespec began, ended;
	struct rusage usage;
	int status;

	if (argc < 3)
		return 2;
	clock_gettime(CLOCK_MONOTONIC, &began);
	pid_t child = fork();
	if (child == 0) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (child < 0 || wait4(child, &status, 0, &usage) != child)
		return 1;
	clock_gettime(CLOCK_MONOTONIC, &ended);
	FILE *file = fopen(argv[1], "w");
	if (!file)
		return 1;
	fprintf(file, "%d %lld %lld %ld\n", WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status),
	        (ended.tv_sec - began.tv_sec) * 1000000000ll + (ended.tv_nsec - began.tv_nsec),
	        (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000ll + usage.ru_utime.tv_usec +
	        usage.ru_stime.tv_usec, usage.ru_maxrss);
	return fclose(file) == 0 ? 0 : 1;
}
