/*
 * builtins.c: see builtins.h. V8's builtins are embedded in the file that it is linked into. V8 11 (node 20) maps them a
 * second time, near the code that it generates, and calls them there ("short builtin calls"): that copy is recorded as
 * another mapping of the same file.
 */
#include "node/builtins.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>

#include "identity.h"
#include "interpose/modules.h"
#include "sys.h"
#include "text.h"

#define MAPS_BYTES (1u << 20)        /* of /proc/self/maps that are read */
#define SECTIONS   128u
#define RANGES     4
#define GAP        256u              /* bytes between two parts that lie one behind the other */

struct range { uintptr_t start, end; };

static struct {
	uintptr_t inside;            /* an address of V8's; 0: not started */
	struct range module;         /* the file's mapping */
	bool symbols;                /* it has a symbol table */
	struct range parts[RANGES];  /* the interpreter's */
	uint32_t part_count;
} builtins;

bool builtins_have_symbols(void)
{
	return builtins.symbols;
}

static bool file_has_symbols(const char *path)
{
	Elf64_Ehdr header;
	Elf64_Shdr section;
	long fd = sys(SYS_openat, AT_FDCWD, path[0] ? path : "/proc/self/exe", O_RDONLY | O_CLOEXEC);
	bool found = false;

	if (fd < 0)
		return false;
	if (sys(SYS_pread64, fd, &header, sizeof(header), 0) == (long)sizeof(header) &&
	    memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_shentsize == sizeof(section))
		for (unsigned i = 0; i < header.e_shnum && i < SECTIONS && !found; i++)
			found = sys(SYS_pread64, fd, &section, sizeof(section), header.e_shoff + i * sizeof(section)) ==
			        (long)sizeof(section) && section.sh_type == SHT_SYMTAB;
	sys(SYS_close, fd);
	return found;
}

void builtins_start(const void *inside)
{
	struct dl_find_object found;

	if (builtins.inside)
		return;
	builtins.inside = (uintptr_t)inside;
	if (_dl_find_object((void *)inside, &found) != 0)
		return;
	builtins.module = (struct range){(uintptr_t)found.dlfo_map_start, (uintptr_t)found.dlfo_map_end};
	builtins.symbols = file_has_symbols(found.dlfo_link_map->l_name);
}

void builtins_interpreter(uintptr_t start, uintptr_t end)
{
	for (uint32_t i = 0; i < builtins.part_count; i++) {
		struct range *part = &builtins.parts[i];

		if (start >= part->start && end <= part->end)
			return;
		if (start >= part->end && start - part->end < GAP) {
			part->end = end;
			return;
		}
	}
	if (builtins.part_count < RANGES)
		builtins.parts[builtins.part_count++] = (struct range){start, end};
}

/* ---- the second copy ------------------------------------------------------------------------------------------- */

struct mapping {
	uintptr_t start, end;
	bool executable;
	uint64_t offset;             /* in the file */
	const char *file;            /* device and inode, to the end of the number; */
	size_t file_length;
};

static uint64_t hexadecimal(const char **at)
{
	uint64_t value = 0;

	for (;; ++*at) {
		char c = **at;

		if (c >= '0' && c <= '9')
			value = value << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uint64_t)(c - 'a' + 10);
		else
			return value;
	}
}

/* A line of /proc/self/maps: "start-end rwxp offset device inode path". */
static struct mapping mapping_read(const char *line)
{
	struct mapping mapping = {.start = hexadecimal(&line)};

	line += *line == '-';
	mapping.end = hexadecimal(&line);
	if (strnlen(line, 6) < 6)
		return mapping;
	mapping.executable = line[3] == 'x';
	line += 6;
	mapping.offset = hexadecimal(&line);
	line += *line == ' ';
	mapping.file = line;
	line += strcspn(line, " \n");
	line += *line == ' ';
	line += strcspn(line, " \n");
	mapping.file_length = (size_t)(line - mapping.file);
	return mapping;
}

static const char *line_after(const char *line)
{
	line += strcspn(line, "\n");
	return line + (*line == '\n');
}

static void copy_told(const struct mapping *original, const struct mapping *copy)
{
	uintptr_t distance = (copy->start - copy->offset) - (original->start - original->offset);

	for (uint32_t i = 0; i < builtins.part_count; i++) {
		struct range part = {builtins.parts[i].start + distance, builtins.parts[i].end + distance};

		if (part.start >= copy->start && part.end <= copy->end)
			stack_interpreter(part.start, part.end);
	}
	modules_record_copy(builtins.inside, copy->start, copy->end, distance);
}

static void copies_find(const char *maps)
{
	struct mapping original = {0};

	for (const char *line = maps; *line; line = line_after(line)) {
		struct mapping mapping = mapping_read(line);

		if (mapping.executable && builtins.parts[0].start >= mapping.start &&
		    builtins.parts[0].start < mapping.end)
			original = mapping;
	}
	if (!original.file)
		return;
	for (const char *line = maps; *line; line = line_after(line)) {
		struct mapping mapping = mapping_read(line);

		if (mapping.executable && mapping.file && mapping.file_length == original.file_length &&
		    memcmp(mapping.file, original.file, original.file_length) == 0 &&
		    (mapping.start < builtins.module.start || mapping.start >= builtins.module.end))
			copy_told(&original, &mapping);
	}
}

void builtins_told(void)
{
	long maps;

	if (!builtins.part_count)
		return;
	for (uint32_t i = 0; i < builtins.part_count; i++)
		stack_interpreter(builtins.parts[i].start, builtins.parts[i].end);
	maps = sys(SYS_mmap, 0, MAPS_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (maps < 0 && maps > -4096)
		return;
	if (identity_read("/proc/self/maps", (char *)maps, MAPS_BYTES) > 0)
		copies_find((const char *)maps);
	sys(SYS_munmap, maps, MAPS_BYTES);
}
