/*
 * symbols.h: the functions of an ELF file by its symbol tables.
 */
#ifndef PROBE_NAMES_SYMBOLS_H
#define PROBE_NAMES_SYMBOLS_H

#include "names/elf.h"
#include "names/intervals.h"

struct symbols {              /* all zero: empty */
	struct intervals ranges;  /* in vaddrs; the value is an index into names */
	const char **names;       /* as in the file, which owns them; the array is owned */
	size_t    count, capacity; /* names in use, with room */
	Elf      *mini;           /* what .gnu_debugdata unpacks to, or NULL; owned */
	int       mini_fd;        /* owned, valid with mini */
};

/*
 * Reads the tables of `main` and of `debug`, its separate debug file; either may be NULL. The first
 * .symtab counts; without any, .dynsym and what .gnu_debugdata adds.
 */
void symbols_read(struct symbols *symbols, const struct elf_file *main, const struct elf_file *debug);
void symbols_free(struct symbols *symbols);

/* Is there a function of that name? Asks all of them. */
bool symbols_have(const struct symbols *symbols, const char *name);

/* The name of the function that has `vaddr` in it, NULL unknown; versions (name@VERSION) are still on it. */
const char *symbols_find(const struct symbols *symbols, uint64_t vaddr);

/* Has the function that has `vaddr` in it other names as well? */
bool symbols_are_several(const struct symbols *symbols, uint64_t vaddr);

/* The name of the function that begins at `vaddr`, NULL if none does. */
const char *symbols_beginning(const struct symbols *symbols, uint64_t vaddr);
/* Where the function ends that has `vaddr` in it; false if there is none. */
bool symbols_end(const struct symbols *symbols, uint64_t vaddr, uint64_t *end);

#endif
