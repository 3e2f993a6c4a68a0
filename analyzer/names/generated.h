/*
 * generated.h: frames in code that a runtime generated: whose they are, at which line, in which tier; and why not,
 * where that cannot be told.
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

/* A node of the call tree of a process. */
struct generated_place {
	const struct process_info *process; /* whose */
	const struct trace_node *node;
	bool      above_interpreter; /* what called it is the frame of a function that is interpreted */
};

/* Where a node stands: the call, or, where the address is exact, that. */
static inline uint64_t call_of(const struct trace_node *node)
{
	/* A return address is that of the next instruction, which may be another line's, or another function's. */
	return node->generation & TRACE_NODE_EXACT ? node->address : node->address - 1;
}

/* False: no generated code is known there; then frame->why is set and nothing else. */
bool generated_frame(struct generated *generated, struct generated_names *names, struct demangler *demangler,
                     const struct generated_place *place, struct frame *frame);

/*
 * Of code of which a file of its runtime's has the name: by that alone, if it is one of V8's making. False: it is not,
 * and frame is as it was.
 */
bool generated_named(struct generated *generated, struct generated_names *names, struct demangler *demangler,
                     const struct generated_place *place, const char *name, struct frame *frame);

/* Of a builtin of V8, by the name it has in its source. */
void generated_builtin(struct generated_names *names, const char *builtin, bool above_interpreter,
                       struct frame *frame);

/* Is the node that of a function that is interpreted, by its bytecode? */
bool generated_is_interpreted(const struct generated *generated, const struct trace_node *node);

#endif
