/* rust_literal.c: what a vec![…] is of, by the calls that follow; see rust_literal.h. */
#include "names/rust_literal.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define CALL       0xe8       /* call rel32 */
#define CALL_SIZE  5
#define FARTHEST   (64u << 10) /* bytes of a function that are looked at */
#define MOST_CALLS 256        /* from the allocation to the end of the vec![…], those in its elements included */

struct code_bytes {
	const uint8_t *bytes;
	uint64_t  start, end;     /* vaddrs */
};

/* The section of code with `vaddr` in it. */
static struct code_bytes code_at(Elf *elf, uint64_t vaddr)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		Elf_Data *data;

		if (!gelf_getshdr(section, &header) || !(header.sh_flags & SHF_EXECINSTR) || header.sh_type != SHT_PROGBITS ||
		    vaddr < header.sh_addr || vaddr - header.sh_addr >= header.sh_size)
			continue;
		data = elf_rawdata(section, NULL);
		if (data && data->d_buf)
			return (struct code_bytes){data->d_buf, header.sh_addr, header.sh_addr + data->d_size};
	}
	return (struct code_bytes){0};
}

/* Where the call that ends before `behind` goes to, 0: there is none. */
static uint64_t target_of(const struct code_bytes *code, uint64_t behind)
{
	const uint8_t *call;
	int32_t distance;

	if (behind > code->end || behind < code->start + CALL_SIZE)
		return 0;
	call = code->bytes + (behind - code->start) - CALL_SIZE;
	if (*call != CALL)
		return 0;
	memcpy(&distance, call + 1, sizeof(distance));
	return behind + (uint64_t)(int64_t)distance;
}

/* The readable name of the function that begins at `vaddr`, NULL: none does. */
static const char *function_at(struct binary *binary, struct demangler *demangler, uint64_t vaddr)
{
	const char *name = symbols_beginning(&binary->symbols, vaddr);

	return name && is_rust_mangled(name) ? demangle(demangler, name) : NULL;
}

static bool is_allocation(const char *function)
{
	return !strcmp(function, "alloc::alloc::exchange_malloc");
}

/* "<[T]>::into_vec::<A>" and "alloc::slice::<impl [T]>::into_vec::<A>" */
static const char *element_of(const char *function, size_t *size)
{
	static const char *const heads[] = {"<[", "alloc::slice::<impl ["};
	const char *end = strstr(function, "]>::into_vec");

	for (size_t i = 0; end && i < sizeof(heads) / sizeof(*heads); i++) {
		size_t head = strlen(heads[i]);

		if (!strncmp(function, heads[i], head) && end > function + head) {
			*size = (size_t)(end - function) - head;
			return function + head;
		}
	}
	return NULL;
}

static const char *handed(struct binary *binary, struct demangler *demangler, const char *debug_root, uint64_t vaddr)
{
	const struct location *location = binary_locate(binary, demangler, debug_root, vaddr);
	const struct place *place = location ? &location->places[location->count - 1] : NULL;
	const char *element, *kept = NULL;
	size_t size;
	char *text;

	if (!place || !(element = element_of(place->generic ? place->generic : place->function, &size)))
		return NULL;
	text = xasprintf("alloc::slice::hack::into_vec::<%.*s>", (int)size, element);
	kept = cache_at(&binary->generics, text, strlen(text))->key;
	free(text);
	return kept;
}

/* A box's allocation is handed to nobody; by debug information it is in the box's method, which is always inlined. */
static bool is_for_literal(struct binary *binary, struct demangler *demangler, const char *debug_root, uint64_t behind)
{
	const struct location *location = binary_locate(binary, demangler, debug_root, behind - 1);

	return location && location->count == 1 && location->places[0].file;
}

const char *rust_literal(struct binary *binary, struct demangler *demangler, const char *debug_root, uint64_t vaddr)
{
	uint64_t behind = vaddr + 1, end, target;
	unsigned depth = 0, calls = 0;
	const char *function;
	struct code_bytes code;

	if (!binary->dwarf || !binary->main || !symbols_end(&binary->symbols, vaddr, &end))
		return NULL;
	code = code_at(binary->main->elf, vaddr);
	target = code.bytes ? target_of(&code, behind) : 0;
	function = target ? function_at(binary, demangler, target) : NULL;
	if (!function || !is_allocation(function) || !is_for_literal(binary, demangler, debug_root, behind))
		return NULL;
	if (end > code.end)
		end = code.end;
	if (end - behind > FARTHEST)
		end = behind + FARTHEST;
	/* One vec![…] may stand within another: then they end in the reverse order in which they began. */
	for (uint64_t at = behind + 1; at <= end && calls < MOST_CALLS; at++) {
		target = target_of(&code, at);
		function = target ? function_at(binary, demangler, target) : NULL;
		if (!function)
			continue;
		calls++;
		if (is_allocation(function))
			depth += is_for_literal(binary, demangler, debug_root, at);
		else if (strstr(function, "]>::into_vec") && depth-- == 0)
			return handed(binary, demangler, debug_root, target);
	}
	return NULL;
}
