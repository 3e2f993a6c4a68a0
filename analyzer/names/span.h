/* span.h: a piece of somebody else's text. */
#ifndef PROBE_NAMES_SPAN_H
#define PROBE_NAMES_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
	const char *at;
	size_t size;              /* bytes; 0: there is none */
};

static inline struct span span_of(const char *text)
{
	return (struct span){text, strlen(text)};
}

static inline bool span_is(struct span span, const char *text)
{
	return span.size == strlen(text) && !memcmp(span.at, text, span.size);
}

static inline bool span_same(struct span a, struct span b)
{
	return a.size == b.size && (!a.size || !memcmp(a.at, b.at, a.size));
}

static inline bool span_begins(struct span span, const char *text)
{
	size_t size = strlen(text);

	return span.size >= size && !memcmp(span.at, text, size);
}

static inline bool span_ends(struct span span, const char *text)
{
	size_t size = strlen(text);

	return span.size >= size && !memcmp(span.at + span.size - size, text, size);
}

static inline bool span_in(struct span span, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (span_is(span, texts[i]))
			return true;
	return false;
}

static inline struct span span_from(struct span span, size_t skip)
{
	return (struct span){span.at + skip, span.size - skip};
}

static inline struct span span_trim(struct span span)
{
	while (span.size && *span.at == ' ')
		span = span_from(span, 1);
	while (span.size && span.at[span.size - 1] == ' ')
		span.size--;
	return span;
}

#endif
