/* reader_maker.c: see reader_maker.h. */
#include "reader_maker.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

#include "record/encode.h"
#include "trace/recording.h"
#include "util.h"

#define EXTENT 4096u

/* A new extent of `bytes`, rounded up, with a complete header; returns its offset. */
static size_t add_extent(struct maker *maker, enum trace_extent_kind kind, size_t bytes)
{
	size_t size = (bytes + EXTENT - 1) / EXTENT * EXTENT, offset = maker->shared_size;
	struct trace_extent extent = {TRACE_EXTENT_MAGIC, kind, offset, size, 0};

	maker->shared = xreallocarray(maker->shared, 1, offset + size);
	memset(maker->shared + offset, 0, size);
	memcpy(maker->shared + offset, &extent, sizeof extent);
	maker->shared_size = offset + size;
	return offset;
}

void maker_init(struct maker *maker, uint32_t pid, uint32_t image)
{
	struct trace_process *header;

	*maker = (struct maker){.nodes = TRACE_FIRST_NODE};
	snprintf(maker->stem, sizeof maker->stem, "%u-%x-%08x-%u", pid, 1000 * pid, MAKER_HOST, image);
	add_extent(maker, TRACE_EXTENT_PROCESS, sizeof *header);
	header = maker_header(maker);
	header->version = TRACE_VERSION;
	memset(header->boot_id, 0xb0, sizeof header->boot_id);
	header->pid_namespace = 42;
	header->pid = pid;
	header->start_ticks = 1000 * pid;
	header->image = image;
	header->clock = TRACE_CLOCK_NS;
	header->anchor[0] = (struct trace_anchor){1, 1};
	header->stack_depth = 128;
}

void maker_free(struct maker *maker)
{
	free(maker->shared);
	free(maker->log);
	*maker = (struct maker){0};
}

struct trace_process *maker_header(struct maker *maker)
{
	return (struct trace_process *)(void *)maker->shared;
}

void maker_forked(struct maker *maker, struct maker *parent, uint64_t before, uint64_t after)
{
	struct trace_process *header = maker_header(maker);

	header->flags |= TRACE_PROCESS_FORKED;
	header->parent_pid = maker_header(parent)->pid;
	header->parent_start_ticks = maker_header(parent)->start_ticks;
	header->fork_before = before;
	header->fork_after = after;
	header->anchor[0] = (struct trace_anchor){after, after};
}

void maker_new_extents(struct maker *maker)
{
	maker->meta = maker->tree = 0;
}

void maker_record(struct maker *maker, enum trace_record_type type, uint64_t tick, const void *head, size_t head_size,
	const char *text)
{
	size_t length = text ? strlen(text) : 0, bytes = sizeof(struct trace_record) + head_size + length;
	size_t size = (bytes + 7) / 8 * 8;
	struct trace_record record = {(uint32_t)size, (uint16_t)type, (uint16_t)(size - bytes), tick};
	struct trace_meta *meta;
	uint8_t *to;

	if (!maker->meta)
		maker->meta = add_extent(maker, TRACE_EXTENT_META, EXTENT);
	meta = (struct trace_meta *)(void *)(maker->shared + maker->meta);
	if (meta->used + size > EXTENT - sizeof *meta)
		fatal(3, "too many records for a test");
	to = (uint8_t *)(meta + 1) + meta->used;
	memcpy(to, &record, sizeof record);
	if (head_size)
		memcpy(to + sizeof record, head, head_size);
	if (length)
		memcpy(to + sizeof record + head_size, text, length);
	meta->used += size;
}

void maker_code(struct maker *maker, uint64_t tick, struct trace_code code, const char *name)
{
	maker_record(maker, TRACE_RECORD_CODE, tick, &code, sizeof code, name);
}

void maker_moved(struct maker *maker, uint64_t tick, struct trace_code_moved moved)
{
	maker_record(maker, TRACE_RECORD_MOVED, tick, &moved, sizeof moved, NULL);
}

