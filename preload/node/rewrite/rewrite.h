/*
 * rewrite.h: a wasm module is rewritten before V8 compiles it, so that its own allocator reports each block. Bytes
 * in, bytes out: nothing here knows of node. In order:
 *
 *	rewrite_read    headers, names and exports (module.c, types.c, names.c); no function body is looked at
 *	rewrite_find    which functions are the allocator: by name (find.c, known.c), as PROBE_WASM_ALLOC says (said.c), in a
 *	                stripped module by what they do (shape.c, operators.c). Candidates, the best first.
 *	rewrite_make    the module with wrappers around the functions of one candidate (emit.c, wrapper.c, grow.c,
 *	                labels.c); origin.c leads back
 *	rewrite_free    all memory of the three
 *
 * Each says no with a reason in rewrite->reason; V8 is then given the module as it came. That is also what to do when
 * V8 rejects a rewritten module: it shall say what it has to say of the original.
 *
 * What is done to the module. No index of a function, type, table, memory, global, tag or segment changes. The body
 * of each watched function is appended as a new function, unchanged; its old index gets a wrapper, so whoever called
 * it, by call, reference or export, calls the wrapper. Appended are also a mutable i32 global, the *state*, and a
 * table of functions, the *hooks*, both exported under names that are in the result. The wrapper, while the state is
 * not 0,
 *
 *	sets the state to 0, calls the function, sets the state to what it was, and calls a hook (before a death, first)
 *
 * so what an allocation function calls in turn is not reported: one report for one call from outside. While the state
 * is 0 it makes a tail call of the function. An instance begins with state 0. Who instantiates fills the table, with
 * functions of the types below (a JavaScript function becomes one by passing through a small module that imports and
 * exports it), then sets the state to 1. Where names do not tell which functions are the allocator, two candidates
 * may be watched at once (rewrite_both): with the state 1 those of the first report, with 2 those of the second; a hook
 * may change the state. What is thrown through an allocation function passes the wrapper, with REWRITE_CATCH, with the
 * state set right; a trap, which no function can catch, and without it an exception leaves the state 0:
 * set it to 1 again whenever it is sure that no function of the instance runs. Each thread of a shared memory has its
 * own instance, so its own state and table.
 *
 * The hooks; P is f64 if result->wide, else i32 (to be read as unsigned: `>>> 0`); `watch` is the number of the
 * watched function in the candidate:
 *
 *	0  born(watch i32, pointer P, size P, alignment P)           after an allocation; pointer 0: it failed
 *	1  dies(watch i32, pointer P)                                before a free, never with pointer 0
 *	2  moves(watch i32, old P)                                   before a realloc, of nothing too (old 0)
 *	3  moved(watch i32, old P, pointer P, size P, alignment P)   after it. pointer 0: it failed, or, with size 0,
 *	                                                             freed `old`. old 0: it was a malloc
 *
 *	4  refused(memory i32, pages P)                              a memory.grow by so many pages gave −1, whatever the
 *	                                                             state is. For it memory.grow of memory 0 (of which
 *	                                                             `memory` is the index) becomes a call
 *
 * alignment 0: not told. Between `moves` and `moved` another thread may be given the old block's address. A trap in
 * between leaves `moves` without `moved`.
 *
 * A result has what leads from the rewritten module's function indices and byte offsets (frames, stacks, names of
 * code, source maps) back to the original's. Where an allocation function is larger than its wrapper, the wrapper is
 * filled up so that the functions behind it lie where they lay in the original.
 *
 * The bytes that rewrite_read was given must stay as long as the rewrite is in use. No function here is for a hot
 * path; none calls malloc, prints or takes a lock; one rewrite is used by one thread at a time.
 */
#ifndef PROBE_REWRITE_H
#define PROBE_REWRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef HIDDEN
#define HIDDEN __attribute__((visibility("hidden")))
#endif

/* Where memory comes from: zeroed, aligned to 16 at least. Most of the time that a rewrite takes is page faults in a single
 * large piece, unless that is of huge pages (MADV_HUGEPAGE). */
