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

/* How the section differs from the original's: pieces that both have, and between them what either has alone. */
struct label_changes {
	uint32_t count;
	struct label_change {
		uint32_t kept, added;    /* bytes of the new section: as they were, then such as the original has not */
		const uint8_t *lost;     /* what the original has there */
		uint32_t lost_size;
	} list[REWRITE_WATCHES + 2];
};

/*
 * Appends the section to `out`, with what `candidate` changes in it; `grows`: a function for memory.grow follows those of
 * the candidate. False: it is copied as it is by who called.
 */
bool labels_emit(struct emit *out, const struct rewrite_module *module, const struct rewrite_candidate *candidate,
	bool grows, struct label_changes *changes) HIDDEN;

/* Appends what rewrite_old_names needs beside the new section. */
void labels_emit_changes(struct emit *out, const struct label_changes *changes) HIDDEN;

#endif
