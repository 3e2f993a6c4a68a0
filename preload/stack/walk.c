/*
 * walk.c: the walk over (pc, sp, bp). One rule a frame; each word that is read lies within bounds, and each frame
 * lies above the one before, so it ends.
 */
#include "stack.h"

/* r8-r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip follow each other at offset 40 of struct ucontext. */
const uint8_t signal_offset[REGISTERS] = {
	[8] = 40, [9] = 48, [10] = 56, [11] = 64, [12] = 72, [13] = 80, [14] = 88, [15] = 96, [5] = 104, [4] = 112,
	[DWARF_RBP] = 120, [DWARF_RBX] = 128, [1] = 136, [0] = 144, [2] = 152, [DWARF_RSP] = 160, [DWARF_RA] = 168,
};

/* What the fast rules leave: found once in a while, so kept out of the loop. */
enum step { STEP_ON, STEP_ROOT, STEP_LOST, STEP_SIGNAL, STEP_FULL };

struct state {
	uintptr_t pc, sp, bp;
};

static __attribute__((noinline)) enum step step_rare(struct rule rule, struct state *state, struct bounds *bounds,
	const struct thread *thread)
{
	uintptr_t cfa, sp = state->sp, bp = state->bp, saved;

	switch (rule.kind) {
	case RULE_ROOT:
		return STEP_ROOT;
	case RULE_SIGNAL:
		if (!bounds_word(bounds, sp + signal_offset[DWARF_RA], &state->pc) ||
		    !bounds_word(bounds, sp + signal_offset[DWARF_RBP], &state->bp) ||
		    !bounds_word(bounds, sp + signal_offset[DWARF_RSP], &state->sp) ||
		    !bounds_interrupted(bounds, thread, state->sp))
			return STEP_LOST;
		return STEP_SIGNAL;
	case RULE_FRAME:
	case RULE_INTERPRETED:
		if (walk_is_root(bounds, rule.k, bp))
			return STEP_ROOT;
		cfa = bp + 16;
		break;
	case RULE_SP:
		cfa = sp + (uintptr_t)(intptr_t)rule.n;
		break;
	case RULE_BP:
		cfa = bp + (uintptr_t)(intptr_t)rule.n;
		break;
	case RULE_MEMORY_SP:
		if (!bounds_word(bounds, sp + (uintptr_t)(intptr_t)rule.n, &cfa))
			return STEP_LOST;
		cfa += (uintptr_t)(intptr_t)rule.k;
		break;
	case RULE_MEMORY_BP:
	case RULE_REALIGNED:
		if (!bounds_word(bounds, bp + (uintptr_t)(intptr_t)rule.n, &cfa))
			return STEP_LOST;
		cfa += (uintptr_t)(intptr_t)rule.k;
		break;
	default:
		return STEP_FULL;
	}
	/* Nothing below sp is within bounds, so the next frame lies above this one. */
	if (!bounds_word(bounds, cfa - 8, &state->pc))
		return STEP_LOST;
	if (rule.saved != RULE_KEPT) {
		saved = (rule.kind == RULE_REALIGNED ? bp : cfa) + (uintptr_t)(intptr_t)rule.saved * 8;
		if (!bounds_word(bounds, saved, &state->bp))
			return STEP_LOST;
	}
	state->sp = bounds->low = cfa;
	return STEP_ON;
}

/*
 * Whether all that the last walk read from memo frame k − 1 outwards is still there: 0 if so, else k of the first
 * frame that read something else.
 */
static inline uint32_t memo_changed(const struct stack_lane *lane, uint32_t k)
{
	const struct proof_lists lists = lane_lists(lane);
	const struct proof_count none = {0};

	if (likely(proof_holds(lists, none, lane->memo[k - 1].end)))
		return 0;
	for (; k > 1 && proof_holds(lists, lane->memo[k - 2].end, lane->memo[k - 1].end); k--)
		;
	return k;
}

