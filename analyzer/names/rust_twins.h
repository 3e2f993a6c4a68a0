/*
 * rust_twins.h: types of one layout. A user's function for one of them may be the same code as that for another; the compiler
 * keeps one of the two, and what debug information says is of that one. Link-time optimization inlines after that, so that not
 * even what was inlined is what it says, and there its word is not taken.
 */
#ifndef PROBE_NAMES_RUST_TWINS_H
#define PROBE_NAMES_RUST_TWINS_H

#include "names/rust_claim.h"

/*
 * Is the claim under a function of the user's that mentions a type of it, and may be another's? Notes in walk->merged which
 * functions may.
 */
bool rust_has_twin(struct rust_walk *walk, const struct rust_claim *claim, const struct stack_nodes *stack);

#endif