static size_t put_varint(uint8_t *to, uint64_t value)
{
	size_t size = 0;

	for (; value >= 128; value >>= 7)
		to[size++] = (uint8_t)(value | 128);
	to[size++] = (uint8_t)value;
	return size;
}

static uint64_t zigzag(uint32_t now, uint32_t before)
{
	int64_t delta = (int64_t)now - before;

	return (uint64_t)delta << 1 ^ (uint64_t)(delta >> 63);
}

void maker_lines(struct maker *maker, uint64_t tick, uint32_t id, const uint32_t (*entries)[3], uint32_t count)
{
	struct { struct trace_code_lines head; uint8_t table[1000]; } lines = {{id, count}, {0}};
	size_t size = 0;

	for (uint32_t i = 0; i < count; i++) {
		static const uint32_t none[3];
		const uint32_t *before = i ? entries[i - 1] : none;

		if (size + 30 > sizeof lines.table)
			fatal(3, "too many lines for a test");
		size += put_varint(lines.table + size, entries[i][0] - before[0]);
		size += put_varint(lines.table + size, zigzag(entries[i][1], before[1]));
		size += put_varint(lines.table + size, zigzag(entries[i][2], before[2]));
	}
	maker_record(maker, TRACE_RECORD_LINES, tick, &lines, sizeof lines.head + size, NULL);
}

void maker_runtime(struct maker *maker, uint64_t tick, enum trace_runtime_state state, const char *text)
{
	struct trace_runtime runtime = {1, state};

	maker_record(maker, TRACE_RECORD_RUNTIME, tick, &runtime, sizeof runtime, text);
}

uint32_t maker_node(struct maker *maker, uint32_t parent, uint64_t address)
{
	struct trace_tree *tree;

	if (!maker->tree) {
		maker->tree = add_extent(maker, TRACE_EXTENT_TREE, EXTENT);
		tree = (struct trace_tree *)(void *)(maker->shared + maker->tree);
		tree->first = maker->nodes;
		tree->capacity = (EXTENT - sizeof *tree) / sizeof(struct trace_node);
	}
	tree = (struct trace_tree *)(void *)(maker->shared + maker->tree);
	if (maker->nodes - tree->first >= tree->capacity)
		fatal(3, "too many nodes for a test");
	((struct trace_node *)(void *)(tree + 1))[maker->nodes - tree->first] = (struct trace_node){
		address, parent, 0};
	return maker->nodes++;
}

struct trace_ring *maker_ring_at(struct maker *maker, size_t offset)
{
	return (struct trace_ring *)(void *)(maker->shared + offset);
}

size_t maker_ring(struct maker *maker, uint32_t stream, uint64_t first, const struct trace_event *events,
                  size_t count,
	size_t capacity)
{
	size_t offset = add_extent(maker, TRACE_EXTENT_RING, sizeof(struct trace_ring) + capacity * sizeof *events);
	struct trace_ring *ring = maker_ring_at(maker, offset);

	ring->stream = stream;
	ring->state = TRACE_RING_OPEN;
	ring->first = first;
	ring->capacity = (uint32_t)capacity;
	ring->head = count;
	memcpy(ring + 1, events, count * sizeof *events);
	return offset;
}

size_t maker_chunk(struct maker *maker, uint32_t stream, uint64_t first, const struct trace_event *events,
                   size_t count,
	enum trace_codec codec)
{
	uint8_t *columns = xmalloc(encode_bound(count)), *payload;
	size_t raw = encode_columns(events, count, columns), stored = raw, offset = maker->log_size, end;
	struct trace_chunk chunk = {
		.magic = TRACE_CHUNK_MAGIC, .version = TRACE_VERSION, .codec = (uint16_t)codec, .stream = stream,
		.count = (uint32_t)count, .first = first, .first_tick = events[0].tick,
		.last_tick = events[count - 1].tick, .raw_size = (uint32_t)raw,
	};

