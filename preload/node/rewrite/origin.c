/*
 * origin.c: from the rewritten module back to the original.
 */
#include <string.h>

#include "node/rewrite/rewrite.h"
#include "node/rewrite/scan.h"

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

static size_t add(uint8_t *old, size_t room, size_t at, const uint8_t *bytes, size_t size)
{
	if (old && size && at <= room && size <= room - at)
		memcpy(old + at, bytes, size);
	return at + size;
}

size_t rewrite_old_names(const uint8_t *names, size_t size, const uint8_t *changes, size_t changes_size, uint8_t *old,
	size_t room)
{
	struct scan new = scan_of(names, size), scan = scan_of(changes, changes_size);
	size_t at = 0;

	while (scan_more(&scan)) {
		const uint8_t *kept = new.at;
		uint32_t kept_size = scan_u32(&scan), added = scan_u32(&scan);
		struct scan lost = scan_part(&scan);

		scan_skip(&new, (uint64_t)kept_size + added);
		if (scan.bad || new.bad)
			return 0;
		at = add(old, room, at, kept, kept_size);
		at = add(old, room, at, lost.at, scan_left(&lost));
	}
	return scan.bad ? 0 : add(old, room, at, new.at, scan_left(&new));
}
