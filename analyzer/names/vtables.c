/* vtables.c: see vtables.h. */
#include "names/vtables.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "trace/array.h"
#include "util.h"

#define PREFIX     "_ZTV"
#define HEAD       16         /* bytes of a table before what objects point to, at least: with virtual bases there are more */
#define NAME_MOST  4096

static int by_address(const void *left, const void *right)
{
	const struct vtable_symbol *a = left, *b = right;

	return (a->address > b->address) - (a->address < b->address);
}

static void read_table(struct vtable_symbols *symbols, Elf *elf, Elf_Scn *section)
{
	GElf_Shdr header;
	Elf_Data *data;
	size_t count;

	if (!section || !gelf_getshdr(section, &header) || !(data = elf_getdata(section, NULL)))
		return;
	count = data->d_size / sizeof(Elf64_Sym);
	for (size_t i = 1; i < count && i <= INT32_MAX; i++) {
		const char *name;
		GElf_Sym symbol;

		if (!gelf_getsym(data, (int)i, &symbol))
			break;
		if (GELF_ST_TYPE(symbol.st_info) != STT_OBJECT || symbol.st_shndx == SHN_UNDEF)
			continue;
		name = elf_strptr(elf, header.sh_link, symbol.st_name);
		if (!name || strncmp(name, PREFIX, strlen(PREFIX)))
			continue;
		array_room(symbols->list, symbols->count);
		symbols->list[symbols->count++] = (struct vtable_symbol){symbol.st_value, symbol.st_size, name};
	}
}

void vtable_symbols_read(struct vtable_symbols *symbols, const struct elf_file *main, const struct elf_file *debug)
{
	Elf_Scn *full = main ? elf_section_of_type(main->elf, SHT_SYMTAB) : NULL;

	symbols->read = true;
	if (full)
		read_table(symbols, main->elf, full);
	else if (debug && (full = elf_section_of_type(debug->elf, SHT_SYMTAB)))
		read_table(symbols, debug->elf, full);
	else if (main)
		read_table(symbols, main->elf, elf_section_of_type(main->elf, SHT_DYNSYM));
	if (symbols->count)
		qsort(symbols->list, symbols->count, sizeof(*symbols->list), by_address);
}

void vtable_symbols_free(struct vtable_symbols *symbols)
{
	free(symbols->list);
	*symbols = (struct vtable_symbols){0};
}

const char *vtable_symbols_find(const struct vtable_symbols *symbols, uint64_t vaddr)
{
	const struct vtable_symbol *list = symbols->list;
	size_t low = 0, high = symbols->count;

	while (low < high) { /* the first that begins behind it */
		size_t middle = low + (high - low) / 2;

		if (list[middle].address <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	return low && vaddr - list[low - 1].address >= HEAD && vaddr - list[low - 1].address < list[low - 1].size ?
	       list[low - 1].name : NULL;
}

/* The first template argument of a class whose name begins with `class` and "<"; NULL: it does not. */
static char *argument_of(const char *name, const char *class)
{
	size_t length = strlen(class), depth = 0, at = length + 1;

	if (strncmp(name, class, length) || name[length] != '<')
		return NULL;
	for (; name[at]; at++) {
		char byte = name[at];

		if (!depth && (byte == ',' || byte == '>'))
			break;
		depth += byte == '<' || byte == '(' || byte == '[';
		depth -= depth && (byte == '>' || byte == ')' || byte == ']');
	}
	while (at > length + 1 && name[at - 1] == ' ')
		at--;
	return xasprintf("%.*s", (int)(at - length - 1), name + length + 1);
}

/* "typeinfo name for Foo" → "Foo". */
static char *class_of(const char *mangled, const char *said)
{
	struct demangler demangler = {0};
	const char *readable = demangle(&demangler, mangled);
	char *name = NULL, *shared;

	if (!strncmp(readable, said, strlen(said)))
		name = xstrdup(readable + strlen(said));
	demangler_free(&demangler);
	if (!name)
		return NULL;
	shared = argument_of(name, "std::_Sp_counted_ptr_inplace");
	shared = shared ? shared : argument_of(name, "std::__1::__shared_ptr_emplace");
	if (shared) {
		free(name);
		return shared;
	}
	return name;
}

char *vtable_class(const char *typeinfo, const char *symbol)
{
	char *mangled, *name;

	typeinfo += *typeinfo == '*'; /* of a class that no other file knows */
	if (*typeinfo && strlen(typeinfo) < NAME_MOST) {
		mangled = xasprintf("_ZTS%s", typeinfo);
		name = class_of(mangled, "typeinfo name for ");
		free(mangled);
		if (name)
			return name;
	}
	return symbol ? class_of(symbol, "vtable for ") : NULL;
}

bool vtable_is_shared(const char *typeinfo, const char *symbol)
{
	const char *name = *typeinfo ? typeinfo : symbol;

	return name && (strstr(name, "St23_Sp_counted_ptr_inplaceI") || strstr(name, "20__shared_ptr_emplaceI"));
}
