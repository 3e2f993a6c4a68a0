/*
 * rust_name.h: what a demangled Rust function is called, taken apart: its path, the type that it is a method of, the
 * types that it was made for. Of the forms that rustc's schemes, LLVM's and libiberty's demanglers give:
 *   <alloc[6e57ee1d1b4bbd24]::vec::Vec<u8> as core[…]::clone::Clone>::clone       v0, as in a wasm name section
 *   alloc::vec::Vec<T,A>::push::h0123456789abcdef                                 legacy: parameters, not types
 * Names come from files that nobody vouches for. Everything here takes time in proportion to the name's length.
 */
#ifndef PROBE_NAMES_RUST_NAME_H
#define PROBE_NAMES_RUST_NAME_H

#include <stddef.h>
#include <stdint.h>

#include "names/span.h"

#define RUST_SEGMENTS 24      /* most of a path; a longer one is none */
#define RUST_ARGUMENTS 16     /* most type arguments of a segment that are told apart */

struct rust_segment {
	struct span name;         /* identifier or "{closure#0}"; without the crate's hash */
	struct span arguments;    /* between < and >, or none */
};

struct rust_path {
	struct rust_segment segments[RUST_SEGMENTS];
	size_t    count;
	struct span type;         /* of "<type as trait>::…" or "<type>::…"; the segments are those after it */
	struct span trait;        /* none if it has none */
};

/*
 * Takes a path apart: a function's name or a type. False if it is none, or cut short; then path->type is what was there of
 * it whole.
 */
bool rust_path_parse(struct span text, struct rust_path *path);

/* The name without what is no part of it: ".llvm.123", "::h0123456789abcdef", " multivalue shim", "@probe". */
struct span rust_name_trim(struct span name);

/* The last segment of a function that is no closure; the path is not empty. */
const struct rust_segment *rust_function_of(const struct rust_path *path);
/* The last name of a path, "Clone" of "core::clone::Clone"; none if it is no path. */
struct span rust_last_name(struct span path);
/* Is it a function of this module, "alloc::fmt", or deeper? */
bool rust_in_module(const struct rust_path *path, const char *crate, const char *module);

/* Type arguments, without lifetimes. At most RUST_ARGUMENTS. */
size_t rust_arguments(struct span arguments, struct span *each);

/* The type behind references and pointers: of "&mut T" T. */
struct span rust_pointee(struct span type);

/* A named type: not a tuple, a reference, a slice, a closure, a parameter such as T. */
bool rust_is_named(struct span type);
/* One that could be anything: a parameter of the source that the older scheme left in the name, or _. */
bool rust_is_parameter(struct span type);
/* Is one of these arguments such? */
bool rust_has_parameters(struct span arguments);
/* Bytes of a primitive type, 0 of all others. `word` is the bytes of a pointer. */
unsigned rust_primitive_size(struct span type, unsigned word);

/* Of a path that begins with one of the crates of Rust's standard library. */
bool rust_is_std(struct span path);

/*
 * A type as a person writes it: no crate's hash, no default allocator, no modules before the library's own types.
 * Owned by the caller; NULL if it is longer than `most` bytes.
 */
char *rust_render(struct span type, size_t most);

/* A named type within a type, with what it stands in. */
struct rust_mention {
	struct span path;         /* as in the text, with hashes, without arguments */
	struct span within;       /* the path that it is an argument of, or none */
	uint32_t  argument;       /* … its number */
	uint32_t  depth;          /* of type arguments around it */
	uint32_t  users;          /* … of which are those of users' types and functions */
};

/* The types of users' crates that a type or a whole name mentions, at most `most`. Traits and closures are none. */
size_t rust_mentions(struct span text, struct rust_mention *mentions, size_t most);

#endif
