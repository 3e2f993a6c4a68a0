/* symbols.c: .symtab, .dynsym and mini debug information into one sorted array; see symbols.h. */
#include "names/symbols.h"

#include <elfutils/libdwelf.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "util.h"

#define MOST_MINI (64u << 20) /* bytes of .gnu_debugdata that are unpacked; real ones have some hundred KB */

/* Aliases: which name would a person expect? The exported one, and of these the one without underscores. */
static uint32_t rank_of(const char *name, const GElf_Sym *symbol)
{
	uint32_t binding = GELF_ST_BIND(symbol->st_info) == STB_LOCAL ? 0 :
	                   GELF_ST_BIND(symbol->st_info) == STB_WEAK ? 1 : 2;
	size_t underscores = strspn(name, "_"), length = strlen(name);

	if (underscores > 255)
		underscores = 255;
	if (length > 65535)
		length = 65535;
	return binding << 24 | (uint32_t)(255 - underscores) << 16 | (uint32_t)(65535 - length);
}

/* By index: where a section of code ends, in vaddrs; 0 for the others. */
static uint64_t *code_ends(Elf *elf, size_t *count)
{
	uint64_t *ends;
	Elf_Scn *section = NULL;

	if (elf_getshdrnum(elf, count) != 0)
		*count = 0;
	ends = xcalloc(*count, sizeof(*ends));
	while ((section = elf_nextscn(elf, section))) {
		size_t index = elf_ndxscn(section);
		GElf_Shdr header;

		if (index < *count && gelf_getshdr(section, &header) && (header.sh_flags & SHF_EXECINSTR))
			ends[index] = header.sh_addr + header.sh_size;
	}
	return ends;
}

static void add(struct symbols *symbols, const char *name, const GElf_Sym *symbol, uint64_t section_end)
{
	struct interval range = {
		.start = symbol->st_value,
		.end = symbol->st_value + symbol->st_size,
		.value = (uint32_t)symbols->count,
		.rank = rank_of(name, symbol),
		.open = !symbol->st_size,
	};

	if (range.open)
		range.end = section_end;
	if (range.end > section_end || symbols->count >= INTERVAL_NONE - 1)
		return;
	if (symbols->count == symbols->capacity) {
		symbols->capacity = symbols->capacity ? symbols->capacity * 2 : 256;
		symbols->names = xreallocarray(symbols->names, symbols->capacity, sizeof(*symbols->names));
	}
	symbols->names[symbols->count++] = name;
	intervals_add(&symbols->ranges, range);
}

/*
 * `all`: the table knows every function, so a function of unknown length reaches to the next one. In a table of the
 * exported ones only it would swallow the others between.
 */
static void read_table(struct symbols *symbols, Elf *elf, Elf_Scn *section, bool all)
{
	GElf_Shdr header;
	Elf_Data *data;
	uint64_t *ends;
	size_t sections, count;

	if (!section || !gelf_getshdr(section, &header) || !(data = elf_getdata(section, NULL)))
		return;
	ends = code_ends(elf, &sections);
	count = data->d_size / sizeof(Elf64_Sym);
	for (size_t i = 1; i < count && i <= INT32_MAX; i++) {
		GElf_Sym symbol;
		const char *name;
		unsigned type;

		if (!gelf_getsym(data, (int)i, &symbol))
			break;
		type = GELF_ST_TYPE(symbol.st_info);
		if (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE)
			continue;
		if (symbol.st_shndx >= sections || !ends[symbol.st_shndx] || (!symbol.st_size && !all))
			continue;
		name = elf_strptr(elf, header.sh_link, symbol.st_name);
		if (name && name[0] && name[0] != '.' && name[0] != '$')
			add(symbols, name, &symbol, ends[symbol.st_shndx]);
	}
	free(ends);
}

/* .gnu_debugdata is a whole ELF file under xz, with a .symtab of the functions that .dynsym lacks. */
static void read_mini(struct symbols *symbols, Elf *elf)
{
	Elf_Scn *section = elf_section(elf, ".gnu_debugdata");
	Elf_Data *data = section ? elf_rawdata(section, NULL) : NULL;
	int fd;

	if (!data || !data->d_size || data->d_size > MOST_MINI)
		return;
	fd = memfd_create("gnu_debugdata", MFD_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, data->d_buf, data->d_size) == (ssize_t)data->d_size)
		symbols->mini = dwelf_elf_begin(fd);
	if (!symbols->mini) {
		close(fd);
		return;
	}
	symbols->mini_fd = fd;
	if (elf_kind(symbols->mini) == ELF_K_ELF && gelf_getclass(symbols->mini) == ELFCLASS64)
		read_table(symbols, symbols->mini, elf_section_of_type(symbols->mini, SHT_SYMTAB), false);
}

void symbols_read(struct symbols *symbols, const struct elf_file *main, const struct elf_file *debug)
{
	Elf_Scn *full = main ? elf_section_of_type(main->elf, SHT_SYMTAB) : NULL;

	if (full) {
		read_table(symbols, main->elf, full, true);
	} else if (debug && (full = elf_section_of_type(debug->elf, SHT_SYMTAB))) {
		read_table(symbols, debug->elf, full, true);
	} else if (main) {
		read_table(symbols, main->elf, elf_section_of_type(main->elf, SHT_DYNSYM), false);
		read_mini(symbols, main->elf);
	}
	intervals_build(&symbols->ranges);
}

const char *symbols_find(const struct symbols *symbols, uint64_t vaddr)
{
	uint32_t found = intervals_find(&symbols->ranges, vaddr);

	return found == INTERVAL_NONE ? NULL : symbols->names[symbols->ranges.items[found].value];
}

bool symbols_are_several(const struct symbols *symbols, uint64_t vaddr)
{
	uint32_t found = intervals_find(&symbols->ranges, vaddr);

	return found != INTERVAL_NONE && symbols->ranges.items[found].shared;
}

const char *symbols_beginning(const struct symbols *symbols, uint64_t vaddr)
{
	uint32_t found = intervals_find(&symbols->ranges, vaddr);
	const struct interval *range = found == INTERVAL_NONE ? NULL : &symbols->ranges.items[found];

	return range && range->start == vaddr ? symbols->names[range->value] : NULL;
}

bool symbols_end(const struct symbols *symbols, uint64_t vaddr, uint64_t *end)
{
	uint32_t found = intervals_find(&symbols->ranges, vaddr);

	if (found == INTERVAL_NONE)
		return false;
	*end = symbols->ranges.items[found].end;
	return true;
}

bool symbols_have(const struct symbols *symbols, const char *name)
{
	for (size_t i = 0; i < symbols->count; i++)
		if (!strcmp(symbols->names[i], name))
			return true;
	return false;
}

void symbols_free(struct symbols *symbols)
{
	intervals_free(&symbols->ranges);
	free(symbols->names);
	if (symbols->mini) {
		elf_end(symbols->mini);
		close(symbols->mini_fd);
	}
	*symbols = (struct symbols){0};
}
