/*
 * module.h: between the files that read a module.
 */
#ifndef PROBE_REWRITE_MODULE_H
#define PROBE_REWRITE_MODULE_H

#include "node/rewrite/rewrite.h"
#include "node/rewrite/scan.h"

enum section_id {
	SECTION_CUSTOM = 0, SECTION_TYPE = 1, SECTION_IMPORT = 2, SECTION_FUNCTION = 3, SECTION_TABLE = 4,
	SECTION_MEMORY = 5, SECTION_GLOBAL = 6, SECTION_EXPORT = 7, SECTION_START = 8, SECTION_ELEMENT = 9,
	SECTION_CODE = 10, SECTION_DATA = 11, SECTION_DATA_COUNT = 12, SECTION_TAG = 13,
};

#define MODULE_HEADER 8              /* bytes: magic and version */

#define VALUE_I32 0x7f
#define VALUE_I64 0x7e

/* One after the other, in the module's order; `content` is what it holds. False: the end, or none (scan->bad). */
static inline bool section_next(struct scan *scan, uint32_t *id, const uint8_t **at, struct scan *content)
{
	if (!scan_more(scan))
		return false;
	*at = scan->at;
	*id = scan_byte(scan);
	*content = scan_part(scan);
	return !scan->bad;
}

/* The order that sections come in; 0: anywhere. */
unsigned section_rank(uint32_t id) HIDDEN;

/* The contents of a section that is there once. */
static inline struct scan section_scan(const struct rewrite_module *module, enum section_id id)
{
	return scan_of(module->section[id].content, module->section[id].size);
}

/* Fill in their part of rewrite->module. False, with a reason, if they do not understand it. */
bool read_types(struct rewrite *rewrite) HIDDEN;
bool read_names(struct rewrite *rewrite) HIDDEN;
void read_memory_use(struct rewrite *rewrite) HIDDEN;

static inline bool text_is(struct rewrite_text text, const char *word)
{
	for (uint32_t i = 0; i < text.length; i++)
		if (word[i] == '\0' || text.text[i] != word[i])
			return false;
	return word[text.length] == '\0';
}

/* The next vector of bytes, as text. */
static inline struct rewrite_text scan_text(struct scan *scan)
{
	struct scan part = scan_part(scan);

	return (struct rewrite_text){.text = (const char *)part.at, .length = (uint32_t)scan_left(&part)};
}

#endif
