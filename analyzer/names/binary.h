/*
 * binary.h: all that is known of one file that was loaded, whichever processes loaded it: is it still the same file
 * on disk, and what lies at an address in it.
 */
#ifndef PROBE_NAMES_BINARY_H
#define PROBE_NAMES_BINARY_H

#include "model.h"
#include "names/demangle.h"
#include "names/dwarf.h"
#include "names/elf.h"
#include "names/symbols.h"
#include "names/vtables.h"

enum binary_state {
	BINARY_UNOPENED,
	BINARY_FINE,
	BINARY_MISSING,           /* nothing at its path */
	BINARY_UNREADABLE,        /* no permission, or no ELF file */
	BINARY_CHANGED,           /* the file at its path is another one */
	BINARY_UNPROVEN,          /* it has no build-id, and the file at its path may be another one */
};

struct program;

struct location {             /* what lies at an address */
	size_t    count;          /* places, at least one; the innermost first */
	struct place places[];    /* functions readable */
};

struct binary {
	const struct module *module; /* the first that was loaded from it; path, build-id, size. Not owned */
	uint64_t  loaded_ns;      /* nanoseconds since 1970 when that was, 0 unknown */
	enum binary_state state;  /* of main */
	struct elf_file *main;    /* as recorded, else NULL; owned */
	struct elf_file *debug;   /* its separate debug file, or NULL; owned */
	struct dwarf_file *dwarf; /* of main or debug, or NULL; owned */
	struct symbols symbols;   /* empty until symbols_are_read */
	bool      symbols_are_read; /* whether it was tried */
	struct vtable_symbols vtables;
	bool      has_builtins;   /* of V8, by its symbols; once they are read */
	struct cache unversioned; /* its keys are symbols without the @VERSION that they had; owned */
	struct cache generics;    /* its keys are names of Rust functions that debug information made whole; owned */
	struct cache locations;   /* by vaddr; owned; NULL where nothing is known */
	struct program *program;  /* what types are found by (types/program.h); NULL until needed; owned … */
	bool      no_program;     /* … or it cannot be read */
};

/* What lies at a vaddr, NULL unknown. Opens the file when first called. Owned by `binary`. */
const struct location *binary_locate(struct binary *binary, struct demangler *demangler, const char *debug_root,
                                     uint64_t vaddr);
/* The builtin of V8 that a location in this file is, by its name in V8's source; NULL: it is none. */
const char *binary_builtin(const struct binary *binary, const struct location *location);
/* False: the file is not there. Opens it when first called. */
bool binary_open(struct binary *binary, const char *debug_root);
/* Has the file a function of that name? It must be open. */
bool binary_has_symbol(struct binary *binary, const char *name);
/* The symbol of the function at a vaddr, as in the file; NULL unknown. The file must be open. */
const char *binary_symbol(struct binary *binary, uint64_t vaddr);
/* The symbol of the table of virtual functions at a vaddr, NULL: there is none. */
const char *binary_vtable(struct binary *binary, const char *debug_root, uint64_t vaddr);
void binary_close(void *binary); /* frees it */

#endif
