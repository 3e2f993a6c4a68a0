/*
 * isolates.c: finds V8's isolates and asks them for their code.
 *
 * An isolate takes a handler only on its own thread and when it is at rest, so it is asked for an interrupt, which V8 grants
 * when it next checks its stack guard. While an isolate is being set up V8 may forget that there are requests, so it is
 * asked again at each occasion until it answers. Requests are queued in the isolate: each is answered, the first counts.
 *
 * The table is ordinary memory: after a fork without exec the child's isolates are still armed.
 */
#include "node/isolates.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "lock.h"
#include "node/builtins.h"
#include "node/code.h"
#include "node/collect.h"
#include "node/events.h"
#include "node/inject.h"
#include "node/node.h"
#include "record/event.h"

#define ISOLATES  1024
#define ASK_EAGER 1024               /* after so many requests without an answer it is asked more seldom */
#define ASK_EVERY 256

enum state { ISOLATE_NONE, ISOLATE_ASKED, ISOLATE_NAMED };

struct isolate {
	const void *isolate;         /* V8's; stored last, 0 none */
	uint32_t state;              /* enum state */
	uint32_t number;             /* in the process, from 1 */
	uint32_t tid;                /* of its thread, once it answered; 0 unknown */
	uint32_t asked;              /* requests */
	bool     adopted;            /* it runs addon.js */
	bool     has_wasm;           /* it was told of code from wasm */
};

struct v8 v8;

static struct isolate isolates[ISOLATES];
static uint32_t isolates_used;       /* entries that were ever in use */
static uint32_t isolates_count;      /* numbers given out */
static struct lock lock;             /* guards the rest; held for a few stores, never across V8's functions */
static uint32_t lock_pid;
static const char *missing;          /* what this V8 lacks; NULL nothing, or there is no V8 */

static bool enter(struct lock_hold *hold)
{
	/* A forked child: whoever held the lock is not here, and threads have other ids. */
	if (unlikely(lock_pid != process->pid)) {
		if (lock_pid) {
			lock = (struct lock){0};
			for (uint32_t i = 0; i < isolates_used; i++)
				isolates[i].tid = 0;
		}
		lock_pid = process->pid;
	}
	return lock_take(&lock, hold);
}

static struct isolate *find(const void *isolate)
{
	uint32_t used = __atomic_load_n(&isolates_used, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < used; i++)
		if (__atomic_load_n(&isolates[i].isolate, __ATOMIC_ACQUIRE) == isolate)
			return &isolates[i];
	return NULL;
}

void isolates_saw_wasm(const void *isolate)
{
	struct isolate *entry = find(isolate);

	if (entry && !__atomic_load_n(&entry->has_wasm, __ATOMIC_RELAXED))
		__atomic_store_n(&entry->has_wasm, true, __ATOMIC_RELAXED);
}

bool isolates_has_wasm(const void *isolate)
{
	const struct isolate *entry = find(isolate);

	return entry && __atomic_load_n(&entry->has_wasm, __ATOMIC_RELAXED);
}

uint32_t isolates_number(const void *isolate)
{
	const struct isolate *entry = find(isolate);

	return entry ? __atomic_load_n(&entry->number, __ATOMIC_RELAXED) : 0;
}

/* Called with the lock held. */
static struct isolate *enlist(const void *isolate)
{
	struct isolate *entry = NULL;

	for (uint32_t i = 0; !entry && i < isolates_used; i++)
		if (!isolates[i].isolate)
			entry = &isolates[i];
	if (!entry && isolates_used < ISOLATES)
		entry = &isolates[isolates_used];
	/* Of those that never answered some are gone, and the others will be met again. */
	for (uint32_t i = 0; !entry && i < isolates_used; i++)
		if (isolates[i].state == ISOLATE_ASKED)
			entry = &isolates[i];
	if (!entry)
		return NULL;
	*entry = (struct isolate){.state = ISOLATE_ASKED, .number = ++isolates_count};
	__atomic_store_n(&entry->isolate, isolate, __ATOMIC_RELEASE);
	if (entry == &isolates[isolates_used])
		__atomic_store_n(&isolates_used, isolates_used + 1, __ATOMIC_RELEASE);
	return entry;
}

static void tell(uint32_t number, enum trace_runtime_state state, const char *text)
{
	struct trace_runtime record = {.isolate = number, .state = state};

	meta_write(TRACE_RECORD_RUNTIME, &record, sizeof(record), text, strlen(text));
}

static void ended(uint32_t number)
{
	code_isolate_ended(number);
	tell(number, TRACE_RUNTIME_ENDED, "");
}

/* ---- asking ---------------------------------------------------------------------------------------------------- */

