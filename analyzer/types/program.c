/* program.c: instructions, frames and relocations of a binary; see program.h. Its functions and globals: program_dwarf.c. */
#include "types/program.h"

#include <dwarf.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "trace/array.h"
#include "util.h"

#define LONGEST_INSTRUCTION 15
#define MOST_RELOCATIONS    (1u << 22)

/* ---- tables --------------------------------------------------------------------------------------------------- */

static void read_segments(struct program *program, Elf *elf)
{
	size_t count;
	GElf_Phdr header;

	if (elf_getphdrnum(elf, &count) != 0)
		return;
	for (size_t i = 0; i < count && i < UINT16_MAX && gelf_getphdr(elf, (int)i, &header); i++) {
		if (header.p_type != PT_LOAD || header.p_offset > program->size)
			continue;
		if (header.p_filesz > program->size - header.p_offset)
			header.p_filesz = program->size - header.p_offset;
		array_room(program->segments, program->segment_count);
		program->segments[program->segment_count++] =
			(struct segment){header.p_vaddr, header.p_filesz, header.p_offset};
	}
}

static int by_place(const void *left, const void *right)
{
	const struct relocation *a = left, *b = right;

	return (a->at > b->at) - (a->at < b->at);
}

static void add_relocation(struct program *program, const GElf_Rela *rela, Elf *elf, Elf_Data *symbols,
                           const GElf_Shdr *symbol_header, const GElf_Shdr *got)
{
	struct relocation relocation = {.at = rela->r_offset};
	uint32_t type = GELF_R_TYPE(rela->r_info);
	GElf_Sym symbol;

	if (type == R_X86_64_RELATIVE) {
		relocation.value = (uint64_t)rela->r_addend;
		relocation.is_constant = rela->r_offset - got->sh_addr < got->sh_size;
	} else if (type == R_X86_64_GLOB_DAT || type == R_X86_64_JUMP_SLOT || type == R_X86_64_64 ||
	           type == R_X86_64_COPY) {
		if (!symbols || GELF_R_SYM(rela->r_info) > INT32_MAX ||
		    !gelf_getsym(symbols, (int)GELF_R_SYM(rela->r_info), &symbol))
			return;
		relocation.name = elf_strptr(elf, symbol_header->sh_link, symbol.st_name);
		relocation.value = symbol.st_shndx != SHN_UNDEF ? symbol.st_value + (uint64_t)rela->r_addend : 0;
		relocation.is_constant = type == R_X86_64_GLOB_DAT || type == R_X86_64_JUMP_SLOT;
	} else {
		return;
	}
	array_room(program->relocations, program->relocation_count);
	program->relocations[program->relocation_count++] = relocation;
}

static void read_relocations(struct program *program, Elf *elf)
{
	Elf_Scn *section = elf_section(elf, ".got");
	GElf_Shdr header, symbol_header = {0}, got = {0};
	GElf_Rela rela;

	if (section && !gelf_getshdr(section, &got))
		got = (GElf_Shdr){0};
	section = NULL;
	while ((section = elf_nextscn(elf, section))) {
		Elf_Data *data, *symbols = NULL;
		Elf_Scn *table;
		size_t count;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_RELA || !(header.sh_flags & SHF_ALLOC) ||
		    !header.sh_entsize || !(data = elf_getdata(section, NULL)))
			continue;
		table = elf_getscn(elf, header.sh_link);
		if (header.sh_link && table && gelf_getshdr(table, &symbol_header))
			symbols = elf_getdata(table, NULL);
		count = header.sh_size / header.sh_entsize;
		for (size_t i = 0; i < count && i <= INT32_MAX && program->relocation_count < MOST_RELOCATIONS; i++)
			if (gelf_getrela(data, (int)i, &rela))
				add_relocation(program, &rela, elf, symbols, &symbol_header, &got);
	}
	if (program->relocation_count)
		qsort(program->relocations, program->relocation_count, sizeof(*program->relocations), by_place);
}

static int by_vaddr(const void *left, const void *right)
{
	const struct object *a = left, *b = right;

	if (a->vaddr != b->vaddr)
		return a->vaddr > b->vaddr ? 1 : -1;
	return (a->size > b->size) - (a->size < b->size);
}

static void read_objects(struct program *program, Elf *elf, uint32_t kind)
{
	Elf_Scn *section = elf_section_of_type(elf, kind);
	Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
	GElf_Shdr header;
	GElf_Sym symbol;

	if (!data || !gelf_getshdr(section, &header) || !header.sh_entsize)
		return;
	for (size_t i = 0; i < header.sh_size / header.sh_entsize && i <= INT32_MAX && gelf_getsym(data, (int)i, &symbol);
	     i++) {
		const char *name;

		if (GELF_ST_TYPE(symbol.st_info) != STT_OBJECT || symbol.st_shndx == SHN_UNDEF || !symbol.st_size ||
		    !(name = elf_strptr(elf, header.sh_link, symbol.st_name)))
			continue;
		array_room(program->objects, program->object_count);
		program->objects[program->object_count++] = (struct object){symbol.st_value, symbol.st_size, name};
	}
}

