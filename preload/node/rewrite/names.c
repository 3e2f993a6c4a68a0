/*
 * names.c: the names of functions in the custom section "name". Names are a courtesy: what is not understood has
 * none.
 */
#include "node/rewrite/arena.h"
#include "node/rewrite/labels.h"
#include "node/rewrite/module.h"

bool read_names(struct rewrite *rewrite)
{
	struct rewrite_module *module = &rewrite->module;
	struct scan names = labels_of_functions(module), scan = names;
	uint32_t count;

	if (!module->name_section || names.bad)
		return true;
	module->function_names = arena_take(&rewrite->arena, module->function_count, sizeof(*module->function_names));
	if (!module->function_names) {
		rewrite->reason = "there is no memory";
		return false;
	}
	count = scan_u32(&scan);
	for (uint32_t i = 0; i < count && !scan.bad; i++) {
		uint32_t index = scan_u32(&scan);
		struct rewrite_text name = scan_text(&scan);

		if (!scan.bad && index < module->function_count)
			module->function_names[index] = name;
	}
	return true;
}
