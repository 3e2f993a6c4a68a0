/* log_findings.h: what is wrong with an allocation log: how often, and the first lines of it. */
#ifndef PROBE_IMPORT_LOG_FINDINGS_H
#define PROBE_IMPORT_LOG_FINDINGS_H

#include "import/ids.h"
#include "import/log_line.h"
#include "import/writer.h"

#define LOG_EXAMPLES 5           /* of a finding */

enum log_finding {
	LOG_FOUND_ALLOCATED_TWICE, /* an id; its blocks count on their own */
	LOG_FOUND_DROPPED_TWICE,
	LOG_FOUND_NEVER_ALLOCATED, /* and dropped */
	LOG_FOUND_DROPPED_OTHERWISE, /* with another size or type than it was allocated with, which hold */
	LOG_FOUND_GAP,           /* ids that are missing in between */
	LOG_FOUND_NO_SEQUENCE,   /* so many are missing that ids were not counted up */
	LOG_FOUND_UNPARSABLE,    /* lines */
	LOG_FOUND_CUT_SHORT,     /* last lines that do not end */
	LOG_FINDINGS
};

struct log_file {
	const char *name;        /* as it is to be shown; not owned */
	uint64_t first_line;     /* lines of the whole log before it */
};

struct log_findings {            /* all zero: nothing */
	struct log_file *files;  size_t file_count; /* owned; that were read so far */
	struct { uint64_t count; char *examples[LOG_EXAMPLES]; } found[LOG_FINDINGS];
};

/* "prover.log:12", for a line of the whole log. To be freed. */
char *log_place_of(const struct log_findings *findings, uint64_t line);

bool log_wants_example(const struct log_findings *findings, enum log_finding finding);
/* Counts it so many times; frees the example, which may be NULL. */
void log_found(struct log_findings *findings, enum log_finding finding, uint64_t times, char *example);
void log_found_line(struct log_findings *findings, enum log_finding finding, uint64_t line, enum log_why why,
                    struct log_text text);
void log_found_gaps(struct log_findings *findings, const struct id_gaps *gaps);

size_t log_findings_kinds(const struct log_findings *findings);
void log_findings_write(const struct log_findings *findings, struct writer *writer);
void log_findings_free(struct log_findings *findings);

#endif
