/* lines.c: three varints an entry; see lines.h. */
#include "trace/lines.h"

static bool varint(const uint8_t **at, const uint8_t *end, uint64_t *value)
{
	*value = 0;
	for (unsigned shift = 0; *at < end && shift < 63; shift += 7) {
		uint8_t byte = *(*at)++;

		*value |= (uint64_t)(byte & 127) << shift;
		if (byte < 128)
			return true;
	}
	return false;
}

/* Adds a varint to `value`, plain or zigzag. */
static bool add(struct lines *lines, const uint8_t **at, bool zigzag, uint32_t *value)
{
	uint64_t delta, sum;

	if (!varint(at, lines->end, &delta))
		return false;
	if (zigzag)
		delta = delta >> 1 ^ -(delta & 1);
	sum = *value + delta; /* wraps around where the delta is negative */
	*value = (uint32_t)sum;
	return sum <= UINT32_MAX;
}

bool lines_next(struct lines *lines)
{
	struct line_entry entry = lines->entry;
	const uint8_t *at = lines->at;

	if (!add(lines, &at, false, &entry.offset) || !add(lines, &at, true, &entry.line) ||
	    !add(lines, &at, true, &entry.column))
		return false;
	lines->at = at;
	lines->entry = entry;
	return true;
}
