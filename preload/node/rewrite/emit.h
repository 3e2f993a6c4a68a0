/*
 * emit.h: putting together a binary: into memory whose size was computed before. What goes beyond sets `over`.
 */
#ifndef PROBE_REWRITE_EMIT_H
#define PROBE_REWRITE_EMIT_H

#include <string.h>

#include "node/rewrite/rewrite.h"

struct emit {
	uint8_t *start, *at, *end;
	bool over;
};

static inline void emit_byte(struct emit *out, uint32_t byte)
{
	if (out->at < out->end)
		*out->at++ = (uint8_t)byte;
	else
		out->over = true;
}

static inline void emit_bytes(struct emit *out, const void *bytes, size_t size)
{
	if (size > (size_t)(out->end - out->at)) {
		out->over = true;
		return;
	}
	if (size)
		memcpy(out->at, bytes, size);
	out->at += size;
}

static inline void emit_fill(struct emit *out, uint8_t byte, size_t size)
{
	if (size > (size_t)(out->end - out->at)) {
		out->over = true;
		return;
	}
	if (size)
		memset(out->at, byte, size);
	out->at += size;
}

static inline void emit_u32(struct emit *out, uint32_t value)
{
	for (; value >= 0x80; value >>= 7)
		emit_byte(out, (value & 0x7f) | 0x80);
	emit_byte(out, value);
}

/* For values that are known later: always five bytes. */
static inline void emit_u32_wide(struct emit *out, uint32_t value)
{
	for (int i = 0; i < 4; i++, value >>= 7)
		emit_byte(out, (value & 0x7f) | 0x80);
	emit_byte(out, value);
}

static inline void emit_s32(struct emit *out, int32_t value)
{
	for (; value < -64 || value > 63; value >>= 7)
		emit_byte(out, ((uint32_t)value & 0x7f) | 0x80);
	emit_byte(out, (uint32_t)value & 0x7f);
}

static inline void emit_text(struct emit *out, const char *text)
{
	emit_u32(out, (uint32_t)strlen(text));
	emit_bytes(out, text, strlen(text));
}

/* A vector of bytes whose size comes when it is whole. Returns the place for emit_close. */
static inline uint8_t *emit_open(struct emit *out)
{
	uint8_t *place = out->at;

	emit_u32_wide(out, 0);
	return place;
}

static inline void emit_close(struct emit *out, uint8_t *place)
{
	struct emit size = {.start = place, .at = place, .end = out->end};

	if (!out->over)
		emit_u32_wide(&size, (uint32_t)(out->at - place - 5));
}

#endif
