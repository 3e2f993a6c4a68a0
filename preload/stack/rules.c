/*
 * rules.c: from a row of call frame information to a rule of eight bytes, in the lane's direct-mapped cache.
 */
#include "stack.h"

static bool fits8(int64_t n)
{
	return n >= INT8_MIN && n <= INT8_MAX;
}

static bool fits32(int64_t n)
{
	return n >= INT32_MIN && n <= INT32_MAX;
}

/* A saved register's distance in words, or RULE_KEPT if it cannot be told. */
static int16_t words(int64_t bytes)
{
	if (bytes % 8 || bytes / 8 < INT16_MIN || bytes / 8 > INT16_MAX)
		return RULE_KEPT;
	return (int16_t)(bytes / 8);
}

/* The CFA as a rule without `saved`; RULE_FULL if it takes other registers than sp and bp. */
static struct rule rule_of_cfa(const struct cfi_place *cfa, uintptr_t lookup)
{
	struct value value = {.kind = VALUE_NONE};
	struct rule rule = {.kind = RULE_FULL, .saved = RULE_KEPT};
	bool sp;

	if (cfa->kind == CFI_REGISTER)
		value = (struct value){.kind = VALUE_BASE, .base = cfa->from, .n = cfa->value};
	else if (cfa->kind == CFI_VAL_EXPRESSION)
		value = expression(cfa->block, NULL, NULL, lookup, NULL);
	if (value.kind != VALUE_BASE && value.kind != VALUE_MEMORY)
		return rule;
	sp = value.base == DWARF_RSP;
	if ((!sp && value.base != DWARF_RBP) || !fits32(value.n) || !fits8(value.k))
		return rule;
	rule.n = (int32_t)value.n;
	rule.k = (int8_t)value.k;
	if (value.kind == VALUE_BASE)
		rule.kind = sp ? RULE_SP : RULE_BP;
	else
		rule.kind = sp ? RULE_MEMORY_SP : RULE_MEMORY_BP;
	return rule;
}

static struct rule rule_of_row(const struct cfi_row *row, uintptr_t lookup)
{
	const struct rule full = {.kind = RULE_FULL, .saved = RULE_KEPT};
	const struct cfi_place *ra = &row->registers[DWARF_RA], *bp = &row->registers[DWARF_RBP];
	struct rule rule;

	if (ra->kind == CFI_UNDEFINED)
		return (struct rule){.kind = RULE_ROOT, .saved = RULE_KEPT};
	if (row->signal) {
		/* mov $15,%rax; syscall: rt_sigreturn, so the ucontext is where the kernel put it. The FDE may
		 * begin a byte early, so that unwinders that look up pc − 1 find it. */
		static const uint8_t restorer[9] = {0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05};

		if (__builtin_memcmp((const void *)(lookup + 1), restorer, sizeof(restorer)) == 0)
			return (struct rule){.kind = RULE_SIGNAL, .saved = RULE_KEPT};
		return full;
	}
	if (ra->kind != CFI_OFFSET || ra->value != -8)
		return full;
	rule = rule_of_cfa(&row->cfa, lookup);
	if (rule.kind == RULE_FULL || bp->kind == CFI_SAME || bp->kind == CFI_UNDEFINED)
		return rule;
	if (bp->kind == CFI_OFFSET) {
		rule.saved = words(bp->value);
		return rule.saved == RULE_KEPT ? full : rule;
	}
	if (bp->kind == CFI_EXPRESSION && rule.kind == RULE_MEMORY_BP) {
		struct value value = expression(bp->block, NULL, NULL, lookup, NULL);

		if (value.kind != VALUE_BASE || value.base != DWARF_RBP || value.n % 8 ||
		    words(value.n) != value.n / 8)
			return full;
		rule.kind = RULE_REALIGNED;
		rule.saved = words(value.n);
		return rule;
	}
	return full;
}

static void grow(struct stack_lane *lane)
{
	uint32_t bits = lane->rule_bits + 3;
	struct rule_slot *larger = bits > RULE_LAST_BITS ? NULL : wiped_take(sizeof(*larger) << bits);

	lane->misses = 0;
	if (!larger)
		return;
	/* In this order: the old number of bits is right for both tables. What was in the old one is made again. */
	lane->rules = larger;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	lane->rule_bits = bits;
}

struct rule rule_make(struct stack_lane *lane, uintptr_t lookup)
{
	struct rule_slot *slot;
	struct rule rule = {.kind = RULE_FRAME, .saved = -2, .n = 16};

	if (lookup >> ADDRESS_BITS)
		return rule;
	lane->counts.rules++;
	if (++lane->misses > 2u << lane->rule_bits)
		grow(lane);
	slot = rule_slot(lane, lookup);
	switch (cfi_row(&lane->cfi, lookup)) {
	case FOUND:
		rule = rule_of_row(&lane->cfi.row, lookup);
		break;
	case FOUND_NO_FDE:
		rule.k = 1; /* in a module: walk_is_root */
		if (interpreter_has(lookup))
			rule.kind = RULE_INTERPRETED;
		break;
	case FOUND_END:
		rule.kind = RULE_ROOT;
		break;
	case FOUND_NO_MODULE:
		/* V8 11 has a second copy of its builtins, near the code that it generates. */
		if (interpreter_has(lookup))
			rule.kind = RULE_INTERPRETED;
		break;
	case FOUND_BAD:
		lane->counts.unreadable++;
		rule.k = 1;
		break;
	}
	/* Without a key while it changes: this may be left in the middle and never come back. */
	slot->key = 0;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	slot->rule = rule;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	slot->key = epoch_key(lane, lookup);
	return rule;
}
