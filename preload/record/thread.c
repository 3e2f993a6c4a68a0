/*
 * thread.c: see thread.h.
 *
 * A thread's end is not observed: destructors of thread-local objects free memory after its start routine has
 * returned, and libc after those. Instead, when the table has doubled since the last time, the kernel is asked which
 * threads are gone, and their states are given to new ones. (A tid that the kernel has given to another thread of the
 * process meanwhile looks alive; the next look finds it.)
 */
#include "record/thread.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>

#include "cpu/cpu.h"
#include "lock.h"
#include "record/ring.h"

#define LOOK_FIRST 64

struct thread_entry {
	struct thread thread;            /* first: a struct thread * is its entry's address */
	struct thread_entry *next;       /* of all */
	struct thread_entry *next_free;  /* of those that nobody uses */
	bool is_free;
};

struct thread_table {
	struct lock lock;                /* guards the rest */
	struct thread_entry *all;
	struct thread_entry *free;
	uint32_t count;                  /* of all */
	uint32_t look_at;                /* count from which on to look for threads that are gone */
};

__thread struct thread *self __attribute__((tls_model("initial-exec")));
uintptr_t main_stack_low, main_stack_high;

bool thread_start(void)
{
	process->threads = wiped_take(sizeof(*process->threads));
	if (!process->threads)
		return false;
	process->threads->look_at = LOOK_FIRST;
	return true;
}

/* Called with the lock held. */
static void collect_gone(struct thread_table *table)
{
	uint32_t alive = 0;

	for (struct thread_entry *entry = table->all; entry; entry = entry->next) {
		uint32_t tid = __atomic_load_n(&entry->thread.tid, __ATOMIC_ACQUIRE);

		if (entry->is_free)
			continue;
		if (!tid || sys(SYS_tgkill, process->pid, tid, 0) != -ESRCH) {
			alive++;
			continue;
		}
		cpu_thread_gone(&entry->thread);
		for (int i = 0; i < LANES; i++)
			ring_retire(&entry->thread.lanes[i]);
		entry->is_free = true;
		entry->next_free = table->free;
		table->free = entry;
	}
	table->look_at = 2 * alive + LOOK_FIRST;
}

static struct thread *thread_take(void)
{
	struct thread_table *table = process->threads;
	struct thread_entry *entry;
	struct lock_hold hold;

	if (!lock_take(&table->lock, &hold))
		return NULL;
	if (table->count)
		__atomic_store_n(&clock_fenced, true, __ATOMIC_RELAXED);
	if (!table->free && table->count >= table->look_at && !library.filtered)
		collect_gone(table);
	entry = table->free;
	if (entry) {
		table->free = entry->next_free;
		entry->is_free = false;
		entry->thread.tid = 0;
	} else {
		entry = wiped_take(sizeof(*entry));
		if (entry) {
			table->count++;
			entry->next = table->all;
			table->all = entry;
		}
	}
	lock_give(&table->lock, &hold);
	if (!entry) {
		__atomic_fetch_add(&process->header->lost[TRACE_LOST_NO_STATE], 1, __ATOMIC_RELAXED);
		return NULL;
	}
	entry->thread.nest = 0;
	entry->thread.loading = 0;
	entry->thread.stack_top = 0;
	entry->thread.creator = TRACE_STACK_NONE;
	entry->thread.cpu_timer = 0;
	entry->thread.counters = NULL;
	entry->thread.cpu_blocked = false;
	entry->thread.isolate = NULL;
	entry->thread.heap_told = 0;
	entry->thread.environment = NULL;
	entry->thread.wasm_environment = entry->thread.wasm_context = NULL;
	for (int i = 0; i < WASM_SHOWN; i++)
		entry->thread.wasm_shown[i] = (struct wasm_shown){0};
	entry->thread.wasm_context_count = entry->thread.wasm_unended = 0;
	entry->thread.wasm_rewritten = false;
	entry->thread.heaps_told = 0;
	entry->thread.marking_began = entry->thread.found_alive = 0;
	entry->thread.script_ran = false;
	entry->thread.collecting = entry->thread.script_ended = false;
	for (int i = 0; i < LANES; i++)
		entry->thread.lanes[i].busy = 0;
	entry->thread.root = (uintptr_t)root_return;
	entry->thread.live = 1;
	return &entry->thread;
}

struct thread *thread_prepare(void)
{
	return process_start() ? thread_take() : NULL;
}

void thread_cancel(struct thread *thread)
{
	struct thread_entry *entry = (struct thread_entry *)thread;
	struct thread_table *table = process->threads;
	struct lock_hold hold;

	if (!lock_take(&table->lock, &hold))
		return;
	entry->is_free = true;
	entry->next_free = table->free;
	table->free = entry;
	lock_give(&table->lock, &hold);
}

