/*
 * elf.h: an ELF file on disk, checked before it is used. Its names and addresses are those of the file, not of a
 * process: `vaddr` is a virtual address as the file gives it.
 */
#ifndef PROBE_NAMES_ELF_H
#define PROBE_NAMES_ELF_H

#include <libelf.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#define ELF_MOST_CODE 16 /* if there are more, the last one stands for all further ones */

struct elf_file {
	Elf      *elf;            /* owned */
	int       fd;             /* owned; −1 after elf_file_detach */
	char     *path;           /* owned; where it was found */
	const uint8_t *build_id;  /* in elf; NULL if it has none */
	size_t    build_id_size;  /* bytes */
	struct stat stat;         /* when it was opened */
	uint64_t  start, end;     /* vaddrs of what is loaded, rounded to pages */
	struct { uint64_t start, end; } code[ELF_MOST_CODE]; /* vaddrs of what is executable */
	size_t    code_count;     /* in use */
};

enum elf_problem {
	ELF_FINE,
	ELF_MISSING,              /* there is no such file */
	ELF_UNREADABLE,           /* it may not be read */
	ELF_DAMAGED,              /* it is no ELF file of x86-64, or a damaged one */
};

/* On ELF_FINE *file is a new elf_file. */
enum elf_problem elf_file_open(const char *path, struct elf_file **file);
void elf_file_close(struct elf_file *file); /* NULL is fine */

/*
 * Gives the descriptor back, so that the number of modules is not limited by it. To be called after dwarf_begin_elf,
 * which learns through it where to look for other files.
 */
void elf_file_detach(struct elf_file *file);

bool elf_file_has_build_id(const struct elf_file *file, const uint8_t *build_id, size_t size);
bool elf_file_is_code(const struct elf_file *file, uint64_t vaddr);

/* A section that has contents, by name or by type; NULL if there is none. */
Elf_Scn *elf_section(Elf *elf, const char *name);
Elf_Scn *elf_section_of_type(Elf *elf, uint32_t type);

#endif
