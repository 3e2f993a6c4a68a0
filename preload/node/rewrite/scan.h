/*
 * scan.h: reading a wasm binary's bytes. A cursor that ran over its end, or met what is no such value, has `bad` set;
 * what it gives from then on is 0.
 */
#ifndef PROBE_REWRITE_SCAN_H
#define PROBE_REWRITE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scan {
	const uint8_t *at, *end;
	bool bad;
};

static inline struct scan scan_of(const uint8_t *bytes, size_t size)
{
	return (struct scan){.at = bytes, .end = size ? bytes + size : bytes}; /* NULL: nothing */
}

static inline bool scan_more(const struct scan *scan)
{
	return !scan->bad && scan->at < scan->end;
}

static inline void scan_fail(struct scan *scan)
{
	scan->bad = true;
	scan->at = scan->end;
}

static inline uint8_t scan_byte(struct scan *scan)
{
	if (scan->at < scan->end)
		return *scan->at++;
	scan->bad = true;
	return 0;
}

static inline void scan_skip(struct scan *scan, uint64_t bytes)
{
	if (bytes > (uint64_t)(scan->end - scan->at))
		scan_fail(scan);
	else
		scan->at += bytes;
}

/* An unsigned LEB128 of at most `bits` bits, in no more bytes than these need: V8 takes no longer one. */
static inline uint64_t scan_unsigned(struct scan *scan, unsigned bits)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < bits; shift += 7) {
		uint8_t byte = scan_byte(scan);

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte & 0x80)
			continue;
		if (bits - shift < 7 && byte >> (bits - shift))
			break;
		return scan->bad ? 0 : value;
	}
	scan_fail(scan);
	return 0;
}

static inline uint32_t scan_u32(struct scan *scan)
{
	if (scan->at < scan->end && *scan->at < 0x80)
		return *scan->at++;
	return (uint32_t)scan_unsigned(scan, 32);
}

static inline int64_t scan_signed(struct scan *scan, unsigned bits)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < bits; shift += 7) {
		uint8_t byte = scan_byte(scan);

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte & 0x80)
			continue;
		if (scan->bad)
			return 0;
		if (shift + 7 < 64 && byte & 0x40)
			value |= ~0ull << (shift + 7);
		return (int64_t)value;
	}
	scan_fail(scan);
	return 0;
}

/* A vector of bytes: its contents, as a cursor of its own. */
static inline struct scan scan_part(struct scan *scan)
{
	uint32_t size = scan_u32(scan);
	struct scan part = {.at = scan->at, .end = scan->at};

	if (size > (size_t)(scan->end - scan->at))
		scan_fail(scan);
	part.bad = scan->bad;
	if (!scan->bad)
		part.end = scan->at += size;
	return part;
}

static inline size_t scan_left(const struct scan *scan)
{
	return (size_t)(scan->end - scan->at);
}

#endif
