/*
 * modules.h: which ELF files are loaded, and telling the recording when that changes.
 */
#ifndef PROBE_MODULES_H
#define PROBE_MODULES_H

#include "library.h"

/*
 * Writes a MODULE record for each loaded module. From process_start, when meta_write works already. In a forked child
 * it takes no lock of the loader's: it writes what the parent knew.
 */
void modules_record_all(void) HIDDEN;

/* Writes what was loaded and unloaded since the last time. Takes the loader's lock: never from inside malloc. */
void modules_refresh(void) HIDDEN;

/* As modules_refresh, for a module that dlmopen put into a namespace of its own, with all that came along. */
struct link_map;
void modules_record_namespace(const struct link_map *map) HIDDEN;

/* All addresses of the module that holds `inside`. False: there is none. */
bool modules_range(uintptr_t inside, uintptr_t *start, uintptr_t *end) HIDDEN;

/* Where in a module there may be tables of virtual functions; its code; and all of it. */
struct module_parts {
	struct module_part { uintptr_t start, end; } tables[2], code, all;
	bool     stays;              /* it is the program itself, which is never unloaded */
};

/* Copies those of up to `most` loaded modules, and tells how many were ever unloaded. Returns their number. */
uint32_t modules_parts(struct module_parts *parts, uint32_t most, uint32_t *unloaded) HIDDEN;

/*
 * Of the module that holds `inside`, a part is mapped a second time, `distance` further up, at [start, end); its addresses
 * are of one generation. Gone: it is unmapped.
 */
void modules_record_copy(uintptr_t inside, uintptr_t start, uintptr_t end, uintptr_t distance) HIDDEN;
void modules_record_copy_gone(uintptr_t start, uintptr_t end) HIDDEN;

#endif
