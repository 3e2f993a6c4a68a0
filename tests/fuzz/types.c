/*
 * types.c: any bytes as the names of a stack, each ended by a newline; its first byte, modulo 4, is what kind of frame it
 * is.
 */
#include <stdlib.h>
#include <string.h>

#include "names/types.h"
#include "util.h"

#define FRAMES 64

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static void require(int condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	static const enum frame_kind kinds[] = {FRAME_WASM, FRAME_NATIVE, FRAME_JS, FRAME_UNKNOWN};
	struct types *types = types_open();
	struct frame frames[FRAMES] = {0};
	const struct frame *stack[FRAMES];
	char *text = xmalloc(size + 1), *at = text;
	size_t count = 0;

	memcpy(text, input, size);
	text[size] = '\0';
	while (count < FRAMES && *at) {
		char *end = at + strcspn(at, "\n");

		frames[count].kind = kinds[(unsigned char)*at % 4];
		stack[count] = &frames[count];
		if (end > at)
			frames[count].function = at + 1;
		at = *end ? end + 1 : end;
		end[0] = '\0';
		count++;
	}
	for (size_t from = 0; from < count; from++) {
		struct block_type answer = types_of(types, stack + from, count - from, (struct block_sizes){3, size});

		require(!answer.evidence == (!answer.type && !answer.owner));
		require(!answer.type || *answer.type);
		require(!answer.owner || *answer.owner);
	}
	types_close(types);
	free(text);
	return 0;
}
