/*
 * writer.c: see writer.h. Chunks are made and compressed by the pool and appended in any order, which the format allows;
 * records and nodes are kept in memory to the end, for there is one extent of each.
 */
#include "import/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

#include "import/columns.h"
#include "import/leftovers.h"
#include "trace/array.h"

#define CHUNKS 4                 /* under way at once */
#define LEVEL  1                 /* of zstd */

struct buffer {                  /* that grows */
	uint8_t *data;           /* owned */
	size_t   size, capacity;
};

struct chunk_job {
	struct job job;          /* first: a job is cast to this */
	struct writer *writer;
	struct trace_event *events; /* owned; room for TRACE_CHUNK_EVENTS */
	uint32_t count;
	uint64_t first;          /* sequence of events[0] */
	uint8_t *columns, *stored; /* owned: room for a chunk's columns, and for its header and payload */
	ZSTD_CCtx *zstd;         /* owned */
};

struct writer {
	char     *dir;           /* owned */
	int       dir_fd, log;   /* log: of the file with the events, which has no name of its own yet */
	char      log_name[LEFTOVER_NAME], shared_name[LEFTOVER_NAME]; /* until then */
	bool      made_dir;
	struct pool *pool;       /* not owned */
	struct chunk_job chunks[CHUNKS];
	size_t    at;            /* of these: that is being filled */
	uint64_t  sequence;      /* of the next event */
	pthread_mutex_t lock;    /* protects what follows: */
	uint64_t  log_size;
	int       failed;        /* errno of a write; 0 none */
	struct buffer records;
	struct trace_node *nodes; size_t node_count; /* owned */
};

/* ---- writing -------------------------------------------------------------------------------------------------- */

static void *grow(struct buffer *buffer, size_t size)
{
	if (buffer->capacity - buffer->size < size) {
		buffer->capacity = (buffer->capacity + size) * 2;
		buffer->data = xreallocarray(buffer->data, buffer->capacity, 1);
	}
	buffer->size += size;
	return buffer->data + buffer->size - size;
}

