/* debugfile.c: finds separate debug files; see debugfile.h. */
#include "names/debugfile.h"

#include <elfutils/libdwelf.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "util.h"

struct elf_file *debugfile_by_build_id(const char *root, const uint8_t *build_id, size_t size)
{
	struct elf_file *file = NULL;
	char *path, *end;

	if (size < 2 || size > 64)
		return NULL;
	path = xmalloc(strlen(root) + sizeof("/.build-id/xx/.debug") + 2 * size);
	end = path + sprintf(path, "%s/.build-id/%02x/", root, build_id[0]);
	for (size_t i = 1; i < size; i++)
		end += sprintf(end, "%02x", build_id[i]);
	strcpy(end, ".debug");
	if (elf_file_open(path, &file) == ELF_FINE && !elf_file_has_build_id(file, build_id, size)) {
		elf_file_close(file);
		file = NULL;
	}
	free(path);
	return file;
}

static bool has_checksum(const struct elf_file *file, uint32_t checksum)
{
	size_t size;
	const char *bytes = elf_rawfile(file->elf, &size);

	return bytes && (uint32_t)crc32_z(0, (const unsigned char *)bytes, size) == checksum;
}

static struct elf_file *try(const char *path, const struct elf_file *stripped, uint32_t checksum)
{
	struct elf_file *file;

	if (elf_file_open(path, &file) != ELF_FINE)
		return NULL;
	bool itself = file->stat.st_dev == stripped->stat.st_dev && file->stat.st_ino == stripped->stat.st_ino;
	bool others = file->build_id_size && stripped->build_id_size &&
	              !elf_file_has_build_id(file, stripped->build_id, stripped->build_id_size);

	if (itself || others || !has_checksum(file, checksum)) {
		elf_file_close(file);
		return NULL;
	}
	return file;
}

struct elf_file *debugfile_by_link(const char *root, const struct elf_file *stripped)
{
	struct elf_file *found = NULL;
	GElf_Word checksum;
	const char *name = dwelf_elf_gnu_debuglink(stripped->elf, &checksum);
	char *folder, *slash;

	if (!name || !name[0] || strchr(name, '/'))
		return NULL;
	/* Links are followed first, as the packages that install debug files mean the real place. */
	folder = realpath(stripped->path, NULL);
	if (!folder || !(slash = strrchr(folder, '/'))) {
		free(folder);
		return NULL;
	}
	*slash = '\0';
	char *places[] = {
		xasprintf("%s/%s", folder, name),
		xasprintf("%s/.debug/%s", folder, name),
		xasprintf("%s%s/%s", root, folder, name),
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (!found)
			found = try(places[i], stripped, checksum);
		free(places[i]);
	}
	free(folder);
	return found;
}
