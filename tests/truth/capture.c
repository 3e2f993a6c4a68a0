/*
 * capture.c: stands before stack_capture (the linker's --wrap): the product's capture and then, in the same place, the
 * comparison.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "lock.h"
#include "truth.h"

#define TRAP_FLAG 0x100u

uint32_t __real_stack_capture(struct thread *thread, struct lane *lane, struct stack_start at) HIDDEN;
uint32_t __wrap_stack_capture(struct thread *thread, struct lane *lane, struct stack_start at) HIDDEN;

struct work {
	struct chain ours, chains[2];
	uint32_t now;                /* which of these two is for libunwind's next; the other is the last whole one */
};

static uint64_t every = 1, met, epoch_met;
static uint32_t pid;
static __thread struct work *work __attribute__((tls_model("initial-exec")));
/* What libunwind itself allocates is not compared. */
static __thread bool comparing __attribute__((tls_model("initial-exec")));

static __attribute__((constructor)) void start(void)
{
	const char *text = getenv("TRUTH_EVERY");

	if (text)
		every = strtoull(text, NULL, 10);
	if (process_start() && getenv("TRUTH_OUT") && unwind_start()) {
		pid = process->pid;
		tally_start();
	}
}

static const struct trace_node *node_at(uint32_t id)
{
	const struct stack_process *tree = process->stack;

	for (unsigned i = 0; i < TREE_EXTENTS && tree->extents[i]; i++) {
		const struct trace_tree *extent = tree->extents[i];

		if (id >= extent->first && id - extent->first < extent->capacity)
			return (const struct trace_node *)(extent + 1) + (id - extent->first);
	}
	return NULL;
}

static void own_chain(uint32_t id, struct chain *chain)
{
	chain->count = 0;
	while (id >= TRACE_FIRST_NODE) {
		const struct trace_node *node = node_at(id);

		chain->frame[chain->count++] = node->address | (node->generation & TRACE_NODE_EXACT ? STACK_EXACT : 0);
		id = node->parent;
	}
	chain->end = id;
}

static bool chosen(void)
{
	uint64_t n = __atomic_fetch_add(&met, 1, __ATOMIC_RELAXED);

	n = (n ^ n >> 32) * 0xd6e8feb86659fd93ull;
	return (n ^ n >> 32) % every == 0;
}

static __attribute__((noinline)) void compare(const struct thread *thread, uint32_t node, struct stack_start at,
	uint64_t epoch)
{
	struct verdict verdict;
	struct chain *theirs, *before;

	if (!work) {
		void *made = mmap(NULL, sizeof(*work), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (made == MAP_FAILED)
			return;
		work = made;
	}
	if (__atomic_exchange_n(&epoch_met, epoch, __ATOMIC_ACQ_REL) != epoch)
		unwind_forget();
	theirs = &work->chains[work->now];
	before = &work->chains[!work->now];
	own_chain(node, &work->ours);
	unwind_chain(thread, at, theirs);
	verdict = judge(&work->ours, theirs, before);
	if (verdict.cause == CAUSE_STOPPED_FAR)
		*before = work->ours;
	work->now ^= theirs->end == UNWIND_ROOT;
	if (verdict.cause != CAUSE_NONE && __atomic_load_n(&modules_epoch, __ATOMIC_ACQUIRE) != epoch) {
		__atomic_fetch_add(&tally->overtaken, 1, __ATOMIC_RELAXED);
		return;
	}
	tally_add(&verdict, &work->ours, theirs);
}

uint32_t __wrap_stack_capture(struct thread *thread, struct lane *lane, struct stack_start at)
{
	uint64_t epoch = __atomic_load_n(&modules_epoch, __ATOMIC_ACQUIRE);
	uint32_t node = __real_stack_capture(thread, lane, at);
	uint64_t flags = __builtin_ia32_readeflags_u64(), signals;
	int error = errno;

	/* A forked child may have been copied while another thread held a lock of libunwind's. */
	if (!tally || comparing || pid != process->pid)
		return node;
	__atomic_fetch_add(&tally->captures, 1, __ATOMIC_RELAXED);
	if (!chosen())
		return node;
	if (node == TRACE_STACK_NONE) {
		__atomic_fetch_add(&tally->ends[node], 1, __ATOMIC_RELAXED);
		return node;
	}
	/* Nobody steps through libunwind, and no handler compares while this does. */
	if (flags & TRAP_FLAG)
		__builtin_ia32_writeeflags_u64(flags & ~(uint64_t)TRAP_FLAG);
	comparing = true;
	signals = signals_block();
	compare(thread, node, at, epoch);
	comparing = false;
	signals_restore(signals);
	errno = error;
	if (flags & TRAP_FLAG)
		__builtin_ia32_writeeflags_u64(flags);
	return node;
}
