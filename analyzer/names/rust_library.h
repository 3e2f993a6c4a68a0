/*
 * rust_library.h: between rust_frame.c and rust_library.c: what functions of Rust's standard library allocate.
 */
#ifndef PROBE_NAMES_RUST_LIBRARY_H
#define PROBE_NAMES_RUST_LIBRARY_H

#include "names/rust_frame.h"

/* A function of the library. `type` is whose method it is, taken apart and as text; NULL none. */
void rust_library_read(struct rust_frame *frame, struct span name, const struct rust_path *path,
                       const struct rust_path *type, struct span type_text, struct cache *strings);
/* A method of a trait of the library's, for any type: false if it is none of those that allocate. */
bool rust_trait_read(struct rust_frame *frame, const struct rust_path *path, struct cache *strings);

/* Adds the types that a text mentions: of a whole name, or of a type. */
void rust_frame_add(struct rust_nameds *names, struct span text, bool whole, struct cache *strings);
/* Sets frame->from. */
void rust_frame_from(struct rust_frame *frame, struct span type, struct span function);

#endif
