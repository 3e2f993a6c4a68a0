/*
 * code.h: the records of generated code, gathered while a STEM.shared is read. Names and tables stay in the file until
 * code_finish knows how much room they take.
 */
#ifndef PROBE_CODE_H
#define PROBE_CODE_H

#include "model.h"
#include "trace/damage.h"
#include "trace/payload.h"

/* A LINES record in the file. */
struct code_table {
	uint32_t id;             /* of the code */
	uint32_t size;           /* bytes */
	const uint8_t *data;     /* not owned */
};

struct code_reader {
	struct process_info *process; /* whose codes, places and runtimes are filled in; not owned */
	struct code_table *tables; size_t table_count; /* owned */
	size_t *name_sizes;      /* bytes, by code, in the order of the file; owned */
};

/* A record of type CODE, MOVED, LINES or RUNTIME. False: it cannot be understood. */
bool code_record(struct code_reader *reader, const struct trace_record *record, struct payload payload);

/* After the last one; the file is no longer needed. */
void code_finish(struct code_reader *reader, struct damage *damage);

#endif
