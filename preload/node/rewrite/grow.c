/*
 * grow.c: see grow.h. `memory.grow 0` is 40 00. That pair also stands where a block without results begins with
 * `unreachable`, thousands of times in a Rust module, which the byte before tells apart nearly always.
 */
#include "node/rewrite/grow.h"

#include <emmintrin.h>

#include "node/rewrite/operators.h"
#include "node/rewrite/wrapper.h"

#define OP_LOCAL_TEE 0x22
#define OP_TABLE_GET 0x25
#define OP_I32_EQ    0x46
#define OP_I64_EQ    0x51
#define OP_IS_NULL   0xd1

/* Is 40 00 here the type of a block and its first instruction? */
static bool is_block(const uint8_t *at)
{
	uint8_t before = at[-1], two = at[-2];

	if (before != OP_BLOCK && before != OP_LOOP && before != OP_IF && before != OP_TRY)
		return false;
	/* Unless that byte is the index or the number of what is before. */
	return two < 0x80 && two != OP_CALL && (two < OP_LOCAL_GET || two > 0x26) && two != OP_I32_CONST &&
		two != OP_I64_CONST;
}

/* The next place from `at` on that looks like it; `end` if there is none. Two bytes before `at` may be read. */
static const uint8_t *next_place(const uint8_t *at, const uint8_t *end)
{
	const __m128i grow = _mm_set1_epi8(OP_MEMORY_GROW), zero = _mm_setzero_si128();

	for (; end - at >= 17; at += 16) {
		__m128i first = _mm_loadu_si128((const __m128i *)at), second = _mm_loadu_si128((const __m128i *)(at + 1));
		int found = _mm_movemask_epi8(_mm_and_si128(_mm_cmpeq_epi8(first, grow), _mm_cmpeq_epi8(second, zero)));

		for (; found; found &= found - 1)
			if (!is_block(at + __builtin_ctz((unsigned)found)))
				return at + __builtin_ctz((unsigned)found);
	}
	for (; end - at >= GROW_BYTES; at++)
		if (at[0] == OP_MEMORY_GROW && at[1] == 0 && !is_block(at))
			return at;
	return end;
}

/* The function whose body has a byte of the code section; REWRITE_NONE. */
static uint32_t function_at(const struct rewrite_module *module, uint32_t offset)
{
	uint32_t low = module->imported_functions, high = module->function_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct rewrite_function *function = &module->functions[middle];

		if (offset < function->body)
			high = middle;
		else if (offset - function->body >= function->size)
			low = middle + 1;
		else
			return middle;
	}
	return REWRITE_NONE;
}

static uint32_t find_in(const struct rewrite_module *module, uint32_t function, struct grow *grows, uint32_t room)
{
	struct scan scan = operators_of(module, function);
	uint32_t found = 0;
	struct operator op;

	for (const uint8_t *at = scan.at; operator_next(&scan, &op); at = scan.at)
		if (op.code == OP_MEMORY_GROW && op.value == 0 && scan.at - at == GROW_BYTES && found < room)
			grows[found++] = (struct grow){.function = function, .at = (uint32_t)(at - module->bytes)};
	return scan.bad ? 0 : found; /* what is not understood is not changed */
}

uint32_t grow_find(const struct rewrite_module *module, struct grow grows[GROW_MOST])
{
	const struct rewrite_section *code = &module->section[SECTION_CODE];
	const uint8_t *at = code->content + 2, *end = code->content + code->size;
	uint32_t found = 0;

	if (!module->memory_count || code->size < 4)
		return 0;
	while (found < GROW_MOST && (at = next_place(at, end)) < end) {
		uint32_t function = function_at(module, (uint32_t)(at - module->bytes));

		if (function == REWRITE_NONE) {
			at++;
			continue;
		}
		found += find_in(module, function, &grows[found], GROW_MOST - found);
		at = module->bytes + module->functions[function].body + module->functions[function].size;
	}
	return found;
}

void grow_body(struct emit *out, const struct rewrite_module *module, uint32_t hooks, uint32_t type, bool wide)
{
	bool wide_memory = module->memories[0].wide;
	uint8_t value = wide_memory ? VALUE_I64 : VALUE_I32;
	const uint8_t head[] = {1, 1, value, /* a local: the result */
		OP_BLOCK, 0x40, OP_LOCAL_GET, 0, OP_MEMORY_GROW, 0, OP_LOCAL_TEE, 1,
		wide_memory ? OP_I64_CONST : OP_I32_CONST, 0x7f /* −1 */, wide_memory ? OP_I64_EQ : OP_I32_EQ,
		OP_I32_EQZ, 0x0d, 0 /* br_if */, OP_I32_CONST, HOOK_REFUSED, OP_TABLE_GET};
	static const uint8_t unless_null[] = {OP_IS_NULL, 0x0d, 0, OP_I32_CONST, 0 /* the memory */, OP_LOCAL_GET, 0};
	static const uint8_t tail[] = {OP_END, OP_LOCAL_GET, 1, OP_END};

	emit_bytes(out, head, sizeof(head));
	emit_u32(out, hooks);
	emit_bytes(out, unless_null, sizeof(unless_null));
	if (wide)
		emit_byte(out, wide_memory ? OP_F64_CONVERT_I64_U : OP_F64_CONVERT_I32_U);
	emit_byte(out, OP_I32_CONST);
	emit_byte(out, HOOK_REFUSED);
	emit_byte(out, OP_CALL_INDIRECT);
	emit_u32(out, type);
	emit_u32(out, hooks);
	emit_bytes(out, tail, sizeof(tail));
}
