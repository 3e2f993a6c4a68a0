/* build_id.h: the build-id of a loaded ELF file. */
#ifndef PROBE_BUILD_ID_H
#define PROBE_BUILD_ID_H

#include "library.h"

#define BUILD_ID_MAX 64              /* bytes; a longer one is none */

struct dl_phdr_info;

/* Copies the build-id, found through the program headers, into `bytes` (BUILD_ID_MAX); its size, 0: it has none. */
uint32_t build_id(const struct dl_phdr_info *info, uint8_t *bytes) HIDDEN;

#endif
