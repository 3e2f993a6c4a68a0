/* types.c: what the blocks of a site are; see types.h. Which rules go for a stack, and the strings of the answers. */
#include "names/types.h"

#include <stdlib.h>
#include <string.h>

#include "names/types_rules.h"
#include "util.h"

struct types *types_open(void)
{
	return xcalloc(1, sizeof(struct types));
}

void types_close(struct types *types)
{
	if (!types)
		return;
	cache_free(&types->frames, rust_frame_free);
	cache_free(&types->strings, NULL);
	cache_free(&types->classes, NULL);
	demangler_free(&types->demangler);
	free(types);
}

const char *types_keep(struct types *types, char *text)
{
	const char *key = text && *text ? cache_at(&types->strings, text, strlen(text))->key : NULL;

	free(text);
	return key;
}

/*
 * wasm-bindgen exports a class's functions as "<class>_method", "__wbg_get_<class>_field", "__wbg_<class>_free", all in
 * lower case: so what stands before each underscore may be a class, and what is none of these is no class.
 */
void types_learn(struct types *types, const struct process_info *process)
{
	for (size_t i = 0; i < process->code_count; i++) {
		const struct code *code = &process->codes[i];
		const char *name = code->kind == TRACE_CODE_WASM ? code->name : "", *at;

		if (!strncmp(name, "JS:", 3))
			name += 3;
		if (strchr(name, ':') || *name == '<')
			continue;
		if (!strncmp(name, "__wbg_get_", 10) || !strncmp(name, "__wbg_set_", 10))
			name += 10;
		else if (!strncmp(name, "__wbg_", 6))
			name += 6;
		for (at = strchr(name, '_'); at && at > name; at = strchr(at + 1, '_'))
			cache_at(&types->classes, name, (size_t)(at - name));
	}
}

struct block_type types_of(struct types *types, const struct frame *const *frames, size_t count,
                           struct block_sizes sizes)
{
	struct block_type answer = {0};

	if (handed_over(types, frames, count, &answer) || script_types(types, frames, count, &answer) ||
	    cpp_types(types, frames, count, sizes, &answer) || rust_types(types, frames, count, sizes, &answer))
		return answer;
	return (struct block_type){0};
}
