/*
 * cfi.c: interprets one FDE's call frame instructions up to an address. Bounded: each instruction takes a byte or
 * more of a block of known length. Its scratch lies in the lane, because small stacks have no room for it.
 */
#include "stack.h"

enum {
	CFA_NOP = 0x00, CFA_SET_LOC = 0x01, CFA_ADVANCE1 = 0x02, CFA_ADVANCE2 = 0x03, CFA_ADVANCE4 = 0x04,
	CFA_OFFSET_EXTENDED = 0x05, CFA_RESTORE_EXTENDED = 0x06, CFA_UNDEFINED = 0x07, CFA_SAME_VALUE = 0x08,
	CFA_REGISTER = 0x09, CFA_REMEMBER = 0x0a, CFA_RESTORE_STATE = 0x0b, CFA_DEF_CFA = 0x0c,
	CFA_DEF_CFA_REGISTER = 0x0d, CFA_DEF_CFA_OFFSET = 0x0e, CFA_DEF_CFA_EXPRESSION = 0x0f, CFA_EXPRESSION = 0x10,
	CFA_OFFSET_EXTENDED_SF = 0x11, CFA_DEF_CFA_SF = 0x12, CFA_DEF_CFA_OFFSET_SF = 0x13, CFA_VAL_OFFSET = 0x14,
	CFA_VAL_OFFSET_SF = 0x15, CFA_VAL_EXPRESSION = 0x16, CFA_GNU_ARGS_SIZE = 0x2e, CFA_GNU_NEGATIVE = 0x2f,
	CFA_ADVANCE = 0x40, CFA_OFFSET = 0x80, CFA_RESTORE = 0xc0,
};

static void place(struct cfi_row *row, uint64_t number, enum cfi_kind kind, int64_t value)
{
	if (number < REGISTERS)
		row->registers[number] = (struct cfi_place){.value = value, .kind = (uint8_t)kind};
}

static void place_block(struct cfi_row *row, uint64_t number, enum cfi_kind kind, struct reader *reader)
{
	const uint8_t *block = reader->at;

	read_block(reader);
	if (number < REGISTERS)
		row->registers[number] = (struct cfi_place){.block = block, .kind = (uint8_t)kind};
}

static void place_cfa(struct cfi_row *row, uint64_t number, int64_t value)
{
	/* A register beyond those we know cannot be computed with: leave a kind that nobody accepts. */
	row->cfa = (struct cfi_place){.value = value, .from = (uint8_t)number,
		.kind = number < DWARF_RA ? CFI_REGISTER : CFI_UNDEFINED};
}

