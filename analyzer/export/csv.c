/* csv.c: a file for each table, as RFC 4180 has them: a line of names first; null is empty, the empty text is "". */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export/formats.h"
#include "export/put.h"
#include "export/tables.h"
#include "util.h"

#define BUFFER (1u << 20)        /* bytes written at once */

struct writer {
	const char *folder;       /* not owned */
	FILE     *file;           /* the table's */
	char     *path;           /* its; owned */
	size_t    columns;
	bool      good;
};

static void end_table(struct writer *writer)
{
	if (writer->file && ferror(writer->file) | fclose(writer->file)) {
		warn("%s: not all of it could be written", writer->path);
		writer->good = false;
	}
	writer->file = NULL;
	free(writer->path);
	writer->path = NULL;
}

static bool begin_table(void *context, const struct table_shape *table)
{
	struct writer *writer = context;

	end_table(writer);
	writer->path = xasprintf("%s/%s.csv", writer->folder, table->name);
	writer->file = writer->good ? fopen(writer->path, "we") : NULL;
	writer->columns = table->count;
	if (!writer->file) {
		if (writer->good)
			warn("%s:", writer->path);
		return writer->good = false;
	}
	setvbuf(writer->file, NULL, _IOFBF, BUFFER);
	for (size_t i = 0; i < table->count; i++)
		fprintf(writer->file, "%s%s", i ? "," : "", table->columns[i].name);
	fputs("\r\n", writer->file);
	return true;
}

static void put_text(FILE *file, const char *text)
{
	if (*text && !text[strcspn(text, "\",\r\n")]) {
		fputs_unlocked(text, file);
		return;
	}
	putc_unlocked('"', file);
	for (; *text; text++) {
		if (*text == '"')
			putc_unlocked('"', file);
		putc_unlocked(*text, file);
	}
	putc_unlocked('"', file);
}

static bool write_row(void *context, const struct cell *cells)
{
	struct writer *writer = context;

	for (size_t i = 0; i < writer->columns; i++) {
		if (i)
			putc_unlocked(',', writer->file);
		if (cells[i].kind == CELL_NUMBER)
			put_number(writer->file, cells[i].number);
		else if (cells[i].kind == CELL_REAL)
			fprintf(writer->file, "%.17g", cells[i].real);
		else if (cells[i].kind == CELL_TEXT)
			put_text(writer->file, cells[i].text);
	}
	fputs_unlocked("\r\n", writer->file);
	return !ferror_unlocked(writer->file);
}

bool csv_export(const char *folder, struct profile *profile)
{
	struct writer writer = {.folder = folder, .good = true};
	struct table_sink sink = {&writer, begin_table, write_row};

	tables_write(profile, &sink);
	end_table(&writer);
	return writer.good;
}
