/* names_build.c: see names_build.h. */
#include "names_build.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

char *build_folder(void)
{
	const char *base = getenv("TMPDIR");
	char *folder = xasprintf("%s/probe-names-XXXXXX", base ? base : "/tmp");

	ck_assert_ptr_nonnull(mkdtemp(folder));
	return folder;
}

void build_remove(char *folder)
{
	build("rm -rf '%s'", folder);
	free(folder);
}

static char *output_of(const char *command, int *status)
{
	FILE *pipe = popen(command, "r");
	char *text = NULL;
	size_t size = 0, capacity = 0;

	ck_assert_ptr_nonnull(pipe);
	do {
		if (capacity - size < 65536)
			text = xreallocarray(text, capacity = capacity * 2 + 65536, 1);
		size += fread(text + size, 1, capacity - size - 1, pipe);
	} while (!feof(pipe) && !ferror(pipe));
	text[size] = '\0';
	*status = pclose(pipe);
	return text;
}

void build(const char *format, ...)
{
	va_list arguments;
	char *command;
	int status;

	va_start(arguments, format);
	ck_assert_int_ge(vasprintf(&command, format, arguments), 0);
	va_end(arguments);
	status = system(command);
	ck_assert_msg(status == 0, "%s: status %d", command, status);
	free(command);
}

char *build_output(const char *format, ...)
{
	va_list arguments;
	char *command, *text;
	int status;

	va_start(arguments, format);
	ck_assert_int_ge(vasprintf(&command, format, arguments), 0);
	va_end(arguments);
	text = output_of(command, &status);
	ck_assert_msg(status == 0, "%s: status %d", command, status);
	free(command);
	return text;
}

struct calls build_calls(const char *path)
{
	char *text = build_output("objdump -d --no-show-raw-insn '%s'", path), *rest = text, *line;
	struct calls calls = {0};
	size_t capacity = 0;
	bool after_call = false;

	while ((line = strsep(&rest, "\n"))) {
		char *end;
		uint64_t address = strtoull(line, &end, 16);

		if (end == line || *end != ':' || end[1] != '\t')
			continue;
		if (after_call) {
			if (calls.count == capacity)
				calls.addresses = xreallocarray(calls.addresses, capacity = capacity * 2 + 64,
				                                sizeof(*calls.addresses));
			calls.addresses[calls.count++] = address - 1;
		}
		after_call = strncmp(end + 2, "call", 4) == 0;
	}
	free(text);
	return calls;
}

/* "0x401136" begins the frames of an address, each "function" and "file:line", perhaps "(discriminator 3)" after. */
struct truths build_truths(const char *tool, const char *folder, const char *path, const struct calls *calls)
{
	char *list = xasprintf("%s/addresses", folder);
	FILE *file = fopen(list, "w");
	struct truths truths = {0};
	size_t capacity = 0;
	uint64_t address = 0;
	bool first = true;
	char *rest, *line;

	ck_assert_ptr_nonnull(file);
	for (size_t i = 0; i < calls->count; i++)
		fprintf(file, "0x%lx\n", (unsigned long)calls->addresses[i]);
	fclose(file);
	truths.text = rest = build_output("%s -aif -e '%s' <'%s' | c++filt -i", tool, path, list);
	free(list);
	/* With -C the tools' own demanglers would be compared, and they differ in spaces. */
	while ((line = strsep(&rest, "\n")) && *line) {
		struct truth *truth;
		char *where, *colon;

		if (strncmp(line, "0x", 2) == 0) {
			address = strtoull(line, NULL, 16);
			first = true;
			continue;
		}
		where = strsep(&rest, "\n");
		ck_assert_ptr_nonnull(where);
		colon = strrchr(where, ':');
		ck_assert_ptr_nonnull(colon);
		*colon = '\0';
		if (truths.count == capacity)
			truths.items = xreallocarray(truths.items, capacity = capacity * 2 + 64,
			                             sizeof(*truths.items));
		truth = &truths.items[truths.count++];
		*truth = (struct truth){.address = address, .function = line, .file = where,
		                        .line = (uint32_t)strtoul(colon + 1, NULL, 10)};
		if (!first)
			truth[-1].inlined = true;
		first = false;
	}
	return truths;
}

void build_truths_free(struct truths *truths)
{
	free(truths->items);
	free(truths->text);
}
