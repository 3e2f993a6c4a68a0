/*
 * machine.h: what the registers and the stack of a function hold, as far as its instructions tell: the block that was
 * allocated, places of the frame, addresses, pointers of a known type. One instruction after the other; whatever one
 * does that is not known here makes what it writes unknown, so nothing is believed that is no longer there.
 *
 * Registers go by DWARF's numbers. The frame is measured from the canonical frame address (CFA).
 */
#ifndef PROBE_TYPES_MACHINE_H
#define PROBE_TYPES_MACHINE_H

#include <capstone/capstone.h>
#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stdint.h>

#define REGISTERS     16
#define MACHINE_SLOTS 48      /* places of the frame whose value is known; further ones are not */

enum { RAX, RDX, RCX, RBX, RSI, RDI, RBP, RSP, NO_REGISTER = REGISTERS };

enum value_kind {
	VALUE_UNKNOWN,
	VALUE_BLOCK,              /* the block, at an offset */
	VALUE_FRAME,              /* the CFA and an offset */
	VALUE_ADDRESS,            /* a vaddr */
	VALUE_NUMBER,             /* another number */
	VALUE_INDEX,              /* an unknown number, and an offset */
	VALUE_TYPED,              /* where a pointer to `type` points, and an offset */
};

struct value {
	enum value_kind kind;
	bool      indexed;        /* plus some elements of an array */
	uint8_t   parameter;      /* TYPED: it is the function's parameter of this number, from 1; 0: it is none */
	int64_t   offset;
	Dwarf_Die type;           /* TYPED: what is pointed to */
};

struct machine {
	struct value registers[REGISTERS];
	struct value vectors[REGISTERS][2]; /* xmm: low and high half */
	struct { int64_t offset; struct value value; } slots[MACHINE_SLOTS]; /* of the frame */
	size_t    slot_count;
	bool      null_tested;    /* the flags are those of comparing the block to NULL */
};

/* A place in memory: `base` with its displacement. If base is unknown: the register it is in, or NO_REGISTER. */
struct place_at {
	struct value base;
	uint8_t   reg, index;     /* of what is unknown */
	int64_t   displacement;   /* for what is unknown */
};

enum step {
	STEP_ON,                  /* to the next instruction */
	STEP_JUMP,                /* to `target` */
	STEP_BRANCH,              /* to either */
	STEP_CALL,                /* a call of `target`, or of what lies at `through`; then on */
	STEP_RETURN,
	STEP_STOP,                /* nobody knows where */
};

/* What the machine asks and tells while it steps. */
struct machine_world {
	void *context;
	/* The value that lies at a place that is none of the known slots. */
	struct value (*load)(void *context, const struct machine *machine, const struct place_at *place);
	/* The block, or a pointer into it, was stored there. Or `value` is an address: into the block. */
	void (*store)(void *context, const struct machine *machine, const struct place_at *place, struct value value);
};

struct stepped {
	enum step step;
	uint64_t  target;         /* of a jump, branch or call; 0 unknown */
	uint64_t  through;        /* the call's or jump's target lies at this vaddr; 0: it does not */
	bool      never;          /* BRANCH: it is never taken while the block is not NULL */
	bool      always;         /* … always */
};

struct stepped machine_step(struct machine *machine, const cs_insn *instruction, const struct machine_world *world);

/* As an instruction would store a value of 8 bytes. */
void machine_store(struct machine *machine, const struct place_at *place, struct value value,
                   const struct machine_world *world);

/* What a call leaves: registers that a function may change are unknown. */
void machine_called(struct machine *machine);

/* Does anything hold the block? */
bool machine_has_block(const struct machine *machine);

/* DWARF's number of a register of any width, NO_REGISTER of others. */
uint8_t machine_register(unsigned reg);

#endif
