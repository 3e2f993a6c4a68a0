/*
 * ring.c: see ring.h.
 *
 * Who may touch what: `head` and the events below capacity belong to the lane while the ring is open; from sealed on
 * everything belongs to the one drain that took the ring from the queue under the lock, until it gives it back. The
 * lock's release and acquire order the lane's stores before the drain's loads. A kill at any point leaves the ring
 * readable: it is in the file with its state, stream, first, head and tail, stored in the order that trace.h states.
 */
#include "record/ring.h"

#include <stdatomic.h>
#include <string.h>

#include "lock.h"
#include "record/area.h"
#include "record/drain.h"
#include "record/thread.h"

#define SEALED_MAX   16384       /* rings in the queue, at most */
#define SEALED_HELP  (3u << 20)  /* bytes waiting from which on a thread drains one of them itself */

/* The first ring of a lane is small, for short processes and threads; a busy lane's grow. Bytes. */
static const uint32_t ring_bytes[] = {32u << 10, 128u << 10, 256u << 10};
#define SIZES (sizeof(ring_bytes) / sizeof(ring_bytes[0]))

#define DRAIN_WAIT_NS 1000000000ull

struct free_ring { struct trace_ring *ring; struct free_ring *below; };

struct ring_table {
	struct lock lock;              /* guards the rest */
	uint32_t sealed_first;         /* queue of sealed rings: [first, first + count) modulo SEALED_MAX */
	uint32_t sealed_count;
	uint64_t sealed_bytes;
	struct trace_ring *sealed[SEALED_MAX];
	struct free_ring *free[SIZES]; /* stacks of free rings, by size; */
	struct free_ring *spare;       /* and of their unused links */
	uint32_t refused;              /* calls since there was no room: the disk is asked again now and then only */
};

bool ring_start(void)
{
	process->rings = wiped_take(sizeof(*process->rings));
	return process->rings != NULL;
}

static unsigned size_class(const struct trace_ring *ring)
{
	unsigned class = 0;

	while (class + 1 < SIZES && ring->extent.size > ring_bytes[class])
		class++;
	return class;
}

/* Called with the lock held. */
static struct trace_ring *free_pop(struct ring_table *table, unsigned class)
{
	struct free_ring *link = table->free[class];

	if (!link)
		return NULL;
	__atomic_store_n(&table->free[class], link->below, __ATOMIC_RELAXED);
	link->below = table->spare;
	table->spare = link;
	return link->ring;
}

static void seal(struct trace_ring *ring)
{
	struct ring_table *table = process->rings;
	struct lock_hold hold;

	__atomic_store_n(&ring->state, TRACE_RING_SEALED, __ATOMIC_RELEASE);
	if (!lock_take(&table->lock, &hold))
		return; /* it stays in the file, sealed: a reader finds it, only its room is not used again */
	if (table->sealed_count < SEALED_MAX) {
		table->sealed[(table->sealed_first + table->sealed_count) % SEALED_MAX] = ring;
		__atomic_store_n(&table->sealed_count, table->sealed_count + 1, __ATOMIC_RELAXED);
		__atomic_store_n(&table->sealed_bytes, table->sealed_bytes + ring->extent.size, __ATOMIC_RELAXED);
	}
	lock_give(&table->lock, &hold);
}

struct trace_ring *ring_take_sealed(void)
{
	struct ring_table *table = process->rings;
	struct trace_ring *ring = NULL;
	struct lock_hold hold;

	if (!lock_take(&table->lock, &hold))
		return NULL;
	if (table->sealed_count) {
		ring = table->sealed[table->sealed_first];
		table->sealed_first = (table->sealed_first + 1) % SEALED_MAX;
		__atomic_store_n(&table->sealed_count, table->sealed_count - 1, __ATOMIC_RELAXED);
		__atomic_store_n(&table->sealed_bytes, table->sealed_bytes - ring->extent.size, __ATOMIC_RELAXED);
	}
	lock_give(&table->lock, &hold);
	return ring;
}

uint32_t ring_sealed_count(void)
{
	return __atomic_load_n(&process->rings->sealed_count, __ATOMIC_RELAXED);
}

void ring_give_back(struct trace_ring *ring)
{
	struct ring_table *table = process->rings;
	unsigned class = size_class(ring);
	struct free_ring *link;
	struct lock_hold hold;

	__atomic_store_n(&ring->state, TRACE_RING_FREE, __ATOMIC_RELEASE);
	if (!lock_take(&table->lock, &hold))
		return;
	link = table->spare;
	if (link)
		table->spare = link->below;
	else
		link = wiped_take(sizeof(*link));
	if (link) {
		*link = (struct free_ring){ring, table->free[class]};
		__atomic_store_n(&table->free[class], link, __ATOMIC_RELAXED);
	}
	lock_give(&table->lock, &hold);
}

