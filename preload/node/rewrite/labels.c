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

/* ---- the new section -------------------------------------------------------------------------------------------- */

struct labels {
	struct emit *out;
	struct label_changes *changes;
	const uint8_t *cursor;           /* what of the original comes next */
};

/* The original up to `at`; it goes on at `next`, and what is emitted until then is new. */
static void change(struct labels *labels, const uint8_t *at, const uint8_t *next)
{
	struct label_change *made = &labels->changes->list[labels->changes->count++];

	*made = (struct label_change){.kept = (uint32_t)(at - labels->cursor), .lost = at,
		.lost_size = (uint32_t)(next - at)};
	emit_bytes(labels->out, labels->cursor, made->kept);
	labels->cursor = next;
}

/* So much was emitted since `start` for the last change. */
static void changed(struct labels *labels, const uint8_t *start)
{
	labels->changes->list[labels->changes->count - 1].added = (uint32_t)(labels->out->at - start);
}

/* `scan`: behind the number of entries. */
static void relabel_watched(struct labels *labels, const struct rewrite_candidate *candidate, struct scan scan,
	uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *entry = scan.at, *start;
		uint32_t function = scan_u32(&scan);
		struct rewrite_text name = scan_text(&scan);

		if (!is_watched(candidate, function))
			continue;
		change(labels, entry, scan.at);
		start = labels->out->at;
		emit_name(labels->out, function, name, LABEL_WRAPPER);
		changed(labels, start);
	}
}

static void label_added(struct labels *labels, const struct rewrite_module *module,
	const struct rewrite_candidate *candidate, bool grows, const uint8_t *end)
{
	static const struct rewrite_text grow = {LABEL_GROW, sizeof(LABEL_GROW) - 1};
	const uint8_t *start;

	change(labels, end, end);
	start = labels->out->at;
	for (uint32_t i = 0; i < candidate->count; i++) {
		struct rewrite_text name = module->function_names[candidate->watches[i].function];

		if (name.text)
			emit_name(labels->out, module->function_count + i, name, "");
	}
	if (grows)
		emit_name(labels->out, module->function_count + candidate->count, grow, "");
	changed(labels, start);
}

/* Is there no more and no less in it than it counts, and no watched function's name again and again? */
static bool is_whole(const struct rewrite_candidate *candidate, struct scan scan)
{
	uint32_t count = scan_u32(&scan), watched = 0;

	for (uint32_t i = 0; i < count && !scan.bad; i++) {
		watched += is_watched(candidate, scan_u32(&scan));
		scan_part(&scan);
	}
	return !scan.bad && scan.at == scan.end && watched <= REWRITE_WATCHES;
}

/* Behind the id of the subsection whose contents these are. */
static const uint8_t *size_of_part(const struct rewrite_module *module, const struct scan *part)
{
	struct scan scan = scan_of((const uint8_t *)module->names.text, module->names.length);

	for (;;) {
		const uint8_t *size;

		scan_byte(&scan);
		size = scan.at;
		if (scan_part(&scan).at == part->at)
			return size;
	}
}

bool labels_emit(struct emit *out, const struct rewrite_module *module, const struct rewrite_candidate *candidate,
	bool grows, struct label_changes *changes)
{
	struct scan functions = labels_of_functions(module), scan = functions;
	const uint8_t *names = (const uint8_t *)module->names.text, *end = names + module->names.length, *start;
	struct labels labels = {.out = out, .changes = changes, .cursor = names};
	uint32_t count = scan_u32(&scan), named = grows;
	uint8_t *section, *subsection;

	changes->count = 0;
	if (functions.bad || !is_whole(candidate, functions))
		return false;
	emit_byte(out, SECTION_CUSTOM);
	section = emit_open(out);
	emit_text(out, "name");
	change(&labels, size_of_part(module, &functions), scan.at);
	start = subsection = emit_open(out);
	for (uint32_t i = 0; i < candidate->count; i++)
		named += module->function_names[candidate->watches[i].function].text != NULL;
	emit_u32(out, count + named);
	changed(&labels, start);
	relabel_watched(&labels, candidate, scan, count);
	label_added(&labels, module, candidate, grows, functions.end);
	emit_close(out, subsection);
	emit_bytes(out, labels.cursor, (size_t)(end - labels.cursor));
	emit_close(out, section);
	return true;
}

/* ---- and back --------------------------------------------------------------------------------------------------- */

void labels_emit_changes(struct emit *out, const struct label_changes *changes)
{
	for (uint32_t i = 0; i < changes->count; i++) {
		const struct label_change *one = &changes->list[i];

		emit_u32(out, one->kept);
		emit_u32(out, one->added);
		emit_u32(out, one->lost_size);
		emit_bytes(out, one->lost, one->lost_size);
	}
}