/* On the isolate's own thread, between two steps of its program. */
static void answered(void *isolate, void *data)
{
	struct thread *thread = thread_state();
	struct isolate *entry;
	struct lock_hold hold;
	uint32_t number = 0;
	bool adopted = false;
	int error = errno;

	(void)data;
	if (!thread || library.filtered || !enter(&hold))
		return;
	entry = find(isolate);
	if (entry && entry->state == ISOLATE_ASKED) {
		entry->state = ISOLATE_NAMED;
		entry->tid = thread->tid;
		number = entry->number;
		adopted = entry->adopted;
	}
	lock_give(&lock, &hold);
	if (number) {
		thread->isolate = isolate;
		builtins_find((const void *)v8.set_handler);
		v8.set_handler(isolate, V8_EXISTING, events_handle);
		builtins_told();
		tell(number, TRACE_RUNTIME_NAMED, "V8");
		collect_watch(isolate);
		if (!adopted)
			inject_soon(isolate);
	}
	errno = error;
}

bool isolates_is_adopted(const void *isolate)
{
	const struct isolate *entry = find(isolate);

	return entry && entry->adopted;
}

bool isolates_adopt(void *isolate)
{
	struct isolate *entry;
	struct lock_hold hold;
	bool adopted = false;

	if (!v8.set_handler || library.filtered || !enter(&hold))
		return false;
	entry = find(isolate);
	if (!entry)
		entry = enlist(isolate);
	if (entry && !entry->adopted)
		adopted = entry->adopted = true;
	lock_give(&lock, &hold);
	if (adopted)
		answered(isolate, NULL);
	return adopted;
}

/*
 * What became of an isolate's thread that did not return from its start routine (pthread_exit, cancellation) is not seen,
 * but V8 may come to make another isolate where that one was.
 */
static bool is_another(const struct isolate *entry, const struct thread *thread)
{
	return entry->state == ISOLATE_NAMED && entry->tid && entry->tid != thread->tid &&
	       sys(SYS_tgkill, process->pid, entry->tid, 0) == -ESRCH;
}

void isolates_look(void)
{
	struct thread *thread = event_thread();
	struct isolate *entry;
	struct lock_hold hold;
	void *isolate;
	bool ask = false;
	uint32_t gone = 0;
	int error = errno;

	if (!thread || library.filtered)
		return;
	isolate = v8.current();
	if (!isolate || isolate == thread->isolate || process_is_borrowed() || !enter(&hold))
		return;
	entry = find(isolate);
	if (entry && is_another(entry, thread)) {
		gone = entry->number;
		entry->number = ++isolates_count;
		entry->asked = 0;
		entry->adopted = entry->has_wasm = false;
		entry->state = ISOLATE_ASKED;
	}
	if (!entry)
		entry = enlist(isolate);
	if (entry && entry->state == ISOLATE_NAMED)
		thread->isolate = isolate; /* a helper of the isolate's thread */
	else if (entry)
		ask = ++entry->asked < ASK_EAGER || entry->asked % ASK_EVERY == 0;
	lock_give(&lock, &hold);
	if (gone)
		ended(gone);
	if (ask)
		v8.interrupt(isolate, answered, NULL);
	errno = error;
}

void node_thread_ends(void)
{
	struct thread *thread = self;
	struct isolate *entry;
	struct lock_hold hold;
	uint32_t number = 0;

	if (!thread || !thread->live || !thread->isolate || !enter(&hold))
		return;
	entry = find(thread->isolate);
	if (entry && entry->state == ISOLATE_NAMED && entry->tid == thread->tid) {
		number = entry->number;
		__atomic_store_n(&entry->isolate, NULL, __ATOMIC_RELEASE);
	}
	lock_give(&lock, &hold);
	if (number)
		ended(number);
}

/* ---- once per image -------------------------------------------------------------------------------------------- */

V8_FUNCTION(void *, v8_current, "_ZN2v87Isolate13TryGetCurrentEv", void);
V8_FUNCTION(void, v8_interrupt, "_ZN2v87Isolate16RequestInterruptEPFvPS0_PvES2_", void *, void (*)(void *, void *), void *);
V8_FUNCTION(void, v8_set_handler,
	"_ZN2v87Isolate22SetJitCodeEventHandlerENS_19JitCodeEventOptionsEPFvPKNS_12JitCodeEventEE", void *, int,
	void (*)(const struct v8_event *));
V8_FUNCTION(int, v8_line_of, "_ZN2v813UnboundScript13GetLineNumberEi", void *, int);
V8_FUNCTION(int, v8_column_of, "_ZN2v813UnboundScript15GetColumnNumberEi", void *, int);

void node_start(void)
{
	struct dl_find_object found;

	if (!v8_current && !v8_interrupt)
		return;
	if (!v8_current)
		missing = "this V8 has no Isolate::TryGetCurrent";
	else if (!v8_interrupt)
		missing = "this V8 has no Isolate::RequestInterrupt";
	else if (!v8_set_handler)
		missing = "this V8 has no Isolate::SetJitCodeEventHandler";
	else if (_dl_find_object((void *)v8_set_handler, &found) == 0)
		v8 = (struct v8){v8_current, v8_interrupt, v8_set_handler, v8_line_of, v8_column_of,
			(uintptr_t)found.dlfo_map_start, (uintptr_t)found.dlfo_map_end};
}

void node_tell(void)
{
	if (missing)
		tell(0, TRACE_RUNTIME_MISSING, missing);
}