struct rewrite_memory {
	void *(*map)(void *context, size_t bytes);   /* NULL: there is none */
	void (*unmap)(void *context, void *memory, size_t bytes);
	void *context;
};

struct arena_piece;

struct rewrite_arena {
	struct rewrite_memory memory;
	struct arena_piece *last;
};

/* Text in the module, not ended by NUL. UTF-8 as V8 demands it, but that is not checked. */
struct rewrite_text {
	const char *text;                /* NULL: there is none */
	uint32_t length;
};

#define REWRITE_NONE UINT32_MAX

/* ---- what a module has ----------------------------------------------------------------------------------------- */

struct rewrite_linear {              /* a linear memory */
	bool imported, shared, wide;     /* wide: memory64 */
	bool bounded;                    /* it has a maximum */
	uint64_t minimum, maximum;       /* pages of 64 KiB */
};

struct rewrite_function {
	uint32_t type;                   /* index of its type */
	uint32_t body, size;             /* where its body begins, behind its size, from the module's start, and how long it
	                                  * is; 0 imported */
};

struct rewrite_type {                /* only of functions is more than `function` known */
	bool function;
	uint32_t parameters, results;    /* how many */
	const uint8_t *parameter, *result; /* their types, as in the module */
};

struct rewrite_export {
	struct rewrite_text name;
	uint32_t kind;                   /* 0 function, 1 table, 2 memory, 3 global, 4 tag */
	uint32_t index;
};

/* A section that is there once; `at` NULL: it is not. */
struct rewrite_section {
	const uint8_t *at;               /* its id */
	const uint8_t *content;
	uint32_t size;                   /* of the content */
};

#define REWRITE_SECTIONS 14          /* ids 0 to 13 */

struct rewrite_module {
	const uint8_t *bytes;
	uint32_t size;
	struct rewrite_section section[REWRITE_SECTIONS]; /* by id */
	struct rewrite_text names;       /* content of the custom section "name" behind the word "name" */
	const uint8_t *name_section;     /* its id byte; NULL none */
	uint32_t type_entries;           /* what the type section counts: a recursion group is one */
	uint32_t type_count;
	struct rewrite_type *types;
	uint32_t function_count, imported_functions;
	struct rewrite_function *functions;
	struct rewrite_text *function_names; /* from the name section; NULL: it has none */
	uint32_t table_count, imported_tables;
	uint32_t memory_count;
	struct rewrite_linear *memories;
	uint32_t global_count, imported_globals;
	uint32_t export_count;
	struct rewrite_export *exports;
	uint32_t start;                  /* function that runs at instantiation; REWRITE_NONE */

	/* What lies in memory 0 besides the heap, as far as the module says it; 0 unknown. */
	uint64_t data_low, data_high;    /* the smallest range with all active data at constant addresses */
	uint64_t data_bytes;             /* of active data segments at constant addresses, all together */
	uint64_t passive_bytes;          /* of passive ones: a module for threads copies them itself */
	uint64_t heap_base, data_end;    /* exported globals __heap_base, __data_end */
	uint32_t stack_global;           /* the global that is likely the stack pointer; REWRITE_NONE */
	uint64_t stack_top;              /* its initial value: stacks grow downwards from there */
};

/* ---- which functions are watched ------------------------------------------------------------------------------- */

enum rewrite_action { REWRITE_BORN, REWRITE_DIES, REWRITE_MOVED };

struct rewrite_watch {
	uint32_t function;
	uint8_t action;                  /* enum rewrite_action */
	bool out;                        /* BORN: the block's address is stored where `pointer` says if the result is 0
	                                  * (posix_memalign) */
	int8_t pointer;                  /* which parameter is the block (DIES, MOVED); see `out`; −1 none */
	int8_t size, count, alignment;   /* which parameter; the size is size × count; −1 none */
	struct rewrite_text name;        /* the function's, of the name section or an export, as far as it has one */
	uint8_t states;                  /* it reports while the state has one of these bits; 0: bit 0 */
	const char *role;                /* "malloc", "free", "realloc", …: what kind of function it is taken for */
	const char *why;                 /* in words: "its name", "its export", … */
};

