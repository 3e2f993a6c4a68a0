/*
 * capture.c: stack_capture: a walk, and the node of what it found. The outer part that is the same as at the lane's
 * last capture is not interned again.
 */
#include "stack.h"

static __attribute__((noinline)) struct stack_lane *lane_make(struct lane *lane)
{
	lane->stack = wiped_take(sizeof(*lane->stack));
	return lane->stack;
}

static __attribute__((noinline)) struct stack_process *tree_make(void)
{
	struct stack_process *made = wiped_take(sizeof(*made)), *none = NULL;

	if (!made)
		return NULL;
	if (__atomic_compare_exchange_n(&process->stack, &none, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return made;
	return none;
}

/* Modules came or went: rules and generations are to be asked for again. */
static __attribute__((noinline)) void lane_renew(struct stack_lane *lane, uint64_t epoch)
{
	lane->memo_count = 0;
	/* A key has room for 16 bits of the epoch. */
	if (epoch >> 16 != lane->epoch >> 16)
		for (unsigned i = 0; i < 1u << RULE_SLOT_BITS; i++)
			lane->rules[i].key = 0;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	lane->epoch = epoch;
}

static uint32_t intern(struct stack_lane *lane, struct stack_process *tree, uint32_t end)
{
	const uint64_t *frames = lane->frames;
	uint32_t count = lane->count, same = 0, node = end;
	uint32_t memo_count = lane->memo_end == end ? lane->memo_count : 0;
	uint32_t both = count < memo_count ? count : memo_count;

	while (same < both && lane->memo_frames[same] == frames[count - 1 - same])
		same++;
	if (same)
		node = lane->memo_nodes[same - 1];
	if (same == count)
		return node;
	/* The memo's count covers only what is right at each instant: a capture may be left in the middle. */
	lane->memo_count = same;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	lane->memo_end = end;
	for (uint32_t i = same; i < count; i++) {
		uint64_t frame = frames[count - 1 - i], address = frame & ~STACK_EXACT;
		uint32_t generation = frame & STACK_EXACT ? TRACE_NODE_EXACT : 0;

		if (unlikely(__atomic_load_n(&modules_unloaded, __ATOMIC_RELAXED)))
			generation |= stack_generation(address);
		node = tree_intern(tree, lane, node, address, generation);
		if (unlikely(node == TRACE_STACK_NONE)) {
			lane->counts.refused++;
			return TRACE_STACK_NONE;
		}
		lane->memo_frames[i] = frame;
		lane->memo_nodes[i] = node;
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		lane->memo_count = i + 1;
	}
	return node;
}

uint32_t stack_capture(struct thread *thread, struct lane *owner, struct stack_start at)
{
	struct stack_lane *lane = owner->stack;
	struct stack_process *tree = __atomic_load_n(&process->stack, __ATOMIC_ACQUIRE);
	uint64_t epoch = __atomic_load_n(&modules_epoch, __ATOMIC_ACQUIRE);
	uint32_t end;

	if (unlikely(!lane) && !(lane = lane_make(owner)))
		return TRACE_STACK_NONE;
	if (unlikely(!tree) && !(tree = tree_make()))
		return TRACE_STACK_NONE;
	if (unlikely(lane->epoch != epoch))
		lane_renew(lane, epoch);
	end = walk_fast(lane, thread, at);
	if (unlikely(end == TRACE_STACK_LOST))
		lane->counts.lost++;
	return intern(lane, tree, end);
}
