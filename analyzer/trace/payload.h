/* payload.h: what a record holds, read from its start on; see trace.h. */
#ifndef PROBE_PAYLOAD_H
#define PROBE_PAYLOAD_H

#include <stdbool.h>
#include <string.h>

#include "util.h"

/* One record's payload, and what of it is still to be read. */
struct payload {
	const uint8_t *at;       /* next byte; in the file */
	size_t   left;           /* bytes */
};

static inline bool payload_take(struct payload *payload, void *into, size_t size)
{
	if (payload->left < size)
		return false;
	memcpy(into, payload->at, size);
	payload->at += size;
	payload->left -= size;
	return true;
}

/* The rest as a string; a NUL inside ends it. To be freed. */
static inline char *payload_text(struct payload *payload)
{
	size_t length = strnlen((const char *)payload->at, payload->left);
	char *text = xmalloc(length + 1);

	memcpy(text, payload->at, length);
	text[length] = '\0';
	payload->left = 0;
	return text;
}

#endif