#define REWRITE_WATCHES 64           /* of one candidate at most */
#define REWRITE_CANDIDATES 4

struct rewrite_candidate {
	const char *why;                 /* in words, of the whole */
	bool no_deaths;                  /* no function frees: a collector inside the module does */
	uint32_t count;
	struct rewrite_watch watches[REWRITE_WATCHES];
};

/* ---- the rewrite ----------------------------------------------------------------------------------------------- */

struct rewrite {
	struct rewrite_arena arena;
	const char *reason;              /* why the last call said no; a sentence's middle: "it has no code" */
	uint32_t number;                 /* of the module, by the caller: the added exports' names have it; 0 none */
	struct rewrite_module module;
	uint32_t candidate_count;
	struct rewrite_candidate *candidates[REWRITE_CANDIDATES];
	bool named;                      /* names of functions tell which they are */
};

enum rewrite_flags {
	REWRITE_HOLD_START = 1,          /* the start section is left out and its function exported: call it after the table
	                                  * is filled, so that what it allocates is seen */
	REWRITE_CATCH = 2,               /* wrappers catch all and throw it again, by instructions that not every V8 has, nor
	                                  * can all throw null */
};

/* Bytes that lie elsewhere than in the original. */
struct rewrite_range {
	uint32_t at, size;               /* in the rewritten module */
	uint32_t original;               /* where they were; REWRITE_NONE: they are new */
};

struct rewrite_result {
	uint8_t *bytes;                  /* of the arena */
	size_t size;
	bool wide;                       /* P is f64 */
	bool tells_refused;              /* it grows memory 0 itself: function `functions` + watches does it, and tells */
	uint32_t functions;              /* of the original, imports included: function `functions` + i of the rewritten
	                                  * module is the body of watch i's function, whose index has the wrapper */
	const struct rewrite_candidate *candidate;
	char hooks[24], state[24], start[24], memory[24]; /* names of the added exports; "" none; memory: memory 0 */
	char names[24];                  /* the custom section that says how the original's "name", of which there may be
	                                  * several, the first, differs (rewrite_old_names); "" that is not changed */
	uint32_t range_count;
	struct rewrite_range *ranges;    /* by `at`, without gaps, the whole module */
};

/*
 * Reads a module. `rewrite` must be zeroed but for arena.memory. False: it is no module, has no code, or has
 * something that this code does not know.
 */
bool rewrite_read(struct rewrite *rewrite, const uint8_t *bytes, size_t size) HIDDEN;

/*
 * Fills in the candidates. `said` is the value of PROBE_WASM_ALLOC, or NULL: nothing but it is a candidate. `all`:
 * also those that take a look at every instruction although names say enough. False: there is none.
 */
bool rewrite_find(struct rewrite *rewrite, const char *said, bool all) HIDDEN;

/* A candidate with the functions of two; NULL: a function is watched otherwise in each, or there is no room. */
const struct rewrite_candidate *rewrite_both(struct rewrite *rewrite, const struct rewrite_candidate *first,
	const struct rewrite_candidate *second) HIDDEN;

/* Makes the module in which the functions of `candidate` report. */
bool rewrite_make(struct rewrite *rewrite, const struct rewrite_candidate *candidate, unsigned flags,
	struct rewrite_result *result) HIDDEN;

void rewrite_free(struct rewrite *rewrite) HIDDEN;

/* The original's index of a function of the rewritten module; REWRITE_NONE: none. *wrapper: it is a wrapper's. */
uint32_t rewrite_function_of(const struct rewrite_result *result, uint32_t function, bool *wrapper) HIDDEN;

/* Where in the original the byte at `offset` of the rewritten module lay; REWRITE_NONE: it is new. */
uint32_t rewrite_offset_of(const struct rewrite_result *result, uint32_t offset) HIDDEN;

/*
 * The contents of the original's first section "name" from those of the rewritten module's and of the section
 * result->names. Their size; `old` NULL: nothing but that is wanted. 0: they do not belong together.
 */
size_t rewrite_old_names(const uint8_t *names, size_t size, const uint8_t *changes, size_t changes_size, uint8_t *old,
	size_t room) HIDDEN;

#endif
