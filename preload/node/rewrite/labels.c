/*
 * labels.c: see labels.h.
 */
#include "node/rewrite/labels.h"

#define SUBSECTION_FUNCTIONS 1

struct scan labels_of_functions(const struct rewrite_module *module)
{
	struct scan scan = scan_of((const uint8_t *)module->names.text, module->names.length);

	while (scan_more(&scan)) {
		uint32_t id = scan_byte(&scan);
		struct scan content = scan_part(&scan);

		if (!scan.bad && id == SUBSECTION_FUNCTIONS)
			return content;
	}
	return (struct scan){.bad = true};
}

static bool is_watched(const struct rewrite_candidate *candidate, uint32_t function)
{
	for (uint32_t i = 0; i < candidate->count; i++)
		if (candidate->watches[i].function == function)
			return true;
	return false;
}

static void emit_name(struct emit *out, uint32_t function, struct rewrite_text name, const char *suffix)
{
	emit_u32(out, function);
	emit_u32(out, name.length + (uint32_t)strlen(suffix));
	emit_bytes(out, name.text, name.length);
	emit_bytes(out, suffix, strlen(suffix));
}

static void emit_functions(struct emit *out, const struct rewrite_module *module,
	const struct rewrite_candidate *candidate, bool grows, struct scan scan)
{
	static const struct rewrite_text grow = {LABEL_GROW, sizeof(LABEL_GROW) - 1};
	uint32_t count = scan_u32(&scan), named = grows;
	const uint8_t *copied = scan.at;

	for (uint32_t i = 0; i < candidate->count; i++)
		named += module->function_names[candidate->watches[i].function].text != NULL;
	emit_u32(out, count + named);
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *entry = scan.at;
		uint32_t function = scan_u32(&scan);
		struct rewrite_text name = scan_text(&scan);

		if (scan.bad || !is_watched(candidate, function))
			continue;
		emit_bytes(out, copied, (size_t)(entry - copied));
		emit_name(out, function, name, LABEL_WRAPPER);
		copied = scan.at;
	}
	emit_bytes(out, copied, (size_t)(scan.end - copied));
	for (uint32_t i = 0; i < candidate->count; i++) {
		struct rewrite_text name = module->function_names[candidate->watches[i].function];

		if (name.text)
			emit_name(out, module->function_count + i, name, "");
	}
	if (grows)
		emit_name(out, module->function_count + candidate->count, grow, "");
}

/* Is there no more and no less in it than it counts? */
static bool is_whole(struct scan scan)
{
	uint32_t count = scan_u32(&scan);

	for (uint32_t i = 0; i < count && !scan.bad; i++) {
		scan_u32(&scan);
		scan_part(&scan);
	}
	return !scan.bad && scan.at == scan.end;
}

bool labels_emit(struct emit *out, const struct rewrite_module *module, const struct rewrite_candidate *candidate,
	bool grows)
{
	struct scan functions = labels_of_functions(module);
	const uint8_t *names = (const uint8_t *)module->names.text, *end = names + module->names.length, *head = names;
	struct scan scan = scan_of(names, module->names.length);
	uint8_t *section, *subsection;

	if (functions.bad || !is_whole(functions))
		return false;
	while (scan_more(&scan)) { /* to the head of that subsection */
		head = scan.at;
		scan_byte(&scan);
		if (scan_part(&scan).at == functions.at)
			break;
	}
	emit_byte(out, SECTION_CUSTOM);
	section = emit_open(out);
	emit_text(out, "name");
	emit_bytes(out, names, (size_t)(head - names));
	emit_byte(out, SUBSECTION_FUNCTIONS);
	subsection = emit_open(out);
	emit_functions(out, module, candidate, grows, functions);
	emit_close(out, subsection);
	emit_bytes(out, functions.end, (size_t)(end - functions.end));
	emit_close(out, section);
	return true;
}