void thread_begin(struct thread *thread, uintptr_t stack_low, uintptr_t stack_high)
{
	thread->stack_low = stack_low;
	thread->stack_high = stack_high;
	__atomic_store_n(&thread->tid, (uint32_t)sys(SYS_gettid), __ATOMIC_RELEASE);
	self = thread;
	if (library.cpu_period)
		cpu_thread_begins(thread);
}

struct thread *thread_state(void)
{
	struct thread *thread = self;
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	if (thread && thread->live)
		return thread;
	if (!process_start()) {
		/* It was recorded up to some point (process_blind). */
		if (process && process->live == PROCESS_OFF && process->header)
			__atomic_fetch_add(&process->header->lost[TRACE_LOST_NO_STATE], 1, __ATOMIC_RELAXED);
		return NULL;
	}
	thread = self;
	if (thread && thread->live)
		return thread;
	thread = thread_take();
	if (!thread)
		return NULL;
	if (here >= main_stack_low && here < main_stack_high)
		thread_begin(thread, main_stack_low, main_stack_high);
	else
		thread_begin(thread, 0, 0);
	return thread;
}

void thread_stacks(void (*tell)(void *context, uintptr_t top, size_t size, bool old), void *context)
{
	struct thread_table *table = process->threads;
	struct lock_hold hold;

	if (!lock_take(&table->lock, &hold))
		return;
	for (struct thread_entry *entry = table->all; entry; entry = entry->next) {
		uint32_t tid = __atomic_load_n(&entry->thread.tid, __ATOMIC_ACQUIRE);
		bool old = entry->is_free || sys(SYS_tgkill, process->pid, tid, 0) == -ESRCH;

		if (tid && entry->thread.stack_top)
			tell(context, entry->thread.stack_top, entry->thread.stack_size, old);
	}
	lock_give(&table->lock, &hold);
}

void thread_alone(struct thread *thread, void (*change)(struct thread *))
{
	struct thread_table *table = process->threads;
	struct lock_hold hold;

	if (!lock_take(&table->lock, &hold))
		return;
	change(thread);
	lock_give(&table->lock, &hold);
}

void threads_each(void (*change)(struct thread *))
{
	struct thread_table *table = process->threads;
	struct lock_hold hold;

	if (!lock_take(&table->lock, &hold))
		return;
	for (struct thread_entry *entry = table->all; entry; entry = entry->next)
		if (!entry->is_free && __atomic_load_n(&entry->thread.tid, __ATOMIC_ACQUIRE))
			change(&entry->thread);
	lock_give(&table->lock, &hold);
}

void thread_open_lane(struct thread *thread, struct lane *lane)
{
	struct trace_thread record = {
		.stream = __atomic_fetch_add(&process->header->streams, 1, __ATOMIC_RELAXED),
		.tid = thread->tid,
		.lane = (uint32_t)(lane - thread->lanes),
		.creator = lane == thread->lanes ? thread->creator : TRACE_STACK_NONE,
	};
	char name[16] = "";

	lane->stream = record.stream;
	if (!library.filtered)
		sys(SYS_prctl, PR_GET_NAME, name, 0, 0, 0);
	meta_write(TRACE_RECORD_THREAD, &record, sizeof(record), name, strnlen(name, sizeof(name)));
}

/*
 * A lane whose owner's frame is gone (a handler left it by longjmp) is free: on one stack, frames that are still there
 * lie above the stack pointer; and when we run on the thread's own stack, a frame elsewhere, on an alternative signal
 * stack, has been left, since handlers end before what they interrupted goes on.
 */
static bool was_left(const struct thread *thread, const struct lane *lane, uintptr_t sp)
{
	bool sp_own = sp >= thread->stack_low && sp < thread->stack_high;
	bool busy_own = lane->busy >= thread->stack_low && lane->busy < thread->stack_high;

	return sp_own && (!busy_own || lane->busy < sp);
}

struct lane *thread_inner_lane(struct thread *thread, uintptr_t sp)
{
	for (struct lane *lane = thread->lanes; lane < thread->lanes + LANES; lane++) {
		if (lane->busy && !was_left(thread, lane, sp))
			continue;
		for (struct lane *inner = lane; inner < thread->lanes + LANES; inner++)
			inner->busy = 0;
		lane->busy = sp;
		return lane;
	}
	__atomic_fetch_add(&process->header->lost[TRACE_LOST_NESTED], 1, __ATOMIC_RELAXED);
	return NULL;
}