struct program *program_open(struct binary *binary)
{
	struct program *program;
	const char *bytes;
	size_t size;

	if (!binary->main || !(bytes = elf_rawfile(binary->main->elf, &size)))
		return NULL;
	program = xcalloc(1, sizeof(*program));
	program->binary = binary;
	program->bytes = (const uint8_t *)bytes;
	program->size = size;
	if (cs_open(CS_ARCH_X86, CS_MODE_64, &program->disassembler) == CS_ERR_OK) {
		program->can_disassemble = true;
		cs_option(program->disassembler, CS_OPT_DETAIL, CS_OPT_ON);
		program->instruction = cs_malloc(program->disassembler);
	}
	if (!program->instruction) {
		program_close(program);
		return NULL;
	}
	read_segments(program, binary->main->elf);
	read_relocations(program, binary->main->elf);
	if (elf_section_of_type(binary->main->elf, SHT_SYMTAB) || !binary->debug)
		read_objects(program, binary->main->elf, SHT_SYMTAB);
	else
		read_objects(program, binary->debug->elf, SHT_SYMTAB);
	read_objects(program, binary->main->elf, SHT_DYNSYM);
	if (program->object_count)
		qsort(program->objects, program->object_count, sizeof(*program->objects), by_vaddr);
	program->frames = dwarf_getcfi_elf(binary->main->elf);
	program->shapes.dwarf = binary->dwarf ? binary->dwarf->dwarf : NULL;
	return program;
}

struct program *program_of(struct binary *binary)
{
	if (!binary->program && !binary->no_program) {
		binary->program = program_open(binary);
		binary->no_program = !binary->program;
	}
	return binary->program;
}

/* ---- instructions --------------------------------------------------------------------------------------------- */

static const uint8_t *bytes_at(const struct program *program, uint64_t vaddr, size_t *size)
{
	for (size_t i = 0; i < program->segment_count; i++) {
		const struct segment *segment = &program->segments[i];

		if (vaddr - segment->vaddr < segment->size) {
			*size = segment->size - (vaddr - segment->vaddr);
			return program->bytes + segment->offset + (vaddr - segment->vaddr);
		}
	}
	return NULL;
}

uint64_t program_word(const struct program *program, uint64_t vaddr)
{
	uint64_t word = 0;
	size_t size;
	const uint8_t *at = bytes_at(program, vaddr, &size);

	if (at && size >= sizeof(word))
		memcpy(&word, at, sizeof(word));
	return word;
}

const cs_insn *program_instruction(struct program *program, uint64_t vaddr)
{
	size_t size;
	const uint8_t *code = bytes_at(program, vaddr, &size);

	if (!code)
		return NULL;
	if (size > LONGEST_INSTRUCTION)
		size = LONGEST_INSTRUCTION;
	return cs_disasm_iter(program->disassembler, &code, &size, &vaddr, program->instruction) ? program->instruction
	                                                                                         : NULL;
}

bool program_frame(struct program *program, uint64_t vaddr, uint8_t *reg, int64_t *offset)
{
	Dwarf_Frame *frame;
	Dwarf_Op *ops;
	size_t count;

	if (!program->frames)
		return false;
	if (vaddr < program->frame_start || vaddr >= program->frame_end) {
		program->frame_start = program->frame_end = 0;
		if (dwarf_cfi_addrframe(program->frames, vaddr, &frame) != 0)
			return false;
		program->cfa_register = NO_REGISTER;
		if (dwarf_frame_info(frame, &program->frame_start, &program->frame_end, NULL) >= 0 &&
		    dwarf_frame_cfa(frame, &ops, &count) == 0 && count == 1 && ops[0].atom == DW_OP_bregx &&
		    ops[0].number < REGISTERS) {
			program->cfa_register = (uint8_t)ops[0].number;
			program->cfa_offset = (int64_t)ops[0].number2;
		} else if (count == 1 && ops[0].atom >= DW_OP_breg0 && ops[0].atom < DW_OP_breg0 + REGISTERS) {
			program->cfa_register = ops[0].atom - DW_OP_breg0;
			program->cfa_offset = (int64_t)ops[0].number;
		}
		free(frame);
	}
	*reg = program->cfa_register;
	*offset = program->cfa_offset;
	return program->cfa_register != NO_REGISTER;
}

const struct relocation *program_relocation(const struct program *program, uint64_t vaddr)
{
	struct relocation key = {.at = vaddr};

	return program->relocation_count ? bsearch(&key, program->relocations, program->relocation_count,
	                                           sizeof(key), by_place) : NULL;
}

const char *program_object(const struct program *program, uint64_t vaddr, uint64_t *offset)
{
	size_t low = 0, high = program->object_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (program->objects[middle].vaddr <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || vaddr - program->objects[low - 1].vaddr >= program->objects[low - 1].size)
		return NULL;
	*offset = vaddr - program->objects[low - 1].vaddr;
	return program->objects[low - 1].name;
}
