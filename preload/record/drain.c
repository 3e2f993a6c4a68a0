/*
 * drain.c: the drain.
 *
 * The thread is made by clone, not by pthread_create: libc does not count it, so a program whose main thread leaves by
 * pthread_exit still ends with its last thread. It has a descriptor table of its own (no CLONE_FILES), emptied of the
 * program's descriptors at once, so that no pipe of the program's is held open and nothing that the program closes is
 * missed here; a directory of its own (no CLONE_FS), so that a chroot does not concern it; credentials that libc's
 * setuid does not reach; and all signals blocked.
 * It has a thread pointer only for the stack protector's sake and makes system calls through sys.h alone.
 *
 * A chunk is written whole, at an offset that is its own, and only then the ring's tail moves. Killed in between, the
 * events are in both places and a reader knows them by their sequence; killed within the chunk, its hash is wrong.
 */
#define ZSTD_STATIC_LINKING_ONLY
#define XXH_INLINE_ALL
#include "record/drain.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <xxhash.h>
#include <zstd.h>

#include "clock.h"
#include "identity.h"
#include "lock.h"
#include "record/area.h"
#include "record/encode.h"
#include "record/periodic.h"
#include "record/ring.h"
#include "record/sample.h"
#include "text.h"

#define LEVEL         1
#define STACK_BYTES   (256u << 10)
#define TLS_BYTES     (64u << 10)   /* below the thread pointer: more than any static TLS */
#define RING_EVENTS   8192u        /* of the largest ring */
#define SPARE_BYTES   (128u << 10)  /* kept ready in the shared file */
#define CUT_OFF_BYTES (4u << 20)    /* where the program's threads cannot make more themselves */
#define PATIENCE_NS   20000000      /* the longest sleep while there was work lately, */
#define IDLE_NS       500000000     /* and otherwise; nanoseconds */

struct workspace {
	struct lock lock;        /* one user at a time */
	ZSTD_CCtx  *zstd;        /* static, in memory behind it */
	uint8_t    *columns;     /* encoded events */
	uint8_t    *packed;      /* compressed columns */
	size_t      packed_size; /* bytes of room there */
};

struct drain {
	struct lock lock;        /* guards starting and stopping */
	uint32_t running;        /* the thread is there */
	uint32_t aside;          /* steps aside asked for and not taken back */
	uint32_t stop;           /* it shall end */
	uint32_t bell;           /* futex: counts calls */
	uint32_t asleep;         /* it waits for the bell */
	uint32_t tid;            /* its id; the kernel clears it when the thread is gone */
	uint64_t log_end;        /* bytes of the log given out */
	uint32_t log_made;       /* STEM.log exists */
	uint32_t log_full;       /* rings that could not be written */
	char    *stack;          /* of the thread; kept for the next one */
	char    *tls;
	struct workspace own;    /* the thread's */
	struct workspace help;   /* the program's threads' */
};

/* In asm.S: starts fn(argument) on the stack that ends at stack_top; returns the tid or −errno. */
long drain_clone(uint64_t flags, void *stack_top, uint32_t *parent_tid, uint32_t *child_tid, void *tls,
                 void (*fn)(void *), void *argument) HIDDEN;

bool drain_start(void)
{
	process->drain = wiped_take(sizeof(*process->drain));
	return process->drain != NULL;
}

bool drain_is_running(void)
{
	return __atomic_load_n(&process->drain->running, __ATOMIC_RELAXED);
}

/* ---- one ring into the log ---------------------------------------------------------------------------------------- */

static bool workspace_ready(struct workspace *work)
{
	if (!work->columns) {
		size_t context = ZSTD_estimateCCtxSize(LEVEL);
		uint8_t *columns = wiped_take(encode_bound(RING_EVENTS));
		void *memory = wiped_take(context);

		work->packed_size = ZSTD_compressBound(encode_bound(RING_EVENTS));
		work->packed = wiped_take(work->packed_size);
		if (!columns || !memory || !work->packed)
			return false;
		encode_start();
		work->zstd = ZSTD_initStaticCCtx(memory, context);
		if (!work->zstd)
			return false;
		work->columns = columns;
	}
	return true;
}

