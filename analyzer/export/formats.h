/*
 * formats.h: the formats that are made of a profile. Each writes to a file, of whose errors the caller takes care. False: a
 * message was printed.
 */
#ifndef PROBE_EXPORT_FORMATS_H
#define PROBE_EXPORT_FORMATS_H

#include <stdio.h>

#include "export/profile.h"

struct export_options {
	enum profile_value value; /* of formats that show one, or show one first */
};

bool folded_export(FILE *file, struct profile *profile, const struct export_options *options);
bool pprof_export(FILE *file, struct profile *profile, const struct export_options *options);
bool svg_export(FILE *file, struct profile *profile, const struct export_options *options);
bool speedscope_export(FILE *file, struct profile *profile, const struct export_options *options);

/* "live bytes", for a person; and is it bytes, not blocks? */
const char *value_title(enum profile_value value);
bool value_is_bytes(enum profile_value value);

/* What a function is called where only a name is shown: of a script with its file. To be freed. */
char *function_label(const struct profile *profile, const struct profile_function *function);

#endif
