/*
 * sites.c: types_sites BINARY FUNCTION…: each call of one of the functions in a binary, and what type the block that it
 * returns has by its debug information alone, without a size: a line each, "ADDRESS FILE:LINE TYPE WHY", "?" unknown.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "types/receiver.h"
#include "util.h"

static const char *const whys[CLAIM_KINDS] = {
	"vtable", "constructor", "variable", "member", "return", "inlined", "argument", "declared", "plumbing",
};

static bool is_wanted(const struct callee *callee, char **names)
{
	for (; callee->name && *names; names++)
		if (!strncmp(callee->name, *names, strcspn(callee->name, "@")) &&
		    (*names)[strcspn(callee->name, "@")] == '\0')
			return true;
	return false;
}

static const char *loaded[REGISTERS]; /* the global variable whose value a register has */

/* What is called by its address, or through a global variable: then the variable. */
static struct callee callee_of(struct program *program, const cs_insn *instruction)
{
	const cs_x86_op *op = &instruction->detail->x86.operands[0];
	uint64_t next = instruction->address + instruction->size, offset;

	if (op->type == X86_OP_IMM)
		return program_callee(program, program_function(program, instruction->address), (uint64_t)op->imm, 0);
	if (op->type == X86_OP_MEM && op->mem.base == X86_REG_RIP)
		return (struct callee){.name = program_object(program, next + (uint64_t)op->mem.disp, &offset)};
	if (op->type == X86_OP_REG && machine_register(op->reg) < REGISTERS)
		return (struct callee){.name = loaded[machine_register(op->reg)]};
	if (op->type == X86_OP_MEM && op->mem.index == X86_REG_INVALID && !op->mem.disp &&
	    machine_register(op->mem.base) < REGISTERS)
		return (struct callee){.name = loaded[machine_register(op->mem.base)]};
	return (struct callee){0};
}

/* Does it leave its first operand as it was? */
static bool only_reads(const cs_insn *instruction)
{
	return instruction->id == X86_INS_CALL || instruction->id == X86_INS_TEST || instruction->id == X86_INS_CMP ||
	       instruction->id == X86_INS_PUSH;
}

/* A register that is loaded from a global variable, or with where one is, has that until it gets something else. */
static void note_load(struct program *program, const cs_insn *instruction)
{
	const cs_x86_op *ops = instruction->detail->x86.operands;
	uint8_t reg = ops[0].type == X86_OP_REG ? machine_register(ops[0].reg) : NO_REGISTER;
	uint64_t at = instruction->address + instruction->size + (uint64_t)ops[1].mem.disp, offset;
	const struct relocation *relocation;

	if (reg >= REGISTERS || only_reads(instruction))
		return;
	loaded[reg] = NULL;
	if ((instruction->id != X86_INS_MOV && instruction->id != X86_INS_LEA) || ops[1].type != X86_OP_MEM ||
	    ops[1].mem.base != X86_REG_RIP)
		return;
	relocation = program_relocation(program, at);
	loaded[reg] = relocation && relocation->name ? relocation->name
	              : program_object(program, relocation ? relocation->value : at, &offset);
}

static void show(struct binary *binary, struct demangler *demangler, uint64_t vaddr, uint64_t next)
{
	struct receiver_call call = {binary, next};
	struct received received = receive(demangler, &call, 1, (struct receiver_sizes){0});
	struct place places[DWARF_MOST_PLACES];
	size_t count = dwarf_places(binary->dwarf, vaddr, places);

	printf("%lx %s:%u %s %s\n", (unsigned long)vaddr, count && places[0].file ? places[0].file : "?",
	       count ? places[0].line : 0, received.type ? received.type : "?", received.type ? whys[received.why] : "?");
	free(received.type);
	free(received.first);
}

int main(int argc, char **argv)
{
	struct module module = {.path = argc > 1 ? argv[1] : NULL, .end = 1ull << 46};
	struct binary binary = {.module = &module};
	struct demangler demangler = {0};
	struct elf_file *file;

	if (argc < 3)
		fatal(2, "usage: types_sites BINARY FUNCTION...");
	if (elf_file_open(argv[1], &file) != ELF_FINE || !file->build_id_size)
		fatal(3, "%s: no ELF file with a build-id", argv[1]);
	module.build_id = (uint8_t *)file->build_id;
	module.build_id_size = (uint32_t)file->build_id_size;
	if (!binary_open(&binary, "/usr/lib/debug") || !binary.dwarf || !(binary.program = program_open(&binary)))
		fatal(3, "%s: no debug information", argv[1]);
	for (size_t i = 0; i < file->code_count; i++)
		for (uint64_t vaddr = file->code[i].start; vaddr < file->code[i].end;) {
			const cs_insn *instruction = program_instruction(binary.program, vaddr);
			uint64_t next = vaddr + (instruction ? instruction->size : 1);

			if (instruction)
				note_load(binary.program, instruction);
			if (instruction && instruction->id == X86_INS_CALL) {
				struct callee callee = callee_of(binary.program, instruction);

				if (is_wanted(&callee, argv + 2))
					show(&binary, &demangler, vaddr, next);
			}
			vaddr = next;
		}
	demangler_free(&demangler);
	binary.module = NULL;
	elf_file_close(file);
	return 0;
}