static struct trace_ring *ring_find(unsigned class)
{
	struct ring_table *table = process->rings;
	struct trace_ring *ring = NULL;
	struct lock_hold hold;

	if (lock_take(&table->lock, &hold)) {
		ring = free_pop(table, class);
		lock_give(&table->lock, &hold);
	}
	if (!ring) {
		ring = (struct trace_ring *)area_take(TRACE_EXTENT_RING, ring_bytes[class]);
		if (ring)
			ring->capacity = (uint32_t)((ring->extent.size - sizeof(*ring)) / sizeof(struct trace_event));
	}
	return ring;
}

struct trace_ring *ring_take_free(void)
{
	struct ring_table *table = process->rings;
	struct trace_ring *ring = NULL;
	struct lock_hold hold;

	if (!lock_take(&table->lock, &hold))
		return NULL;
	for (unsigned class = 0; !ring && class < SIZES; class++)
		ring = free_pop(table, class);
	lock_give(&table->lock, &hold);
	return ring;
}

static void lane_set(struct lane *lane, struct trace_ring *ring, uint64_t first)
{
	ring->head = ring->tail = 0;
	atomic_signal_fence(memory_order_seq_cst);
	ring->stream = lane->stream;
	ring->first = first;
	__atomic_store_n(&ring->state, TRACE_RING_OPEN, __ATOMIC_RELEASE);
	lane->ring = ring;
	lane->next = ring_events(ring);
	lane->limit = lane->next + ring->capacity;
	/* The first stop of the first ring is half-way, to start the drain in time; see ring_make_room. */
	if (lane->rings == 0 && !drain_is_running())
		lane->limit = lane->next + ring->capacity / 2;
	lane->rings++;
}

/* There was no room a moment ago, and nothing has become free since. Only hints are read: no lock. */
static bool is_hopeless(struct ring_table *table, unsigned class)
{
	return __atomic_load_n(&table->refused, __ATOMIC_RELAXED) &&
	       __atomic_add_fetch(&table->refused, 1, __ATOMIC_RELAXED) % 1024 && !ring_sealed_count() &&
	       !__atomic_load_n(&table->free[class], __ATOMIC_RELAXED);
}

/*
 * The thread itself cannot reach the files (no descriptor left, other credentials), but the drain can: events would be
 * lost only because it is slower than the threads.
 */
static struct trace_ring *wait_for_drain(void)
{
	struct trace_ring *ring = NULL;
	uint64_t end = clock_monotonic_ns() + DRAIN_WAIT_NS;

	if (library.filtered)
		return NULL;
	library.cut_off = true;
	while (drain_is_running() && !(ring = ring_take_free()) && ring_sealed_count() && clock_monotonic_ns() < end) {
		drain_wanted();
		sys(SYS_sched_yield);
	}
	return ring;
}

static bool make_room(struct thread *thread, struct lane *lane)
{
	struct trace_ring *ring = lane->ring;
	uint64_t first = 0;
	unsigned class = lane->rings < SIZES ? lane->rings : SIZES - 1;

	if (is_hopeless(process->rings, class))
		return false;
	if (!ring)
		thread_open_lane(thread, lane);
	if (ring) {
		struct trace_event *end = ring_events(ring) + ring->capacity;

		if (lane->limit < end) {
			drain_wanted();
			lane->limit = end;
			return true;
		}
		first = ring->first + ring->head;
		if (__atomic_load_n(&process->rings->sealed_bytes, __ATOMIC_RELAXED) > SEALED_HELP)
			drain_one_here();
	}
	/* A new one before the old one is sealed: if there is none, the lane keeps what it has. */
	struct trace_ring *fresh = NULL;
	for (unsigned c = class + 1; !fresh && c-- > 0;)
		fresh = ring_find(c);
	for (unsigned c = class + 1; !fresh && c < SIZES; c++)
		fresh = ring_find(c);
	if (!fresh && ring && drain_one_here())
		fresh = ring_find(class);
	if (!fresh)
		fresh = wait_for_drain();
	__atomic_store_n(&process->rings->refused, !fresh, __ATOMIC_RELAXED);
	if (!fresh)
		return false;
	lane_set(lane, fresh, first);
	if (ring) {
		seal(ring);
		drain_wanted();
	}
	return true;
}

/* Signals are blocked all the while: a handler that jumps away from in here would leave a lane between two rings. */
bool ring_make_room(struct thread *thread, struct lane *lane)
{
	uint64_t signals;
	bool made;

	if (library.filtered)
		return make_room(thread, lane);
	signals = signals_block();
	made = make_room(thread, lane);
	signals_restore(signals);
	return made;
}

void ring_retire(struct lane *lane)
{
	if (lane->ring)
		seal(lane->ring);
	*lane = (struct lane){.stack = lane->stack};
}
