/* rust_twins.c: see rust_twins.h. */
#include "names/rust_twins.h"

#include "names/names.h"
#include "types/receiver.h"

/* The function that hands a program's requests to the allocator is inlined only by link-time optimization. */
static bool is_linked_whole(struct binary *binary)
{
	return !binary_has_symbol(binary, "__rdl_alloc") && !binary_has_symbol(binary, "__rg_alloc");
}

static bool mentions(const struct rust_frame *frame, const char *name)
{
	for (size_t i = 0; i < frame->names.count; i++)
		if (frame->names.all[i].name == name)
			return true;
	return false;
}

bool rust_has_twin(struct rust_walk *walk, const struct rust_claim *claim, const struct stack_nodes *stack)
{
	struct binary *binary;
	uint64_t vaddr;
	bool found = false, exact;

	if (!stack || !stack->count || !walk->optimized || !claim->names)
		return false;
	binary = names_binary(stack->names, stack->process, stack->nodes[0], &vaddr, &exact);
	if (!binary || !binary->dwarf || !is_linked_whole(binary))
		return false;
	for (size_t n = 0; n < claim->names->count; n++) {
		const char *name = claim->names->all[n].name;

		if (!class_has_twin(binary, name))
			continue;
		for (size_t i = 0; i < walk->count; i++)
			if (walk->frames[i] && walk->frames[i]->role == RUST_USER && mentions(walk->frames[i], name))
				walk->merged[i] = found = true;
	}
	return found;
}
