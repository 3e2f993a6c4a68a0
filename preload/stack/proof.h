/*
 * proof.h: what lets a capture reuse frames that an earlier one walked.
 *
 * A step of a walk is a function of the state that it starts from, of its rule and of the words that it reads. So where
 * a walk arrives at a state that an earlier one had, and every word that the rest of that walk read is unchanged, the
 * rest of the stack is the same: it need not be walked. bp is part of the state only where it is live: some step from
 * there outwards uses it before another restores it.
 *
 * The words are kept in lists by the way that they are compared, so that a frame costs about a cycle: two that lie next
 * to each other (a saved bp and the return address above it, a bytecode array and the offset in it), single ones, and
 * those of which the lowest bit counts. All of them lie between the sp of the capture that read them and the end of the
 * thread's own stack.
 */
#ifndef PROBE_PROOF_H
#define PROBE_PROOF_H

#include <stdint.h>

typedef uint32_t pair_bits __attribute__((vector_size(16), may_alias));

/* How long each list is: up to some frame, or in all. */
struct proof_count {
	uint16_t pairs, words, tags;
};

struct proof_word {
	uintptr_t at;
	uint64_t  word;
};

struct proof_lists {
	const uintptr_t *pair_at;
	const pair_bits *pair;
	const struct proof_word *word;
	const uintptr_t *tag_at;     /* the word there is odd */
};

/* An address sanitizer (in unit tests) knows words of somebody's stack as out of bounds, and inlining would let it look. */
#ifdef __SANITIZE_ADDRESS__
#define PROOF_READS __attribute__((no_sanitize("address")))
#else
#define PROOF_READS __attribute__((always_inline))
#endif

/* Whether all that is in the lists from `from` to `to` is still there: in no order, without a branch for each. */
static inline PROOF_READS bool proof_holds(struct proof_lists lists,
	struct proof_count from, struct proof_count to)
{
	typedef pair_bits __attribute__((aligned(8))) unaligned;
	pair_bits same = {~0u, ~0u, ~0u, ~0u};
	uint64_t different = 0, odd = 1;
	uint64_t halves[2];

	for (uint32_t i = from.pairs; i < to.pairs; i++)
		same &= (pair_bits)(*(const unaligned *)lists.pair_at[i] == lists.pair[i]);
	for (uint32_t i = from.words; i < to.words; i++)
		different |= *(const uint64_t *)lists.word[i].at ^ lists.word[i].word;
	for (uint32_t i = from.tags; i < to.tags; i++)
		odd &= *(const uint64_t *)lists.tag_at[i];
	__builtin_memcpy(halves, &same, sizeof(halves));
	return ((halves[0] & halves[1]) == ~0ull) & !different & (odd & 1);
}

#endif
