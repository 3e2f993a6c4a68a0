/*
 * memoryuse.c: what lies in a memory besides the heap: static data and the stack, as far as the module says it. A
 * best effort: what is not understood stays unknown.
 */
#include "node/rewrite/arena.h"
#include "node/rewrite/module.h"
#include "node/rewrite/operators.h"

struct global {
	bool constant;                   /* it begins with `value`; */
	bool changes;                    /* and is mutable */
	uint64_t value;
};

static bool is_constant(const struct operator *op)
{
	return op->code == OP_I32_CONST || op->code == OP_I64_CONST;
}

static uint64_t constant_of(const struct operator *op)
{
	return op->code == OP_I32_CONST ? (uint32_t)op->value : (uint64_t)op->value;
}

/* The module's own globals, by index less the imported ones. NULL if there is no memory. */
static struct global *read_globals(struct rewrite *rewrite)
{
	struct rewrite_module *module = &rewrite->module;
	uint32_t count = module->global_count - module->imported_globals;
	struct global *globals = arena_take(&rewrite->arena, count, sizeof(*globals));
	struct scan scan = section_scan(module, SECTION_GLOBAL);

	if (!globals || !count)
		return NULL;
	scan_u32(&scan);
	for (uint32_t i = 0; i < count && scan_more(&scan); i++) {
		uint8_t type = scan_byte(&scan);
		struct operator op;

		if (type == 0x63 || type == 0x64)
			scan_signed(&scan, 33);
		globals[i].changes = scan_byte(&scan);
		operator_constant(&scan, &op);
		globals[i].constant = !scan.bad && is_constant(&op);
		globals[i].value = constant_of(&op);
	}
	return globals;
}

/* The stack pointer is a mutable number whose first value lies in memory: by its name, or the first such global. */
static void find_stack(struct rewrite_module *module, const struct global *globals)
{
	uint32_t count = module->global_count - module->imported_globals;

	for (uint32_t i = 0; i < count; i++) {
		if (!globals[i].changes || !globals[i].constant || globals[i].value < 16 || globals[i].value % 16 ||
		    globals[i].value >> 16 > module->memories[0].minimum)
			continue;
		module->stack_global = module->imported_globals + i;
		module->stack_top = globals[i].value;
		return;
	}
}

static void read_marks(struct rewrite_module *module, const struct global *globals)
{
	for (uint32_t i = 0; i < module->export_count; i++) {
		const struct rewrite_export *export = &module->exports[i];
		uint32_t own = export->index - module->imported_globals;

		if (export->kind != 3 || own >= module->global_count - module->imported_globals || !globals[own].constant)
			continue;
		if (text_is(export->name, "__heap_base"))
			module->heap_base = globals[own].value;
		else if (text_is(export->name, "__data_end"))
			module->data_end = globals[own].value;
	}
}

static void read_data(struct rewrite_module *module)
{
	struct scan scan = section_scan(module, SECTION_DATA);

	for (uint32_t count = scan_u32(&scan); count && !scan.bad; count--) {
		uint32_t mode = scan_u32(&scan), memory = mode == 2 ? scan_u32(&scan) : 0;
		struct operator op = {0};
		struct scan bytes;
		uint64_t low, size;

		if (mode != 1)
			operator_constant(&scan, &op);
		bytes = scan_part(&scan);
		size = scan_left(&bytes);
		if (scan.bad || mode > 2)
			return;
		if (mode == 1)
			module->passive_bytes += size;
		if (mode == 1 || memory || !is_constant(&op) || !size)
			continue;
		low = constant_of(&op);
		if (!module->data_bytes || low < module->data_low)
			module->data_low = low;
		if (low + size > module->data_high)
			module->data_high = low + size;
		module->data_bytes += size;
	}
}

void read_memory_use(struct rewrite *rewrite)
{
	struct rewrite_module *module = &rewrite->module;
	struct global *globals;

	module->stack_global = REWRITE_NONE;
	globals = module->memory_count ? read_globals(rewrite) : NULL;
	if (globals) {
		find_stack(module, globals);
		read_marks(module, globals);
	}
	if (module->section[SECTION_DATA].at)
		read_data(module);
}
