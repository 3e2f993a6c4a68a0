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
	demangler_free(&types->demangler);
	free(types);
}

const char *types_keep(struct types *types, char *text)
{
	const char *key = text && *text ? cache_at(&types->strings, text, strlen(text))->key : NULL;

	free(text);
	return key;
}

struct block_type types_of(struct types *types, const struct frame *const *frames, size_t count,
                           struct block_sizes sizes)
{
	struct block_type answer = {0};

	if (count && frames[0]->kind == FRAME_LOG)
		return (struct block_type){.type = frames[0]->type, .evidence = frames[0]->type ? "the log says so" : NULL};
	if (handed_over(types, frames, count, &answer) || script_types(types, frames, count, &answer) ||
	    cpp_types(types, frames, count, sizes, &answer) || rust_types(types, frames, count, sizes, &answer))
		return answer;
	return (struct block_type){0};
}
