/* handed_over.c: buffers that wasm-bindgen's glue fills in JavaScript and hands over to a module; see types_rules.h. */
#include <stdlib.h>
#include <string.h>

#include "names/types_rules.h"
#include "util.h"

/* Functions of the glue, by the array that they copy. A number may stand behind for a second memory. */
static const struct { const char *function, *type, *what; } passers[] = {
	{"passArray8ToWasm", "u8", "an array of bytes"}, {"passArray16ToWasm", "u16", "an array of 16-bit numbers"},
	{"passArray32ToWasm", "u32", "an array of 32-bit numbers"},
	{"passArray64ToWasm", "u64", "an array of 64-bit numbers"},
	{"passArrayF32ToWasm", "f32", "an array of floats"}, {"passArrayF64ToWasm", "f64", "an array of numbers"},
	{"passArrayJsValueToWasm", "JsValue", "an array of JavaScript values"},
	{"passStringToWasm", "u8", "a text"},
};

static bool is_module_code(const struct frame *frame)
{
	return frame->kind == FRAME_WASM || frame->kind == FRAME_UNKNOWN;
}

bool handed_over(struct types *types, const struct frame *const *frames, size_t count, struct block_type *answer)
{
	size_t at = 0;
	bool entry = false;

	for (; at < count && is_module_code(frames[at]); at++)
		if (frames[at]->function)
			entry = !strncmp(frames[at]->function, "__wbindgen_malloc", 17) ||
			        !strncmp(frames[at]->function, "__wbindgen_realloc", 18) ||
			        !strncmp(frames[at]->function, "__wbindgen_export", 17);
	while (at < count && frames[at]->kind == FRAME_BUILTIN)
		at++;
	if (!entry || at == count || frames[at]->kind != FRAME_JS || !frames[at]->function)
		return false;
	for (size_t i = 0; i < sizeof(passers) / sizeof(*passers); i++) {
		size_t size = strlen(passers[i].function);
		const char *caller = NULL;

		if (strncmp(frames[at]->function, passers[i].function, size) ||
		    frames[at]->function[size + strspn(frames[at]->function + size, "0123456789")])
			continue;
		for (size_t next = at + 1; next < count && !caller; next++)
			if (frames[next]->kind == FRAME_JS)
				caller = frames[next]->function;
		answer->type = types_keep(types, xstrdup(passers[i].type));
		answer->evidence = types_keep(types, caller
			? xasprintf("%s that JavaScript hands over: %.40s, called by %.200s", passers[i].what,
			            frames[at]->function, caller)
			: xasprintf("%s that JavaScript hands over: %.40s", passers[i].what, frames[at]->function));
		return true;
	}
	return false;
}
