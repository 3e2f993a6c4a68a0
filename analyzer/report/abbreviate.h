/*
 * abbreviate.h: C++ and Rust names that fill a screen.
 */
#ifndef PROBE_ABBREVIATE_H
#define PROBE_ABBREVIATE_H

#include <stddef.h>

/*
 * `function`, escaped before, in `width` columns if leaving out the hashes of Rust's crates, then its parameters, then its
 * template arguments, makes it fit: "f(…)", "Vector<…>::f(…)"; else as short as that makes it. To be freed.
 */
char *abbreviate(const char *function, size_t width);

#endif