/* Runs instructions until the next would be for an address above `lookup`. False: they make no sense. */
static bool run(struct cfi *cfi, const struct description *description, struct reader reader, uintptr_t lookup)
{
	struct cfi_row *row = &cfi->row;
	uintptr_t at = description->start;
	int64_t align = description->data_align;
	unsigned remembered = 0;

	while (reader.at < reader.end && !reader.bad) {
		uint8_t operation = *reader.at++;
		uint64_t low = operation & 0x3f, number;
		struct cfi_place cfa;

		switch (operation & 0xc0) {
		case CFA_ADVANCE:
			at += low * description->code_align;
			if (at > lookup)
				return true;
			continue;
		case CFA_OFFSET:
			place(row, low, CFI_OFFSET, (int64_t)read_uleb(&reader) * align);
			continue;
		case CFA_RESTORE:
			if (low < REGISTERS)
				row->registers[low] = cfi->initial.registers[low];
			continue;
		}
		switch (operation) {
		case CFA_NOP:
			break;
		case CFA_SET_LOC:
			at = read_encoded(&reader, description->encoding, 0);
			if (at > lookup)
				return !reader.bad;
			break;
		case CFA_ADVANCE1:
		case CFA_ADVANCE2:
		case CFA_ADVANCE4:
			at += read_fixed(&reader, 1u << (operation - CFA_ADVANCE1)) * description->code_align;
			if (at > lookup)
				return !reader.bad;
			break;
		case CFA_OFFSET_EXTENDED:
			number = read_uleb(&reader);
			place(row, number, CFI_OFFSET, (int64_t)read_uleb(&reader) * align);
			break;
		case CFA_OFFSET_EXTENDED_SF:
			number = read_uleb(&reader);
			place(row, number, CFI_OFFSET, read_sleb(&reader) * align);
			break;
		case CFA_GNU_NEGATIVE:
			number = read_uleb(&reader);
			place(row, number, CFI_OFFSET, -(int64_t)read_uleb(&reader) * align);
			break;
		case CFA_RESTORE_EXTENDED:
			number = read_uleb(&reader);
			if (number < REGISTERS)
				row->registers[number] = cfi->initial.registers[number];
			break;
		case CFA_UNDEFINED:
			place(row, read_uleb(&reader), CFI_UNDEFINED, 0);
			break;
		case CFA_SAME_VALUE:
			place(row, read_uleb(&reader), CFI_SAME, 0);
			break;
		case CFA_REGISTER:
			number = read_uleb(&reader);
			place(row, number, CFI_REGISTER, (int64_t)read_uleb(&reader));
			break;
		case CFA_REMEMBER:
			if (remembered == CFI_REMEMBERED)
				return false;
			cfi->remembered[remembered++] = *row;
			break;
		case CFA_RESTORE_STATE:
			if (remembered == 0)
				return false;
			*row = cfi->remembered[--remembered];
			break;
		case CFA_DEF_CFA:
			number = read_uleb(&reader);
			place_cfa(row, number, (int64_t)read_uleb(&reader));
			break;
		case CFA_DEF_CFA_SF:
			number = read_uleb(&reader);
			place_cfa(row, number, read_sleb(&reader) * align);
			break;
		case CFA_DEF_CFA_REGISTER:
			cfa = row->cfa;
			place_cfa(row, read_uleb(&reader), cfa.kind == CFI_VAL_EXPRESSION ? 0 : cfa.value);
			break;
		case CFA_DEF_CFA_OFFSET:
			row->cfa.value = (int64_t)read_uleb(&reader);
			break;
		case CFA_DEF_CFA_OFFSET_SF:
			row->cfa.value = read_sleb(&reader) * align;
			break;
		case CFA_DEF_CFA_EXPRESSION:
			row->cfa = (struct cfi_place){.block = reader.at, .kind = CFI_VAL_EXPRESSION};
			read_block(&reader);
			break;
		case CFA_EXPRESSION:
			number = read_uleb(&reader);
			place_block(row, number, CFI_EXPRESSION, &reader);
			break;
		case CFA_VAL_EXPRESSION:
			number = read_uleb(&reader);
			place_block(row, number, CFI_VAL_EXPRESSION, &reader);
			break;
		case CFA_VAL_OFFSET:
			number = read_uleb(&reader);
			place(row, number, CFI_VAL_OFFSET, (int64_t)read_uleb(&reader) * align);
			break;
		case CFA_VAL_OFFSET_SF:
			number = read_uleb(&reader);
			place(row, number, CFI_VAL_OFFSET, read_sleb(&reader) * align);
			break;
		case CFA_GNU_ARGS_SIZE:
			read_uleb(&reader);
			break;
		default:
			return false;
		}
	}
	return !reader.bad;
}

enum found cfi_row(struct cfi *cfi, uintptr_t lookup)
{
	struct description description;
	enum found found = find_description(lookup, &description);

	/* A function's first byte, with nothing described before it, is no place that a call returns to: it was put
	 * there for a function to end in, as makecontext does. */
	if (found == FOUND_NO_FDE && find_description(lookup + 1, &description) == FOUND &&
	    description.start == lookup + 1)
		return FOUND_END;
	if (found != FOUND)
		return found;
	__builtin_memset(&cfi->row, 0, sizeof(cfi->row));
	cfi->row.cfa.kind = CFI_UNDEFINED;
	if (description.return_register != DWARF_RA)
		return FOUND_BAD;
	/* The CIE's instructions hold for the whole function. */
	if (!run(cfi, &description, description.common, UINTPTR_MAX))
		return FOUND_BAD;
	cfi->initial = cfi->row;
	if (!run(cfi, &description, description.own, lookup))
		return FOUND_BAD;
	cfi->row.signal = description.signal;
	return FOUND;
}
