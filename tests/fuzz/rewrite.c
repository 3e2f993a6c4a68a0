/*
 * rewrite.c: any bytes as a wasm module. Every candidate is rewritten; what comes out must read again, have what the
 * original had and what was added to it, and tell of each of its bytes where it came from; the original's names come
 * back out of it.
 */
#include <stdlib.h>
#include <string.h>

#include "node/rewrite/operators.h"
#include "node/rewrite/rewrite.h"
#include "../rewrite/old_names.h"

#define MOST_BYTES (64u << 20) /* of memory, for an input of at most a few thousand */

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static size_t taken;

static void *map(void *context, size_t bytes)
{
	(void)context;
	if (bytes > MOST_BYTES - taken)
		return NULL;
	taken += bytes;
	return calloc(1, bytes);
}

static void unmap(void *context, void *memory, size_t bytes)
{
	(void)context;
	taken -= bytes;
	free(memory);
}

static void hold(bool right)
{
	if (!right)
		abort();
}

static void check_ranges(const struct rewrite *rewrite, const struct rewrite_result *result)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < result->range_count; i++) {
		const struct rewrite_range *range = &result->ranges[i];

		hold(range->at == at && range->size && range->size <= result->size - at);
		at += range->size;
		if (range->original == REWRITE_NONE)
			continue;
		hold(range->original <= rewrite->module.size && range->size <= rewrite->module.size - range->original);
		hold(!memcmp(result->bytes + range->at, rewrite->module.bytes + range->original, range->size));
		hold(rewrite_offset_of(result, range->at) == range->original);
	}
	hold(at == result->size);
}

static void check(const struct rewrite *rewrite, const struct rewrite_result *result)
{
	const struct rewrite_module *old = &rewrite->module;
	struct rewrite again = {.arena.memory = {.map = map, .unmap = unmap}};
	const struct rewrite_module *new = &again.module;

	check_ranges(rewrite, result);
	hold(names_come_back(old, result));
	if (!rewrite_read(&again, result->bytes, result->size)) {
		hold(!strcmp(again.reason, "there is no memory"));
		rewrite_free(&again);
		return;
	}
	hold(new->function_count == old->function_count + result->candidate->count + result->tells_refused);
	hold(new->type_count == old->type_count + 3 + result->tells_refused);
	hold(new->table_count == old->table_count + 1 && new->global_count == old->global_count + 1);
	hold(new->memory_count == old->memory_count);
	for (uint32_t i = old->imported_functions; i < old->function_count; i++) {
		bool wrapper;

		hold(rewrite_function_of(result, i, &wrapper) == i && new->functions[i].type == old->functions[i].type);
		hold(wrapper || result->tells_refused || (new->functions[i].size == old->functions[i].size &&
			!memcmp(new->bytes + new->functions[i].body, old->bytes + old->functions[i].body,
				old->functions[i].size)));
	}
	for (uint32_t i = 0; i < result->candidate->count; i++) { /* wrappers are made of instructions */
		struct scan scan = operators_of(new, result->candidate->watches[i].function);
		struct operator op;

		while (operator_next(&scan, &op))
			;
		hold(!scan.bad && op.code == OP_END);
	}
	rewrite_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct rewrite rewrite = {.arena.memory = {.map = map, .unmap = unmap}};
	uint8_t *exact = malloc(size ? size : 1); /* so that AddressSanitizer sees each byte beyond */

	memcpy(exact, input, size);
	if (rewrite_read(&rewrite, exact, size)) {
		static const unsigned flags[] = {0, REWRITE_HOLD_START | REWRITE_CATCH};
		static const char *const said[] = {NULL, "alloc:func[0](s),realloc:func[1](ps),free:func[2](p)"};

		for (unsigned way = 0; way < 2; way++) {
			if (!rewrite_find(&rewrite, said[way], true))
				continue;
			for (uint32_t i = 0; i < rewrite.candidate_count; i++) {
				struct rewrite_result result;

				if (rewrite_make(&rewrite, rewrite.candidates[i], flags[way], &result))
					check(&rewrite, &result);
				else
					hold(rewrite.reason != NULL);
			}
			for (uint32_t i = 1; i < rewrite.candidate_count; i++) {
				const struct rewrite_candidate *both = rewrite_both(&rewrite, rewrite.candidates[i - 1],
					rewrite.candidates[i]);
				struct rewrite_result result;

				if (both && rewrite_make(&rewrite, both, flags[way], &result))
					check(&rewrite, &result);
			}
		}
	} else {
		hold(rewrite.reason != NULL);
	}
	rewrite_free(&rewrite);
	hold(taken == 0);
	free(exact);
	return 0;
}
