/*
 * rust_doubt.h: whether the frames of a stack bear out what one of them mentions. Where functions of the same code were
 * merged, the name that is left may be another type's: then the frames further out name that type's sibling.
 */
#ifndef PROBE_NAMES_RUST_DOUBT_H
#define PROBE_NAMES_RUST_DOUBT_H

#include "names/rust_frame.h"

enum rust_doubt {
	RUST_CONFIRMED,           /* all that it mentions, a frame further out mentions too */
	RUST_SILENT,              /* none speaks for it or against it */
	RUST_CONTRADICTED,
};

struct rust_outer {           /* what is further out */
	struct rust_frame *const *frames; size_t count; /* NULL where there is none */
	struct rust_words words;  /* of the script that called it */
};

enum rust_doubt rust_doubt(const struct rust_nameds *claim, const struct rust_outer *outer);

#endif
