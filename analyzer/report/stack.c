/* stack.c: the frames of a call-tree node and the one to blame; see stack.h. Reads names. */
#include "report/stack.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

/* Allocators inside a module: in Rust under a crate's name with its hash, "<dlmalloc[c273bb0c9ed652f9]::…". */
static bool is_wasm_plumbing(const struct frame *frame)
{
	static const char *const prefixes[] = {
		"alloc[", "core[", "std[", "dlmalloc[", "__rustc[", "hashbrown[", "dlmalloc::", "__rust_", "__rdl_",
		"__rg_", "__wbindgen_malloc", "__wbindgen_realloc", "emscripten_resize_heap",
	};
	static const char *const whole[] = {
		"malloc", "calloc", "realloc", "aligned_alloc", "posix_memalign", "sbrk", "dlmalloc",
	};
	const char *name = frame->function;

	if (frame->kind != FRAME_WASM || !name)
		return false;
	name += *name == '<';
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	for (size_t i = 0; i < sizeof(whole) / sizeof(*whole); i++)
		if (!strcmp(name, whole[i]))
			return true;
	return false;
}

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

	if ((frame->module && place_is_runtime(frame->module)) || is_wasm_plumbing(frame))
		return true;
	for (size_t i = 0; frame->function && i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (!strncmp(frame->function, prefixes[i], strlen(prefixes[i])))
			return true;
	return frame->file && (strstr(frame->file, "/include/c++/") || strstr(frame->file, "/bits/basic_string."));
}

/*
 * To blame is the innermost that has a name and is neither plumbing nor the runtime's that runs a script; else the
 * innermost with a name that is not plumbing; else the innermost with a name.
 */
static void find_blame(struct stack *stack)
{
	size_t named = stack->count;

	stack->maker = stack->blame = stack->count;
	for (size_t i = 0; i < stack->count; i++) {
		const struct frame *frame = stack->frames[i].frame;

		if (!frame->function)
			continue;
		named = named == stack->count ? i : named;
		if (is_plumbing(frame))
			continue;
		stack->maker = stack->maker == stack->count ? i : stack->maker;
		if (!stack->frames[i].engine) {
			stack->blame = i;
			return;
		}
	}
	stack->blame = stack->maker < stack->count ? stack->maker : named;
}

/*
 * A wrapper of an allocator's function is never shown, nor that its function is another one in the module that runs: in the
 * program's own it has the wrapper's index.
 */
static void leave_out(struct stack *stack, const struct frame *frame)
{
	struct stack_frame *inner = stack->count ? &stack->frames[stack->count - 1] : NULL;

	if (inner && frame->kind == FRAME_WASM && inner->frame->kind == FRAME_WASM && inner->frame->function &&
	    !strncmp(inner->frame->function, frame->function, strlen(inner->frame->function)))
		inner->wasm_index = frame->wasm_index;
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
			if (place_is_probe(&frames[i]))
				leave_out(&stack, &frames[i]);
			else if (!frames[i].machinery)
				stack.frames[stack.count++] = (struct stack_frame){
					&frames[i], node, place_is_engine(process, &frames[i]), frames[i].wasm_index};
	}
	find_blame(&stack);
	return stack;
}

size_t stack_script(const struct stack *stack)
{
	size_t at = stack->blame;

	if (at >= stack->count || stack->frames[at].frame->kind != FRAME_WASM)
		return stack->count;
	while (at < stack->count && (stack->frames[at].frame->kind != FRAME_JS || stack->frames[at].engine ||
	                             !stack->frames[at].frame->function))
		at++;
	return at;
}

void stack_free(struct stack *stack)
{
	free(stack->frames);
}

void stack_count_names(const struct stack *stack, struct name_sum *names)
{
	for (size_t i = 0; i < stack->count; i++) {
		if (stack->frames[i].frame->kind == FRAME_LOG)
			continue;
		names->frames++;
		names->unknown[stack->frames[i].frame->why] += !stack->frames[i].frame->function;
	}
}

const char *unknown_name(enum unknown why)
{
	static const char *const names[UNKNOWN_KINDS] = {
		[UNKNOWN_SYMBOL] = "no-symbol", [UNKNOWN_MODULE] = "no-module", [UNKNOWN_SILENT] = "runtime-silent",
		[UNKNOWN_UNTOLD] = "code-untold", [UNKNOWN_TWICE] = "named-twice", [UNKNOWN_INTERPRETED] = "interpreter",
	};

	return names[why];
}
