/*
 * both.c: two candidates in one module, so that the second can take over while an instance runs.
 */
#include "node/rewrite/find.h"

#include "node/rewrite/arena.h"

static struct rewrite_watch *watch_of(struct rewrite_candidate *candidate, uint32_t function)
{
	for (uint32_t i = 0; i < candidate->count; i++)
		if (candidate->watches[i].function == function)
			return &candidate->watches[i];
	return NULL;
}

static bool is_same(const struct rewrite_watch *a, const struct rewrite_watch *b)
{
	return a->action == b->action && a->out == b->out && a->pointer == b->pointer && a->size == b->size &&
		a->count == b->count && a->alignment == b->alignment;
}

const struct rewrite_candidate *rewrite_both(struct rewrite *rewrite, const struct rewrite_candidate *first,
	const struct rewrite_candidate *second)
{
	struct rewrite_candidate *both = arena_take(&rewrite->arena, 1, sizeof(*both));

	if (!both)
		return NULL;
	*both = *first;
	for (uint32_t i = 0; i < both->count; i++)
		both->watches[i].states = 1;
	for (uint32_t i = 0; i < second->count; i++) {
		struct rewrite_watch *watch = watch_of(both, second->watches[i].function);

		if (watch ? !is_same(watch, &second->watches[i]) : both->count == REWRITE_WATCHES)
			return NULL;
		if (!watch) {
			watch = &both->watches[both->count++];
			*watch = second->watches[i];
			watch->states = 0;
		}
		watch->states |= 2;
	}
	return both;
}