	if (codec == TRACE_CODEC_ZSTD) {
		payload = xmalloc(ZSTD_compressBound(raw));
		stored = ZSTD_compress(payload, ZSTD_compressBound(raw), columns, raw, 1);
		free(columns);
		columns = payload;
	}
	chunk.stored_size = (uint32_t)stored;
	chunk.payload_hash = XXH3_64bits(columns, stored);
	chunk.header_hash = XXH3_64bits(&chunk, offsetof(struct trace_chunk, header_hash));
	end = offset + sizeof chunk + (stored + 7) / 8 * 8;
	maker->log = xreallocarray(maker->log, 1, end);
	memset(maker->log + offset, 0, end - offset);
	memcpy(maker->log + offset, &chunk, sizeof chunk);
	memcpy(maker->log + offset + sizeof chunk, columns, stored);
	maker->log_size = end;
	free(columns);
	return offset;
}

/* ---- files ---- */

void maker_write_file(const char *dir, const char *name, const char *ending, const uint8_t *data, size_t size)
{
	char *path = xasprintf("%s/%s%s", dir, name, ending);
	FILE *file = fopen(path, "w");

	if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0)
		fatal(3, "%s:", path);
	free(path);
}

void maker_write_own(const char *dir)
{
	struct trace_recording own = {
		.magic = TRACE_RECORDING_MAGIC, .version = TRACE_VERSION, .pid = 100, .start_ticks = 100000,
		.realtime_ns = 1700000000000000000, .pid_namespace = 42,
	};

	memset(own.boot_id, 0xb0, sizeof own.boot_id);
	maker_write_file(dir, "recording", "", (const uint8_t *)&own, sizeof own);
}

char *maker_directory(void)
{
	const char *base = getenv("TMPDIR");
	char *dir = xasprintf("%s/reader-XXXXXX", base ? base : "/tmp");

	if (!mkdtemp(dir))
		fatal(3, "%s:", dir);
	maker_write_own(dir);
	return dir;
}

void maker_write(const struct maker *maker, const char *dir)
{
	maker_write_file(dir, maker->stem, ".shared", maker->shared, maker->shared_size);
	if (maker->log)
		maker_write_file(dir, maker->stem, ".log", maker->log, maker->log_size);
}

void maker_remove(char *dir)
{
	DIR *stream = opendir(dir);
	struct dirent *entry;

	while (stream && (entry = readdir(stream)))
		unlinkat(dirfd(stream), entry->d_name, 0);
	if (stream)
		closedir(stream);
	rmdir(dir);
	free(dir);
}

struct recording *maker_open(const struct maker *makers, size_t count)
{
	char *dir = maker_directory();
	struct recording *recording;

	for (size_t i = 0; i < count; i++)
		maker_write(&makers[i], dir);
	recording = recording_open(dir);
	if (!recording)
		fatal(3, "%s: cannot be read", dir);
	maker_remove(dir);
	return recording;
}

/* ---- events ---- */

struct trace_event event_make(enum trace_event_kind kind, uint64_t tick, uint64_t address, uint64_t size,
	uint32_t stack, unsigned detail, unsigned extra)
{
	return (struct trace_event){tick, address, size, stack, (uint8_t)kind, (uint8_t)detail, (uint16_t)extra};
}

struct trace_event event_alloc(uint64_t tick, uint64_t address, uint64_t size, uint32_t stack)
{
	return event_make(TRACE_EVENT_ALLOC, tick, address, size, stack, 0, 0);
}

struct trace_event event_free(uint64_t tick, uint64_t address)
{
	return event_make(TRACE_EVENT_FREE, tick, address, 0, 0, 0, 0);
}

struct trace_event event_out(uint64_t tick, uint64_t address)
{
	return event_make(TRACE_EVENT_REALLOC_OUT, tick, address, 0, 0, 0, 0);
}

struct trace_event event_in(uint64_t tick, uint64_t address, uint64_t size, uint32_t stack)
{
	return event_make(TRACE_EVENT_REALLOC_IN, tick, address, size, stack, 0, 0);
}
