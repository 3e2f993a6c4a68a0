/*
 * vtables.c: see vtables.h.
 *
 * Which blocks are alive the library does not know; the reader does. So nothing is asked of any allocator: all resident pages
 * of private writable memory are looked at, and each word that points to a table of virtual functions is told with its
 * address. Whatever else lies there does no harm: the reader takes only words at the beginning of blocks that were alive.
 *
 * Without ever faulting: other threads may unmap what is being read. The pages are copied by process_vm_readv on
 * ourselves, which the kernel allows for every process of its own (no ptrace access is asked for; Docker's default filter
 * has it allowed since kernel 4.8), or, where a filter refuses it, by reading /proc/thread-self/mem, which needs a
 * dumpable process. Both end early where memory is not there. mincore tells which pages are resident: others would be
 * made, or fetched from swap, by reading. No handler is set, no memory of the program is written, and the one descriptor
 * is gone when this returns.
 *
 * Bounded in time by shares of CPU time, and in room: when half of a number of bytes is used, only one word in two is
 * taken from then on, by a hash of its address, and so on. Since time may end, malloc's own memory comes first: what a
 * runtime has beside it (V8's heap) is most of its memory, and holds no blocks. At the end of a process that was started as
 * one (and is not the copy of a large one) there is always time for so much as it can have filled with objects in its short
 * life. What was not looked at is told, and why. It runs on the program's stacks: what is large is in struct looker, once a
 * process.
 */
#include "record/vtables.h"

#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "interpose/next.h"
#include "record/looker.h"
#include "record/thread.h"

#define LARGE        (4ull << 30)    /* bytes of a mapping that is looked at after all others */
#define LARGEST      (64ull << 30)   /* of one that is no heap: the shadow of a sanitizer, say */
#define ARENA        (64ull << 20)   /* malloc's memory for threads begins at multiples of this */
#define WORD_BYTES   24u             /* three varints, at most */
#define BYTES_END    (4u << 20)      /* of words: of the look at the end, */
#define BYTES_MARK   (512u << 10)    /* and of one at a mark; after every … */
#define BYTES_EACH   (1u << 20)      /* … of these only one mark in twice as many is looked at, */
#define DOUBLINGS_MOST 16            /* at most so often */
#define RARE_MOST    20              /* one_of */
#define SHARE_MARK   100             /* one part in so many of the process's CPU time: at marks, all together, … */
#define SHARE_END    20              /* … and at the end */
#define LEAST_NS     10000000u       /* what the first process may spend in any case at its first mark; */
#define MOST_MARK_NS 50000000u       /* what a mark may take: signals wait all the while */
#define LEAST_END_NS 150000000u      /* and at the end; */
#define CHILD_END_NS 10000000u       /* another that is no copy of its parent, */
#define COPY_END_NS  1000000u        /* and one that is: what it has inherited is not its own */

