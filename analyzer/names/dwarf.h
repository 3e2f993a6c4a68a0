/*
 * dwarf.h: function, file, line and inlined frames by DWARF 4 and 5.
 */
#ifndef PROBE_NAMES_DWARF_H
#define PROBE_NAMES_DWARF_H

#include <elfutils/libdw.h>

#include "names/elf.h"
#include "names/intervals.h"
#include "names/cache.h"

#define DWARF_MOST_PLACES 128 /* functions inlined into each other at one address; what is further in is left out */

struct place {                /* where an address lies in the source, seen from one function */
	const char *function;     /* mangled where the compiler mangles; NULL unknown. Strings are the dwarf_file's */
	const char *file;         /* source file; NULL unknown */
	uint32_t  line, column;   /* 0 unknown */
	bool      mangled;        /* function is the linkage name, not just the last part of it */
	bool      merged;         /* of Rust: by the symbols several functions are the same code */
	const char *parameters;   /* names of its type parameters, with commas; NULL none, or not asked for: only of a name … */
	const char *own;          /* … that says what they stand for, "push<u32>", and is not the linkage name */
	const char *generic;      /* of Rust: the readable function with what they stand for; NULL: function says it */
};

struct dwarf_unit {           /* a compilation unit */
	Dwarf_Die die;            /* with its address ranges and lines */
	Dwarf_Die *functions;     /* owned; NULL until the unit was walked */
	size_t    function_count, function_capacity; /* in use, with room */
	struct intervals ranges;  /* of its functions, in vaddrs; the value is an index into functions */
	bool      walked;         /* functions and ranges are filled in */
};

struct dwarf_file {
	Dwarf    *dwarf;          /* owned */
	const struct elf_file *elf; /* says what is code; not owned */
	struct dwarf_unit *units; /* owned */
	size_t    unit_count, unit_capacity; /* in use, with room */
	struct intervals ranges;  /* of the units, in vaddrs; the value is an index into units */
	struct cache texts;       /* its keys are source files and parameters that libdw does not have as a string; owned */
};

/* NULL if there is no debug information about code in it. `file` must outlive the result. */
struct dwarf_file *dwarf_file_open(const struct elf_file *file);
void dwarf_file_close(struct dwarf_file *file); /* NULL is fine */

/*
 * Fills in places[0] for the innermost inlined function, the last one for the real one, and gives their number; 0
 * if nothing is known of `vaddr`. The last one may lack its function, and have file and line all the same.
 */
size_t dwarf_places(struct dwarf_file *file, uint64_t vaddr, struct place places[DWARF_MOST_PLACES]);

/* The entry of the function that has `vaddr` in it, owned by `file`; NULL: none has. */
Dwarf_Die *dwarf_function(struct dwarf_file *file, uint64_t vaddr);

#endif