/* `dir`: as for area_open_file. */
static int log_open(struct drain *drain, int dir)
{
	char name[STEM_SIZE + 16];

	text_format(name, sizeof(name), "%s.log", area_stem());
	if (!__atomic_exchange_n(&drain->log_made, 1, __ATOMIC_ACQ_REL))
		return area_open_file(dir, name, O_WRONLY | O_CREAT | O_EXCL);
	return area_open_file(dir, name, O_WRONLY | O_CREAT);
}

static bool write_all(int fd, struct iovec *parts, int count, size_t size, uint64_t offset)
{
	size_t written = 0;

	if (!area_limit_allows(offset + size))
		return false;
	while (written < size) {
		long n = sys(SYS_pwritev, fd, parts, count, offset + written, 0);

		if (n == -EINTR)
			continue;
		if (n <= 0)
			return false;
		written += (size_t)n;
		for (; count && (size_t)n >= parts->iov_len; parts++, count--)
			n -= (long)parts->iov_len;
		if (count) {
			parts->iov_base = (char *)parts->iov_base + n;
			parts->iov_len -= (size_t)n;
		}
	}
	return true;
}

/* What could be written of a chunk would look like damage: say that it is a gap. Its first page exists. */
static void gap_write(struct trace_chunk *chunk, int fd, uint64_t offset)
{
	chunk->count = 0;
	chunk->raw_size = 0;
	chunk->codec = TRACE_CODEC_ZSTD;
	chunk->header_hash = XXH3_64bits(chunk, offsetof(struct trace_chunk, header_hash));
	sys(SYS_pwrite64, fd, chunk, sizeof(*chunk), offset);
}

