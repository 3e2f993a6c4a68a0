/* allocation_log.h: allocation logs, which programs print of their own blocks, become a recording. */
#ifndef PROBE_IMPORT_ALLOCATION_LOG_H
#define PROBE_IMPORT_ALLOCATION_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log_summary {             /* for whoever imported */
	uint64_t lines, records, allocs, drops; /* as in struct trace_log */
	uint64_t understood;     /* of the records: those that count */
	uint64_t live_blocks, live_bytes; /* not dropped */
	uint64_t findings;       /* kinds of them */
};

/*
 * Reads the files, one log together, "-" is standard input, and writes the recording `dir`. `growth`: NULL, or by how
 * many bytes memory grew. False: a message was printed, and there is nothing new in `dir`.
 */
bool allocation_log_import(const char *const *files, size_t count, const char *dir, const int64_t *growth,
                           struct log_summary *summary);

#endif
