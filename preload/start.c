/*
 * start.c: life and death of the library in a process.
 *
 * It starts in the first wrapped call of an image, whatever that is, and again in a forked child, which finds
 * process->live wiped. Meanwhile signals are blocked; calls of the starting thread itself, from within, are passed on
 * unrecorded (they are the library's own), and other threads wait: there are hardly ever any yet.
 */
#include "start.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <string.h>

#include "clock.h"
#include "cpu/cpu.h"
#include "directory.h"
#include "identity.h"
#include "interpose/follow.h"
#include "interpose/modules.h"
#include "interpose/next.h"
#include "lock.h"
#include "node/node.h"
#include "options.h"
#include "record/area.h"
#include "record/aside.h"
#include "record/drain.h"
#include "record/limits.h"
#include "record/meta.h"
#include "record/ring.h"
#include "record/sample.h"
#include "record/thread.h"
#include "record/usage.h"
#include "record/vtables.h"
#include "sys.h"
#include "text.h"

#define ARGUMENTS_MAX 3072
#define UNTOLD_TICKS  50000000 /* some 20 ms of a TSC */

struct library library;
bool process_forks_and_leaves;

static uint32_t starter;         /* tid of the thread that starts the library */
static struct forking forking_now; /* of a fork under way; ordinary memory, so that its child finds it */
static char scratch[PATH_MAX];   /* for the starter */
static uint64_t last_namespace;  /* pid namespace of the process that last started here, for children without /proc */
static struct text {             /* of the image, a forked child's too */
	size_t length;
	char   bytes[PATH_MAX];
} executable, arguments;

/* ---- once per image ----------------------------------------------------------------------------------------------- */

static void find_self(void)
{
	struct dl_find_object object;
	const char *name = "";

	if (_dl_find_object((void *)find_self, &object) == 0) {
		library.text_start = (uintptr_t)object.dlfo_map_start;
		library.text_end = (uintptr_t)object.dlfo_map_end;
		name = object.dlfo_link_map->l_name;
	}
	if (name[0] != '/') {
		long n = sys(SYS_getcwd, library.path, sizeof(library.path));
		size_t length = n > 1 ? (size_t)n - 1 : 0;

		while (name[0] == '.' && name[1] == '/')
			name += 2;
		text_format(library.path + length, sizeof(library.path) - length, "/%s", name);
	} else {
		text_format(library.path, sizeof(library.path), "%s", name);
	}
}

static void say(const char *format, const char *first, const char *second)
{
	size_t length = text_format(scratch, sizeof(scratch), format, first, second);

	sys(SYS_write, 2, scratch, length);
}

static bool on_terminal(void)
{
	struct termios settings;

	return !library.filtered && sys(SYS_ioctl, 2, TCGETS, &settings) == 0;
}

/* libc's own forks, in daemon and forkpty, come by here alone. */
static void before_fork(void)
{
	process_forking();
}

static void in_parent(void)
{
	forking_now = (struct forking){0};
	if (process_forks_and_leaves && process_start()) {
		process_ending();
		process_end(TRACE_END_EXIT, 0);
	}
}

static void in_child(void)
{
	process_forks_and_leaves = false;
	process_start();
}

static void image_start(void)
{
	char *const *environment = options_environment();
	int error;

	long n = sys(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", executable.bytes, sizeof(executable.bytes));

	executable.length = n > 0 ? (size_t)n : 0;
	n = identity_read("/proc/self/cmdline", arguments.bytes, ARGUMENTS_MAX);
	arguments.length = n > 0 ? (size_t)n : 0;
	find_self();
	options_read(environment);
	clock_start();
	identity_boot(library.boot_id);
	error = directory_start(environment);
	library.ready = true;
	follow_start();
	next_start();
	operators_refresh();
	node_start();
	cpu_start();
	pthread_atfork(before_fork, in_parent, in_child);
	if (error < 0) {
		library.off = true;
		if (!library.quiet && on_terminal())
			say("probe: nothing is recorded: %s cannot be made or written to (%s)\n", library.dir,
			    error == -EACCES || error == -EROFS ? "no permission" : error == -ENOSPC ? "no space" :
			    error == -ELOOP || error == -ENOTDIR ? "a link or no directory" : "not there");
	}
}

/* ---- once per process --------------------------------------------------------------------------------------------- */

static uint32_t host_hash(uint64_t pid_namespace)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (int i = 0; i < 16; i++)
		hash = (hash ^ library.boot_id[i]) * 16777619u;
	for (int i = 0; i < 8; i++)
		hash = (hash ^ (uint8_t)(pid_namespace >> 8 * i)) * 16777619u;
	return hash;
}

