/* import.c: probe import FILE… -o DIR --format F: a log that somebody else wrote becomes a recording. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"
#include "import/allocation_log.h"
#include "report/human.h"
#include "util.h"

enum { OUTPUT, FORMAT, OBSERVED_GROWTH };

/* A whole number of bytes; memory may have become less. */
static int64_t read_growth(const struct command *command, const char *value)
{
	const char *digits = value + (*value == '-');
	long long bytes;
	char *rest;

	errno = 0;
	bytes = strtoll(value, &rest, 10);
	if (*digits < '0' || *digits > '9' || *rest || errno || llabs(bytes) > INT64_MAX / 2)
		usage_error(command, "--observed-growth wants a number of bytes, not '%s'", value);
	return bytes;
}

static int tell(const char *dir, const struct log_summary *summary)
{
	output_begin();
	if (summary->records && !summary->understood) {
		printf("%s: %s of %s %s %s with @, and none of them counts. 'probe report %s' tells why.\n", dir,
		       COUNT(summary->records), COUNT(summary->lines), PLURAL(summary->lines, "line", "lines"),
		       PLURAL(summary->records, "begins", "begin"), dir);
		return output_end();
	}
	printf("%s: %s of %s %s were records: %s allocated, %s dropped; %s in %s %s not dropped", dir,
	       COUNT(summary->understood), COUNT(summary->lines), PLURAL(summary->lines, "line", "lines"),
	       COUNT(summary->allocs), COUNT(summary->drops), BYTES(summary->live_bytes), COUNT(summary->live_blocks),
	       PLURAL(summary->live_blocks, "block", "blocks"));
	if (summary->findings)
		printf("; %s %s of trouble", COUNT(summary->findings), PLURAL(summary->findings, "kind", "kinds"));
	printf(". 'probe report %s' tells more.\n", dir);
	return output_end();
}

int import_command(const struct command *command, int argc, char **argv)
{
	struct arguments arguments = {.command = command, .argc = argc, .argv = argv, .at = 1};
	const char **files = xcalloc((size_t)argc, sizeof *files), *dir = NULL, *format = NULL;
	struct log_summary summary;
	int64_t growth = 0;
	bool has_growth = false, good;
	size_t count = 0, standard = 0;
	int next;

	while ((next = argument_next(&arguments)) != ARGUMENT_END) {
		if (next == OUTPUT) {
			dir = arguments.value;
		} else if (next == FORMAT) {
			format = arguments.value;
		} else if (next == OBSERVED_GROWTH) {
			growth = read_growth(command, arguments.value);
			has_growth = true;
		} else {
			files[count++] = arguments.value;
			standard += !strcmp(arguments.value, "-");
		}
	}
	if (!format)
		usage_error(command, "which --format? There is allocation-log");
	if (strcmp(format, "allocation-log"))
		usage_error(command, "there is no format '%s' to import; there is allocation-log", format);
	if (!dir)
		usage_error(command, "where is the recording to go? -o DIR");
	if (!count)
		usage_error(command, "which file? - is standard input");
	if (standard > 1)
		usage_error(command, "- is standard input, which can be read only once");
	good = allocation_log_import(files, count, dir, has_growth ? &growth : NULL, &summary);
	free(files);
	if (!good)
		return STATUS_INPUT;
	if (!summary.records)
		warn("%s: no line began with @, so nothing was imported", dir);
	return tell(dir, &summary);
}
