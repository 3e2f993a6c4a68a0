/*
 * script.c: any bytes as what names/ reads of scripts. The first byte of the input, modulo 3, says what the rest is:
 *   0    a source map; each of its lines is asked for
 *   1    names of code as V8 gives them, each ended by NUL, after a byte for its kind
 *   2    a table of lines
 */
#include <stdlib.h>
#include <string.h>

#include "names/javascript.h"
#include "names/sourcemap.h"
#include "trace/lines.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static void require(int condition)
{
	if (!condition)
		abort();
}

static void fuzz_map(const uint8_t *input, size_t size)
{
	struct sourcemap *map = sourcemap_parse((const char *)input, size, "/base", NULL);
	struct mapping mapping;

	for (uint32_t line = 0; map && line < 64; line++) {
		for (uint32_t column = 0; column < 64; column++)
			if (sourcemap_find(map, line, column, &mapping))
				require(mapping.source && strlen(mapping.source));
		if (sourcemap_find_line(map, line, &mapping))
			require(mapping.source && !mapping.name);
	}
	sourcemap_free(map);
}

static void fuzz_names(const uint8_t *input, size_t size)
{
	struct scripts scripts = {0};
	struct cache strings = {0};

	while (size > 1) {
		size_t length = strnlen((const char *)input + 1, size - 1);
		char *name = xmalloc(length + 1);
		struct code code = {.kind = input[0] % 4 + 1, .name = name};
		struct script_name made;

		memcpy(name, input + 1, length);
		name[length] = '\0';
		scripts_learn(&scripts, &code);
		made = javascript_name(&code, &scripts, &strings);
		require(!made.function || strlen(made.function));
		require(!made.column || made.line || made.kind == FRAME_JS);
		require(!made.has_index || made.kind == FRAME_WASM);
		free(name);
		length += length < size - 1; /* its NUL */
		input += 1 + length;
		size -= 1 + length;
	}
	scripts_free(&scripts);
	cache_free(&strings, NULL);
}

static void fuzz_lines(const uint8_t *input, size_t size)
{
	struct lines lines = {.at = input, .end = input + size};
	uint32_t offset = 0;

	while (lines_next(&lines)) {
		require(lines.entry.offset >= offset && lines.at <= lines.end);
		offset = lines.entry.offset;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	if (!size)
		return 0;
	if (input[0] % 3 == 0)
		fuzz_map(input + 1, size - 1);
	else if (input[0] % 3 == 1)
		fuzz_names(input + 1, size - 1);
	else
		fuzz_lines(input + 1, size - 1);
	return 0;
}
