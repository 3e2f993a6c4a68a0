/* stack.c: the frames of a call-tree node and the one to blame; see stack.h. Reads names. */
#include "report/stack.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

/* Plumbing, which is nobody's leak: the C library, std::, alloc::, wrappers of malloc. */
static bool is_plumbing(const struct frame *frame)
{
	static const char *const prefixes[] = {
		"std::", "__gnu_cxx::", "operator new", "alloc::", "<alloc::", "core::", "<core::", "hashbrown::",
		"__rust_alloc", "__rust_realloc", "__rdl_", "void std::", "void* std::", "bool std::",
		/* node's and OpenSSL's wrappers of malloc */
		"v8::internal::AlignedAlloc", "v8::base::", "node::Malloc", "node::UncheckedMalloc", "uv__malloc",
		"uv__calloc", "uv__strdup", "CRYPTO_malloc", "CRYPTO_zalloc", "CRYPTO_realloc", "CRYPTO_strdup",
		"CRYPTO_memdup",
	};

	if (frame->module && place_is_runtime(frame->module))
		return true;
	for (size_t i = 0; frame->function && i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (!strncmp(frame->function, prefixes[i], strlen(prefixes[i])))
			return true;
	return frame->file && (strstr(frame->file, "/include/c++/") || strstr(frame->file, "/bits/basic_string."));
}

/* The innermost that has a name and is not plumbing; else the innermost with a name. */
static size_t blame(const struct stack *stack)
{
	size_t named = stack->count;

	for (size_t i = 0; i < stack->count; i++) {
		if (!stack->frames[i].frame->function)
			continue;
		if (!is_plumbing(stack->frames[i].frame))
			return i;
		named = named == stack->count ? i : named;
	}
	return named;
}

struct stack stack_resolve(struct view_process *process, struct node_id node)
{
	struct stack stack = {.ending = place_ending(process->info, node)};
	size_t capacity = 0;

	for (; node_is_frame(process->info, node);
	     node.index = process->info->nodes[node.index - TRACE_FIRST_NODE].parent) {
		const struct frame *frames;
		size_t count = names_resolve(process->input->names, process->id, node, &frames);

		if (stack.count + count > capacity) {
			capacity = capacity * 2 + count + 32;
			stack.frames = xreallocarray(stack.frames, capacity, sizeof(*stack.frames));
		}
		for (size_t i = 0; i < count; i++)
			stack.frames[stack.count++] = (struct stack_frame){&frames[i], node};
	}
	stack.blame = blame(&stack);
	return stack;
}

void stack_free(struct stack *stack)
{
	free(stack->frames);
}
