/*
 * program.h: one binary as the follower sees it: its instructions, where its frames are (.eh_frame), what its relocations
 * and its procedure linkage table refer to, its functions and its global variables. Read when first asked for, and kept.
 */
#ifndef PROBE_TYPES_PROGRAM_H
#define PROBE_TYPES_PROGRAM_H

#include <capstone/capstone.h>

#include "names/binary.h"
#include "types/shape.h"
#include "types/variables.h"

struct program {
	struct binary *binary;    /* not owned */
	const uint8_t *bytes;     /* of the file; not owned */
	size_t    size;           /* bytes */
	struct segment { uint64_t vaddr, size, offset; } *segments; /* owned */
	size_t    segment_count;
	struct relocation {
		uint64_t  at;         /* vaddr that it fills in */
		const char *name;     /* of the symbol, in the file; NULL: none */
		uint64_t  value;      /* vaddr, 0: in another module */
		bool      is_constant; /* nothing else is ever stored there */
	} *relocations;           /* by `at`; owned */
	size_t    relocation_count;
	struct object { uint64_t vaddr, size; const char *name; } *objects; /* data symbols by vaddr; owned */
	size_t    object_count;
	csh       disassembler;
	cs_insn  *instruction;    /* the one that is looked at */
	bool      can_disassemble;
	Dwarf_CFI *frames;        /* of the ELF file, which owns it; NULL: none */
	Dwarf_Addr frame_start, frame_end; /* for which pcs the next two hold */
	uint8_t   cfa_register;   /* NO_REGISTER: unknown */
	int64_t   cfa_offset;
	struct shapes shapes;
	struct cache functions;   /* struct function by the address of its entry; owned */
	struct cache globals;     /* by the address of a unit's entry: struct globals; owned */
	struct cache answers;     /* receiver.c's; owned */
	struct cache amounts;     /* amount.c's; owned */
	struct cache deleted;     /* deleted.c's; owned */
	struct globals *all;      /* of all units, NULL until needed */
};

/* NULL: the file is not there, or nothing in it can be disassembled. */
struct program *program_open(struct binary *binary);
void program_close(struct program *program);

/* The one of an opened binary, opened when first asked for; NULL as above. */
struct program *program_of(struct binary *binary);

/* The 8 bytes that the file has for a vaddr; 0: none. */
uint64_t program_word(const struct program *program, uint64_t vaddr);

/* The instruction at `vaddr`, NULL: none. Valid until the next call. */
const cs_insn *program_instruction(struct program *program, uint64_t vaddr);

/* What the CFA is at an instruction. False: unknown. */
bool program_frame(struct program *program, uint64_t vaddr, uint8_t *reg, int64_t *offset);

/* The relocation that fills in a vaddr, or NULL. */
const struct relocation *program_relocation(const struct program *program, uint64_t vaddr);

struct callee {
	uint64_t  vaddr;          /* 0: in another module, or unknown */
	const char *name;         /* mangled; NULL unknown */
	Dwarf_Die die;            /* if has_die: its entry, by its address, or a declaration in the caller's unit */
	bool      has_die, is_declaration;
};

/* What is called at `target`, or through the pointer at `through`. `function`: the caller. */
struct callee program_callee(struct program *program, const struct function *function, uint64_t target,
                             uint64_t through);

/* The function that has `vaddr` in it; an empty one if there is no debug information of it. */
struct function *program_function(struct program *program, uint64_t vaddr);

/* The type of the global variable at `vaddr`, and how far into it that is. `function` uses it. */
bool program_global(struct program *program, const struct function *function, uint64_t vaddr, Dwarf_Die *type,
                    uint64_t *offset);

/* The name of the data symbol that `vaddr` is in, NULL: none. */
const char *program_object(const struct program *program, uint64_t vaddr, uint64_t *offset);

#endif
