/*
 * sanitizer.c: programs built with gcc's address or thread sanitizer. Their runtimes are shared libraries that insist on
 * coming first, before anything preloaded; gcc makes them the first that the program needs.
 */
#include <elf.h>
#include <string.h>

#include "interpose/follow.h"
#include "sys.h"

#define ENTRIES_AT_ONCE 16

static bool read_at(int fd, void *to, size_t bytes, uint64_t offset)
{
	return sys(SYS_pread64, fd, to, bytes, offset) == (long)bytes;
}

/* The file offset of a virtual address, 0 unknown; with address 0, that of the dynamic section. */
static uint64_t offset_of(int fd, const Elf64_Ehdr *elf, uint64_t address)
{
	for (uint32_t i = 0; i < elf->e_phnum; i++) {
		Elf64_Phdr header;

		if (!read_at(fd, &header, sizeof(header), elf->e_phoff + i * sizeof(header)))
			return 0;
		if (!address && header.p_type == PT_DYNAMIC)
			return header.p_offset;
		if (address && header.p_type == PT_LOAD && address - header.p_vaddr < header.p_filesz)
			return header.p_offset + (address - header.p_vaddr);
	}
	return 0;
}

bool program_is_sanitized(int fd, const Elf64_Ehdr *elf)
{
	static const char runtimes[][8] = {"libasan", "libtsan", "libhwas"};
	uint64_t dynamic = offset_of(fd, elf, 0), needed = UINT64_MAX, strings = 0;
	char name[sizeof(runtimes[0])] = "";

	for (bool end = !dynamic; !end; dynamic += ENTRIES_AT_ONCE * sizeof(Elf64_Dyn)) {
		Elf64_Dyn entries[ENTRIES_AT_ONCE];

		if (sys(SYS_pread64, fd, entries, sizeof(entries), dynamic) <= 0)
			return false;
		for (int i = 0; i < ENTRIES_AT_ONCE && !end; i++) {
			if (entries[i].d_tag == DT_NEEDED && needed == UINT64_MAX)
				needed = entries[i].d_un.d_val;
			else if (entries[i].d_tag == DT_STRTAB)
				strings = entries[i].d_un.d_ptr;
			end = entries[i].d_tag == DT_NULL || (needed != UINT64_MAX && strings);
		}
	}
	if (needed == UINT64_MAX || !(strings = offset_of(fd, elf, strings)) ||
	    !read_at(fd, name, sizeof(name) - 1, strings + needed))
		return false;
	for (size_t i = 0; i < sizeof(runtimes) / sizeof(runtimes[0]); i++)
		if (memcmp(name, runtimes[i], sizeof(name) - 1) == 0)
			return true;
	return false;
}