static void describe(struct trace_process *header, uint32_t image, uint64_t pid_namespace, uint64_t parent_namespace,
                     uint64_t start_ticks, bool forked)
{
	/* A daemon's parent may be gone by now; a copy knows whose memory it has. */
	bool copied = forked && pid_namespace == parent_namespace;
	uint32_t parent = copied ? library.pid : (uint32_t)sys(SYS_getppid);

	header->version = TRACE_VERSION;
	memcpy(header->boot_id, library.boot_id, sizeof(header->boot_id));
	header->pid_namespace = pid_namespace;
	header->pid = process->pid;
	header->parent_pid = parent;
	header->start_ticks = start_ticks;
	header->parent_start_ticks = copied ? library.start_ticks : parent ? identity_start_ticks(parent, NULL) : 0;
	header->image = image;
	header->uid = (uint32_t)sys(SYS_geteuid);
	header->clock = clock_kind;
	header->stack_depth = library.stack_depth;
	header->realtime_ns = clock_realtime_ns();
	clock_anchor(&header->anchor[0]);
	if (forked) {
		/* Not told by a wrapper: a raw clone, or libc's own fork in daemon and forkpty, some time ago. */
		header->fork_after = clock_tick();
		header->fork_before = forking_now.before ? forking_now.before : header->anchor[0].tick - UNTOLD_TICKS;
		header->flags |= TRACE_PROCESS_FORKED;
	}
	if (area_is_unshared())
		header->flags |= TRACE_PROCESS_UNSHARED;
}

static void tell_about(void)
{
	if (executable.length)
		meta_write(TRACE_RECORD_EXE, executable.bytes, executable.length, NULL, 0);
	if (arguments.length)
		meta_write(TRACE_RECORD_ARGV, arguments.bytes, arguments.length, NULL, 0);
	if (library.complaint[0])
		meta_warn(library.complaint);
	if (library.mark_every && library.no_drain)
		meta_warn("there are no marks by PROBE_MARK_EVERY: under valgrind no thread can make them");
	if (area_is_unshared())
		meta_warn("this file system cannot map shared files: what a killed process recorded last may be missing");
	limits_tell();
	cpu_tell();
	modules_record_all();
	node_tell();
}

static bool start_recording(bool forked)
{
	uint64_t pid_namespace = identity_pid_namespace(), start_ticks = identity_start_ticks(0, NULL);
	char stem[STEM_SIZE];
	uint32_t image;

	if (!pid_namespace)
		pid_namespace = last_namespace;
	text_format(stem, sizeof(stem), "%u-%llx-%x", process->pid, (unsigned long long)start_ticks,
	            host_hash(pid_namespace));
	if (area_start(stem, &image) < 0 || !meta_start() || !ring_start() || !thread_start() || !drain_start())
		return false;
	describe(area_header(), image, pid_namespace, last_namespace, start_ticks, forked);
	last_namespace = pid_namespace;
	__atomic_store_n(&process->header, area_header(), __ATOMIC_RELEASE);
	tell_about();
	clock_anchor(&process->header->anchor[1]);
	library.pid = process->pid;
	library.start_ticks = start_ticks;
	area_flush(-1);
	return true;
}

/*
 * A thread sanitizer's runtime takes over libc's functions, those too that we call, and is not ready when we start.
 * (An address sanitizer's ends the program itself, if it is not told otherwise.)
 */
extern void __tsan_init(void) __attribute__((weak));

static bool start_slow(void)
{
	uint32_t tid = (uint32_t)sys(SYS_gettid), fresh = PROCESS_NEW;
	uint64_t signals = signals_block();
	bool live = false;

	if (__tsan_init || !memory_start()) {
		library.off = true;
	} else if (__atomic_compare_exchange_n(&process->live, &fresh, PROCESS_STARTING, false, __ATOMIC_ACQ_REL,
	                                       __ATOMIC_ACQUIRE)) {
		bool forked = library.ready;

		starter = tid;
		process->pid = (uint32_t)sys(SYS_getpid);
		if (forked) {
			cpu_forked();
			self = NULL; /* what it points to belonged to the parent, and was wiped */
			library.first = false;
			library.off |= !library.follow;
		} else {
			image_start();
		}
		live = !library.off && start_recording(forked);
		starter = 0;
		__atomic_store_n(&process->live, live ? PROCESS_LIVE : PROCESS_OFF, __ATOMIC_RELEASE);
		if (live && (area_is_unshared() || library.mark_every))
			drain_wanted();
	} else if (starter != tid) {
		while (__atomic_load_n(&process->live, __ATOMIC_ACQUIRE) == PROCESS_STARTING)
			sys(SYS_sched_yield);
		live = process->live == PROCESS_LIVE;
	}
	signals_restore(signals);
	return live;
}

