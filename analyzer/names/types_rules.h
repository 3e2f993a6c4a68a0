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
bool rust_types(struct types *types, const struct frame *const *frames, size_t count, struct block_sizes sizes,
                struct block_type *answer);
bool cpp_types(struct types *types, const struct frame *const *frames, size_t count, struct block_sizes sizes,
               struct block_type *answer);
bool script_types(struct types *types, const struct frame *const *frames, size_t count, struct block_type *answer);
/* Of what JavaScript glue passes to a module. */
bool handed_over(struct types *types, const struct frame *const *frames, size_t count, struct block_type *answer);

#endif
