/*
 * find.c: the frame description (FDE) of an address. _dl_find_object names the module without a lock; the table of
 * .eh_frame_hdr is searched; one FDE and its CIE are taken apart. Reads the module's own mapped bytes and nothing
 * else. Without _dl_find_object (glibc before 2.35) there is no description of anything: walks go by frame pointers.
 */
#include <dlfcn.h>

#include "stack.h"

#ifdef DLFO_STRUCT_HAS_EH_DBASE
#pragma weak _dl_find_object
#endif

enum { /* DW_EH_PE: encodings of pointers */
	PE_ABSOLUTE = 0x00, PE_ULEB = 0x01, PE_U2 = 0x02, PE_U4 = 0x03, PE_U8 = 0x04,
	PE_SLEB = 0x09, PE_S2 = 0x0a, PE_S4 = 0x0b, PE_S8 = 0x0c,
	PE_PC = 0x10, PE_DATA = 0x30, PE_INDIRECT = 0x80, PE_OMIT = 0xff,
};

uint64_t read_fixed(struct reader *reader, unsigned bytes)
{
	uint64_t value = 0;

	if ((size_t)(reader->end - reader->at) < bytes) {
		reader->bad = true;
		reader->at = reader->end;
		return 0;
	}
	__builtin_memcpy(&value, reader->at, bytes);
	reader->at += bytes;
	return value;
}

