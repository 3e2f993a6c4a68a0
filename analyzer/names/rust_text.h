/* rust_text.h: the marks of a demangled Rust name's text, between rust_name.c, rust_render.c and rust_mentions.c. */
#ifndef PROBE_NAMES_RUST_TEXT_H
#define PROBE_NAMES_RUST_TEXT_H

#include <ctype.h>

#include "names/span.h"

static inline bool is_word(char byte)
{
	return isalnum((unsigned char)byte) || byte == '_' || byte == '$' || (unsigned char)byte >= 0x80;
}

static inline bool is_hex(char byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
}

/* +1 where a bracket opens, −1 where one closes; the > of an arrow is none. */
static inline int bracket(struct span text, size_t at)
{
	switch (text.at[at]) {
	case '<': case '(': case '[': case '{':
		return 1;
	case '>':
		return at && (text.at[at - 1] == '-' || text.at[at - 1] == '=') ? 0 : -1;
	case ')': case ']': case '}':
		return -1;
	default:
		return 0;
	}
}

/* Bytes of a crate's hash, "[6e57ee1d1b4bbd24]"; 0 if there is none. */
static inline size_t hash_size(struct span text, size_t at)
{
	size_t end = at + 1;

	if (at >= text.size || text.at[at] != '[')
		return 0;
	while (end < text.size && is_hex(text.at[end]))
		end++;
	return end < text.size && text.at[end] == ']' && end - at > 8 && end - at <= 17 ? end + 1 - at : 0;
}

static inline struct span first_word(struct span path)
{
	size_t size = 0;

	while (size < path.size && is_word(path.at[size]))
		size++;
	return (struct span){path.at, size};
}

/* Bytes of the path at the front, identifiers and :: only; *last is its last identifier, *plain without hashes. */
static inline size_t path_size(struct span text, struct span *last, size_t *segments)
{
	size_t at = 0;

	*segments = 0;
	for (;;) {
		size_t from = at;

		while (at < text.size && is_word(text.at[at]))
			at++;
		if (at == from)
			return *segments ? from - 2 : 0;
		*last = (struct span){text.at + from, at - from};
		++*segments;
		at += hash_size(text, at);
		if (text.size - at < 3 || memcmp(text.at + at, "::", 2) || !is_word(text.at[at + 2]))
			return at;
		at += 2;
	}
}

#endif
