/*
 * rust_claim.h: between rust_types.c and rust_claim.c: what lies in the blocks of a stack, as its innermost functions claim,
 * and what speaks for it and against it.
 */
#ifndef PROBE_NAMES_RUST_CLAIM_H
#define PROBE_NAMES_RUST_CLAIM_H

#include "names/rust_doubt.h"
#include "names/types.h"
#include "names/types_rules.h"

#define RUST_FRAMES_MOST 256  /* of one stack that are looked at, the innermost */

struct rust_walk {
	struct types *types;
	struct rust_frame *frames[RUST_FRAMES_MOST]; size_t count; /* of the module; by position in the stack */
	const char *names[RUST_FRAMES_MOST]; /* as they were given */
	bool      seen[RUST_FRAMES_MOST]; /* what was inlined into the function has frames of its own: there is debug information */
	bool      inlined[RUST_FRAMES_MOST]; /* into the next */
	bool      merged[RUST_FRAMES_MOST]; /* for sure: the name is one of several */
	bool      optimized;      /* as far as is known: functions of the same code may have been merged */
	const char *script;       /* the function of the script that called the module, NULL unknown … */
	struct rust_words words;  /* … and its words; owned */
};

struct rust_claim {
	size_t    at;             /* index of the frame that makes it; walk.count: none does */
	size_t    inner;          /* … of the innermost of its container, whose word that frame's overrules */
	const char *type;         /* NULL: none */
	const struct rust_nameds *names; /* that it mentions; NULL none */
	const char *holder;       /* the container, if it is that of text */
	char     *because;        /* owned; a clause, "elements of a vector, by RawVec::grow_one" */
	bool      alive_only;     /* where none is alive it could be something else */
	bool      one_size;       /* blocks of it are of one size … */
	unsigned  unit;           /* … or of multiples of it; 0 unknown */
};

/* Of the innermost frame that is not the same for all types. */
struct rust_claim rust_claim_of(struct rust_walk *walk);
/* Whether the frames further out bear out its type. */
enum rust_doubt rust_claim_doubt(const struct rust_walk *walk, const struct rust_claim *claim);
/* Do the sizes of the blocks allow it? */
bool rust_claim_allows(const struct rust_claim *claim, struct block_sizes sizes);

/* The same, of what the frame at `at` mentions. */
enum rust_doubt rust_doubt_of(const struct rust_walk *walk, const struct rust_nameds *names, size_t at);

#endif
