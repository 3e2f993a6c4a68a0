/*
 * rust_literal.h: the type of a vec![…] of Rust's before 1.9x, where nothing was inlined: its buffer is allocated by the
 * function that it stands in, without a word of what it is for, and then handed to <[T]>::into_vec.
 */
#ifndef PROBE_NAMES_RUST_LITERAL_H
#define PROBE_NAMES_RUST_LITERAL_H

#include "names/binary.h"

/*
 * The call that ends just behind `vaddr`, if it is one that allocates for a vec![…]: "alloc::slice::hack::into_vec::<T>".
 * NULL if it is none, or not told. Owned by `binary`.
 */
const char *rust_literal(struct binary *binary, struct demangler *demangler, const char *debug_root, uint64_t vaddr);

#endif
