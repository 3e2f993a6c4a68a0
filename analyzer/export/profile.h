/*
 * profile.h: what every format of profiles needs of a view: its sites, and the stacks of its CPU samples, with their values;
 * of these stacks each text, function, frame and place is there once, whichever process it was in. One pass makes it.
 */
#ifndef PROBE_EXPORT_PROFILE_H
#define PROBE_EXPORT_PROFILE_H

#include "heap/cpu.h"
#include "report/view.h"

#define PROFILE_NONE UINT32_MAX

enum profile_value {
	VALUE_ALLOCS,             /* blocks that were allocated */
	VALUE_BYTES,              /* their bytes */
	VALUE_LIVE_BLOCKS,        /* blocks alive at the leak instant; after the mark, if one was asked for */
	VALUE_LIVE_BYTES,         /* their bytes */
	VALUE_PEAK,               /* bytes alive when the process's heap was largest */
	VALUE_TEMPORARY,          /* blocks freed with no other allocation of their thread in between */
	VALUE_CPU,                /* CPU time, nanoseconds; and the others of enum trace_cpu: */
	VALUE_INSTRUCTIONS, VALUE_CYCLES, VALUE_CACHE_MISSES, VALUE_PAGE_FAULTS,
	VALUE_SAMPLES,            /* of CPU time */
	PROFILE_VALUES,
};

static inline bool value_is_cpu(enum profile_value value) { return value >= VALUE_CPU; }

enum {                        /* what is wanted of a view */
	PROFILE_MEMORY = 1, PROFILE_CPU = 2,
	PROFILE_BASE_NAMES = 4,   /* a function is the same in whatever folder its file was, and program: of builds that are compared */
};

struct profile_function {
	uint32_t  name;           /* text; where it has none: its module and its place there, or that it is unknown */
	uint32_t  file;           /* text, "" unknown */
	uint32_t  module;         /* text: path of the module or script, "" in none */
	uint32_t  line, column;   /* where it begins, 0 unknown */
	enum frame_kind kind;
	bool      named;          /* else `name` is made */
};

struct profile_frame {        /* a line of a function */
	uint32_t  function;
	uint32_t  line, column;   /* 0 unknown */
	bool      inlined;        /* into the next frame of its place */
};

struct profile_place {        /* an address in a program, or why there is none */
	uint32_t  mapping;        /* PROFILE_NONE: in no module */
	uint64_t  address;        /* as if each module were always where it was seen first; 0: none */
	uint32_t  first, count;   /* its frames, innermost first: these of frame_ids */
};

struct profile_mapping {      /* a module, whichever processes loaded it */
	const struct module *module; /* as it was seen first; not owned */
	uint32_t  path;           /* text */
};

struct profile_site {         /* or a stack with CPU samples of one thread, which has no type */
	size_t    process;        /* index in view.processes */
	enum domain domain;
	struct node_id stack;
	const struct site *site;  /* in the model; NULL: CPU samples */
	const struct cpu_row *cpu; /* these; NULL: a site */
	uint32_t  type, owner, evidence; /* texts, "" unknown */
	uint32_t  blamed;         /* function that the report shows it under; PROFILE_NONE: none has a name */
	uint32_t  leaf;           /* place that stands for libprobe.so, which was interrupted; PROFILE_NONE: it was not */
	uint32_t  ending;         /* place that says why the outermost frames are missing, PROFILE_NONE: none is */
	uint64_t  values[PROFILE_VALUES];
};

struct profile_process {
	uint32_t *places;         /* by node: PROFILE_NONE not looked up yet, or its place; owned */
	uint32_t  name;           /* text: base name of the program, or the process's id */
	uint32_t *sampled;        /* by row of its CPU samples: its place in sites, PROFILE_NONE none; owned; NULL: not wanted */
};

struct profile {
	const struct view *view;
	bool      typed;          /* sites have types, which takes a look at their code */
	int       wanted;         /* a set of these */
	const char **texts;       size_t text_count; /* UTF-8; texts[0] is "" */
	struct profile_function *functions; size_t function_count;
	struct profile_frame *frames; size_t frame_count;
	uint32_t *frame_ids;      size_t frame_id_count; /* of places */
	struct profile_place *places; size_t place_count;
	struct profile_mapping *mappings; size_t mapping_count;
	struct profile_site *sites; size_t site_count;
	struct profile_process *processes; /* as in the view */
	uint64_t  totals[PROFILE_VALUES]; /* sums over the sites */
	struct profile_tables *tables; /* what finds all these again */
};

/* Sites of one domain; < 0: of each process its own, heap, of a log log. `wanted`: a set of PROFILE_…. */
struct profile *profile_build(const struct view *view, int domain, bool typed, int wanted);
void profile_free(struct profile *profile);

/*
 * The places of a site's stack, innermost first, written to *places, which grows; returns how many. An empty place's frames
 * (those of libprobe.so) are none.
 */
size_t profile_stack(const struct profile *profile, const struct profile_site *site, uint32_t **places,
                     size_t *capacity);

static inline const char *profile_text(const struct profile *profile, uint32_t text)
{
	return profile->texts[text];
}

/* A text that is not there yet is made. */
uint32_t profile_text_of(struct profile *profile, const char *text);

const char *profile_base_name(const char *path);
/* What was recorded, for a person: the programs, or the folder. Valid as long as the profile. */
const char *profile_title(struct profile *profile);

/* ---- profile_tree.c: all stacks as one tree, from the outermost functions inwards -------------------------------- */

struct profile_node {
	uint32_t  parent;         /* smaller than its own index; the root's is its own, 0 */
	uint32_t  function;       /* PROFILE_NONE: the root */
	uint32_t  child, sibling; /* the first, and the next of its parent; PROFILE_NONE: none */
	uint64_t  self[PROFILE_VALUES]; /* of the sites that end here */
};

struct profile_tree { struct profile_node *nodes; size_t count; }; /* owned; nodes[0] is the root */

struct profile_tree profile_tree_build(const struct profile *profile);
/* The same; stores the node of each site. */
struct profile_tree profile_tree_of_functions(const struct profile *profile, uint32_t *of_site);
/* The same of frames, which stand in the nodes in place of functions; stores the node of each site. */
struct profile_tree profile_tree_of_frames(const struct profile *profile, uint32_t *of_site);
void profile_tree_free(struct profile_tree *tree);
/* By node: what is in it and all of its children. To be freed. */
uint64_t *profile_tree_totals(const struct profile_tree *tree, enum profile_value value);

#endif
