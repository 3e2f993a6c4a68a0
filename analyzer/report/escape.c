/* escape.c: UTF-8, the width of a character, and what must not reach a terminal; see escape.h. Touches nothing. */
#include "escape.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

/*
 * Decodes the character at `text` (NUL-terminated, not at its end): stores it and returns its length in bytes.
 * A byte that begins no valid UTF-8 (overlong, surrogate, beyond U+10FFFF, cut) returns 1 and UINT32_MAX.
 */
static size_t decode(const char *text, uint32_t *character)
{
	const unsigned char *byte = (const unsigned char *)text;
	size_t length = byte[0] < 0x80 ? 1 : byte[0] >= 0xf0 ? 4 : byte[0] >= 0xe0 ? 3 : 2;
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t value = length == 1 ? byte[0] : byte[0] & (0xff >> (length + 1));

	*character = UINT32_MAX;
	if ((byte[0] >= 0x80 && byte[0] < 0xc2) || byte[0] > 0xf4)
		return 1;
	for (size_t i = 1; i < length; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			return 1;
		value = value << 6 | (byte[i] & 0x3f);
	}
	if (value < smallest[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 1;
	*character = value;
	return length;
}

struct range { uint32_t first, last; };

static bool within(uint32_t character, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (character >= ranges[i].first && character <= ranges[i].last)
			return true;
	return false;
}
#define WITHIN(character, ranges) within(character, ranges, sizeof(ranges) / sizeof((ranges)[0]))

/* C0, DEL, C1; marks, embeddings and overrides of direction; line separators; byte order mark; tags. */
static const struct range unprintable[] = {
	{0, 0x1f}, {0x7f, 0x9f}, {0x61c, 0x61c}, {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
	{0xfeff, 0xfeff},
	{0xfff9, 0xfffb}, {0xe0000, 0xe0fff},
};

/* Combining marks and variation selectors: the blocks that hold little else. */
static const struct range combining[] = {
	{0x300, 0x36f}, {0x483, 0x489}, {0x591, 0x5bd}, {0x610, 0x61a}, {0x64b, 0x65f}, {0x93c, 0x93c},
	{0x94d, 0x94d},
	{0xe31, 0xe31}, {0xe34, 0xe3a}, {0xe47, 0xe4e}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x20d0, 0x20ff},
	{0x3099, 0x309a}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
};

/* East Asian wide and fullwidth, and the emoji. */
static const struct range wide[] = {
	{0x1100, 0x115f}, {0x231a, 0x231b}, {0x2e80, 0x303e}, {0x3041, 0xa4cf}, {0xa960, 0xa97c}, {0xac00, 0xd7a3},
	{0xf900, 0xfaff}, {0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x16fe0, 0x18aff},
	{0x1b000, 0x1b2ff},
	{0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};

static size_t character_width(uint32_t character)
{
	if (character < 0x300)
		return 1;
	return WITHIN(character, combining) ? 0 : WITHIN(character, wide) ? 2 : 1;
}

char *escape_text(const char *text)
{
	/* The longest escape of one byte is \xff; of a character of 3 or 4 bytes, \U000e0001. */
	char *escaped = xmalloc(strlen(text) * 5 + 1), *to = escaped;
	uint32_t character;

	for (size_t length; *text; text += length) {
		length = decode(text, &character);
		if (character == '\n')
			to += sprintf(to, "\\n");
		else if (character == '\t')
			to += sprintf(to, "\\t");
		else if (character == UINT32_MAX || (character < 0x80 && WITHIN(character, unprintable)))
			to += sprintf(to, "\\x%02x", (unsigned char)*text);
		else if (WITHIN(character, unprintable))
			to += sprintf(to, character > 0xffff ? "\\U%08x" : "\\u%04x", character);
		else
			to = (char *)memcpy(to, text, length) + length;
	}
	*to = '\0';
	return escaped;
}

char *escape_utf8(const char *text)
{
	char *valid = xmalloc(strlen(text) * 3 + 1), *to = valid;
	uint32_t character;

	for (size_t length; *text; text += length) {
		length = decode(text, &character);
		if (character == UINT32_MAX)
			to = (char *)memcpy(to, "\xef\xbf\xbd", 3) + 3;
		else
			to = (char *)memcpy(to, text, length) + length;
	}
	*to = '\0';
	return valid;
}

size_t text_width(const char *text)
{
	size_t width = 0;
	uint32_t character;

	while (*text) {
		text += decode(text, &character);
		width += character_width(character);
	}
	return width;
}

/* How many bytes of `text` fit into `width` columns. */
static size_t prefix(const char *text, size_t width)
{
	size_t bytes = 0, used = 0;
	uint32_t character;

	while (text[bytes]) {
		size_t length = decode(text + bytes, &character);

		used += character_width(character);
		if (used > width)
			break;
		bytes += length;
	}
	return bytes;
}

/* The rest of `text` after as few characters as make it fit into `width` columns. */
static const char *suffix(const char *text, size_t width)
{
	size_t left = text_width(text);
	uint32_t character;

	while (left > width) {
		text += decode(text, &character);
		left -= character_width(character);
	}
	return text;
}

char *text_cut(const char *text, size_t width, enum cut where)
{
	size_t before;

	if (text_width(text) <= width)
		return xstrdup(text);
	width = width > 1 ? width - 1 : 0;
	before = where == CUT_END ? width : where == CUT_START ? 0 : width - width / 2;
	return xasprintf("%.*s…%s", (int)prefix(text, before), text, suffix(text, width - before));
}
