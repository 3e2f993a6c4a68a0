/* types.c: what the blocks of a site are; see types.h. Which rules go for a stack, and the strings of the answers. */
#include "names/types.h"

#include <inttypes.h>
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

/* What names tell of C++, and debug information: of the latter the type, if the former is not sure of it. */
static bool native_types(struct types *types, const struct frame *const *frames, size_t count,
                         const struct stack_nodes *stack, struct block_sizes sizes, struct block_type *answer)
{
	struct block_type named = {0}, received = {0};
	bool is_named = cpp_types(types, frames, count, sizes, &named);
	bool is_received = stack && !cpp_is_folded(&named) && received_type(types, stack, sizes,
	                                                                                is_named && cpp_is_sure(&named), &received);

	*answer = named;
	if (cpp_is_folded(&named)) { /* debug information would say the same as its frames */
		*answer = (struct block_type){0};
		return true;
	}
	if (!is_received)
		return is_named;
	if (is_named && cpp_is_sure(&named)) {
		if (named.type == received.type) {
			answer->size = received.size;
			answer->before = received.before;
		}
		return true;
	}
	*answer = received;
	if (named.owner != received.type)
		answer->owner = named.owner;
	return true;
}

struct block_type types_of_stack(struct types *types, const struct frame *const *frames, size_t count,
                                 const struct stack_nodes *stack, struct block_sizes sizes)
{
	struct block_type answer = {0};

	if (count && frames[0]->kind == FRAME_LOG)
		return (struct block_type){.type = frames[0]->type, .evidence = frames[0]->type ? "the log says so" : NULL};
	if (handed_over(types, frames, count, &answer) || script_types(types, frames, count, &answer) ||
	    c_library(frames, count, sizes, &answer) || node_types(types, frames, count, &answer) ||
	    native_types(types, frames, count, stack, sizes, &answer) ||
	    rust_types(types, frames, count, stack, sizes, &answer))
		return answer;
	return (struct block_type){0};
}

struct block_type types_of(struct types *types, const struct frame *const *frames, size_t count,
                           struct block_sizes sizes)
{
	return types_of_stack(types, frames, count, NULL, sizes);
}

const char *types_counted(struct types *types, const struct block_type *is, uint64_t smallest, uint64_t largest)
{
	uint64_t bytes = smallest - is->before;

	if (!is->type || !is->size || smallest != largest || smallest <= is->before || bytes <= is->size || bytes % is->size)
		return is->type;
	return types_keep(types, xasprintf("%s[%" PRIu64 "]", is->type, bytes / is->size));
}