uint64_t read_uleb(struct reader *reader)
{
	uint64_t value = 0;

	for (unsigned shift = 0; reader->at < reader->end; shift += 7) {
		uint8_t byte = *reader->at++;

		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
	reader->bad = true;
	return 0;
}

int64_t read_sleb(struct reader *reader)
{
	uint64_t value = 0;

	for (unsigned shift = 0; reader->at < reader->end;) {
		uint8_t byte = *reader->at++;

		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
		if (!(byte & 0x80)) {
			if (byte & 0x40 && shift < 64)
				value |= ~0ull << shift;
			return (int64_t)value;
		}
	}
	reader->bad = true;
	return 0;
}

struct reader read_block(struct reader *reader)
{
	uint64_t size = read_uleb(reader);
	struct reader block = {.at = reader->at, .end = reader->at, .bad = reader->bad};

	if (size > (uint64_t)(reader->end - reader->at)) {
		block.bad = reader->bad = true;
		return block;
	}
	reader->at += size;
	block.end = reader->at;
	return block;
}

uintptr_t read_encoded(struct reader *reader, uint8_t encoding, uintptr_t data)
{
	uintptr_t base = 0;
	uint64_t value;

	if (encoding == PE_OMIT)
		return 0;
	if ((encoding & 0x70) == PE_PC)
		base = (uintptr_t)reader->at;
	else if ((encoding & 0x70) == PE_DATA)
		base = data;
	else if (encoding & 0x70)
		reader->bad = true;
	switch (encoding & 0x0f) {
	case PE_ABSOLUTE:
	case PE_U8:
	case PE_S8:
		value = read_fixed(reader, 8);
		break;
	case PE_ULEB:
		value = read_uleb(reader);
		break;
	case PE_SLEB:
		value = (uint64_t)read_sleb(reader);
		break;
	case PE_U2:
		value = read_fixed(reader, 2);
		break;
	case PE_S2:
		value = (uint64_t)(int16_t)read_fixed(reader, 2);
		break;
	case PE_U4:
		value = read_fixed(reader, 4);
		break;
	case PE_S4:
		value = (uint64_t)(int32_t)read_fixed(reader, 4);
		break;
	default:
		reader->bad = true;
		return 0;
	}
	/* An indirect pointer is a personality routine's, which nobody here wants: it is not followed. */
	return base + value;
}

/* The part of a CIE that matters. */
static bool read_common(const uint8_t *at, const uint8_t *end, struct description *description)
{
	struct reader reader = {.at = at, .end = end, .bad = false};
	uint64_t length = read_fixed(&reader, 4);
	const uint8_t *augmentation;
	uint8_t version;

	if (length > (uint64_t)(end - reader.at))
		return false;
	reader.end = reader.at + length;
	if (read_fixed(&reader, 4) != 0)
		return false;
	version = (uint8_t)read_fixed(&reader, 1);
	if (version != 1 && version != 3)
		return false;
	augmentation = reader.at;
	while (read_fixed(&reader, 1))
		;
	if (reader.bad)
		return false;
	description->code_align = read_uleb(&reader);
	description->data_align = read_sleb(&reader);
	description->return_register = version == 1 ? read_fixed(&reader, 1) : read_uleb(&reader);
	description->encoding = PE_ABSOLUTE;
	description->signal = false;
	description->common = reader;
	if (*augmentation == 'z') {
		struct reader data = read_block(&reader);

		description->common = reader;
		while (*++augmentation) {
			if (*augmentation == 'R')
				description->encoding = (uint8_t)read_fixed(&data, 1);
			else if (*augmentation == 'L')
				read_fixed(&data, 1);
			else if (*augmentation == 'P')
				read_encoded(&data, (uint8_t)read_fixed(&data, 1), 0);
			else if (*augmentation == 'S')
				description->signal = true;
			else if (*augmentation != 'B')
				return false;
		}
		if (data.bad)
			return false;
	} else if (*augmentation) {
		return false;
	}
	return !description->common.bad;
}

/* The FDE at `at`; the module's bytes are [low, high). */
static enum found read_description(const uint8_t *at, const uint8_t *low, const uint8_t *high, uintptr_t lookup,
	struct description *description)
{
	struct reader reader = {.at = at, .end = high, .bad = false};
	bool augmented;
	uint64_t length, back;
	const uint8_t *field;

	length = read_fixed(&reader, 4);
	if (reader.bad || length < 4 || length > (uint64_t)(high - reader.at))
		return FOUND_BAD;
	reader.end = reader.at + length;
	field = reader.at;
	back = read_fixed(&reader, 4);
	if (back == 0 || back > (uint64_t)(field - low) || !read_common(field - back, high, description))
		return FOUND_BAD;
	augmented = field[-(int64_t)back + 9] == 'z';
	description->start = read_encoded(&reader, description->encoding, 0);
	description->end = description->start + read_encoded(&reader, description->encoding & 0x0f, 0);
	if (augmented)
		read_block(&reader);
	if (reader.bad)
		return FOUND_BAD;
	description->own = reader;
	return lookup >= description->start && lookup < description->end ? FOUND : FOUND_NO_FDE;
}

#ifdef DLFO_STRUCT_HAS_EH_DBASE
/* The mapped bytes of `module` around `at`: all of it, or one segment where gaps lie between them (as in node). */
static bool find_bytes(const uint8_t *at, const struct link_map *module, const uint8_t **low, const uint8_t **high)
{
	struct dl_find_object object;

	if (_dl_find_object((void *)at, &object) != 0 || object.dlfo_link_map != module)
		return false;
	*low = object.dlfo_map_start;
	*high = object.dlfo_map_end;
	return true;
}
#endif

enum found find_description(uintptr_t lookup, struct description *description)
{
#ifdef DLFO_STRUCT_HAS_EH_DBASE
	struct dl_find_object object;
	struct reader reader;
	const struct entry { int32_t code, description; } *table;
	const uint8_t *header, *low, *high, *at;
	uint64_t count, first = 0;
	uint8_t frame_encoding, count_encoding, table_encoding;

	if (!_dl_find_object || _dl_find_object((void *)lookup, &object) != 0)
		return FOUND_NO_MODULE;
	header = object.dlfo_eh_frame;
	if (!header || !find_bytes(header, object.dlfo_link_map, &low, &high))
		return FOUND_NO_FDE;
	reader = (struct reader){.at = header, .end = high, .bad = false};
	if (read_fixed(&reader, 1) != 1)
		return FOUND_BAD;
	frame_encoding = (uint8_t)read_fixed(&reader, 1);
	count_encoding = (uint8_t)read_fixed(&reader, 1);
	table_encoding = (uint8_t)read_fixed(&reader, 1);
	read_encoded(&reader, frame_encoding, (uintptr_t)header);
	count = read_encoded(&reader, count_encoding, (uintptr_t)header);
	/* Every linker writes the table like this; without one there is nothing to search. */
	if (reader.bad || count_encoding == PE_OMIT || table_encoding != (PE_DATA | PE_S4))
		return FOUND_NO_FDE;
	if (count > (uint64_t)(high - reader.at) / sizeof(*table))
		return FOUND_BAD;
	table = (const struct entry *)reader.at;
	while (count > 0) {
		uint64_t half = count / 2;

		if ((uintptr_t)header + (uintptr_t)(intptr_t)table[first + half].code <= lookup) {
			first += half + 1;
			count -= half + 1;
		} else {
			count = half;
		}
	}
	if (first == 0)
		return FOUND_NO_FDE;
	at = header + table[first - 1].description;
	if ((at < low || at >= high) && !find_bytes(at, object.dlfo_link_map, &low, &high))
		return FOUND_BAD;
	return read_description(at, low, high, lookup, description);
#else
	(void)lookup;
	(void)description;
	return FOUND_NO_MODULE;
#endif
}
