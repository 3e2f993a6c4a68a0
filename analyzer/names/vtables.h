/*
 * vtables.h: what class has a table of virtual functions: by the name in its typeinfo, or by its symbol in the file.
 */
#ifndef PROBE_NAMES_VTABLES_H
#define PROBE_NAMES_VTABLES_H

#include "names/demangle.h"
#include "names/elf.h"

struct vtable_symbol {
	uint64_t  address, size;  /* of all of it; objects point into it */
	const char *name;         /* "_ZTV3Foo"; the file's */
};

struct vtable_symbols {       /* all zero: empty */
	struct vtable_symbol *list; size_t count; /* by address; owned */
	bool      read;           /* whether it was tried */
};

/* Of a file or its separate debug file; either may be NULL. */
void vtable_symbols_read(struct vtable_symbols *symbols, const struct elf_file *main, const struct elf_file *debug);
void vtable_symbols_free(struct vtable_symbols *symbols);
/* Of the table that objects which point to this vaddr have; NULL: there is none. */
const char *vtable_symbols_find(const struct vtable_symbols *symbols, uint64_t vaddr);

/*
 * The class's name for a person, from a typeinfo's name ("3Foo"), else from the symbol ("_ZTV3Foo" or NULL); NULL: it has
 * none. To be freed. What std::make_shared makes is an object of the class that it was asked for, with counts before it.
 */
char *vtable_class(const char *typeinfo, const char *symbol);
/* Is it one of what std::make_shared makes? By the same. */
bool vtable_is_shared(const char *typeinfo, const char *symbol);

#endif
