/*
 * old_names.h: do the contents of the section "name" come back out of a rewritten module, byte by byte?
 */
#ifndef PROBE_TEST_OLD_NAMES_H
#define PROBE_TEST_OLD_NAMES_H

#include <stdlib.h>
#include <string.h>

#include "node/rewrite/module.h"

/* The contents of the first custom section with that name. */
static inline struct scan custom_section(const struct rewrite_result *result, const char *name)
{
	struct scan scan = scan_of(result->bytes + MODULE_HEADER, result->size - MODULE_HEADER), content;
	const uint8_t *at;
	uint32_t id;

	while (section_next(&scan, &id, &at, &content))
		if (id == SECTION_CUSTOM && text_is(scan_text(&content), name))
			return content;
	return (struct scan){.bad = true};
}

static inline bool names_come_back(const struct rewrite_module *old, const struct rewrite_result *result)
{
	struct scan names, changes;
	size_t size;
	uint8_t *bytes;
	bool same;

	if (!old->name_section)
		return !result->names[0];
	names = custom_section(result, "name");
	if (!result->names[0])
		return !names.bad && scan_left(&names) == old->names.length &&
		       !memcmp(names.at, old->names.text, old->names.length);
	changes = custom_section(result, result->names);
	if (names.bad || changes.bad)
		return false;
	size = rewrite_old_names(names.at, scan_left(&names), changes.at, scan_left(&changes), NULL, 0);
	if (size != old->names.length || !(bytes = malloc(size)))
		return false;
	rewrite_old_names(names.at, scan_left(&names), changes.at, scan_left(&changes), bytes, size);
	same = !memcmp(bytes, old->names.text, size);
	free(bytes);
	return same;
}

#endif
