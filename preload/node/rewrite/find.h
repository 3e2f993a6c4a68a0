/*
 * find.h: between the files that look for a module's allocator.
 */
#ifndef PROBE_REWRITE_FIND_H
#define PROBE_REWRITE_FIND_H

#include "node/rewrite/module.h"

/* What a function of a certain name is. */
struct known {
	const char *name;
	const char *within;              /* text that must stand in the whole name as well; NULL none */
	const char *parameters;          /* a letter each: s size, n count, a alignment, p block, o where its address goes,
	                                  * - anything; tells how many there must be */
	uint8_t action;                  /* enum rewrite_action */
	uint8_t group;                   /* enum known_group */
};

/* Those that belong together. */
enum known_group {
	KNOWN_ALLOCATOR,                 /* all layers of Rust's, C's and others' allocators: who calls whom is found
	                                  * out while running, the outermost counts */
	KNOWN_BLOCKS,                    /* AssemblyScript's allocator below its collector */
	KNOWN_OBJECTS,                   /* the same, one layer higher */
	KNOWN_COLLECTED,                 /* allocation by a collector that frees within */
	KNOWN_BINDGEN,                   /* wasm-bindgen's exports: JavaScript's way to the allocator, not Rust's own */
	KNOWN_GROUPS,
};

/* The entry for a name and a number of parameters; NULL: no allocator's. */
const struct known *known_find(struct rewrite_text name, uint32_t parameters) HIDDEN;

/* Fills in what `parameters` (see struct known) say. */
void known_parameters(struct rewrite_watch *watch, const char *parameters) HIDDEN;

/* Appends a watch, unless its function is in already, it does not fit its type, or there is no room. */
void candidate_add(const struct rewrite_module *module, struct rewrite_candidate *candidate,
	const struct rewrite_watch *watch) HIDDEN;

bool candidate_has(const struct rewrite_candidate *candidate, enum rewrite_action action) HIDDEN;

/* A new, empty one; NULL: there is no memory, or no room for another. */
struct rewrite_candidate *candidate_new(struct rewrite *rewrite, const char *why) HIDDEN;

/* Reads PROBE_WASM_ALLOC. False, with a reason, if it says nothing that fits the module. */
bool find_said(struct rewrite *rewrite, const char *said) HIDDEN;

/*
 * Looks at every instruction: dlmalloc's functions, by what they do. `start` has those that are known by export, or
 * is empty. Fills in `candidate`.
 */
void find_shape(struct rewrite *rewrite, const struct rewrite_candidate *start, struct rewrite_candidate *candidate) HIDDEN;

#endif
