/*
 * rust_generic.h: what the older scheme leaves out of a Rust name, put back from debug information:
 * "alloc::vec::Vec<T,A>::push", of whose parameters it is told that they are "T,A", and that it is
 * "push<u32, alloc::alloc::Global>", becomes "alloc::vec::Vec<u32,alloc::alloc::Global>::push", as the newer scheme has it.
 */
#ifndef PROBE_NAMES_RUST_GENERIC_H
#define PROBE_NAMES_RUST_GENERIC_H

/*
 * `function`: demangled. `parameters`: names of its type parameters, with commas. `name`: the function's own, with what
 * they stand for. NULL if these do not fit each other. Owned by the caller.
 */
char *rust_generic(const char *function, const char *parameters, const char *name);

#endif
