/* types_rules.h: between types.c and the rules of each language. */
#ifndef PROBE_NAMES_TYPES_RULES_H
#define PROBE_NAMES_TYPES_RULES_H

#include "names/demangle.h"
#include "names/rust_frame.h"
#include "names/types.h"

struct types {                /* all zero: ready */
	struct cache frames;      /* struct rust_frame by the address of a function's name; owned */
	struct cache strings;     /* of answers, and interned words */
	struct demangler demangler;
};

/* Interns a text and frees it; NULL and an empty one are NULL. */
const char *types_keep(struct types *types, char *text);

/* Each is false if it has nothing to say of the stack. */
bool rust_types(struct types *types, const struct frame *const *frames, size_t count, const struct stack_nodes *stack,
                struct block_sizes sizes, struct block_type *answer);
bool cpp_types(struct types *types, const struct frame *const *frames, size_t count, struct block_sizes sizes,
               struct block_type *answer);
/* Is what cpp_types says of the type itself sure? False: only where else nothing is known. */
bool cpp_is_sure(const struct block_type *answer);
/* Its frames contradict each other, and which is right cannot be told: there is no type. */
bool cpp_is_folded(const struct block_type *answer);
/* As it is shown: what a node of a container holds instead of the node, std::string for what it is. Of `types`. */
const char *cpp_type(struct types *types, const char *text);
bool c_library(const struct frame *const *frames, size_t count, struct block_sizes sizes, struct block_type *answer);
/* `is_array`: names tell that the blocks are arrays, or nodes, of a container. */
bool received_type(struct types *types, const struct stack_nodes *stack, struct block_sizes sizes, bool is_array,
                   struct block_type *answer);
bool script_types(struct types *types, const struct frame *const *frames, size_t count, struct block_type *answer);
/* Of node's own native blocks. */
bool node_types(struct types *types, const struct frame *const *frames, size_t count, struct block_type *answer);
/* Of what JavaScript glue passes to a module. */
bool handed_over(struct types *types, const struct frame *const *frames, size_t count, struct block_type *answer);

#endif
