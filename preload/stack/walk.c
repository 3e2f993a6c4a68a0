/*
 * walk.c: the walk over (pc, sp, bp). One rule a frame; each word that is read lies within bounds, and each frame
 * lies above the one before, so it ends.
 */
#include "stack.h"

/* r8-r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip follow each other at offset 40 of struct ucontext. */
const uint8_t signal_offset[REGISTERS] = {
	[8] = 40, [9] = 48, [10] = 56, [11] = 64, [12] = 72, [13] = 80, [14] = 88, [15] = 96, [5] = 104, [4] = 112,
	[REG_RBP] = 120, [REG_RBX] = 128, [1] = 136, [0] = 144, [2] = 152, [REG_RSP] = 160, [REG_RA] = 168,
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
		if (!bounds_word(bounds, sp + signal_offset[REG_RA], &state->pc) ||
		    !bounds_word(bounds, sp + signal_offset[REG_RBP], &state->bp) ||
		    !bounds_word(bounds, sp + signal_offset[REG_RSP], &state->sp) ||
		    !bounds_interrupted(bounds, thread, state->sp))
			return STEP_LOST;
		return STEP_SIGNAL;
	case RULE_FRAME:
		if (walk_is_root(bounds, rule.k, bp))
			return STEP_ROOT;
		cfa = bp + 16;
		/* A frame pointer points at its frame's saved one, above whatever was pushed since. */
		if (bp < sp)
			return STEP_LOST;
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
	if (cfa <= sp || !bounds_word(bounds, cfa - 8, &state->pc))
		return STEP_LOST;
	if (rule.saved != RULE_KEPT) {
		saved = (rule.kind == RULE_REALIGNED ? bp : cfa) + (uintptr_t)(intptr_t)rule.saved * 8;
		if (!bounds_word(bounds, saved, &state->bp))
			return STEP_LOST;
	}
	state->sp = bounds->low = cfa;
	return STEP_ON;
}

uint32_t walk_fast(struct stack_lane *lane, const struct thread *thread, struct stack_start at)
{
	struct bounds bounds;
	struct state state = {.pc = at.pc, .sp = at.sp, .bp = at.bp};
	uint32_t depth = library.stack_depth;
	uint32_t count = 1;
	uint64_t call = 1; /* 0 where pc is exact */

	bounds_enter(&bounds, thread, at.sp);
	lane->frames[0] = at.pc;
	for (;;) {
		uintptr_t lookup = state.pc - call, base, cfa, saved;
		const struct rule_slot *slot = rule_slot(lane, lookup);
		struct rule rule = slot->rule;

		if (unlikely(slot->key != rule_key(lane, lookup)))
			rule = rule_make(lane, lookup);
		call = 1;
		/* The common rules, without a branch that depends on the frame: sp or bp, saved or kept. */
		base = rule.kind == RULE_SP ? state.sp : state.bp;
		cfa = base + (uintptr_t)(intptr_t)rule.n;
		saved = cfa + (uintptr_t)(intptr_t)rule.saved * 8;
		if (likely(rule.kind <= RULE_FRAME && base >= bounds.low && cfa > state.sp && bounds_has(&bounds, cfa - 8) &&
		           bounds_has(&bounds, saved))) {
			uintptr_t word = *(const uintptr_t *)saved;

			state.pc = *(const uintptr_t *)(cfa - 8);
			state.bp = rule.saved == RULE_KEPT ? state.bp : word;
			state.sp = bounds.low = cfa;
		} else {
			enum step step = step_rare(rule, &state, &bounds, thread);

			if (step == STEP_SIGNAL) {
				/* The restorer is no call's return either. */
				lane->frames[count - 1] |= STACK_EXACT;
				call = 0;
			} else if (step != STEP_ON) {
				lane->count = count;
				if (step == STEP_FULL)
					return walk_full(lane, thread, at);
				return step == STEP_ROOT ? TRACE_STACK_ROOT : TRACE_STACK_LOST;
			}
		}
		if (state.pc == thread->root && state.pc) {
			lane->count = count;
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
		lane->frames[count++] = state.pc | (call ? 0 : STACK_EXACT);
	}
}
