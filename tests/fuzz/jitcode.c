/*
 * jitcode.c: any bytes as a perf map or a jitdump. The first byte of the input says which: even or odd. What is looked
 * up afterwards must be what a search of all codes finds.
 */
#include <stdlib.h>
#include <string.h>

#include "names/jitdump.h"
#include "names/perfmap.h"
#include "util.h"

#define MOST_SEARCHED 64 /* codes: a search of all for each edge of each */

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static enum jitcode_answer search(const struct jitcodes *codes, uint64_t address, const char **name)
{
	*name = NULL;
	for (size_t i = 0; i < codes->count; i++) {
		const struct jitcode *code = &codes->codes[i];

		if (address < code->start || address >= code->end)
			continue;
		if (*name && strcmp(*name, code->name->key) != 0)
			return JITCODE_TWO;
		*name = code->name->key;
	}
	return *name ? JITCODE_ONE : JITCODE_NONE;
}

static void compare(const struct jitcodes *codes, uint64_t address, size_t longest)
{
	struct jitcode_place place;
	const char *name;
	enum jitcode_answer answer = search(codes, address, &name);

	if (jitcodes_find(codes, address, &place) != answer)
		abort();
	if (answer == JITCODE_ONE && (strcmp(place.name, name) != 0 || (place.file && strlen(place.file) > longest)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct jitcodes codes = {0};
	uint8_t *exact;

	if (!size)
		return 0;
	exact = xmalloc(size); /* so that AddressSanitizer sees each byte beyond */
	memcpy(exact, input + 1, size - 1);
	exact = xreallocarray(exact, size > 1 ? size - 1 : 1, 1);
	if (input[0] % 2)
		jitdump_read(&codes, (struct bytes){exact, size - 1, false}, 77);
	else
		perfmap_read(&codes, (struct bytes){exact, size - 1, false});
	free(exact);
	jitcodes_build(&codes);
	for (size_t i = 0; i < codes.count && codes.count <= MOST_SEARCHED; i++) {
		compare(&codes, codes.codes[i].start, size);
		compare(&codes, codes.codes[i].start - 1, size);
		compare(&codes, codes.codes[i].end, size);
		compare(&codes, codes.codes[i].end - 1, size);
	}
	jitcodes_free(&codes);
	return 0;
}
