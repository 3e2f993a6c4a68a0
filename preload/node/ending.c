/*
 * ending.c: see ending.h.
 *
 * A worker may be anywhere when the main thread ends: in JavaScript or in Atomics.wait (it grants the interrupt), in its
 * event loop (it is woken), or in a native function for ever (it is given up, and that is recorded). The table is wiped
 * memory: a forked child has no workers.
 */
#include "node/ending.h"

#include <linux/futex.h>
#include <time.h>

#include "lock.h"
#include "node/collect.h"
#include "node/finalizers.h"
#include "node/isolates.h"
#include "node/v8.h"
#include "record/sample.h"
#include "record/thread.h"
#include "sys.h"
#include "text.h"

#define WORKERS        1024
#define TO_BEGIN_NS    500000000u    /* that a worker has to answer … */
#define TO_FINISH_NS   10000000000u  /* … and then to collect: none is stopped in the middle of it, but there is an end */
#define LOOK_AGAIN_NS  50000000

enum state { WORKER_IDLE, WORKER_ASKED, WORKER_COLLECTS };

struct worker {
	void    *isolate;            /* V8's; NULL none */
	napi_threadsafe_function wake;
	uint32_t tid;                /* of its thread */
	uint32_t state;              /* enum state */
};

static struct workers {
	struct lock lock;            /* who holds it knows that the isolates in the table are there */
	uint32_t used;               /* entries that were ever in use */
	uint32_t asked, collecting;  /* that have not begun, and not finished */
	uint32_t steps;              /* changes of these two: a futex */
	uint32_t over;               /* 1: the leaks are taken, or never will be: a futex */
	struct worker entries[WORKERS];
} *workers;

static struct worker *find(const void *isolate)
{
	for (uint32_t i = 0; i < workers->used; i++)
		if (workers->entries[i].isolate == isolate)
			return &workers->entries[i];
	return NULL;
}

