/* binary.c: opens what a module was loaded from, and asks DWARF first, then symbols; see binary.h. */
#include "names/binary.h"

#include <stdlib.h>
#include <string.h>

#include "names/debugfile.h"
#include "names/rust_generic.h"
#include "types/program.h"
#include "util.h"

#define BUILTIN "Builtins_" /* V8's names of its builtins' symbols begin so */

/* ---- hot: from an address to its places ----------------------------------------------------------------------- */

static void read_symbols(struct binary *binary)
{
	if (binary->symbols_are_read)
		return;
	binary->symbols_are_read = true;
	symbols_read(&binary->symbols, binary->main, binary->debug);
	binary->has_builtins = symbols_have(&binary->symbols, BUILTIN "InterpreterEntryTrampoline");
}

/* LLVM merges Rust functions of the same code; those that others may call keep their symbols. */
static bool is_merged(struct binary *binary, uint64_t vaddr, const char *mangled)
{
	if (!is_rust_mangled(mangled))
		return false;
	read_symbols(binary);
	return symbols_are_several(&binary->symbols, vaddr);
}

bool binary_has_symbol(struct binary *binary, const char *name)
{
	read_symbols(binary);
	return symbols_have(&binary->symbols, name);
}

const char *binary_symbol(struct binary *binary, uint64_t vaddr)
{
	read_symbols(binary);
	return symbols_find(&binary->symbols, vaddr);
}

/* Symbol of the function at a vaddr; copied without its version, and readable. */
static const char *symbol_at(struct binary *binary, struct demangler *demangler, uint64_t vaddr, bool only_mangled,
                             bool *merged)
{
	const char *name = binary_symbol(binary, vaddr), *version;

	if (!name || (only_mangled && !is_mangled(name)))
		return NULL;
	*merged = is_merged(binary, vaddr, name);
	version = strchr(name, '@');
	if (version && version > name) {
		struct cache_entry *entry = cache_at(&binary->unversioned, name, (size_t)(version - name));

		name = entry->key;
	}
	return demangle(demangler, name);
}

static void make_generic(struct binary *binary, struct place *place)
{
	char *generic = place->own ? rust_generic(place->function, place->parameters, place->own) : NULL;

	if (generic)
		place->generic = cache_at(&binary->generics, generic, strlen(generic))->key;
	free(generic);
}

static struct location *locate(struct binary *binary, struct demangler *demangler, uint64_t vaddr)
{
	struct place places[DWARF_MOST_PLACES];
	size_t count = binary->dwarf ? dwarf_places(binary->dwarf, vaddr, places) : 0;
	struct location *location;
	struct place *real;

	if (!count) {
		places[0] = (struct place){0};
		count = 1;
	}
	real = &places[count - 1];
	real->merged = real->mangled && is_merged(binary, vaddr, real->function);
	for (size_t i = 0; i < count; i++)
		if (places[i].mangled) {
			places[i].function = demangle(demangler, places[i].function);
			make_generic(binary, &places[i]);
		}
	/* Without a linkage name DWARF has only the last part of a C++ or Rust name; the symbol has all of it. */
	if (!real->mangled) {
		const char *name = symbol_at(binary, demangler, vaddr, real->function != NULL, &real->merged);

		if (name)
			real->function = name;
	}
	if (!real->function && !real->file)
		return NULL;
	location = xmalloc(sizeof(*location) + count * sizeof(*places));
	location->count = count;
	memcpy(location->places, places, count * sizeof(*places));
	return location;
}

const char *binary_builtin(const struct binary *binary, const struct location *location)
{
	const char *function = location && location->count == 1 ? location->places[0].function : NULL;

	return function && binary->has_builtins && !strncmp(function, BUILTIN, strlen(BUILTIN)) ?
	       function + strlen(BUILTIN) : NULL;
}

const struct location *binary_locate(struct binary *binary, struct demangler *demangler, const char *debug_root,
                                     uint64_t vaddr)
{
	struct cache_entry *entry;
	size_t before;

	if (!binary_open(binary, debug_root))
		return NULL;
	before = binary->locations.count;
	entry = cache_at(&binary->locations, &vaddr, sizeof(vaddr));
	if (binary->locations.count > before)
		entry->value = locate(binary, demangler, vaddr);
	return entry->value;
}

const char *binary_vtable(struct binary *binary, const char *debug_root, uint64_t vaddr)
{
	if (!binary_open(binary, debug_root))
		return NULL;
	if (!binary->vtables.read)
		vtable_symbols_read(&binary->vtables, binary->main, binary->debug);
	return vtable_symbols_find(&binary->vtables, vaddr);
}

/* ---- cold: opening -------------------------------------------------------------------------------------------- */

/*
 * Without a build-id: the file is the same if it takes as much room in memory and was not touched since it was
 * loaded. Its status-change time cannot be set back by a copy or an unpacked archive.
 */
static bool is_untouched(const struct binary *binary, const struct elf_file *file)
{
	uint64_t changed = (uint64_t)file->stat.st_ctim.tv_sec * 1000000000u + (uint64_t)file->stat.st_ctim.tv_nsec;

	return !file->build_id_size && binary->loaded_ns && changed < binary->loaded_ns &&
	       file->end - file->start == binary->module->end - binary->module->start;
}

static enum binary_state open_main(struct binary *binary)
{
	const struct module *module = binary->module;
	struct elf_file *file;

	switch (elf_file_open(module->path, &file)) {
	case ELF_MISSING:
		return BINARY_MISSING;
	case ELF_UNREADABLE:
	case ELF_DAMAGED:
		return BINARY_UNREADABLE;
	case ELF_FINE:
		break;
	}
	if (module->build_id_size ? elf_file_has_build_id(file, module->build_id, module->build_id_size) :
	                            is_untouched(binary, file)) {
		binary->main = file;
		return BINARY_FINE;
	}
	elf_file_close(file);
	return module->build_id_size ? BINARY_CHANGED : BINARY_UNPROVEN;
}

bool binary_open(struct binary *binary, const char *debug_root)
{
	const struct module *module = binary->module;

	if (binary->state != BINARY_UNOPENED)
		return binary->main || binary->debug;
	binary->state = open_main(binary);
	if (binary->main)
		binary->dwarf = dwarf_file_open(binary->main);
	if (!binary->dwarf || !elf_section_of_type(binary->main->elf, SHT_SYMTAB)) {
		if (module->build_id_size)
			binary->debug = debugfile_by_build_id(debug_root, module->build_id, module->build_id_size);
		if (!binary->debug && binary->main)
			binary->debug = debugfile_by_link(debug_root, binary->main);
		if (!binary->dwarf && binary->debug)
			binary->dwarf = dwarf_file_open(binary->debug);
	}
	if (binary->main)
		elf_file_detach(binary->main);
	if (binary->debug)
		elf_file_detach(binary->debug);
	return binary->main || binary->debug;
}

void binary_close(void *opaque)
{
	struct binary *binary = opaque;

	program_close(binary->program);
	cache_free(&binary->locations, free);
	cache_free(&binary->unversioned, NULL);
	cache_free(&binary->generics, NULL);
	dwarf_file_close(binary->dwarf);
	symbols_free(&binary->symbols);
	vtable_symbols_free(&binary->vtables);
	elf_file_close(binary->debug);
	elf_file_close(binary->main);
	free(binary);
}
