/*
 * javascript.h: what V8 calls its code, taken apart: JavaScript in any tier, regular expressions, wasm, builtins.
 */
#ifndef PROBE_NAMES_JAVASCRIPT_H
#define PROBE_NAMES_JAVASCRIPT_H

#include "model.h"
#include "names/cache.h"

struct script_name {          /* strings are keys of the cache that was given; all zero: nothing is known */
	enum frame_kind kind;
	enum tier tier;
	const char *function;     /* "(anonymous)" if it has no name, NULL unknown */
	const char *own_name;     /* as the source has it, NULL if it has none */
	const char *script;       /* path, or what else V8 knows the script by; NULL: eval, or none */
	uint32_t  line, column;   /* where the function begins, from 1; 0 unknown */
	bool      interpreter;    /* code of V8's interpreter itself: a bytecode handler, or what calls them */
	bool      is_handler;     /* the former */
	bool      has_index;
	uint32_t  index;          /* of a wasm function */
};

/* Scripts that are known for certain, to tell "get a" of "b.js" from "get" of "a b.js". */
struct scripts {              /* all zero: none */
	struct cache names;       /* as V8 gives them; owned */
};

/* Learns the script of a code whose function has no name. */
void scripts_learn(struct scripts *scripts, const struct code *code);
void scripts_free(struct scripts *scripts);

struct script_name javascript_name(const struct code *code, const struct scripts *scripts, struct cache *strings);

/* Is it, by its name, a copy of V8's interpreter for one function? */
bool javascript_is_interpreted(const struct code *code);

/* Is it a name of V8's making, as it stands in a perf map? Then *kind is set to the enum trace_code_kind of it. */
bool javascript_is_name(const char *name, uint16_t *kind);

/* Of a builtin, by its name in V8's source: "ArrayMap", "LdaZeroHandler". */
struct script_name javascript_builtin(const char *builtin, struct cache *strings);

#endif
