/*
 * operators.c: see operators.h. What the operators mean is nothing to this file, only how long they are.
 */
#include "node/rewrite/operators.h"

#include <string.h>

/* What follows an opcode. */
enum immediate {
	BAD,      /* no opcode */
	NONE,
	BYTE,     /* one byte */
	INDEX,    /* an index or a label */
	INDEX2,   /* two of them */
	S32, S64, F32, F64,
	BYTES16,
	BLOCK,    /* a block's type */
	MEMARG,
	LANE,     /* MEMARG and a byte */
	LABELS,   /* br_table */
	TYPES,    /* a vector of value types */
	HEAP,     /* a heap type */
	CATCHES,  /* try_table */
	CAST,     /* br_on_cast */
	PREFIX,
};

static const uint8_t plain[256] = {
	[0x00 ... 0x01] = NONE, [0x02 ... 0x04] = BLOCK, [0x05] = NONE, [0x06] = BLOCK, [0x07 ... 0x09] = INDEX,
	[0x0a ... 0x0b] = NONE, [0x0c ... 0x0d] = INDEX, [0x0e] = LABELS, [0x0f] = NONE, [0x10] = INDEX, [0x11] = INDEX2,
	[0x12] = INDEX, [0x13] = INDEX2, [0x14 ... 0x15] = INDEX, [0x18] = INDEX, [0x19 ... 0x1b] = NONE,
	[0x1c] = TYPES, [0x1f] = CATCHES,
	[0x20 ... 0x26] = INDEX, [0x28 ... 0x3e] = MEMARG, [0x3f ... 0x40] = INDEX,
	[0x41] = S32, [0x42] = S64, [0x43] = F32, [0x44] = F64, [0x45 ... 0xc4] = NONE,
	[0xd0] = HEAP, [0xd1] = NONE, [0xd2] = INDEX, [0xd3 ... 0xd4] = NONE, [0xd5 ... 0xd6] = INDEX,
	[0xfb ... 0xfe] = PREFIX,
};

static enum immediate of_gc(uint32_t code)
{
	static const uint8_t table[] = {
		[0 ... 1] = INDEX, [2 ... 5] = INDEX2, [6 ... 7] = INDEX, [8 ... 10] = INDEX2, [11 ... 14] = INDEX,
		[15] = NONE, [16] = INDEX, [17 ... 19] = INDEX2, [20 ... 23] = HEAP, [24 ... 25] = CAST, [26 ... 30] = NONE,
	};

	return code < sizeof(table) ? table[code] : BAD;
}

static enum immediate of_bulk(uint32_t code)
{
	static const uint8_t table[] = {
		[0 ... 7] = NONE, [8] = INDEX2, [9] = INDEX, [10] = INDEX2, [11] = INDEX, [12] = INDEX2, [13] = INDEX,
		[14] = INDEX2, [15 ... 17] = INDEX,
	};

	return code < sizeof(table) ? table[code] : BAD;
}

static enum immediate of_simd(uint32_t code)
{
	if (code <= 11 || code == 92 || code == 93)
		return MEMARG;
	if (code == 12 || code == 13)
		return BYTES16;
	if (code >= 21 && code <= 34)
		return BYTE;
	if (code >= 84 && code <= 91)
		return LANE;
	return code <= 0x113 ? NONE : BAD;
}

static enum immediate of_atomic(uint32_t code)
{
	if (code == 3)
		return BYTE;
	return code <= 2 || (code >= 0x10 && code <= 0x4e) ? MEMARG : BAD;
}

static void value_type(struct scan *scan)
{
	uint8_t type = scan_byte(scan);

	if (type == 0x63 || type == 0x64)
		scan_signed(scan, 33);
}

/* An index, the type of a value, or nothing. All but the reference types are numbers of 33 bits with a sign. */
static void block_type(struct scan *scan)
{
	if (scan->at < scan->end && (*scan->at == 0x63 || *scan->at == 0x64))
		value_type(scan);
	else
		scan_signed(scan, 33);
}

static int64_t memory_argument(struct scan *scan)
{
	if (scan_u32(scan) & 0x40) /* which memory follows */
		scan_u32(scan);
	return (int64_t)scan_unsigned(scan, 64);
}

static void catches(struct scan *scan)
{
	block_type(scan);
	for (uint32_t count = scan_u32(scan); count && !scan->bad; count--) {
		uint8_t kind = scan_byte(scan);

		if (kind > 3)
			scan_fail(scan);
		if (kind < 2)
			scan_u32(scan);
		scan_u32(scan);
	}
}

static void cast(struct scan *scan)
{
	scan_byte(scan);
	scan_u32(scan);
	scan_signed(scan, 33);
	scan_signed(scan, 33);
}

static enum immediate prefixed(struct scan *scan, struct operator *op)
{
	uint32_t prefix = op->code, code = scan_u32(scan);

	op->code = prefix << 16 | (code & 0xffff);
	switch (prefix) {
	case 0xfb: return of_gc(code);
	case 0xfc: return of_bulk(code);
	case 0xfd: return of_simd(code);
	default: return of_atomic(code);
	}
}

bool operator_next(struct scan *scan, struct operator *op)
{
	enum immediate immediate;

	if (!scan_more(scan))
		return false;
	op->code = *scan->at++;
	op->value = 0;
	immediate = plain[op->code];
	if (immediate == PREFIX)
		immediate = prefixed(scan, op);
	switch (immediate) {
	case NONE: break;
	case BYTE: scan_skip(scan, 1); break;
	case INDEX: op->value = scan_u32(scan); break;
	case INDEX2:
		op->value = scan_u32(scan);
		scan_u32(scan);
		break;
	case S32: op->value = scan_signed(scan, 32); break;
	case S64: op->value = scan_signed(scan, 64); break;
	case F32: scan_skip(scan, 4); break;
	case F64: scan_skip(scan, 8); break;
	case BYTES16: scan_skip(scan, 16); break;
	case BLOCK: block_type(scan); break;
	case LANE:
		op->value = memory_argument(scan);
		scan_skip(scan, 1);
		break;
	case MEMARG: op->value = memory_argument(scan); break;
	case LABELS:
		for (uint64_t count = (uint64_t)scan_u32(scan) + 1; count && !scan->bad; count--)
			scan_u32(scan);
		break;
	case TYPES:
		for (uint32_t count = scan_u32(scan); count && !scan->bad; count--)
			value_type(scan);
		break;
	case HEAP: scan_signed(scan, 33); break;
	case CATCHES: catches(scan); break;
	case CAST: cast(scan); break;
	case BAD:
	case PREFIX: scan_fail(scan); break;
	}
	return !scan->bad;
}

struct scan operators_of(const struct rewrite_module *module, uint32_t function)
{
	struct scan scan = scan_of(module->bytes + module->functions[function].body, module->functions[function].size);

	for (uint32_t groups = scan_u32(&scan); groups && !scan.bad; groups--) { /* of locals */
		scan_u32(&scan);
		value_type(&scan);
	}
	return scan;
}

void operator_constant(struct scan *scan, struct operator *only)
{
	struct operator op;

	memset(only, 0, sizeof(*only));
	for (unsigned count = 0; operator_next(scan, &op) && op.code != OP_END; count++)
		*only = count ? (struct operator){0} : op;
}
