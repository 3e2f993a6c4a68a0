/* report_golden.c: see report_golden.h. */
#include "report_golden.h"

#include <stdio.h>
#include <string.h>

#include "suite.h"

static char *read_golden(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 1 << 20);

	ck_assert_msg(file, "%s is missing", path);
	ck_assert_uint_lt(fread(text, 1, 1 << 20, file), 1 << 20);
	fclose(file);
	return text;
}

void golden(const char *name, char *text)
{
	const char *mode = getenv("REPORT_GOLDEN");
	char path[4096], *golden;

	snprintf(path, sizeof(path), TESTS_DIR "/golden/report/%s.txt", name);
	if (mode && !strcmp(mode, "write")) {
		FILE *file = fopen(path, "w");

		ck_assert_msg(file && fputs(text, file) >= 0 && !fclose(file), "%s cannot be written", path);
	}
	golden = read_golden(path);
	ck_assert_msg(!strcmp(text, golden), "%s differs from:\n%s", path, text);
	free(golden);
	free(text);
}

void golden_width(const char *text, size_t width)
{
	for (const char *line = text; *line;) {
		size_t columns = 0;

		/* No wide or combining characters in what is checked so: a character is a column. */
		for (; *line && *line != '\n'; line++)
			columns += ((unsigned char)*line & 0xc0) != 0x80;
		ck_assert_msg(columns <= width, "a line of %zu columns", columns);
		line += *line == '\n';
	}
}
