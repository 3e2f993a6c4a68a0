/* elf.c: opens ELF files for reading; see elf.h. */
#include "names/elf.h"

#include <elfutils/libdwelf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

#define PAGE 4096u

bool elf_file_has_build_id(const struct elf_file *file, const uint8_t *build_id, size_t size)
{
	return size && file->build_id_size == size && memcmp(file->build_id, build_id, size) == 0;
}

bool elf_file_is_code(const struct elf_file *file, uint64_t vaddr)
{
	for (size_t i = 0; i < file->code_count; i++)
		if (file->code[i].start <= vaddr && vaddr < file->code[i].end)
			return true;
	return false;
}

static Elf_Scn *find_section(Elf *elf, const char *name, uint32_t type)
{
	Elf_Scn *section = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names) != 0)
		return NULL;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		const char *found;

		if (!gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS || !header.sh_size)
			continue;
		if (!name && header.sh_type == type)
			return section;
		if (name && (found = elf_strptr(elf, names, header.sh_name)) && strcmp(found, name) == 0)
			return section;
	}
	return NULL;
}

Elf_Scn *elf_section(Elf *elf, const char *name)
{
	return find_section(elf, name, SHT_NULL);
}

Elf_Scn *elf_section_of_type(Elf *elf, uint32_t type)
{
	return find_section(elf, NULL, type);
}

static void read_segments(struct elf_file *file)
{
	size_t count;
	GElf_Phdr header;

	if (elf_getphdrnum(file->elf, &count) != 0)
		return;
	for (size_t i = 0; i < count && i <= INT32_MAX; i++) {
		if (!gelf_getphdr(file->elf, (int)i, &header) || header.p_type != PT_LOAD || !header.p_memsz)
			continue;
		uint64_t start = header.p_vaddr & ~(uint64_t)(PAGE - 1);
		uint64_t end = (header.p_vaddr + header.p_memsz + PAGE - 1) & ~(uint64_t)(PAGE - 1);

		if (end <= start)
			continue;
		if (file->start == file->end || start < file->start)
			file->start = start;
		if (end > file->end)
			file->end = end;
	}
}

/* Of the sections, not the segments: these have headers and padding in them, where no function can be. */
static void read_code(struct elf_file *file)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(file->elf, section))) {
		if (!gelf_getshdr(section, &header) || !(header.sh_flags & SHF_EXECINSTR))
			continue;
		if (header.sh_addr + header.sh_size <= header.sh_addr)
			continue;
		if (file->code_count == ELF_MOST_CODE)
			file->code_count--;
		else
			file->code[file->code_count].start = header.sh_addr;
		if (header.sh_addr < file->code[file->code_count].start)
			file->code[file->code_count].start = header.sh_addr;
		if (header.sh_addr + header.sh_size > file->code[file->code_count].end)
			file->code[file->code_count].end = header.sh_addr + header.sh_size;
		file->code_count++;
	}
}

static bool is_wanted(Elf *elf)
{
	GElf_Ehdr header;

	return elf && elf_kind(elf) == ELF_K_ELF && gelf_getehdr(elf, &header) &&
	       header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_machine == EM_X86_64 &&
	       (header.e_type == ET_EXEC || header.e_type == ET_DYN);
}

/* The path may come from a trace: nothing but a plain file is opened, for opening a device may set it off. */
static int open_plain(const char *path, struct stat *status)
{
	int fd;

	if (stat(path, status) != 0)
		return -1;
	if (!S_ISREG(status->st_mode)) {
		errno = EINVAL;
		return -1;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 && (fstat(fd, status) != 0 || !S_ISREG(status->st_mode))) {
		close(fd);
		errno = EINVAL;
		return -1;
	}
	return fd;
}

enum elf_problem elf_file_open(const char *path, struct elf_file **result)
{
	struct elf_file *file;
	struct stat status;
	const void *build_id;
	ssize_t size;
	int fd = open_plain(path, &status);

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? ELF_MISSING :
		       errno == EINVAL ? ELF_DAMAGED : ELF_UNREADABLE;
	elf_version(EV_CURRENT);
	file = xcalloc(1, sizeof(*file));
	file->elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!is_wanted(file->elf)) {
		elf_end(file->elf);
		free(file);
		close(fd);
		return ELF_DAMAGED;
	}
	file->path = xstrdup(path);
	file->stat = status;
	file->fd = fd;
	read_segments(file);
	read_code(file);
	size = dwelf_elf_gnu_build_id(file->elf, &build_id);
	if (size > 0) {
		file->build_id = build_id;
		file->build_id_size = (size_t)size;
	}
	*result = file;
	return ELF_FINE;
}

void elf_file_detach(struct elf_file *file)
{
	if (file->fd < 0 || elf_cntl(file->elf, ELF_C_FDREAD) != 0)
		return;
	close(file->fd);
	file->fd = -1;
}

void elf_file_close(struct elf_file *file)
{
	if (!file)
		return;
	elf_end(file->elf);
	if (file->fd >= 0)
		close(file->fd);
	free(file->path);
	free(file);
}