/* 0, or why not. */
static int write_at(int file, const void *data, size_t size, uint64_t offset)
{
	const char *at = data;

	while (size) {
		ssize_t written = pwrite(file, at, size, (off_t)offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return written ? errno : EIO;
		at += written;
		offset += (uint64_t)written;
		size -= (size_t)written;
	}
	return 0;
}

static void write_chunk(struct job *job)
{
	struct chunk_job *chunk = (struct chunk_job *)job;
	struct writer *writer = chunk->writer;
	struct trace_chunk header = {
		.magic = TRACE_CHUNK_MAGIC, .version = TRACE_VERSION, .codec = TRACE_CODEC_ZSTD, .count = chunk->count,
		.first = chunk->first, .first_tick = chunk->events[0].tick,
		.last_tick = chunk->events[chunk->count - 1].tick,
	};
	size_t raw = columns_write(chunk->events, chunk->count, chunk->columns), stored, size;
	uint8_t *payload = chunk->stored + sizeof header;
	uint64_t offset;
	int error;

	stored = ZSTD_compressCCtx(chunk->zstd, payload, ZSTD_compressBound(raw), chunk->columns, raw, LEVEL);
	if (ZSTD_isError(stored)) {
		memcpy(payload, chunk->columns, raw);
		header.codec = TRACE_CODEC_NONE;
		stored = raw;
	}
	header.raw_size = (uint32_t)raw;
	header.stored_size = (uint32_t)stored;
	header.payload_hash = XXH3_64bits(payload, stored);
	header.header_hash = XXH3_64bits(&header, offsetof(struct trace_chunk, header_hash));
	memcpy(chunk->stored, &header, sizeof header);
	size = sizeof header + stored;
	memset(chunk->stored + size, 0, -size % 8);
	size += -size % 8;
	pthread_mutex_lock(&writer->lock);
	offset = writer->log_size;
	writer->log_size += size;
	pthread_mutex_unlock(&writer->lock);
	error = write_at(writer->log, chunk->stored, size, offset);
	if (error) {
		pthread_mutex_lock(&writer->lock);
		writer->failed = error;
		pthread_mutex_unlock(&writer->lock);
	}
}

static void begin_chunk(struct writer *writer)
{
	if (writer->chunks[writer->at].count)
		pool_begin(writer->pool, &writer->chunks[writer->at].job);
	writer->at = (writer->at + 1) % CHUNKS;
	pool_wait(writer->pool, &writer->chunks[writer->at].job);
	writer->chunks[writer->at].count = 0;
	writer->chunks[writer->at].first = writer->sequence;
}

void writer_event(struct writer *writer, const struct trace_event *event)
{
	struct chunk_job *chunk = &writer->chunks[writer->at];

	chunk->events[chunk->count++] = *event;
	writer->sequence++;
	if (chunk->count == TRACE_CHUNK_EVENTS)
		begin_chunk(writer);
}

void writer_record(struct writer *writer, uint16_t type, const void *head, size_t head_size, const void *rest,
                   size_t rest_size)
{
	struct trace_record record = {.type = type, .tick = 1};
	size_t size = sizeof record + head_size + rest_size;
	uint8_t *at;

	/* What has no room in a record is no name of anything. */
	if (size > UINT32_MAX - 8)
		rest_size -= size - (UINT32_MAX - 8);
	size = sizeof record + head_size + rest_size;
	record.padding = (uint16_t)(-size % 8);
	record.size = (uint32_t)(size + record.padding);
	at = grow(&writer->records, record.size);
	memcpy(at, &record, sizeof record);
	if (head_size)
		memcpy(at + sizeof record, head, head_size);
	if (rest_size)
		memcpy(at + sizeof record + head_size, rest, rest_size);
	memset(at + size, 0, record.padding);
}

uint32_t writer_node(struct writer *writer, uint64_t address)
{
	if (writer->node_count >= UINT32_MAX - TRACE_FIRST_NODE)
		return 0;
	array_room(writer->nodes, writer->node_count);
	writer->nodes[writer->node_count++] = (struct trace_node){
		.address = address, .parent = TRACE_STACK_ROOT, .generation = TRACE_NODE_EXACT,
	};
	return (uint32_t)(TRACE_FIRST_NODE + writer->node_count - 1);
}

/* ---- opening --------------------------------------------------------------------------------------------------- */

struct writer *writer_open(const char *dir, struct pool *pool)
{
	struct writer *writer = xcalloc(1, sizeof *writer);

	writer->dir = xstrdup(dir);
	writer->pool = pool;
	writer->log = -1;
	pthread_mutex_init(&writer->lock, NULL);
	leftovers_name(writer->log_name, "events");
	leftovers_name(writer->shared_name, "records");
	writer->made_dir = mkdir(dir, 0777) == 0;
	writer->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (writer->dir_fd >= 0) {
		const char *const names[] = {writer->log_name, writer->shared_name};

		leftovers_sweep(writer->dir_fd);
		leftovers_guard(writer->dir_fd, names, writer->made_dir ? writer->dir : NULL);
		writer->log = openat(writer->dir_fd, writer->log_name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	}
	if (writer->log < 0) {
		warn("%s:", dir);
		writer_abandon(writer);
		return NULL;
	}
	for (size_t i = 0; i < CHUNKS; i++) {
		struct chunk_job *chunk = &writer->chunks[i];

		chunk->job.work = write_chunk;
		chunk->writer = writer;
		chunk->events = xcalloc(TRACE_CHUNK_EVENTS, sizeof *chunk->events);
		chunk->columns = xmalloc(TRACE_CHUNK_RAW);
		chunk->stored = xmalloc(sizeof(struct trace_chunk) + ZSTD_compressBound(TRACE_CHUNK_RAW) + 8);
		chunk->zstd = ZSTD_createCCtx();
		if (!chunk->zstd)
			fatal(3, "out of memory");
	}
	return writer;
}

/* ---- closing --------------------------------------------------------------------------------------------------- */

static size_t aligned(size_t size)
{
	return (size + TRACE_EXTENT_ALIGN - 1) / TRACE_EXTENT_ALIGN * TRACE_EXTENT_ALIGN;
}

static int write_extent(int file, uint64_t *offset, struct trace_extent *header, size_t header_size, const void *data,
                        size_t size)
{
	int error;

	*header = (struct trace_extent){
		.magic = TRACE_EXTENT_MAGIC, .kind = header->kind, .offset = *offset,
		.size = aligned(header_size + size),
	};
	error = write_at(file, header, header_size, *offset);
	if (!error && size)
		error = write_at(file, data, size, *offset + header_size);
	*offset += header->size;
	return error ? error : ftruncate(file, (off_t)*offset) ? errno : 0;
}

/* STEM.shared, under its first name. 0, or why not. */
static int write_shared(struct writer *writer, const struct writer_source *source)
{
	struct trace_process process = {
		.extent.kind = TRACE_EXTENT_PROCESS, .version = TRACE_VERSION, .flags = TRACE_PROCESS_IMPORTED,
		.clock = TRACE_CLOCK_NS, .end = TRACE_END_EXIT, .end_tick = source->last_tick,
		.realtime_ns = source->realtime_ns, .streams = 1,
	};
	struct trace_meta meta = {.extent.kind = TRACE_EXTENT_META, .used = writer->records.size};
	struct trace_tree tree = {
		.extent.kind = TRACE_EXTENT_TREE, .first = TRACE_FIRST_NODE, .capacity = (uint32_t)writer->node_count,
	};
	int file = openat(writer->dir_fd, writer->shared_name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), error;
	uint64_t offset = 0;

	if (file < 0)
		return errno;
	memcpy(process.boot_id, source->digest, sizeof process.boot_id);
	memcpy(&process.start_ticks, source->digest, sizeof process.start_ticks);
	error = write_extent(file, &offset, &process.extent, sizeof process, NULL, 0);
	if (!error)
		error = write_extent(file, &offset, &meta.extent, sizeof meta, writer->records.data,
		                     writer->records.size);
	if (!error && writer->node_count)
		error = write_extent(file, &offset, &tree.extent, sizeof tree, writer->nodes,
		                     writer->node_count * sizeof *writer->nodes);
	close(file);
	return error;
}

/* The file "recording", if this is the first in the directory. 0, or why not. */
static int write_own(struct writer *writer, const struct writer_source *source)
{
	struct trace_recording own = {
		.magic = TRACE_RECORDING_MAGIC, .version = TRACE_VERSION, .realtime_ns = source->realtime_ns,
	};
	int file = openat(writer->dir_fd, "recording", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666), error;

	if (file < 0)
		return errno == EEXIST ? 0 : errno;
	memcpy(own.boot_id, source->digest, sizeof own.boot_id);
	memcpy(&own.start_ticks, source->digest, sizeof own.start_ticks);
	error = write_at(file, &own, sizeof own, 0);
	close(file);
	if (error)
		unlinkat(writer->dir_fd, "recording", 0);
	return error;
}

static char *stem_of(const struct writer_source *source)
{
	uint64_t start;
	uint32_t host;

	memcpy(&start, source->digest, sizeof start);
	memcpy(&host, source->digest + sizeof start, sizeof host);
	return xasprintf("0-%" PRIx64 "-%08" PRIx32 "-0", start, host);
}

static int name_files(struct writer *writer, const char *stem)
{
	char *shared = xasprintf("%s.shared", stem), *log = xasprintf("%s.log", stem);
	int error = 0;

	/* A log that is told twice in one recording would count twice. */
	if (faccessat(writer->dir_fd, shared, F_OK, 0) == 0)
		error = EEXIST;
	else if (renameat(writer->dir_fd, writer->log_name, writer->dir_fd, log) ||
	         renameat(writer->dir_fd, writer->shared_name, writer->dir_fd, shared)) {
		error = errno;
		unlinkat(writer->dir_fd, log, 0);
	}
	free(shared);
	free(log);
	return error;
}

static void free_writer(struct writer *writer)
{
	for (size_t i = 0; i < CHUNKS; i++) {
		struct chunk_job *chunk = &writer->chunks[i];

		free(chunk->events);
		free(chunk->columns);
		free(chunk->stored);
		ZSTD_freeCCtx(chunk->zstd);
	}
	if (writer->log >= 0)
		close(writer->log);
	if (writer->dir_fd >= 0) {
		leftovers_release();
		close(writer->dir_fd);
	}
	pthread_mutex_destroy(&writer->lock);
	free(writer->records.data);
	free(writer->nodes);
	free(writer->dir);
	free(writer);
}

void writer_abandon(struct writer *writer)
{
	for (size_t i = 0; i < CHUNKS; i++)
		pool_wait(writer->pool, &writer->chunks[i].job);
	if (writer->dir_fd >= 0) {
		unlinkat(writer->dir_fd, writer->log_name, 0);
		unlinkat(writer->dir_fd, writer->shared_name, 0);
	}
	if (writer->made_dir)
		rmdir(writer->dir);
	free_writer(writer);
}

bool writer_close(struct writer *writer, const struct writer_source *source)
{
	char *stem = stem_of(source);
	int error;

	begin_chunk(writer);
	for (size_t i = 0; i < CHUNKS; i++)
		pool_wait(writer->pool, &writer->chunks[i].job);
	error = writer->failed;
	if (!error)
		error = write_shared(writer, source);
	if (!error)
		error = write_own(writer, source);
	if (!error)
		error = name_files(writer, stem);
	free(stem);
	if (error) {
		if (error == EEXIST)
			warn("%s: this log was imported there already", writer->dir);
		else
			warn("%s: %s", writer->dir, strerror(error));
		writer_abandon(writer);
		return false;
	}
	free_writer(writer);
	return true;
}