static bool chunk_write(struct drain *drain, struct workspace *work, struct trace_ring *ring, int fd)
{
	static const uint64_t zero;
	const struct trace_event *events = ring_events(ring) + ring->tail;
	uint32_t count = (uint32_t)(ring->head - ring->tail);
	size_t raw = encode_columns(events, count, work->columns);
	size_t stored = ZSTD_compressCCtx(work->zstd, work->packed, work->packed_size, work->columns, raw, LEVEL);
	bool packed = !ZSTD_isError(stored) && stored < raw;
	uint8_t *payload = packed ? work->packed : work->columns;
	struct trace_chunk chunk = {
		.magic = TRACE_CHUNK_MAGIC, .version = TRACE_VERSION,
		.codec = packed ? TRACE_CODEC_ZSTD : TRACE_CODEC_NONE,
		.stream = ring->stream, .count = count, .first = ring->first + ring->tail,
		.first_tick = events[0].tick, .last_tick = events[count - 1].tick,
		.raw_size = (uint32_t)raw, .stored_size = (uint32_t)(packed ? stored : raw),
	};
	size_t padding = -chunk.stored_size & 7, size = sizeof(chunk) + chunk.stored_size + padding;
	struct iovec parts[] = {{&chunk, sizeof(chunk)}, {payload, chunk.stored_size}, {(void *)&zero, padding}};

	chunk.payload_hash = XXH3_64bits(payload, chunk.stored_size);
	chunk.header_hash = XXH3_64bits(&chunk, offsetof(struct trace_chunk, header_hash));
	uint64_t offset = __atomic_fetch_add(&drain->log_end, size, __ATOMIC_RELAXED), end = offset + size;
	if (write_all(fd, parts, 3, size, offset))
		return true;
	/* The room is given back if it is still the last; else the gap stays, empty. */
	gap_write(&chunk, fd, offset);
	__atomic_compare_exchange_n(&drain->log_end, &end, offset, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	return false;
}

/*
 * A ring that cannot be written stays sealed: its events are safe in the shared file, only its room is not used again.
 */
static bool ring_empty(struct drain *drain, struct workspace *work, struct trace_ring *ring, int fd)
{
	if (ring->head > ring->tail) {
		if (fd < 0 || !workspace_ready(work) || !chunk_write(drain, work, ring, fd)) {
			__atomic_fetch_add(&drain->log_full, 1, __ATOMIC_RELAXED);
			return false;
		}
		__atomic_store_n(&ring->tail, ring->head, __ATOMIC_RELEASE);
	}
	ring_give_back(ring);
	return true;
}

bool drain_one_here(void)
{
	struct drain *drain = process->drain;
	struct lock_hold hold;
	struct trace_ring *ring;
	bool done = false;
	int fd;

	if (library.filtered || !lock_take(&drain->help.lock, &hold))
		return false;
	ring = ring_take_sealed();
	if (ring) {
		fd = log_open(drain, -1);
		done = ring_empty(drain, &drain->help, ring, fd);
		if (fd >= 0)
			sys(SYS_close, fd);
	}
	lock_give(&drain->help.lock, &hold);
	return done;
}

void drain_finish(void)
{
	for (uint32_t waiting = ring_sealed_count(); waiting && drain_is_running() && drain_one_here(); waiting--)
		;
}

/* ---- the thread --------------------------------------------------------------------------------------------------- */

static void close_others(int keep)
{
	long result = 0;

	if (keep > 0)
		result = sys(SYS_close_range, 0, keep - 1, 0);
	if (result == 0)
		result = sys(SYS_close_range, keep + 1, ~0u, 0);
	if (result < 0) { /* before Linux 5.9 */
		struct rlimit limit = {4096, 4096};

		sys(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &limit);
		for (long fd = 0; fd < (long)limit.rlim_cur && fd < 1 << 20; fd++)
			if (fd != keep)
				sys(SYS_close, fd);
	}
}

/*
 * The program's threads have all gone by themselves (libc is not told of us, a program without libc's help ends like
 * that): nothing holds the process but this thread.
 */
static bool is_left_alone(void)
{
	struct stat tasks;
	char text[512];
	const char *state;

	if (sys(SYS_newfstatat, AT_FDCWD, "/proc/self/task", &tasks, 0) < 0 || tasks.st_nlink > 4)
		return false;
	if (tasks.st_nlink == 3)
		return true;
	state = identity_read("/proc/self/stat", text, sizeof(text)) > 0 ? strrchr(text, ')') : NULL;
	return state && state[1] == ' ' && state[2] == 'Z'; /* the first thread, waiting for us to end */
}

static void wait_for_bell(struct drain *drain, uint32_t heard, uint64_t nanoseconds)
{
	struct timespec patience = {0, (long)nanoseconds};

	__atomic_store_n(&drain->asleep, 1, __ATOMIC_SEQ_CST);
	if (!ring_sealed_count() && !__atomic_load_n(&drain->stop, __ATOMIC_SEQ_CST))
		sys(SYS_futex, &drain->bell, FUTEX_WAIT_PRIVATE, heard, &patience, 0, 0);
	__atomic_store_n(&drain->asleep, 0, __ATOMIC_SEQ_CST);
}

static void drain_main(void *argument)
{
	struct drain *drain = argument;
	char name[STEM_SIZE + 16];
	uint64_t anchored = 0, mark_due = periodic_next(clock_monotonic_ns());
	bool turn = false;
	int dir = area_open_directory(), log = -1, shared;

	sys(SYS_prctl, PR_SET_NAME, "probe-drain", 0, 0, 0);
	if (dir < 0)
		dir = library.dir_fd; /* this table's copy */
	close_others(dir);
	text_format(name, sizeof(name), "%s.shared", area_stem());
	shared = area_open_file(dir, name, O_RDWR);
	while (!__atomic_load_n(&drain->stop, __ATOMIC_ACQUIRE)) {
		uint32_t heard = __atomic_load_n(&drain->bell, __ATOMIC_ACQUIRE);
		struct trace_ring *ring;
		bool worked = false;
		uint64_t now = clock_monotonic_ns();

		while ((ring = ring_take_sealed())) {
			if (log < 0)
				log = log_open(drain, dir);
			worked |= ring_empty(drain, &drain->own, ring, log);
			if (__atomic_load_n(&drain->stop, __ATOMIC_ACQUIRE))
				break;
		}
		if (shared >= 0)
			area_reserve(library.filtered || library.cut_off ? CUT_OFF_BYTES : SPARE_BYTES, shared);
		area_flush(shared);
		sample_now_and_then(now);
		if (now - anchored > 1000000000u) {
			if (is_left_alone())
				break;
			clock_anchor(&process->header->anchor[2 + turn]);
			turn = !turn;
			anchored = now;
		}
		mark_due = periodic_mark(mark_due, now);
		bool soon = worked || library.filtered || area_is_unshared();
		uint64_t patience = soon ? PATIENCE_NS : IDLE_NS;
		wait_for_bell(drain, heard, mark_due - now < patience ? mark_due - now : patience);
	}
	sys(SYS_exit, 0);
	__builtin_unreachable();
}

static long thread_make(struct drain *drain)
{
	uint64_t flags = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID |
	                 CLONE_CHILD_CLEARTID;
	uintptr_t *pointer;

	if (!drain->stack)
		drain->stack = wiped_take(STACK_BYTES);
	if (!drain->tls)
		drain->tls = wiped_take(TLS_BYTES + 4096);
	if (!drain->stack || !drain->tls)
		return -ENOMEM;
	pointer = (uintptr_t *)(drain->tls + TLS_BYTES);
	pointer[0] = pointer[2] = (uintptr_t)pointer; /* x86-64 psABI: %fs:0 is its own address */
	return drain_clone(flags, drain->stack + STACK_BYTES, &drain->tid, &drain->tid, pointer, drain_main, drain);
}

void drain_wanted(void)
{
	struct drain *drain = process->drain;
	struct lock_hold hold;

	if (drain_is_running()) {
		__atomic_fetch_add(&drain->bell, 1, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(&drain->asleep, __ATOMIC_SEQ_CST) && !library.filtered)
			sys(SYS_futex, &drain->bell, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
		return;
	}
	if (library.filtered || library.no_drain || drain->aside || process_is_borrowed() || !lock_take(&drain->lock, &hold))
		return;
	if (!drain->running && !drain->aside) {
		drain->stop = 0;
		if (thread_make(drain) > 0)
			__atomic_store_n(&drain->running, 1, __ATOMIC_RELEASE);
	}
	lock_give(&drain->lock, &hold);
}

/*
 * The kernel clears tid before the thread has left the thread group, which is what unshare looks at: so ask until it is
 * no longer known. It is always on its way out by then.
 */
static void thread_end(struct drain *drain)
{
	uint32_t tid = __atomic_load_n(&drain->tid, __ATOMIC_ACQUIRE), seen;

	__atomic_store_n(&drain->stop, 1, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&drain->bell, 1, __ATOMIC_SEQ_CST);
	sys(SYS_futex, &drain->bell, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
	while ((seen = __atomic_load_n(&drain->tid, __ATOMIC_ACQUIRE)))
		sys(SYS_futex, &drain->tid, FUTEX_WAIT, seen, 0, 0, 0);
	while (tid && sys(SYS_tgkill, process->pid, tid, 0) == 0)
		sys(SYS_sched_yield);
	__atomic_store_n(&drain->running, 0, __ATOMIC_RELEASE);
}

void drain_step_aside(void)
{
	struct drain *drain = process ? process->drain : NULL;
	struct lock_hold hold;

	if (!drain || !lock_take(&drain->lock, &hold))
		return;
	drain->aside++;
	if (drain->running)
		thread_end(drain);
	lock_give(&drain->lock, &hold);
}

void drain_come_back(void)
{
	struct drain *drain = process ? process->drain : NULL;

	if (drain && drain->aside && __atomic_sub_fetch(&drain->aside, 1, __ATOMIC_SEQ_CST) == 0 && library.mark_every)
		drain_wanted();
}
