/*
 * modules.h: which module of a process holds an address.
 */
#ifndef PROBE_NAMES_MODULES_H
#define PROBE_NAMES_MODULES_H

#include "model.h"

struct module_range {
	const struct module *module; /* of the process; not owned */
	uint64_t  reach;          /* highest end of this and all earlier ones of its generation */
};

struct module_index {         /* all zero: not built */
	struct module_range *ranges; /* by generation, then start; owned */
	size_t    count;          /* ranges in use */
	bool      built;          /* ranges are filled in */
};

void module_index_build(struct module_index *index, const struct process_info *process);
void module_index_free(struct module_index *index);

/*
 * The module that was at `address` in that generation of what lies there. NULL if there was none, or if the
 * recording is of two minds.
 */
const struct module *module_at(const struct module_index *index, uint64_t address, uint32_t generation);

#endif
