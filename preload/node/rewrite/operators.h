/*
 * operators.h: the instructions of a function body, one after the other: each with what its immediates say, as far as
 * anyone here asks for it. Knows every operator that V8 of node 20 to 24 takes without a flag.
 */
#ifndef PROBE_REWRITE_OPERATORS_H
#define PROBE_REWRITE_OPERATORS_H

#include "node/rewrite/rewrite.h"
#include "node/rewrite/scan.h"

enum operator_code {
	OP_BLOCK = 0x02, OP_LOOP = 0x03, OP_IF = 0x04, OP_TRY = 0x06, OP_END = 0x0b, OP_RETURN = 0x0f, OP_CALL = 0x10,
	OP_CALL_INDIRECT = 0x11, OP_RETURN_CALL = 0x12, OP_DELEGATE = 0x18, OP_TRY_TABLE = 0x1f,
	OP_LOCAL_GET = 0x20, OP_LOCAL_SET = 0x21, OP_GLOBAL_GET = 0x23, OP_GLOBAL_SET = 0x24,
	OP_I32_LOAD = 0x28, OP_I64_LOAD = 0x29, OP_I64_STORE32 = 0x3e, OP_MEMORY_GROW = 0x40,
	OP_I32_CONST = 0x41, OP_I64_CONST = 0x42, OP_I32_EQZ = 0x45, OP_I32_CLZ = 0x67, OP_I32_CTZ = 0x68,
	OP_I32_MUL = 0x6c, OP_I64_CLZ = 0x79, OP_I64_CTZ = 0x7a, OP_I64_MUL = 0x7e,
	OP_F64_CONVERT_I32_U = 0xb8, OP_F64_CONVERT_I64_U = 0xba, OP_REF_FUNC = 0xd2,
};

struct operator {
	uint32_t code;   /* the opcode; behind a prefix: prefix << 16 | what follows it */
	int64_t value;   /* of a constant; the index that it names; the offset of a load or store */
};

/* Those of a function of the module itself, behind its locals. */
struct scan operators_of(const struct rewrite_module *module, uint32_t function) HIDDEN;

/* Reads the next one. False: the end, or not understood (scan->bad). */
bool operator_next(struct scan *scan, struct operator *op) HIDDEN;

/* Skips a constant expression, `end` included; *only is its first operator if it has just one, else code 0. */
void operator_constant(struct scan *scan, struct operator *only) HIDDEN;

#endif
