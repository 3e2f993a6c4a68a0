/*
 * types.c: the type section. Of types that are no functions (structs, arrays) only their number matters.
 */
#include "node/rewrite/arena.h"
#include "node/rewrite/module.h"

#define TYPE_ARRAY    0x5e
#define TYPE_STRUCT   0x5f
#define TYPE_FUNCTION 0x60
#define TYPE_GROUP    0x4e
#define TYPE_FINAL    0x4f
#define TYPE_OPEN     0x50

static void skip_value_type(struct scan *scan)
{
	uint8_t type = scan_byte(scan);

	if (type == 0x63 || type == 0x64)
		scan_signed(scan, 33);
	else if (type < 0x60 || type > 0x7f) /* all of one byte are in here; which of them V8 knows is its affair */
		scan_fail(scan);
}

static uint32_t skip_value_types(struct scan *scan)
{
	uint32_t count = scan_u32(scan);

	for (uint32_t i = 0; i < count && !scan->bad; i++)
		skip_value_type(scan);
	return count;
}

static void skip_field(struct scan *scan)
{
	skip_value_type(scan);
	if (scan_byte(scan) > 1)
		scan_fail(scan);
}

/* `type` may be NULL. */
static void read_type(struct scan *scan, struct rewrite_type *type)
{
	struct rewrite_type read = {0};
	uint8_t form = scan_byte(scan);

	if (form == TYPE_FINAL || form == TYPE_OPEN) {
		for (uint32_t count = scan_u32(scan); count && !scan->bad; count--)
			scan_u32(scan);
		form = scan_byte(scan);
	}
	switch (form) {
	case TYPE_FUNCTION:
		read.function = true;
		read.parameter = scan->at;
		read.parameters = skip_value_types(scan);
		read.result = scan->at;
		read.results = skip_value_types(scan);
		break;
	case TYPE_STRUCT:
		for (uint32_t count = scan_u32(scan); count && !scan->bad; count--)
			skip_field(scan);
		break;
	case TYPE_ARRAY:
		skip_field(scan);
		break;
	default:
		scan_fail(scan);
	}
	if (read.function && !scan->bad) { /* behind the counts, which may be written in more bytes than they need */
		struct scan counts = {.at = read.parameter, .end = scan->end};

		scan_u32(&counts);
		read.parameter = counts.at;
		counts.at = read.result;
		scan_u32(&counts);
		read.result = counts.at;
	}
	if (type)
		*type = read;
}

/* Their number; each is put into `types` unless it is NULL. */
static uint32_t walk(struct scan scan, uint32_t entries, struct rewrite_type *types, bool *bad)
{
	uint32_t total = 0;

	for (uint32_t i = 0; i < entries && !scan.bad; i++) {
		uint32_t group = 1;

		if (scan.at < scan.end && *scan.at == TYPE_GROUP) {
			scan_byte(&scan);
			group = scan_u32(&scan);
		}
		for (; group && !scan.bad; group--, total++)
			read_type(&scan, types ? &types[total] : NULL);
	}
	*bad = scan.bad || scan.at != scan.end;
	return total;
}

bool read_types(struct rewrite *rewrite)
{
	struct rewrite_module *module = &rewrite->module;
	struct scan scan = section_scan(module, SECTION_TYPE);
	bool bad;

	module->type_entries = scan_u32(&scan);
	module->type_count = walk(scan, module->type_entries, NULL, &bad);
	if (bad) {
		rewrite->reason = "its types are not understood";
		return false;
	}
	module->types = arena_take(&rewrite->arena, module->type_count, sizeof(*module->types));
	if (!module->types) {
		rewrite->reason = "there is no memory";
		return false;
	}
	walk(scan, module->type_entries, module->types, &bad);
	return true;
}
