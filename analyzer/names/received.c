/*
 * received.c: evidence `debuginfo`: what a block is by the variable, member, constructor, parameter or return type that
 * receives the pointer to it (types/receiver.h). Of C and C++ alone: other languages' types need rules of their own.
 */
#include <stdlib.h>
#include <string.h>

#include "names/names.h"
#include "names/types_rules.h"
#include "types/receiver.h"
#include "util.h"

#define MOST_CALLS  12        /* of a stack, the innermost */
#define MOST_STUBS  3         /* calls in libraries without debug information that pass a pointer out to one with it */

static struct receiver_sizes sizes_of(const struct stack_nodes *stack, struct block_sizes sizes, bool is_array)
{
	struct receiver_sizes of = {.family = stack->family, .is_array = is_array};

	if (stack->largest) {
		of.smallest = stack->smallest;
		of.largest = stack->largest;
	} else if (sizes.blocks && sizes.bytes % sizes.blocks == 0) {
		of.smallest = of.largest = sizes.bytes / sizes.blocks;
	}
	return of;
}

bool received_type(struct types *types, const struct stack_nodes *stack, struct block_sizes sizes, bool is_array,
                   struct block_type *answer)
{
	static const char *const clauses[CLAIM_KINDS] = {
		[CLAIM_VTABLE] = "debuginfo: its table of virtual functions is stored into it",
		[CLAIM_CONSTRUCTOR] = "debuginfo: its constructor gets it",
		[CLAIM_VARIABLE] = "debuginfo: the variable that it is put into",
		[CLAIM_MEMBER] = "debuginfo: the member, element or global variable that it is put into",
		[CLAIM_RETURN] = "debuginfo: what the function returns that returns it",
		[CLAIM_INLINED] = "debuginfo: the parameter of an inlined function that takes it",
		[CLAIM_ARGUMENT] = "debuginfo: the parameter of a function that takes it",
		[CLAIM_DECLARED] = "debuginfo: the parameter of a declared function that takes it",
		[CLAIM_PLUMBING] = "debuginfo: a variable of its allocator",
	};
	struct receiver_call calls[MOST_CALLS];
	size_t count = 0, useful = 0;
	struct received received;

	for (; count < MOST_CALLS && count < stack->count; count++) {
		bool exact;

		calls[count].binary = names_binary(stack->names, stack->process, stack->nodes[count],
		                                   &calls[count].vaddr, &exact);
		if (!calls[count].binary || exact)
			break;
		if (calls[count].binary->dwarf)
			useful = count + 1;
		if (count >= useful + MOST_STUBS)
			break;
	}
	/* A large program without debug information is not even looked at. */
	if (!useful)
		return false;
	received = receive(&types->demangler, calls, useful, sizes_of(stack, sizes, is_array));
	if (!received.type) {
		free(received.first);
		return false;
	}
	answer->type = cpp_type(types, received.type);
	answer->size = answer->type && !strcmp(answer->type, received.type) ? received.size : 0;
	answer->before = received.before;
	answer->first = types_keep(types, received.first);
	free(received.type);
	if (!answer->type)
		return false;
	answer->evidence = !received.is_open ? clauses[received.why] :
	                   types_keep(types, xasprintf("%s; the blocks are larger: an array of it, or one with something behind it",
	                                               clauses[received.why]));
	return true;
}
