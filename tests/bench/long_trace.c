/*
 * long_trace.c DIR EVENTS LIVE LEVELS: a recording of EVENTS births and deaths among LIVE blocks that are alive, from
 * 2^LEVELS stacks, written as libprobe.so would write it: a program that does as much takes ten times as long.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>
#include <zstd.h>

#include "record/encode.h"

enum { PID = 100, START = 100000, EXTENT = 4096 };

static void require(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

static void *room(size_t size)
{
	void *made = calloc(1, size);

	require(made != NULL, "memory");
	return made;
}

static FILE *create(const char *dir, const char *name)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	file = fopen(path, "w");
	require(file != NULL, path);
	return file;
}

static void put(FILE *file, const void *data, size_t size)
{
	require(fwrite(data, 1, size, file) == size, "writing");
}

static void put_own(const char *dir)
{
	struct trace_recording own = {
		.magic = TRACE_RECORDING_MAGIC, .version = TRACE_VERSION, .pid = PID, .start_ticks = START,
		.realtime_ns = 1700000000000000000, .pid_namespace = 42,
	};
	FILE *file = create(dir, "recording");

	memset(own.boot_id, 0xb0, sizeof own.boot_id);
	put(file, &own, sizeof own);
	require(fclose(file) == 0, "writing");
}

/* The process, and a tree of which each node but the last level's has two callees. */
static void put_shared(const char *dir, unsigned levels)
{
	uint32_t nodes = (2u << levels) - 2;
	size_t size = (sizeof(struct trace_tree) + nodes * sizeof(struct trace_node) + EXTENT - 1) / EXTENT * EXTENT;
	struct trace_process *process = room(EXTENT);
	struct trace_tree *tree = room(size);
	struct trace_node *node = (struct trace_node *)(void *)(tree + 1);
	FILE *file = create(dir, "100-186a0-1234abcd-0.shared");

	*(struct trace_extent *)(void *)process = (struct trace_extent){TRACE_EXTENT_MAGIC, TRACE_EXTENT_PROCESS, 0, EXTENT, 0};
	process->version = TRACE_VERSION;
	memset(process->boot_id, 0xb0, sizeof process->boot_id);
	process->pid_namespace = 42;
	process->pid = PID;
	process->start_ticks = START;
	process->clock = TRACE_CLOCK_NS;
	process->anchor[0] = (struct trace_anchor){1, 1};
	process->stack_depth = 128;
	tree->extent = (struct trace_extent){TRACE_EXTENT_MAGIC, TRACE_EXTENT_TREE, EXTENT, size, 0};
	tree->first = TRACE_FIRST_NODE;
	tree->capacity = nodes;
	for (uint32_t i = 0; i < nodes; i++)
		node[i] = (struct trace_node){0x10000 + 16 * i, i < 2 ? TRACE_STACK_ROOT : TRACE_FIRST_NODE + i / 2 - 1, 0};
	put(file, process, EXTENT);
	put(file, tree, size);
	require(fclose(file) == 0, "writing");
	free(process);
	free(tree);
}

struct log {
	FILE    *file;
	uint64_t first;           /* sequence of the next event */
	uint8_t *columns, *payload;
};

static void put_chunk(struct log *log, const struct trace_event *events, uint32_t count)
{
	static const uint8_t padding[8];
	size_t raw = encode_columns(events, count, log->columns);
	size_t stored = ZSTD_compress(log->payload, ZSTD_compressBound(raw), log->columns, raw, 1);
	struct trace_chunk chunk = {
		.magic = TRACE_CHUNK_MAGIC, .version = TRACE_VERSION, .codec = TRACE_CODEC_ZSTD, .count = count, .first = log->first,
		.first_tick = events[0].tick, .last_tick = events[count - 1].tick, .raw_size = (uint32_t)raw,
		.stored_size = (uint32_t)stored, .payload_hash = XXH3_64bits(log->payload, stored),
	};

	require(!ZSTD_isError(stored), "zstd");
	chunk.header_hash = XXH3_64bits(&chunk, offsetof(struct trace_chunk, header_hash));
	put(log->file, &chunk, sizeof chunk);
	put(log->file, log->payload, stored);
	put(log->file, padding, (8 - stored % 8) % 8);
	log->first += count;
}

static uint64_t next_random(void)
{
	static uint64_t state = 88172645463325252;

	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

/* Blocks die in no order, and others are born where some were before. */
static void put_log(const char *dir, uint64_t events, uint32_t live, unsigned levels)
{
	struct log log = {create(dir, "100-186a0-1234abcd-0.log"), 0, room(encode_bound(TRACE_CHUNK_EVENTS)),
	                  room(ZSTD_compressBound(encode_bound(TRACE_CHUNK_EVENTS)))};
	struct trace_event *chunk = room(TRACE_CHUNK_EVENTS * sizeof *chunk);
	uint64_t *blocks = room(live * sizeof *blocks), freed = 0x7f0000000000, tick = 1000, block = 0;
	uint32_t count = 0, leaves = TRACE_FIRST_NODE + (1u << levels) - 2;

	for (uint32_t i = 0; i < live; i++)
		blocks[i] = 0x7f0000001000 + (uint64_t)i * 1040;
	for (uint64_t i = 0; i < events; i++) {
		uint64_t random = next_random(), gone;

		tick += 20 + random % 64;
		if (i >= live && (i - live) % 2 == 0) {
			block = (random >> 32) % live;
			gone = blocks[block];
			chunk[count++] = (struct trace_event){.tick = tick, .address = gone, .kind = TRACE_EVENT_FREE};
			blocks[block] = freed;
			freed = gone;
		} else {
			block = i < live ? i : block;
			chunk[count++] = (struct trace_event){
				.tick = tick, .address = blocks[block], .size = 16 + random % 1024, .kind = TRACE_EVENT_ALLOC,
				.stack = leaves + (uint32_t)(random >> 20 & ((1u << levels) - 1)),
			};
		}
		if (count == TRACE_CHUNK_EVENTS || i + 1 == events) {
			put_chunk(&log, chunk, count);
			count = 0;
		}
	}
	require(fclose(log.file) == 0, "writing");
	free(log.columns);
	free(log.payload);
	free(chunk);
	free(blocks);
}

int main(int argc, char **argv)
{
	if (argc != 5)
		return 2;
	encode_start();
	require(mkdir(argv[1], 0777) == 0, argv[1]);
	put_own(argv[1]);
	put_shared(argv[1], (unsigned)atoi(argv[4]));
	put_log(argv[1], strtoull(argv[2], NULL, 10), (uint32_t)atoi(argv[3]), (unsigned)atoi(argv[4]));
	return 0;
}
