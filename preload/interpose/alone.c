/*
 * alone.c: calls that the drain, or the library's system calls, must not disturb, and calls after which it could no
 * longer reach its files. unshare and setns demand a process of a single thread; a seccomp filter may kill for a system
 * call that the program itself would not make; after chroot the directory's path leads elsewhere; after setuid it may
 * not be entered. A fork may be made by syscall() too.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cpu/cpu.h"
#include "directory.h"
#include "interpose/next.h"
#include "record/area.h"
#include "record/drain.h"
#include "start.h"
#include "sys.h"

#define RESERVE_BYTES (8u << 20) /* of rings, kept ready for what comes after a filter */

NEXT(unshare, int(int))
NEXT(setns, int(int, int))
NEXT(prctl, int(int, unsigned long, unsigned long, unsigned long, unsigned long))
NEXT(syscall, long(long, long, long, long, long, long, long))

PUBLIC int unshare(int flags)
{
	int result;

	drain_step_aside();
	result = next_unshare()(flags);
	drain_come_back();
	return result;
}

PUBLIC int setns(int fd, int type)
{
	int result;

	drain_step_aside();
	result = next_setns()(fd, type);
	drain_come_back();
	return result;
}

/*
 * A filter for the calling thread alone: the drain, started before, is not under it and goes on. One for all threads
 * would hit the drain too: it ends for good. Either way the program's threads make no system call of ours from now on,
 * and find room for their events reserved.
 */
static void filter_coming(bool all_threads)
{
	if (!process_start() || process_is_borrowed() || library.filtered)
		return;
	area_reserve(RESERVE_BYTES, -1);
	if (all_threads)
		drain_step_aside();
	else
		drain_wanted();
	cpu_pause();
	library.filtered = true;
}

static void filter_refused(bool was, bool all_threads)
{
	if (was)
		return;
	library.filtered = false;
	cpu_resume();
	if (all_threads)
		drain_come_back();
}

/* From here on only the drain can reach the files: it has its own way to them, and makes room for the threads. */
static void way_closing(bool by_path)
{
	if (!process_start() || process_is_borrowed() || library.filtered)
		return;
	if (by_path)
		directory_keep();
	library.cut_off = true;
	drain_wanted();
}

#define WRAP(name, by_path, parameters, arguments) \
	NEXT(name, int parameters) \
 \
	PUBLIC int name parameters \
	{ \
		way_closing(by_path); \
		return next_##name() arguments; \
	}

WRAP(chroot, true, (const char *path), (path))
WRAP(setuid, false, (uid_t uid), (uid))
WRAP(seteuid, false, (uid_t uid), (uid))
WRAP(setreuid, false, (uid_t real, uid_t effective), (real, effective))
WRAP(setresuid, false, (uid_t real, uid_t effective, uid_t saved), (real, effective, saved))

PUBLIC int prctl(int option, ...)
{
	unsigned long a[4];
	va_list arguments;
	int result;

	va_start(arguments, option);
	for (int i = 0; i < 4; i++)
		a[i] = va_arg(arguments, unsigned long);
	va_end(arguments);
	if ((option == PR_SET_SECCOMP && a[0] == SECCOMP_MODE_STRICT) ||
	    (option == PR_SET_TSC && a[0] == PR_TSC_SIGSEGV))
		process_blind("the program forbade itself the time stamp counter (prctl): from there on this process is not "
		              "recorded");
	if (option != PR_SET_SECCOMP)
		return next_prctl()(option, a[0], a[1], a[2], a[3]);
	bool was = library.filtered;
	filter_coming(false);
	result = next_prctl()(option, a[0], a[1], a[2], a[3]);
	if (result < 0)
		filter_refused(was, false);
	return result;
}

PUBLIC long syscall(long number, ...)
{
	bool was = library.filtered, all_threads, seccomp, forks;
	struct forking forking;
	va_list arguments;
	long a[6], result;

	va_start(arguments, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(arguments, long);
	va_end(arguments);
	seccomp = (number == SYS_seccomp && a[0] != SECCOMP_GET_ACTION_AVAIL && a[0] != SECCOMP_GET_NOTIF_SIZES) ||
	          (number == SYS_prctl && a[0] == PR_SET_SECCOMP);
	all_threads = number == SYS_seccomp && a[0] == SECCOMP_SET_MODE_FILTER && (a[1] & SECCOMP_FILTER_FLAG_TSYNC);
	forks = number == SYS_fork || (number == SYS_clone && !(a[0] & CLONE_VM) && !a[1]);
	if (forks)
		forking = process_forking();
	if (seccomp)
		filter_coming(all_threads);
	else if (number == SYS_unshare || number == SYS_setns)
		drain_step_aside();
	result = next_syscall()(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (forks)
		process_forked(&forking, result, number == SYS_fork ? TRACE_HOW_FORK : TRACE_HOW_CLONE);
	if (seccomp && result != 0)
		filter_refused(was, all_threads);
	else if (number == SYS_unshare || number == SYS_setns)
		drain_come_back();
	return result;
}
