/*
 * demangle.h: what a compiler called a function, and what a person calls it.
 */
#ifndef PROBE_NAMES_DEMANGLE_H
#define PROBE_NAMES_DEMANGLE_H

#include <stdbool.h>

#include "names/cache.h"

struct demangler {            /* all zero: ready */
	struct cache names;       /* mangled to readable, owned; a value is NULL where there is no better name */
};

/*
 * The readable name of a C++ or Rust function, with its parameters (C++) and without the hash (Rust). `mangled`
 * itself where it is nothing of the kind or too much for the demangler. Valid as long as `mangled` and the demangler.
 */
const char *demangle(struct demangler *demangler, const char *mangled);
bool is_mangled(const char *name);
bool is_rust_mangled(const char *name);
void demangler_free(struct demangler *demangler);

#endif
