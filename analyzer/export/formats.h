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
	int      domain;          /* < 0: of each process its own */
	size_t   earlier;         /* so many of the view's inputs, the last, are what the others are compared with */
	bool     thread_chosen;   /* CPU samples are of one thread that was asked for */
};

bool folded_export(FILE *file, struct profile *profile, const struct export_options *options);
bool pprof_export(FILE *file, struct profile *profile, const struct export_options *options);
bool svg_export(FILE *file, struct profile *profile, const struct export_options *options);
bool speedscope_export(FILE *file, struct profile *profile, const struct export_options *options);
bool firefox_export(FILE *file, struct profile *profile, const struct export_options *options);
bool sqlite_export(FILE *file, struct profile *profile, const struct export_options *options);
/* Files in a folder, which is there. */
bool csv_export(const char *folder, struct profile *profile);

/* Of one process, the view's only one. */
bool cpuprofile_export(FILE *file, struct profile *profile, const struct export_options *options);
bool heapprofile_export(FILE *file, struct profile *profile, const struct export_options *options);
bool massif_export(FILE *file, struct profile *profile, const struct export_options *options);
bool dhat_export(FILE *file, struct profile *profile, const struct export_options *options);

/* heapprofile.c: a "callFrame" as Chrome's DevTools have them; of PROFILE_NONE it is called `otherwise`. */
void put_call_frame(FILE *file, const struct profile *profile, uint32_t function, const char *otherwise);

/* Of a process, its words with blanks between. To be freed. */
char *command_line(const struct process_info *info);

/* "live bytes", for a person; and is it bytes, not blocks? */
const char *value_title(enum profile_value value);
bool value_is_bytes(enum profile_value value);

/* What a function is called where only a name is shown: of a script with its file. To be freed. */
char *function_label(const struct profile *profile, const struct profile_function *function);

#endif
