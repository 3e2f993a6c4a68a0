/*
 * writer.h: writes a recording of what a log tells: one pseudo process, whose events, call tree and records are as in
 * trace.h. Nothing has its name in the directory before all of it is written.
 */
#ifndef PROBE_IMPORT_WRITER_H
#define PROBE_IMPORT_WRITER_H

#include <stddef.h>

#include "import/pool.h"
#include "probe/trace.h"

struct writer;

/* NULL if the directory cannot be made or written: a message was printed. An existing one is joined. */
struct writer *writer_open(const char *dir, struct pool *pool);

/* The next event of the one stream. */
void writer_event(struct writer *writer, const struct trace_event *event);

/* A record of two parts, either of which may be empty; ticks of records mean nothing here. */
void writer_record(struct writer *writer, uint16_t type, const void *head, size_t head_size, const void *rest,
                   size_t rest_size);

/* A node of the call tree whose parent is the root. Gives its id; 0: there is no room for more. */
uint32_t writer_node(struct writer *writer, uint64_t address);

struct writer_source {
	uint8_t  digest[16];     /* of the log's bytes: the same log is the same process */
	uint64_t realtime_ns;    /* when it was written last, nanoseconds since 1970; 0 unknown */
	uint64_t last_tick;
};

/*
 * Gives the files their names and frees; false if that, or any write before, failed: a message was printed, and there is
 * nothing new in the directory.
 */
bool writer_close(struct writer *writer, const struct writer_source *source);
/* Frees, and leaves nothing. */
void writer_abandon(struct writer *writer);

#endif
