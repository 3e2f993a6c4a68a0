/* build_id.c: see build_id.h. Reads what is mapped of a file that may be damaged: nothing but its readable parts. */
#include <elf.h>
#include <link.h>
#include <string.h>

#include "interpose/build_id.h"

/* Whether [at, at + bytes) is in a readable part of the module. */
static bool readable(const struct dl_phdr_info *info, uintptr_t at, size_t bytes)
{
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + header->p_vaddr;

		if (header->p_type == PT_LOAD && (header->p_flags & PF_R) && at >= start &&
		    at - start <= header->p_filesz && bytes <= header->p_filesz - (at - start))
			return true;
	}
	return false;
}

uint32_t build_id(const struct dl_phdr_info *info, uint8_t *bytes)
{
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		uintptr_t at = info->dlpi_addr + header->p_vaddr, end = at + header->p_filesz;
		size_t align = header->p_align == 8 ? 7 : 3;

		if (header->p_type != PT_NOTE || !readable(info, at, header->p_filesz))
			continue;
		while (end - at >= sizeof(ElfW(Nhdr))) {
			const ElfW(Nhdr) *note = (const ElfW(Nhdr) *)at;
			uintptr_t name = at + sizeof(*note), text = name + ((note->n_namesz + align) & ~align);

			if (text > end || note->n_descsz > end - text)
				break;
			if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
			    memcmp((const char *)name, "GNU", 4) == 0 && note->n_descsz <= BUILD_ID_MAX) {
				memcpy(bytes, (const char *)text, note->n_descsz);
				return note->n_descsz;
			}
			at = text + ((note->n_descsz + align) & ~align);
			if (at > end)
				break;
		}
	}
	return 0;
}