bool process_start(void)
{
	struct process *now = __atomic_load_n(&process, __ATOMIC_ACQUIRE);
	uint32_t live = now ? __atomic_load_n(&now->live, __ATOMIC_ACQUIRE) : PROCESS_NEW;

	if (likely(live == PROCESS_LIVE))
		return true;
	if (library.off || live == PROCESS_OFF || library.filtered)
		return false;
	return start_slow();
}

bool process_is_borrowed(void)
{
	return process && process->pid && !library.filtered && (uint32_t)sys(SYS_getpid) != process->pid;
}

struct forking process_forking(void)
{
	struct thread *thread = process_start() ? thread_state() : NULL;
	struct forking forking = {
		.before = clock_tick(),
		.stack_low = thread ? thread->stack_low : 0,
		.stack_high = thread ? thread->stack_high : 0,
	};

	forking_now = forking;
	return forking;
}

/*
 * If two threads fork at once, a child may have begun with the other's forking_now, in a handler of pthread_atfork's:
 * here it is put right.
 */
void process_forked(const struct forking *forking, long result, enum trace_how how)
{
	struct trace_child child = {.pid = (uint32_t)result, .how = how};
	struct thread *thread;
	int error = errno;

	if (result == 0) {
		forking_now = *forking;
		if (process_start()) {
			process->header->fork_before = forking->before;
			thread = thread_state();
			if (thread && forking->stack_high) {
				thread->stack_low = forking->stack_low;
				thread->stack_high = forking->stack_high;
			}
		}
	} else if (result > 0) {
		meta_write(TRACE_RECORD_CHILD, &child, sizeof(child), NULL, 0);
	}
	forking_now = (struct forking){0}; /* a child that no wrapper tells of must not take it for its own */
	errno = error;
}

/* ---- the end ------------------------------------------------------------------------------------------------------ */

void process_ending(void)
{
	uint64_t none = 0;

	if (__atomic_load_n(&process->header->ending_tick, __ATOMIC_RELAXED))
		return;
	sample_take(TRACE_SAMPLE_END);
	vtables_end();
	if (!library.filtered)
		limits_tell();
	__atomic_compare_exchange_n(&process->header->ending_tick, &none, clock_tick(), false, __ATOMIC_RELEASE,
	                            __ATOMIC_RELAXED);
}

void process_end(enum trace_end end, int status)
{
	struct trace_process *header = process->header;
	bool again = header->end != TRACE_END_NONE;

	usage_tell();
	header->end_status = status;
	header->end_tick = clock_tick();
	clock_anchor(&header->anchor[3]);
	__atomic_store_n(&header->end, end, __ATOMIC_RELEASE);
	if (!again)
		aside_keep();
	area_flush(-1);
	if (end == TRACE_END_EXIT && !again) {
		drain_finish();
		area_trim();
	}
	if (!again && end == TRACE_END_EXIT && library.first && !library.quiet && on_terminal())
		say("probe: recorded in %s; read it with: probe report %s\n", library.dir, library.dir);
}

void process_blind(const char *why)
{
	if (!process_start() || process_is_borrowed())
		return;
	meta_warn(why);
	drain_step_aside();
	__atomic_store_n(&process->live, PROCESS_OFF, __ATOMIC_RELEASE);
	if (self)
		self->live = 0;
}

void process_end_undo(void)
{
	__atomic_store_n(&process->header->end, TRACE_END_NONE, __ATOMIC_RELEASE);
}

void process_returned(int status)
{
	if (!process_start() || process_is_borrowed())
		return;
	process_ending();
	modules_refresh(); /* what libc loaded by itself (NSS, iconv, libgcc_s) did not pass our dlopen */
	process_end(TRACE_END_EXIT, status & 0xff);
}
