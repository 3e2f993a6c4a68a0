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
	lane->renewal++;
	for (unsigned i = 0; rules_old && i < 1u << lane->rule_bits; i++)
		lane->rules[i].key = 0;
	for (unsigned i = 0; (rules_old || code != lane->code_epoch) && i < 1u << CHILD_BITS; i++)
		lane->children[i].node = 0;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	lane->epoch = epoch;
	lane->code_epoch = code;
}

static inline void prove_pair(struct stack_lane *lane, struct proof_count *end, uintptr_t at, uint64_t low, uint64_t high)
{
	const uint64_t words[2] = {low, high};

	__builtin_memcpy(&lane->pair[end->pairs], words, sizeof(words));
	lane->pair_at[end->pairs++] = at;
}

static inline void prove_word(struct stack_lane *lane, struct proof_count *end, uintptr_t at, uint64_t word)
{
	lane->word[end->words++] = (struct proof_word){at, word};
}

/*
 * Notes what the step from `walked`, the memo's frame `i`, read: see proof.h. True if that is all that it read. The
 * frame's `end` is that of the next outer one, or further where the interpreter's words were read.
 */
static inline bool remember(struct stack_lane *lane, uint32_t i, const struct walked *walked)
{
	struct memo *memo = &lane->memo[i], *outer = memo - 1;
	bool uses_bp = walked->rule.kind != RULE_SP;
	uintptr_t cfa = i ? outer->sp : lane->end_sp, saved_at;
	uint64_t return_word;

	memo->sp = walked->sp;
	memo->bp = walked->bp;
	if (!walked->plain)
		return false;
	if (!cfa) {
		/* A rule said that this is the root: nothing was read. */
		memo->bp_live = walked->rule.kind != RULE_ROOT;
		return true;
	}
	return_word = word_at(cfa - 8);
	memo->bp_live = uses_bp;
	if (i && outer->bp_live && walked->rule.saved != RULE_KEPT) {
		saved_at = cfa + (uintptr_t)(intptr_t)walked->rule.saved * 8;
		if (likely(saved_at == cfa - 16)) {
			prove_pair(lane, &memo->end, saved_at, outer->bp, return_word);
			return true;
		}
		prove_word(lane, &memo->end, saved_at, outer->bp);
	} else if (i && outer->bp_live) {
		memo->bp_live = true;
	}
	prove_word(lane, &memo->end, cfa - 8, return_word);
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

/*
 * What the node of a frame has as its address: the bytecode, where the interpreter tells, which is noted. A function goes
 * on from bytecode to bytecode while its frame's return address stays the same.
 */
static inline uint64_t interned_frame(struct stack_lane *lane, struct memo *memo, const struct walked *walked)
{
	uintptr_t array, offset, context;
	uint64_t frame;

	/* What the interpreter keeps lies between the frame pointer and the next frame, so it can be read. */
	if (likely(walked->rule.kind != RULE_INTERPRETED) || walked->bp - 40 < walked->sp)
		return walked->frame;
	array = word_at(walked->bp - 32);
	offset = word_at(walked->bp - 40);
	context = word_at(walked->bp - 8);
	frame = interpreter_frame(array, offset, context);
	if (!frame)
		return walked->frame;
	prove_pair(lane, &memo->end, walked->bp - 40, offset, array);
	lane->tag_at[memo->end.tags++] = walked->bp - 8;
	return frame;
}

/*
 * Keeps the frames that were walked before the memo's were met, for when they are met again. They are the memo's newest
 * now, and all of them can be proved.
 */
static void leaf_keep(struct stack_lane *lane, uint32_t join, uint32_t total)
{
	const struct memo *newest = &lane->memo[total - 1], *outer = &lane->memo[join - 1];
	struct proof_count from = outer->end, to = newest->end;
	uint64_t hash = leaf_hash(newest->frame, newest->sp);
	struct leaf_set *set = &lane->leaf_sets[hash >> (64 - LEAF_BITS)];
	uint32_t way = set->next % LEAF_WAYS;
	struct leaf *leaf = &lane->leaves[hash >> (64 - LEAF_BITS)][way];

	if (to.pairs - from.pairs > LEAF_PAIRS || to.words - from.words > LEAF_PAIRS)
		return;
	set->next = way + 1;
	set->hints[way] = (uint32_t)hash;
	leaf->node = 0;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	leaf->frame = newest->frame;
	leaf->sp = newest->sp;
	leaf->bp = newest->bp;
	leaf->bp_live = newest->bp_live;
	leaf->high = lane->memo_high;
	leaf->renewal = lane->renewal;
	leaf->join = join;
	leaf->join_frame = outer->frame;
	leaf->join_sp = outer->sp;
	leaf->join_bp = outer->bp;
	leaf->join_bp_live = outer->bp_live;
	leaf->join_node = outer->node;
	for (uint32_t i = from.pairs; i < to.pairs; i++) {
		leaf->pair[i - from.pairs] = lane->pair[i];
		leaf->pair_at[i - from.pairs] = lane->pair_at[i];
	}
	for (uint32_t i = from.words; i < to.words; i++)
		leaf->word[i - from.words] = lane->word[i];
	for (uint32_t i = from.tags; i < to.tags; i++)
		leaf->tag_at[i - from.tags] = lane->tag_at[i];
	leaf->end = (struct proof_count){(uint16_t)(to.pairs - from.pairs), (uint16_t)(to.words - from.words),
	                                 (uint16_t)(to.tags - from.tags)};
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	leaf->node = newest->node;
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
		uint64_t frame;

		memo->end = i ? memo[-1].end : (struct proof_count){0};
		frame = interned_frame(lane, memo, walked);
		if (i < nodes && memo->interned == frame) {
			node = memo->node;
		} else {
			nodes = 0;
			node = child_of(lane, tree, node, frame);
			if (unlikely(node == TRACE_STACK_NONE)) {
				lane->counts.refused++;
				return TRACE_STACK_NONE;
			}
			memo->interned = frame;
			memo->node = node;
		}
		memo->frame = walked->frame;
		plain = plain && remember(lane, i, walked);
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		lane->memo_count = i + 1;
		lane->memo_plain += plain;
	}
	if (same && lane->count <= LEAF_FRAMES && plain)
		leaf_keep(lane, same, total);
	return node;
}

