/*
 * generated.h: frames in code that a runtime generated: whose they are, at which line, in which tier; and why not, where
 * that cannot be told.
 */
#ifndef PROBE_NAMES_GENERATED_H
#define PROBE_NAMES_GENERATED_H

#include "model.h"
#include "names/code.h"
#include "names/demangle.h"
#include "names/javascript.h"
#include "names/original.h"

struct generated {            /* of one process; all zero: not built */
	struct code_index index;
	struct scripts scripts;
	const char *missing;      /* what a runtime lacked, in the recording; NULL: nothing */
	bool      has_runtime, is_named; /* a runtime was there; it told names */
};

struct generated_names {      /* of all processes; all zero: ready */
	struct cache strings;     /* its keys are names; owned */
	struct cache tables;      /* of lines, by code; owned */
	struct originals originals;
};

void generated_build(struct generated *generated, const struct recording *recording, struct process_id process);
void generated_free(struct generated *generated);
void generated_names_free(struct generated_names *names);

/* An address and its generation, in one process. */
struct generated_place {
	const struct process_info *process; /* whose */
	uint64_t  address;        /* of the call */
	uint32_t  generation;
	bool      above_interpreter; /* what called it is the frame of a function that is interpreted */
};

/* False: no generated code is known there; then frame->why is set and nothing else. */
bool generated_frame(struct generated *generated, struct generated_names *names, struct demangler *demangler,
                     const struct generated_place *place, struct frame *frame);

/* Of a builtin of V8, by the name it has in its source. */
void generated_builtin(struct generated_names *names, const char *builtin, bool above_interpreter,
                       struct frame *frame);

/* Is the code there bytecode, or what runs it? */
bool generated_is_interpreted(const struct generated *generated, uint64_t address, uint32_t generation);

#endif
