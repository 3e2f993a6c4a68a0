/*
 * capture.c: stack_capture: a walk, and the node of what it found. The outer part that is the same as at the lane's
 * last capture is not interned again.
 */
#include "stack.h"

static __attribute__((noinline)) struct stack_lane *lane_make(struct lane *lane)
{
	struct stack_lane *made = wiped_take(sizeof(*made));

	if (!made)
		return NULL;
	made->rules = made->first_rules;
	made->rule_bits = RULE_FIRST_BITS;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	lane->stack = made;
	return made;
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

/* Modules or generated code came or went: rules and generations are to be asked for again. */
static __attribute__((noinline)) void lane_renew(struct stack_lane *lane, uint64_t epoch, uint32_t code)
{
	bool rules_old = epoch >> EPOCH_BITS != lane->epoch >> EPOCH_BITS;

	lane->memo_count = lane->memo_plain = 0;
	for (unsigned i = 0; rules_old && i < 1u << lane->rule_bits; i++)
		lane->rules[i].key = 0;
	for (unsigned i = 0; (rules_old || code != lane->code_epoch) && i < 1u << CHILD_BITS; i++)
		lane->children[i].node = 0;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	lane->epoch = epoch;
	lane->code_epoch = code;
}

/* What the step from `walked`, the memo's frame `i`, read: see struct memo. True if that is all that it read. */
static inline bool remember(struct stack_lane *lane, uint32_t i, const struct walked *walked)
{
	struct memo *memo = &lane->memo[i], *outer = memo - 1;
	bool uses_bp = walked->rule.kind != RULE_SP;
	uintptr_t cfa = i ? outer->sp : lane->end_sp;

	memo->sp = walked->sp;
	memo->bp = walked->bp;
	if (!walked->plain)
		return false;
	if (!cfa) {
		/* A rule said that this is the root: nothing was read. */
		memo->return_at = memo->saved_at = (uintptr_t)&memo->frame;
		memo->return_word = memo->saved_word = memo->frame;
		memo->bp_live = walked->rule.kind != RULE_ROOT;
		return true;
	}
	memo->return_at = memo->saved_at = cfa - 8;
	memo->return_word = memo->saved_word = word_at(cfa - 8);
	memo->bp_live = uses_bp;
	if (i && outer->bp_live) {
		if (walked->rule.saved == RULE_KEPT) {
			memo->bp_live = true;
		} else {
			memo->saved_at = cfa + (uintptr_t)(intptr_t)walked->rule.saved * 8;
			memo->saved_word = outer->bp;
		}
	}
	return true;
}

/* The node of `frame` under `parent`; TRACE_STACK_NONE if there is no room for one. */
static uint32_t child_of(struct stack_lane *lane, struct stack_process *tree, uint32_t parent, uint64_t frame)
{
	uint64_t key = epoch_key(lane, frame), address = frame & ~STACK_EXACT;
	struct child *child = &lane->children[(key + parent) * 0x9e3779b97f4a7c15ull >> (64 - CHILD_BITS)];
	uint32_t generation = frame & STACK_EXACT ? TRACE_NODE_EXACT : 0;
	uint32_t node;

	if (likely(child->node && child->frame == key && child->parent == parent))
		return child->node;
	if (unlikely(__atomic_load_n(&modules_unloaded, __ATOMIC_RELAXED) | lane->code_epoch))
		generation |= stack_generation(address);
	node = tree_intern(tree, lane, parent, address, generation);
	child->node = 0;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	child->frame = key;
	child->parent = parent;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	child->node = node;
	return node;
}

/* What the node of a frame has as its address: the bytecode, where the interpreter tells. */
static inline uint64_t interned_frame(const struct walked *walked, bool *interpreted)
{
	uint64_t frame = 0;

	/* What the interpreter keeps lies between the frame pointer and the next frame, so it can be read. */
	if (unlikely(walked->rule.kind == RULE_INTERPRETED) && walked->bp - 40 >= walked->sp)
		frame = interpreter_frame(walked->bp);
	*interpreted = frame != 0;
	return frame ? frame : walked->frame;
}

static uint32_t intern(struct stack_lane *lane, struct stack_process *tree, const struct thread *thread, uint32_t end)
{
	uint32_t same = lane->same, node = same ? lane->memo[same - 1].node : end;
	uint32_t total = same + lane->count;
	/* Frames that were walked can be the memo's all the same, in another place: then their nodes are known. */
	uint32_t nodes = lane->memo_end == end ? lane->memo_count : 0;
	bool plain = same || end == TRACE_STACK_ROOT;

	if (!lane->count)
		return node;
	/* The counts cover only what is right at each instant: a capture may be left in the middle. */
	lane->memo_count = lane->memo_plain = same;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	lane->memo_end = end;
	lane->memo_high = thread->stack_high & ~7ul;
	for (uint32_t i = same; i < total; i++) {
		const struct walked *walked = &lane->walked[total - 1 - i];
		struct memo *memo = &lane->memo[i];
		bool interpreted = false;
		uint64_t frame = interned_frame(walked, &interpreted);

		if (i < nodes && lane->interned[i] == frame) {
			node = memo->node;
		} else {
			nodes = 0;
			node = child_of(lane, tree, node, frame);
			if (unlikely(node == TRACE_STACK_NONE)) {
				lane->counts.refused++;
				return TRACE_STACK_NONE;
			}
			lane->interned[i] = frame;
			memo->node = node;
		}
		memo->frame = walked->frame;
		memo->interpreted = interpreted;
		plain = plain && remember(lane, i, walked);
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		lane->memo_count = i + 1;
		lane->memo_plain += plain;
	}
	return node;
}

uint32_t stack_capture(struct thread *thread, struct lane *owner, struct stack_start at)
{
	struct stack_lane *lane = owner->stack;
	struct stack_process *tree = __atomic_load_n(&process->stack, __ATOMIC_ACQUIRE);
	uint64_t epoch = __atomic_load_n(&modules_epoch, __ATOMIC_ACQUIRE);
	uint32_t code = __atomic_load_n(&code_epoch, __ATOMIC_ACQUIRE);
	uint32_t end;

	if (unlikely(!lane) && !(lane = lane_make(owner)))
		return TRACE_STACK_NONE;
	if (unlikely(!tree) && !(tree = tree_make()))
		return TRACE_STACK_NONE;
	if (unlikely(lane->epoch != epoch || lane->code_epoch != code))
		lane_renew(lane, epoch, code);
	end = walk_fast(lane, thread, at);
	if (unlikely(end == TRACE_STACK_LOST))
		lane->counts.lost++;
	return intern(lane, tree, thread, end);
}