/* Whether the stack from `at` is this leaf on the memo. */
static inline bool leaf_holds(const struct stack_lane *lane, const struct leaf *leaf, struct stack_start at)
{
	const struct proof_lists lists = {leaf->pair_at, leaf->pair, leaf->word, leaf->tag_at};
	const struct proof_count none = {0};
	const struct memo *join;

	if (!leaf->node || leaf->frame != at.pc || leaf->sp != at.sp || (leaf->bp_live && leaf->bp != at.bp) ||
	    leaf->join > lane->memo_plain || leaf->renewal != lane->renewal || leaf->high != lane->memo_high)
		return false;
	join = &lane->memo[leaf->join - 1];
	return join->node == leaf->join_node && join->sp == leaf->join_sp && join->frame == leaf->join_frame &&
	       join->bp_live == leaf->join_bp_live && (!join->bp_live || join->bp == leaf->join_bp) &&
	       proof_holds(lists, none, leaf->end) && proof_holds(lane_lists(lane), none, join->end);
}

/*
 * The node of a stack that need not be walked at all: the last one again, or a leaf on it. TRACE_STACK_NONE: it must be.
 * Only frames on the thread's own stack can be proved, so a state that is equal to one of theirs lies there too.
 */
static inline uint32_t stack_known(struct stack_lane *lane, const struct thread *thread, struct stack_start at)
{
	const struct proof_lists lists = lane_lists(lane);
	const struct proof_count none = {0};
	const struct memo *memo;
	uint64_t hash;

	if (unlikely(!lane->memo_plain || lane->memo_high != (thread->stack_high & ~7ul)))
		return TRACE_STACK_NONE;
	memo = &lane->memo[lane->memo_plain - 1];
	if (memo->sp == at.sp && memo->frame == at.pc && (!memo->bp_live || memo->bp == at.bp) &&
	    likely(proof_holds(lists, none, memo->end))) {
		lane->same = lane->memo_plain;
		return memo->node;
	}
	hash = leaf_hash(at.pc, at.sp);
	for (unsigned way = 0; way < LEAF_WAYS; way++) {
		const struct leaf *leaf = &lane->leaves[hash >> (64 - LEAF_BITS)][way];

		if (lane->leaf_sets[hash >> (64 - LEAF_BITS)].hints[way] == (uint32_t)hash && leaf_holds(lane, leaf, at)) {
			lane->same = leaf->join;
			return leaf->node;
		}
	}
	return TRACE_STACK_NONE;
}

uint32_t stack_capture(struct thread *thread, struct lane *owner, struct stack_start at)
{
	struct stack_lane *lane = owner->stack;
	struct stack_process *tree = __atomic_load_n(&process->stack, __ATOMIC_ACQUIRE);
	uint64_t epoch = __atomic_load_n(&modules_epoch, __ATOMIC_ACQUIRE);
	uint32_t code = __atomic_load_n(&code_epoch, __ATOMIC_ACQUIRE);
	uint32_t node, end;

	if (unlikely(!lane) && !(lane = lane_make(owner)))
		return TRACE_STACK_NONE;
	if (unlikely(!tree) && !(tree = tree_make()))
		return TRACE_STACK_NONE;
	if (unlikely(lane->epoch != epoch || lane->code_epoch != code))
		lane_renew(lane, epoch, code);
	node = stack_known(lane, thread, at);
	if (likely(node != TRACE_STACK_NONE))
		return node;
	end = walk_fast(lane, thread, at);
	if (unlikely(end == TRACE_STACK_LOST))
		lane->counts.lost++;
	return intern(lane, tree, thread, end);
}