/* With the lock held: the main thread has one less to wait for, or knows that it has begun. */
static void stepped(void)
{
	__atomic_fetch_add(&workers->steps, 1, __ATOMIC_RELEASE);
	sys(SYS_futex, &workers->steps, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
}

/*
 * A worker that has collected goes on when the leaks are taken: a turn of its event loop would let finalizers run for what only
 * our collection found gone.
 */
static void stay(void)
{
	struct timespec while_looking = {.tv_nsec = LOOK_AGAIN_NS};
	uint64_t start = clock_monotonic_ns();

	while (!__atomic_load_n(&workers->over, __ATOMIC_ACQUIRE) && clock_monotonic_ns() - start < TO_FINISH_NS)
		sys(SYS_futex, &workers->over, FUTEX_WAIT_PRIVATE, 0, &while_looking, 0, 0);
}

static void let_go(void)
{
	__atomic_store_n(&workers->over, 1, __ATOMIC_RELEASE);
	sys(SYS_futex, &workers->over, FUTEX_WAKE_PRIVATE, WORKERS, 0, 0, 0);
}

void ending_join(void *isolate, napi_threadsafe_function wake)
{
	struct workers *none = NULL, *fresh = workers ? NULL : wiped_take(sizeof(*workers));
	struct thread *thread = thread_state();
	struct lock_hold hold;
	struct worker *entry;

	if (fresh)
		__atomic_compare_exchange_n(&workers, &none, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
	if (!workers || !thread || !lock_take(&workers->lock, &hold))
		return;
	entry = find(NULL);
	if (!entry && workers->used < WORKERS)
		entry = &workers->entries[workers->used++];
	if (entry)
		*entry = (struct worker){.isolate = isolate, .wake = wake, .tid = thread->tid};
	lock_give(&workers->lock, &hold);
}

void ending_leave(void *isolate)
{
	struct lock_hold hold;
	struct worker *entry;

	if (!workers || !lock_take(&workers->lock, &hold))
		return;
	entry = find(isolate);
	if (entry && entry->state == WORKER_ASKED) {
		workers->asked--;
		stepped();
	}
	if (entry)
		entry->isolate = NULL;
	lock_give(&workers->lock, &hold);
}

void ending_answer(void *isolate, void *data)
{
	struct lock_hold hold;
	struct worker *entry;
	bool asked;

	(void)data;
	if (!workers || library.filtered || !lock_take(&workers->lock, &hold))
		return;
	entry = find(isolate);
	asked = entry && entry->state == WORKER_ASKED;
	if (asked) {
		entry->state = WORKER_COLLECTS;
		workers->asked--;
		workers->collecting++;
		stepped();
	}
	lock_give(&workers->lock, &hold);
	if (!asked)
		return;
	collect_now(isolate, TRACE_COLLECTED_ENDING);
	finalizers_tell(isolate);
	if (!lock_take(&workers->lock, &hold))
		return;
	entry->state = WORKER_IDLE;
	workers->collecting--;
	stepped();
	lock_give(&workers->lock, &hold);
	stay();
}

/* Waking may allocate, and V8's own lock is taken: the table's lock guards nothing that these could need. */
static void ask(void)
{
	struct lock_hold hold;

	if (!lock_take(&workers->lock, &hold))
		return;
	for (uint32_t i = 0; i < workers->used; i++) {
		struct worker *entry = &workers->entries[i];

		if (!entry->isolate)
			continue;
		entry->state = WORKER_ASKED;
		workers->asked++;
		v8.interrupt(entry->isolate, ending_answer, NULL);
		napi_call_threadsafe_function(entry->wake, NULL, NAPI_NONBLOCKING);
	}
	lock_give(&workers->lock, &hold);
}

static void give_up(void)
{
	struct lock_hold hold;

	if (!lock_take(&workers->lock, &hold))
		return;
	for (uint32_t i = 0; i < workers->used; i++) {
		struct worker *entry = &workers->entries[i];
		struct trace_collected record = {.why = TRACE_COLLECTED_BUSY, .tid = entry->tid, .began = clock_tick()};

		if (!entry->isolate || entry->state == WORKER_IDLE)
			continue;
		if (entry->state == WORKER_ASKED) {
			entry->state = WORKER_IDLE;
			workers->asked--;
		}
		record.isolate = isolates_number(entry->isolate);
		meta_write(TRACE_RECORD_COLLECTED, &record, sizeof(record), NULL, 0);
	}
	lock_give(&workers->lock, &hold);
}

static void await(void)
{
	struct timespec while_looking = {.tv_nsec = LOOK_AGAIN_NS};
	uint64_t start = clock_monotonic_ns(), passed;

	for (;;) {
		uint32_t steps = __atomic_load_n(&workers->steps, __ATOMIC_ACQUIRE);

		if (!workers->asked && !workers->collecting)
			return;
		passed = clock_monotonic_ns() - start;
		if (passed > TO_FINISH_NS || (passed > TO_BEGIN_NS && !workers->collecting))
			return;
		sys(SYS_futex, &workers->steps, FUTEX_WAIT_PRIVATE, steps, &while_looking, 0, 0);
	}
}

static void main_ends(void *isolate)
{
	if (process->header->ending_tick)
		return;
	if (library.collect && workers)
		ask();
	collect_now(isolate, TRACE_COLLECTED_ENDING);
	finalizers_tell(isolate);
	if (library.collect && workers) {
		await();
		give_up();
	}
	process_ending();
	if (workers)
		let_go();
}

static void worker_ends(void *isolate, struct thread *thread, uint32_t worker)
{
	char label[64];
	size_t length;

	if (process->header->ending_tick || thread->script_ended)
		return;
	thread->script_ended = true;
	collect_now(isolate, TRACE_COLLECTED_WORKER);
	finalizers_tell(isolate);
	length = text_format(label, sizeof(label), "worker %u ends", worker ? worker : isolates_number(isolate) - 1);
	meta_write(TRACE_RECORD_MARK, label, length, NULL, 0);
	sample_take(TRACE_SAMPLE_MARK);
}

void ending_of_script(void *isolate, uint32_t worker)
{
	struct thread *thread = thread_state();

	if (!isolate || !thread || library.filtered || process_is_borrowed() || !isolates_number(isolate))
		return;
	if (thread->tid == process->pid)
		main_ends(isolate);
	else
		worker_ends(isolate, thread, worker);
}
