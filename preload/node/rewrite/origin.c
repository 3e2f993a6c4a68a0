/*
 * origin.c: from the rewritten module back to the original.
 */
#include "node/rewrite/rewrite.h"

uint32_t rewrite_function_of(const struct rewrite_result *result, uint32_t function, bool *wrapper)
{
	const struct rewrite_candidate *candidate = result->candidate;

	*wrapper = false;
	if (function >= result->functions)
		return function - result->functions < candidate->count ?
			candidate->watches[function - result->functions].function : REWRITE_NONE;
	for (uint32_t i = 0; i < candidate->count; i++)
		*wrapper |= candidate->watches[i].function == function;
	return function;
}

uint32_t rewrite_offset_of(const struct rewrite_result *result, uint32_t offset)
{
	uint32_t low = 0, high = result->range_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct rewrite_range *range = &result->ranges[middle];

		if (offset < range->at)
			high = middle;
		else if (offset - range->at >= range->size)
			low = middle + 1;
		else
			return range->original == REWRITE_NONE ? REWRITE_NONE : range->original + (offset - range->at);
	}
	return REWRITE_NONE;
}
