/*
 * rust_frame.h: what the name of one Rust function tells of a block that was allocated under it: whether it is part of
 * the allocator, what a container's method allocates, whose method it is, which types it mentions.
 */
#ifndef PROBE_NAMES_RUST_FRAME_H
#define PROBE_NAMES_RUST_FRAME_H

#include "names/cache.h"
#include "names/rust_name.h"

#define RUST_TYPE_LONGEST 4096 /* bytes of a type that is shown; a longer one is none */

enum rust_role {
	RUST_NONE,                /* no Rust name, or one that is cut short */
	RUST_ALLOCATOR,           /* what every block goes through */
	RUST_ERASED,              /* of a container, without its type: for all types, or the older scheme's */
	RUST_TEXT,                /* formats text, into a String */
	RUST_CONTAINER,           /* of a container, with its type */
	RUST_LIBRARY,             /* of the standard library otherwise */
	RUST_OBJECT,              /* wasm-bindgen hands an object to JavaScript */
	RUST_USER,
};

enum rust_made { RUST_ELEMENTS, RUST_POINTEE, RUST_ENTRIES, RUST_NODES };

struct rust_words {           /* of identifiers, in lower case, interned */
	const char **all;         /* owned */
	size_t    count;
};

/* A type that a name mentions; the strings are interned: equal ones are the same. */
struct rust_named {
	const char *name;         /* without hashes and arguments */
	const char *within;       /* of which type's arguments, NULL none … */
	uint32_t  argument;       /* … its number */
	bool      direct;         /* of a whole name: an argument of its type or of it; of a type: the type itself */
	struct rust_words modules, own; /* of the path between its crate and its last name, and of that */
};

struct rust_nameds {
	struct rust_named *all;   /* owned */
	size_t    count;
};

struct rust_frame {
	enum rust_role role;
	enum rust_made made;      /* CONTAINER */
	bool      is_rust;        /* no other language has such names */
	bool      writes;         /* ERASED: it grows what is there already */
	bool      sure;           /* CONTAINER: it allocates nothing else, whatever was inlined into it … */
	bool      sure_itself;    /* … it allocates nothing else itself, where what was inlined into it has frames of its own */
	char     *element;        /* CONTAINER: the type of what it holds; OBJECT: its type */
	struct rust_nameds element_names;
	unsigned  element_size;   /* bytes, 0 unknown */
	char     *container;      /* its own type if that is the library's, with its arguments */
	char     *from;           /* the function, in short */
	char     *self;           /* the user's type whose method it is, NULL none; without arguments if they are erased */
	char     *self_bare;      /* … without its arguments */
	struct rust_nameds self_names;
	bool      self_is_plumbing; /* of a crate that runs what belongs to others */
	bool      constructs;     /* by its name: new, build, spawn … */
	bool      sets_up;        /* something static, or a thread's own, when it is first needed: who needs it owns nothing */
	char     *holds;          /* USER: of a container's into_abi, the one type that it has for an argument; NULL none */
	char     *sink;           /* USER: the primitive elements of the vector that it is given to write to, NULL none */
	struct rust_nameds names; /* all that it mentions */
	struct rust_words words;  /* of its identifiers, of no type */
};

/* Of a function's name as it stands in a name section, demangled. `strings` interns and must outlive the frame. */
struct rust_frame *rust_frame_read(const char *function, struct cache *strings);
void rust_frame_free(void *frame);

/* Adds the words of "caml_fq_srsCreate". */
void rust_words(struct span text, struct cache *strings, struct rust_words *words);

#endif
