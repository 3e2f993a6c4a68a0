/*
 * reader.c: any bytes as the files of a process image. Clang defines FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION, which
 * turns off the hashes (trace/log.c), so that mutations reach what they protect.
 *
 * The first byte of the input says how the rest is meant:
 *   even   four bytes: size of STEM.shared; then its bytes; then those of STEM.log
 *   odd    pieces: a byte, two bytes of size (little-endian), as many bytes. The byte, modulo 6:
 *            0-3  an extent (process, meta, tree, ring): what follows its header, which is made
 *            4    a chunk: stream, codec (a byte each), count, raw size (two bytes each), first sequence, first tick
 *                 (four bytes each), payload; its header is made
 *            5    bytes of STEM.log
 */
#include <stdlib.h>
#include <string.h>

#include "trace/image.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

/* A file that is being made. */
struct buffer {
	uint8_t *data;           /* owned; aligned as malloc does */
	size_t   size, room;     /* bytes in use, and allocated */
};

/* The reader is given exactly `size` bytes, and AddressSanitizer must see each byte beyond: see exactly(). */
static uint8_t *append(struct buffer *buffer, const void *data, size_t size)
{
	if (!size)
		return NULL;
	if (buffer->size + size > buffer->room) {
		buffer->room = 2 * (buffer->size + size);
		buffer->data = xreallocarray(buffer->data, 1, buffer->room);
	}
	if (data)
		memcpy(buffer->data + buffer->size, data, size);
	else
		memset(buffer->data + buffer->size, 0, size);
	buffer->size += size;
	return buffer->data + buffer->size - size;
}

static void exactly(struct buffer *buffer)
{
	if (buffer->size)
		buffer->data = xreallocarray(buffer->data, 1, buffer->size);
}

static void add_extent(struct buffer *shared, uint32_t kind, const uint8_t *body, size_t size)
{
	size_t whole = (sizeof(struct trace_extent) + size + TRACE_EXTENT_ALIGN - 1) / TRACE_EXTENT_ALIGN *
	               TRACE_EXTENT_ALIGN;
	struct trace_extent extent = {TRACE_EXTENT_MAGIC, kind, shared->size, whole, 0};
	uint8_t *to = append(shared, NULL, whole);

	memcpy(to, &extent, sizeof extent);
	if (size)
		memcpy(to + sizeof extent, body, size);
}

static void add_chunk(struct buffer *log, const uint8_t *body, size_t size)
{
	struct trace_chunk chunk = {.magic = TRACE_CHUNK_MAGIC, .version = TRACE_VERSION};
	uint16_t numbers[2];
	uint32_t first[2];

	if (size < 14)
		return;
	memcpy(numbers, body + 2, sizeof numbers);
	memcpy(first, body + 6, sizeof first);
	chunk.stream = body[0];
	chunk.codec = body[1] % 2;
	chunk.count = numbers[0];
	chunk.stored_size = (uint32_t)size - 14;
	chunk.raw_size = chunk.codec == TRACE_CODEC_NONE ? chunk.stored_size : numbers[1];
	chunk.first = first[0];
	chunk.first_tick = first[1];
	append(log, &chunk, sizeof chunk);
	append(log, body + 14, size - 14);
	append(log, NULL, -log->size % 8);
}

static void make_files(const uint8_t *input, size_t size, struct buffer *shared, struct buffer *log)
{
	uint32_t split;

	if (size < 5)
		return;
	if (input[0] % 2 == 0) {
		memcpy(&split, input + 1, sizeof split);
		input += 5;
		size -= 5;
		split = split < size ? split : (uint32_t)size;
		append(shared, input, split);
		append(log, input + split, size - split);
		return;
	}
	for (input++, size--; size >= 3;) {
		size_t length = input[1] | (size_t)input[2] << 8;
		unsigned kind = input[0] % 6;

		input += 3;
		size -= 3;
		length = length < size ? length : size;
		if (kind < 4)
			add_extent(shared, kind + 1, input, length);
		else if (kind == 4)
			add_chunk(log, input, length);
		else
			append(log, input, length);
		input += length;
		size -= length;
	}
}

static void require(int condition)
{
	if (!condition)
		abort();
}

/* What the rest of the analyzer relies on. */
static void check(const struct process_info *process)
{
	const struct totals *totals = &process->totals;

	require(totals->allocs >= totals->frees && totals->live_blocks == totals->allocs - totals->frees);
	require(process->ns_per_tick > 0);
	for (size_t i = 0; i < process->node_count; i++)
		require(process->nodes[i].address == 0 || process->nodes[i].parent < i + TRACE_FIRST_NODE);
	for (size_t i = 0; i < process->site_count; i++) {
		uint32_t stack = process->sites[i].stack.index;

		require(process->sites[i].allocs >= process->sites[i].frees);
		while (stack >= TRACE_FIRST_NODE) {
			require(stack - TRACE_FIRST_NODE < process->node_count);
			require(process->nodes[stack - TRACE_FIRST_NODE].address != 0);
			stack = process->nodes[stack - TRACE_FIRST_NODE].parent;
		}
	}
}

/* A log's sums are those of its sites. */
static void check_log(const struct process_info *process)
{
	uint64_t blocks = 0, bytes = 0;

	for (size_t i = 0; i < process->site_count; i++)
		if (process->sites[i].domain == DOMAIN_LOG) {
			blocks += process->sites[i].live_blocks;
			bytes += process->sites[i].live_bytes;
		}
	require(process->logged ? process->logged->live_blocks == blocks && process->logged->live_bytes == bytes
	                        : !blocks && !bytes);
}

/* Every byte of a memory is in one part, if anything is believed of what its functions told. */
static void check_parts(const struct wasm_memory *memory)
{
	const struct wasm_parts *parts = memory->heap && !memory->heap->dropped.all ? &memory->heap->parts : NULL;

	require(!parts || parts->static_bytes + parts->stack_bytes + parts->live_bytes + parts->overhead_bytes +
	        parts->free_bytes + parts->unused_bytes + parts->unattributed_bytes == memory->bytes);
}

static void check_ledger(const struct ledger *ledger)
{
	uint64_t sum = ledger->unexplained_bytes;

	for (size_t i = 0; i < ledger->part_count; i++)
		sum += ledger->parts[i].bytes;
	require(sum == ledger->rss_bytes && ledger->unexplained_bytes <= ledger->rss_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct process_info process = {.stem = xstrdup("100-186a0-1234abcd-0")};
	struct image image = {.process = &process};
	struct buffer shared = {0}, log = {0};
	struct finding *finding;

	make_files(input, size, &shared, &log);
	exactly(&shared);
	exactly(&log);
	image_read(&image, (struct bytes){shared.data, shared.size, false});
	clock_calibrate(&image, 1);
	family_link(&image, 1);
	code_link(&image, 1);
	image_replay(&image, (struct bytes){shared.data, shared.size, false}, (struct bytes){log.data, log.size, false});
	check(&process);
	check_log(&process);
	for (size_t i = 0; i < process.wasm_memory_count; i++)
		check_parts(&process.wasm_memories[i]);
	for (size_t i = 0; i < process.ledger_count; i++)
		check_ledger(&process.ledgers[i]);
	finding = followed_check(&image, 1);
	if (finding) {
		for (size_t i = 0; i < finding->example_count; i++)
			free(finding->examples[i]);
		free(finding->examples);
		free(finding->kind);
		free(finding);
	}
	inherit_free(&image.inherit);
	damage_free(&image.damage);
	process_free(&process);
	free(shared.data);
	free(log.data);
	return 0;
}
