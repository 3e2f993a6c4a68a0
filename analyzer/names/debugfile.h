/*
 * debugfile.h: where debug information lies when it was taken out of a file.
 */
#ifndef PROBE_NAMES_DEBUGFILE_H
#define PROBE_NAMES_DEBUGFILE_H

#include "names/elf.h"

/* By build-id: ROOT/.build-id/xx/yyyy.debug. NULL if it is not there, or another's. */
struct elf_file *debugfile_by_build_id(const char *root, const uint8_t *build_id, size_t size);

/* By .gnu_debuglink: beside `file`, in .debug/ there, under ROOT; its checksum must be right. NULL otherwise. */
struct elf_file *debugfile_by_link(const char *root, const struct elf_file *file);

#endif
