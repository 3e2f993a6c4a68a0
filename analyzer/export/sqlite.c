/*
 * sqlite.c: the tables as a database of SQLite, with views for common questions. It is made in memory, for it is small beside
 * what was recorded, and written as any other file.
 */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "export/formats.h"
#include "export/tables.h"
#include "util.h"

/* PRAGMA user_version: it changes when a column or view goes, or means something else. */
#define SCHEMA "1"

static const char views[] =
	"CREATE VIEW leaks AS SELECT sites.id AS site, processes.pid, functions.name AS function, functions.file, type,"
	" sites.live_blocks, sites.live_bytes, trend, bytes_per_mark FROM sites JOIN processes ON processes.id = process"
	" LEFT JOIN functions ON functions.id = sites.function WHERE sites.live_bytes > 0 ORDER BY sites.live_bytes DESC;"
	"CREATE VIEW churn AS SELECT sites.id AS site, processes.pid, functions.name AS function, functions.file, type,"
	" sites.allocs, sites.bytes_allocated, sites.temporary FROM sites JOIN processes ON processes.id = process"
	" LEFT JOIN functions ON functions.id = sites.function ORDER BY sites.allocs DESC;"
	"CREATE VIEW site_stacks AS WITH RECURSIVE walk(site, position, stack) AS ("
	" SELECT id, 0, stack FROM sites WHERE stack IS NOT NULL"
	" UNION ALL SELECT site, position + 1, stacks.caller FROM walk JOIN stacks ON stacks.id = walk.stack"
	" WHERE stacks.caller IS NOT NULL)"
	" SELECT site, position, functions.name AS function, functions.kind, functions.file, frames.line, frames.inlined,"
	" functions.module FROM walk JOIN stacks ON stacks.id = walk.stack JOIN frames ON frames.id = stacks.frame"
	" JOIN functions ON functions.id = frames.function;"
	"CREATE VIEW by_function AS SELECT functions.name AS function, functions.file, functions.module, count(*) AS sites,"
	" sum(allocs) AS allocs, sum(bytes_allocated) AS bytes_allocated, sum(live_blocks) AS live_blocks,"
	" sum(live_bytes) AS live_bytes FROM sites JOIN functions ON functions.id = sites.function"
	" GROUP BY functions.id ORDER BY sum(live_bytes) DESC;"
	"CREATE VIEW cpu_by_function AS SELECT functions.name AS function, functions.file, functions.module,"
	" sum(samples) AS samples, sum(cpu_ns) AS cpu_ns, sum(instructions) AS instructions, sum(cycles) AS cycles,"
	" sum(cache_misses) AS cache_misses, sum(page_faults) AS page_faults FROM cpu JOIN functions ON functions.id = cpu.function"
	" GROUP BY functions.id ORDER BY sum(cpu_ns) DESC;"
	"CREATE INDEX sites_by_process ON sites(process); CREATE INDEX sites_by_function ON sites(function);"
	"COMMIT; PRAGMA user_version = " SCHEMA ";";

struct writer {
	sqlite3  *database;       /* owned */
	sqlite3_stmt *insert;     /* into the table; owned */
	size_t    columns;
};

static bool run(struct writer *writer, const char *statement)
{
	return sqlite3_exec(writer->database, statement, NULL, NULL, NULL) == SQLITE_OK;
}

static bool begin_table(void *context, const struct table_shape *table)
{
	struct writer *writer = context;
	char *create = xasprintf("CREATE TABLE %s(", table->name), *insert = xasprintf("INSERT INTO %s VALUES(", table->name);
	bool good;

	for (size_t i = 0; i < table->count; i++) {
		char *longer = xasprintf("%s%s\"%s\" %s", create, i ? ", " : "", table->columns[i].name, table->columns[i].type);

		free(create);
		create = longer;
		longer = xasprintf("%s%s?", insert, i ? ", " : "");
		free(insert);
		insert = longer;
	}
	writer->columns = table->count;
	sqlite3_finalize(writer->insert);
	writer->insert = NULL;
	create = xreallocarray(create, strlen(create) + 2, 1);
	insert = xreallocarray(insert, strlen(insert) + 2, 1);
	good = run(writer, strcat(create, ")")) &&
	       sqlite3_prepare_v2(writer->database, strcat(insert, ")"), -1, &writer->insert, NULL) == SQLITE_OK;
	free(create);
	free(insert);
	return good;
}

static bool write_row(void *context, const struct cell *cells)
{
	struct writer *writer = context;

	for (size_t i = 0; i < writer->columns; i++) {
		int at = (int)i + 1;

		if (cells[i].kind == CELL_NUMBER)
			sqlite3_bind_int64(writer->insert, at, (sqlite3_int64)cells[i].number);
		else if (cells[i].kind == CELL_REAL)
			sqlite3_bind_double(writer->insert, at, cells[i].real);
		else if (cells[i].kind == CELL_TEXT)
			sqlite3_bind_text(writer->insert, at, cells[i].text, -1, SQLITE_STATIC);
		else
			sqlite3_bind_null(writer->insert, at);
	}
	return sqlite3_step(writer->insert) == SQLITE_DONE && sqlite3_reset(writer->insert) == SQLITE_OK;
}

bool sqlite_export(FILE *file, struct profile *profile, const struct export_options *options)
{
	struct writer writer = {0};
	struct table_sink sink = {&writer, begin_table, write_row};
	unsigned char *bytes = NULL;
	sqlite3_int64 size = 0;
	bool good;

	(void)options;
	good = sqlite3_open(":memory:", &writer.database) == SQLITE_OK && run(&writer, "BEGIN") && tables_write(profile, &sink);
	sqlite3_finalize(writer.insert);
	if (good && run(&writer, views))
		bytes = sqlite3_serialize(writer.database, "main", &size, 0);
	if (bytes)
		fwrite(bytes, 1, (size_t)size, file);
	else
		warn("the database cannot be made: %s", sqlite3_errmsg(writer.database));
	good = bytes != NULL;
	sqlite3_free(bytes);
	sqlite3_close(writer.database);
	return good;
}
