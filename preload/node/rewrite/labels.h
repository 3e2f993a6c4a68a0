/*
 * labels.h: the custom section "name" of a rewritten module. The appended function keeps the original's name, and the
 * wrapper gets it with LABEL_WRAPPER behind it, so that a reader of stacks knows it for one; what stands for memory.grow is LABEL_GROW.
 */
#ifndef PROBE_REWRITE_LABELS_H
#define PROBE_REWRITE_LABELS_H

#include "node/rewrite/emit.h"
#include "node/rewrite/module.h"

#define LABEL_WRAPPER "@probe"
#define LABEL_GROW    "memory.grow" LABEL_WRAPPER

/* The contents of the subsection with the names of functions; `bad` if there is none or it is damaged. */
struct scan labels_of_functions(const struct rewrite_module *module) HIDDEN;

/*
 * Appends the section to `out`, with what `candidate` changes in it; `grows`: a function for memory.grow follows those of
 * the candidate. False: it is copied as it is by who called.
 */
bool labels_emit(struct emit *out, const struct rewrite_module *module, const struct rewrite_candidate *candidate,
	bool grows) HIDDEN;

#endif