static uint64_t cpu_ns(int clock)
{
	struct timespec time = {0};

	sys(SYS_clock_gettime, clock, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* ---- looking ------------------------------------------------------------------------------------------------------- */

static void flush(struct looker *looker, uint32_t flags)
{
	looker->head.flags = (uint16_t)flags;
	meta_write(TRACE_RECORD_VTABLES, &looker->head, sizeof(looker->head), looker->out, looker->used);
	looker->written += looker->used;
	looker->used = 0;
	looker->head.count = 0;
	looker->head.bytes = 0;
	looker->previous = 0;
	while (looker->head.one_of < RARE_MOST && looker->written > looker->most - (looker->most >> (looker->head.one_of + 1)))
		looker->head.one_of++;
}

static void put(struct looker *looker, uint64_t value)
{
	for (; value >= 128; value >>= 7)
		looker->out[looker->used++] = (uint8_t)(value | 128);
	looker->out[looker->used++] = (uint8_t)value;
}

static void tell(struct looker *looker, uint64_t address, uint32_t id, uint64_t before)
{
	int64_t step;

	if ((address >> 4) * 0x9e3779b97f4a7c15u >> 40 & ((1u << looker->head.one_of) - 1))
		return;
	if (looker->used + WORD_BYTES > RECORD_BYTES)
		flush(looker, TRACE_VTABLES_MORE);
	step = (int64_t)(address / 8 - looker->previous);
	looker->previous = address / 8;
	put(looker, (uint64_t)step << 1 ^ (uint64_t)(step >> 63));
	put(looker, id);
	put(looker, before >> 32 ? 0 : before);
	looker->head.count++;
}

static void look_at_copy(struct looker *looker, uint64_t address, size_t bytes)
{
	for (size_t i = 0; i < bytes / 8; i++) {
		uint64_t word = looker->copy[i];
		uint32_t hash = page_hash(word);
		struct seen *seen;

		if (likely(!(looker->pages[hash >> 6] >> (hash & 63) & 1)) || word & 7)
			continue;
		seen = &looker->seen[word * 0x9e3779b97f4a7c15u >> (64 - SEEN_BITS)];
		if (seen->address != word)
			*seen = (struct seen){word, looker_table_at(looker, word)};
		if (seen->id)
			tell(looker, address + 8 * i, seen->id, i ? looker->copy[i - 1] : 0);
	}
	looker->head.bytes += bytes;
}

static bool is_over(const struct looker *looker)
{
	return cpu_ns(CLOCK_THREAD_CPUTIME_ID) - looker->began_ns > looker->limit_ns;
}

static void look_at(struct looker *looker, uint64_t start, uint64_t end)
{
	while (start < end && !looker->over) {
		size_t bytes = end - start < COPY ? end - start : COPY, n;

		n = looker_copy(looker, looker->copy, start, bytes) & -8ull;
		look_at_copy(looker, start, n);
		if (bytes == COPY)
			looker->over = is_over(looker);
		start += n < bytes ? (n & -4096ull) + 4096 : n; /* what is not there any more is passed over */
	}
}

/* The kernel lays none of the program's memory together with what is wiped at fork. */
static bool is_ours(uint64_t address)
{
	uintptr_t start;
	size_t bytes;

	for (uint32_t i = 0; memory_range(i, &start, &bytes); i++)
		if (address - start < bytes)
			return true;
	return false;
}

static enum turn turn_of(const struct mapping *mapping)
{
	if (mapping->kind == TRACE_AREA_BREAK || mapping->start % ARENA == 0)
		return TURN_MALLOC;
	return mapping->end - mapping->start < LARGE ? TURN_REST : TURN_LARGE;
}

static void look_at_mapping(void *context, const struct mapping *mapping)
{
	struct looker *looker = context;

	if ((mapping->kind != TRACE_AREA_ANONYMOUS && mapping->kind != TRACE_AREA_BREAK) ||
	    mapping->protection != (PROT_READ | PROT_WRITE) || mapping->end - mapping->start > LARGEST ||
	    is_ours(mapping->start))
		return;
	looker->has_large |= turn_of(mapping) == TURN_LARGE;
	if (turn_of(mapping) != looker->turn)
		return;
	for (uint64_t start = mapping->start; start < mapping->end && !looker->over; start += WINDOW) {
		uint64_t bytes = mapping->end - start < WINDOW ? mapping->end - start : WINDOW;

		if (sys(SYS_mincore, start, bytes, looker->resident) < 0)
			continue;
		for (uint64_t page = 0, from; page < bytes / TRACE_PAGE; page++) {
			if (!(looker->resident[page] & 1))
				continue;
			for (from = page; page < bytes / TRACE_PAGE && looker->resident[page] & 1; page++)
				;
			look_at(looker, start + from * TRACE_PAGE, start + page * TRACE_PAGE);
		}
		looker->over = looker->over || is_over(looker);
	}
}

/* CPU time that this look may take, ns. */
static uint64_t allowance(const struct looker *looker, enum trace_sample_reason reason)
{
	uint64_t cpu = cpu_ns(CLOCK_PROCESS_CPUTIME_ID), least = 0, share;

	share = cpu / (reason == TRACE_SAMPLE_END ? SHARE_END : SHARE_MARK);
	share = share > looker->cost_ns ? share - looker->cost_ns : 0;
	if (reason == TRACE_SAMPLE_END)
		least = library.first ? LEAST_END_NS :
		        process->header->flags & TRACE_PROCESS_FORKED ? COPY_END_NS : CHILD_END_NS;
	else if (library.first && !looker->cost_ns)
		least = LEAST_NS;
	share = share > least ? share : least;
	return reason != TRACE_SAMPLE_END && share > MOST_MARK_NS ? MOST_MARK_NS : share;
}

/* There was no look. `why`: a sentence's middle. */
static void tell_none(enum trace_sample_reason reason, const char *why)
{
	struct trace_vtables head = {
		.began = clock_tick(), .reason = (uint8_t)reason, .flags = TRACE_VTABLES_CUT | TRACE_VTABLES_NONE,
	};

	meta_write(TRACE_RECORD_VTABLES, &head, sizeof(head), why, strlen(why));
}

static void look_at_all(struct looker *looker)
{
	looker->has_large = false;
	for (looker->turn = TURN_MALLOC; looker->turn < TURNS && !looker->over; looker->turn++) {
		if (looker->turn == TURN_LARGE && !looker->has_large)
			continue;
		if (!areas_each(looker->areas, look_at_mapping, looker)) {
			tell_none((enum trace_sample_reason)looker->head.reason, "/proc/self/maps cannot be read");
			return;
		}
		if (looker->turn == TURN_MALLOC && !looker->over && next_is_libc())
			looker->done |= TRACE_VTABLES_MALLOC;
	}
	flush(looker, looker->done | (looker->over ? TRACE_VTABLES_CUT : 0));
}

static void look(struct looker *looker, enum trace_sample_reason reason)
{
	looker->began_ns = cpu_ns(CLOCK_THREAD_CPUTIME_ID);
	if (reason != TRACE_SAMPLE_END && looker->marks_skip) {
		looker->marks_skip--;
		return;
	}
	looker->limit_ns = allowance(looker, reason);
	if (!looker->limit_ns)
		return;
	if (!looker->areas && !(looker->areas = areas_make())) {
		tell_none(reason, "there was no memory for it");
		return;
	}
	looker->head = (struct trace_vtables){.began = clock_tick(), .reason = (uint8_t)reason};
	looker->written = looker->previous = 0;
	looker->most = reason == TRACE_SAMPLE_END ? BYTES_END : BYTES_MARK;
	looker->over = false;
	looker->memory = -1;
	looker->done = 0;
	looker_learn_modules(looker);
	look_at_all(looker);
	if (looker->memory >= 0)
		sys(SYS_close, looker->memory);
	looker->cost_ns += cpu_ns(CLOCK_THREAD_CPUTIME_ID) - looker->began_ns;
	if (reason != TRACE_SAMPLE_END) {
		uint64_t doublings = (looker->mark_bytes += looker->written) / BYTES_EACH;

		looker->marks_skip = (1u << (doublings < DOUBLINGS_MOST ? doublings : DOUBLINGS_MOST)) - 1;
	}
}

void vtables_take(enum trace_sample_reason reason)
{
	struct looker *looker = __atomic_load_n(&process->looker, __ATOMIC_ACQUIRE), *none = NULL;
	struct lock_hold hold;

	if (!looker) {
		looker = wiped_take(sizeof(*looker));
		if (looker && !__atomic_compare_exchange_n(&process->looker, &none, looker, false, __ATOMIC_ACQ_REL,
		                                           __ATOMIC_ACQUIRE))
			looker = none;
	}
	/* Other threads that put marks meanwhile need not wait for this. */
	if (looker && reason != TRACE_SAMPLE_END && __atomic_load_n(&looker->lock.word, __ATOMIC_RELAXED))
		return;
	if (!looker || !lock_take(&looker->lock, &hold)) {
		tell_none(reason, looker ? "it ended in the middle of a look" : "there was no memory for it");
		return;
	}
	look(looker, reason);
	lock_give(&looker->lock, &hold);
}

void vtables_end(void)
{
	if (process_is_borrowed())
		return;
	if (library.filtered)
		tell_none(TRACE_SAMPLE_END, "a seccomp filter might kill for the system calls that this needs");
	else if (thread_is_on_other_stack())
		tell_none(TRACE_SAMPLE_END, "it ended on a signal handler's own stack, which has no room for that");
	else
		vtables_take(TRACE_SAMPLE_END);
}