uint32_t walk_fast(struct stack_lane *lane, const struct thread *thread, struct stack_start at)
{
	struct bounds bounds;
	struct state state = {.pc = at.pc, .sp = at.sp, .bp = at.bp};
	const struct memo *memo = lane->memo;
	const uintptr_t root = thread->root;
	const uint32_t depth = library.stack_depth + lane->deeper;
	struct walked *walked = lane->walked;
	uint32_t count = 1, known;
	uint64_t exact = 0; /* STACK_EXACT where pc is */

	bounds_enter(&bounds, thread, at.sp);
	/* Memo frames that this walk may still come to: memo[0 … known). */
	known = bounds.high == lane->memo_high && !bounds.limit ? lane->memo_plain : 0;
	walked->frame = at.pc;
	lane->same = 0;
	lane->end_sp = 0;
	for (;;) {
		uintptr_t lookup, base, cfa, saved;
		const struct rule_slot *slot;
		struct rule rule;

		while (known && memo[known - 1].sp < state.sp)
			known--;
		if (known && memo[known - 1].sp == state.sp && memo[known - 1].frame == (state.pc | exact) &&
		    (!memo[known - 1].bp_live || memo[known - 1].bp == state.bp)) {
			uint32_t changed = memo_changed(lane, known);

			if (likely(!changed && count - 1 + known <= depth)) {
				lane->count = count - 1;
				lane->same = known;
				return lane->memo_end;
			}
			/* The changed frame's caller is not known, but what lies further out may be met again. */
			known = changed ? changed - 1 : 0;
		}
		lookup = state.pc - !exact;
		slot = rule_slot(lane, lookup);
		rule = slot->rule;
		if (unlikely(slot->key != epoch_key(lane, lookup)))
			rule = rule_make(lane, lookup);
		exact = 0;
		walked->sp = state.sp;
		walked->bp = state.bp;
		walked->rule = rule;
		/* The common rules, without a branch that depends on the frame: sp or bp, saved or kept. */
		base = rule.kind == RULE_SP ? state.sp : state.bp;
		cfa = base + (uintptr_t)(intptr_t)rule.n;
		saved = cfa + (uintptr_t)(intptr_t)rule.saved * 8;
		if (likely(rule.kind <= RULE_INTERPRETED && bounds_has(&bounds, cfa - 8) && bounds_has(&bounds, saved))) {
			uintptr_t word = word_at(saved);

			state.pc = word_at(cfa - 8);
			state.bp = rule.saved == RULE_KEPT ? state.bp : word;
			state.sp = bounds.low = cfa;
			walked->plain = !bounds.limit;
		} else {
			enum step step = step_rare(rule, &state, &bounds, thread);

			if (rule.kind == RULE_INTERPRETED && step != STEP_ON)
				walked->rule.kind = RULE_FRAME; /* bp is no frame pointer: nothing can be read there */
			walked->plain = step == STEP_ROOT && !bounds.limit;
			if (step == STEP_SIGNAL) {
				/* The restorer is no call's return either. */
				walked->frame |= STACK_EXACT;
				exact = STACK_EXACT;
				known = 0;
			} else if (step != STEP_ON) {
				lane->count = count;
				if (step == STEP_FULL)
					return walk_full(lane, thread, at);
				return step == STEP_ROOT ? TRACE_STACK_ROOT : TRACE_STACK_LOST;
			}
		}
		if (state.pc == root && root) {
			lane->count = count;
			lane->end_sp = state.sp;
			return TRACE_STACK_ROOT;
		}
		if (unlikely(state.pc - 1 >= (1ull << ADDRESS_BITS) - 1)) {
			lane->count = count;
			return state.pc == 0 && bounds.limit ? TRACE_STACK_ROOT : TRACE_STACK_LOST;
		}
		if (unlikely(count >= depth)) {
			lane->count = count;
			return TRACE_STACK_CUT;
		}
		count++;
		walked++;
		walked->frame = state.pc | exact;
	}
}
