/*
 * sample.h: samples of where a process's memory was, as its library recorded them; see trace.h. heap/ makes ledgers of
 * them.
 */
#ifndef PROBE_TRACE_SAMPLE_H
#define PROBE_TRACE_SAMPLE_H

#include "model.h"
#include "trace/payload.h"

struct sample_run {              /* resident pages that follow each other */
	uint64_t start, end;     /* addresses, end exclusive */
	uint64_t before;         /* bytes resident in the runs of the area before this one */
};

struct sample_area {
	uint64_t start, end;     /* addresses, end exclusive */
	uint64_t resident;       /* bytes; 0 in claims */
	uint32_t first_run, run_count; /* in the sample's runs; none: spread evenly, for all that is known */
	uint32_t name;           /* FILE: offset of the path in the sample's text */
	uint8_t  kind;           /* enum trace_area_kind */
	uint8_t  protection;     /* PROT_ bits */
};

struct sample {
	uint64_t tick;           /* when it was complete */
	struct trace_sample head; /* of its first record */
	bool     whole;          /* its last record is there */
	bool     broken;         /* one of its records cannot be understood: nothing of it is kept, and it goes with the last */
	struct sample_area *areas; size_t area_count; /* by address, without overlaps; owned */
	struct sample_area *claims; size_t claim_count; /* as told; owned */
	struct sample_run *runs; size_t run_count; /* by area; owned */
	char    *text;           size_t text_size; /* paths, each ended by NUL; owned */
};

/* One record of type SAMPLE. False: it cannot be understood. */
bool sample_record(struct process_info *process, const struct trace_record *record, struct payload payload);

/* After the last record: drops a sample whose end is missing. */
void sample_finish(struct process_info *process);
void sample_free(struct sample *sample);

/* Bytes resident in [start, end) of an area. */
uint64_t sample_resident(const struct sample *sample, const struct sample_area *area, uint64_t start, uint64_t end);

#endif
