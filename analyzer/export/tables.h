/*
 * tables.h: a profile as tables, for databases; their columns are in probe(1). Each row of a table is told once, after the
 * rows that it refers to.
 */
#ifndef PROBE_EXPORT_TABLES_H
#define PROBE_EXPORT_TABLES_H

#include "export/profile.h"

struct column { const char *name; const char *type; }; /* the type as SQL has it */

struct table_shape {
	const char *name;
	const struct column *columns; size_t count;
};

enum cell_kind { CELL_NULL, CELL_NUMBER, CELL_REAL, CELL_TEXT };

struct cell {
	enum cell_kind kind;
	uint64_t  number;
	double    real;
	const char *text;         /* valid UTF-8 */
};

struct table_sink {
	void    *context;
	bool   (*table)(void *context, const struct table_shape *table); /* the rows that follow are of this; false: enough */
	bool   (*row)(void *context, const struct cell *cells);
};

/* False: the sink had enough. */
bool tables_write(struct profile *profile, const struct table_sink *sink);

#endif
