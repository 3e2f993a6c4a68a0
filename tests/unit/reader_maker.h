/*
 * reader_maker.h: recordings made by hand, for tests of the reader. A maker holds the two files of one process image
 * in memory, where a test may spoil them before they are written.
 */
#ifndef READER_MAKER_H
#define READER_MAKER_H

#include <stdio.h>

#include "model.h"
#include "trace/file.h"

struct maker {
	char      stem[64];      /* of its files */
	uint8_t  *shared;        /* STEM.shared; owned */
	size_t    shared_size;   /* bytes */
	uint8_t  *log;           /* STEM.log; owned; NULL: there is none */
	size_t    log_size;      /* bytes */
	size_t    meta, tree;    /* offsets of the extents that records and nodes go to; 0: none yet */
	uint32_t  nodes;         /* id of the next node */
};

#define MAKER_HOST 0x1234abcdu /* host in each STEM */

/* A process image with a header: clock of nanoseconds, start ticks 1000 × pid, anchored at tick 1. */
void maker_init(struct maker *maker, uint32_t pid, uint32_t image);
void maker_free(struct maker *maker);
/* Its header; valid until the next call that adds something. */
struct trace_process *maker_header(struct maker *maker);
/* A child of `parent`, forked between the ticks. */
void maker_forked(struct maker *maker, struct maker *parent, uint64_t before, uint64_t after);

/* The next record or node goes to a new extent. */
void maker_new_extents(struct maker *maker);
void maker_record(struct maker *maker, enum trace_record_type type, uint64_t tick, const void *head, size_t head_size,
	const char *text);
/* Generated code, where it moved to, and the table of its lines: `count` entries of offset, line, column. */
void maker_code(struct maker *maker, uint64_t tick, struct trace_code code, const char *name);
void maker_moved(struct maker *maker, uint64_t tick, struct trace_code_moved moved);
void maker_lines(struct maker *maker, uint64_t tick, uint32_t id, const uint32_t (*entries)[3], uint32_t count);
void maker_runtime(struct maker *maker, uint64_t tick, enum trace_runtime_state state, const char *text);
/* A node of the call tree; returns its id. */
uint32_t maker_node(struct maker *maker, uint32_t parent, uint64_t address);
/* A ring of `count` events with room for `capacity`, the first of which is number `first`; offset of its extent. */
size_t maker_ring(struct maker *maker, uint32_t stream, uint64_t first, const struct trace_event *events,
                  size_t count,
	size_t capacity);
struct trace_ring *maker_ring_at(struct maker *maker, size_t offset);
/* A chunk of the log; returns its offset. */
size_t maker_chunk(struct maker *maker, uint32_t stream, uint64_t first, const struct trace_event *events,
                   size_t count,
	enum trace_codec codec);

/* A fresh directory with the file "recording" in it; to be freed. */
char *maker_directory(void);
/* Writes the recording's own file / an image's files into it. */
void maker_write_own(const char *dir);
void maker_write(const struct maker *maker, const char *dir);
/* Removes it with all files in it, and frees the name. */
void maker_remove(char *dir);
/* Writes one file in it anew. */
void maker_write_file(const char *dir, const char *name, const char *ending, const uint8_t *data, size_t size);

/* Writes the images into a directory of their own, reads it, and removes it. To be closed. */
struct recording *maker_open(const struct maker *makers, size_t count);

/* Events. */
struct trace_event event_alloc(uint64_t tick, uint64_t address, uint64_t size, uint32_t stack);
struct trace_event event_free(uint64_t tick, uint64_t address);
struct trace_event event_out(uint64_t tick, uint64_t address);
struct trace_event event_in(uint64_t tick, uint64_t address, uint64_t size, uint32_t stack);
/* Of the other kinds. */
struct trace_event event_make(enum trace_event_kind kind, uint64_t tick, uint64_t address, uint64_t size,
	uint32_t stack, unsigned detail, unsigned extra);

#endif
