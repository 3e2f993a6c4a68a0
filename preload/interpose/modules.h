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

/*
 * Of the module that holds `inside`, a part is mapped a second time, `distance` further up, at [start, end); its addresses
 * are of one generation. Gone: it is unmapped.
 */
void modules_record_copy(uintptr_t inside, uintptr_t start, uintptr_t end, uintptr_t distance) HIDDEN;
void modules_record_copy_gone(uintptr_t start, uintptr_t end) HIDDEN;

#endif
