/*
 * deleted.c: how large a class is by its deleting destructor, which hands its objects' size to operator delete; see receiver.h.
 * Without debug information, and in stripped programs, too.
 */
#include <stdlib.h>
#include <string.h>

#include "types/machine.h"
#include "types/receiver.h"
#include "util.h"

#define MOST_FUNCTIONS    64  /* of a table */
#define MOST_INSTRUCTIONS 200 /* of a function, in the order in which they stand */

/* The function that a table has at a vaddr; 0: another file's. False: the table ends there. */
static bool function_at(struct program *program, uint64_t vaddr, uint64_t *function)
{
	const struct relocation *relocation = program_relocation(program, vaddr);

	*function = relocation ? relocation->value : program_word(program, vaddr);
	if (*function)
		return program_instruction(program, *function) != NULL;
	return relocation && relocation->name;
}

static bool is_sized_delete(const char *name)
{
	return name && !strncmp(name, "_ZdlPvm", strlen("_ZdlPvm"));
}

/* The size with which a function deletes what it is called for; 0: it does not. */
static uint64_t deletes(struct program *program, uint64_t vaddr)
{
	const struct function *function = program_function(program, vaddr);
	const struct machine_world world = {0};
	struct machine machine = {0};

	machine.registers[RDI].kind = VALUE_BLOCK;
	machine.registers[RSP].kind = VALUE_FRAME;
	for (int i = 0; i < MOST_INSTRUCTIONS; i++) {
		const cs_insn *instruction = program_instruction(program, vaddr);
		const struct value *object = &machine.registers[RDI], *size = &machine.registers[RSI];
		struct stepped stepped;

		if (!instruction)
			return 0;
		vaddr += instruction->size;
		stepped = machine_step(&machine, instruction, &world);
		if ((stepped.step == STEP_CALL || stepped.step == STEP_JUMP) && (stepped.target || stepped.through) &&
		    object->kind == VALUE_BLOCK && !object->offset && size->kind == VALUE_NUMBER &&
		    is_sized_delete(program_callee(program, function, stepped.target, stepped.through).name))
			return (uint64_t)size->offset;
		if (stepped.step == STEP_CALL)
			machine_called(&machine);
		if (stepped.step == STEP_RETURN || stepped.step == STEP_STOP || (stepped.step == STEP_JUMP && !stepped.target))
			return 0;
		if (stepped.step == STEP_JUMP)
			vaddr = stepped.target;
	}
	return 0;
}

uint64_t class_size_deleted(struct binary *binary, uint64_t vaddr)
{
	struct program *program = program_of(binary);
	struct cache_entry *entry = program ? cache_at(&program->deleted, &vaddr, sizeof(vaddr)) : NULL;
	uint64_t found = 0;

	if (!entry)
		return 0;
	if (!entry->value) {
		entry->value = xmalloc(sizeof(found));
		for (uint64_t i = 0; i < MOST_FUNCTIONS; i++) {
			uint64_t function, size;

			if (!function_at(program, vaddr + 8 * i, &function))
				break;
			size = function ? deletes(program, function) : 0;
			/* A function that deletes what it is called for may be a base's. */
			if (size && found && size != found) {
				found = 0;
				break;
			}
			found = size ? size : found;
		}
		memcpy(entry->value, &found, sizeof(found));
	}
	return *(uint64_t *)entry->value;
}
