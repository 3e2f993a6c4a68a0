/*
 * reader_damage_test.c: every truncation at a byte and every flipped byte of a small recording. Nothing crashes (run
 * it under sanitizers, too), and what is intact is read.
 */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "reader_check.h"
#include "reader_maker.h"
#include "suite.h"
#include "trace/recording.h"
#include "util.h"

#define A 0x7f0000001000

enum { CHUNKS = 6, CHUNK = 40, RINGS = 3, RING = 30 };

static struct maker maker;
static size_t chunk_at[CHUNKS + 1];      /* offsets of the chunks, and the end of the log */
static size_t ring_at[RINGS];
static uint64_t from_chunks;             /* events in the log, */
static uint64_t from_rings;              /* and in rings only */

/* Streams 0 to 2: chunks by turns, then a ring each, of which the first is also in the log half. */
static void setup(void)
{
	struct trace_event events[CHUNK];
	uint64_t next[RINGS] = {0}, tick = 10;
	uint32_t root;

	maker_init(&maker, 100, 0);
	root = maker_node(&maker, TRACE_STACK_ROOT, 0x401000);
	maker_node(&maker, root, 0x402000);
	maker_record(&maker, TRACE_RECORD_EXE, 1, NULL, 0, "/bin/damaged");
	maker_record(&maker, TRACE_RECORD_ARGV, 1, "damaged\0x", 9, NULL);
	for (int i = 0; i < CHUNKS; i++) {
		uint32_t stream = (uint32_t)i % RINGS;

		for (int j = 0; j < CHUNK; j++, tick += 3)
			events[j] = event_alloc(tick, A + tick * 16, tick % 500, root);
		chunk_at[i] = maker_chunk(&maker, stream, next[stream], events, CHUNK,
		                          i % 2 ? TRACE_CODEC_NONE : TRACE_CODEC_ZSTD);
		next[stream] += CHUNK;
	}
	chunk_at[CHUNKS] = maker.log_size;
	from_chunks = CHUNKS * CHUNK;
	from_rings = 0;
	for (uint32_t i = 0; i < RINGS; i++) {
		uint64_t doubles = i == 0 ? RING / 2 : 0;

		for (int j = 0; j < RING; j++, tick += 3)
			events[j] = event_alloc(tick, A + tick * 16, tick % 500, root);
		ring_at[i] = maker_ring(&maker, i, next[i] - doubles, events, RING, RING);
		from_rings += RING - doubles;
	}
	maker_header(&maker)->end = TRACE_END_EXIT;
}

/* Cuts a file of the image to `size` and reads the recording, which is to be closed. */
static struct recording *read_cut(const char *dir, const char *ending, size_t size)
{
	char *path = xasprintf("%s/%s%s", dir, maker.stem, ending);
	struct recording *recording;

	if (truncate(path, (off_t)size) != 0 || !(recording = recording_open(dir)) || recording->process_count != 1)
		ck_abort_msg("not read: %zu of %s", size, ending);
	free(path);
	return recording;
}

static uint64_t ring_events(size_t ring, size_t shared_size)
{
	size_t body = ring_at[ring] + sizeof(struct trace_ring);
	size_t whole = shared_size > body ? (shared_size - body) / sizeof(struct trace_event) : 0;
	uint64_t doubles = ring == 0 ? RING / 2 : 0;

	whole = whole < RING ? whole : RING;
	return whole > doubles ? whole - doubles : 0;
}

/* Check's own assertions are too slow for so many. */
static void expect(const char *what, size_t at, uint64_t is, uint64_t wanted)
{
	if (is != wanted)
		ck_abort_msg("%s at %zu: %llu, not %llu", what, at, (unsigned long long)is,
		             (unsigned long long)wanted);
}

START_TEST(intact)
{
	char *dir = maker_directory();
	struct recording *recording;

	setup();
	maker_write(&maker, dir);
	recording = read_cut(dir, ".log", maker.log_size);
	ck_assert_uint_eq(recording->processes[0].events, from_chunks + from_rings);
	ck_assert_uint_eq(recording->processes[0].recovered, from_rings);
	ck_assert_uint_eq(recording->processes[0].totals.allocs, from_chunks + from_rings);
	ck_assert_uint_eq(recording->processes[0].lost, 0);
	ck_assert_uint_eq(recording->finding_count, 0);
	recording_close(recording);
	maker_remove(dir);
	maker_free(&maker);
}
END_TEST

START_TEST(log_truncated)
{
	char *dir = maker_directory();

	setup();
	maker_write(&maker, dir);
	for (size_t size = maker.log_size + 1; size-- > 0;) {
		struct recording *recording = read_cut(dir, ".log", size);
		const struct process_info *process = &recording->processes[0];
		uint64_t events = from_rings, lost = 0;

		for (int i = 0; i < CHUNKS; i++) {
			/* The padding behind a chunk may be missing. */
			const struct trace_chunk *chunk = (const void *)(maker.log + chunk_at[i]);
			bool whole = chunk_at[i] + sizeof *chunk + chunk->stored_size <= size;

			events += whole ? CHUNK : 0;
			lost += whole ? 0 : CHUNK;
		}
		/* Half a ring is in the chunk too that stream 0 ends with. */
		if (size < chunk_at[3] + sizeof(struct trace_chunk) +
		           ((const struct trace_chunk *)(const void *)(maker.log + chunk_at[3]))->stored_size) {
			events += RING / 2;
			lost -= RING / 2;
		}
		expect("events", size, process->events, events);
		expect("lost", size, process->lost, lost);
		expect("allocs", size, process->totals.allocs, events);
		expect("findings", size, recording->finding_count, 0); /* as a killed drain leaves it */
		recording_close(recording);
	}
	maker_remove(dir);
	maker_free(&maker);
}
END_TEST

START_TEST(shared_truncated)
{
	char *dir = maker_directory();

	setup();
	maker_write(&maker, dir);
	for (size_t size = maker.shared_size + 1; size-- > 0;) {
		struct recording *recording = read_cut(dir, ".shared", size);
		const struct process_info *process = &recording->processes[0];
		uint64_t events = from_chunks;

		for (size_t i = 0; i < RINGS; i++)
			events += ring_events(i, size);
		expect("events", size, process->events, events);
		expect("allocs", size, process->totals.allocs, events);
		expect("pid", size, process->header.pid, 100);
		/* The tree lies before all rings. */
		if (size >= ring_at[0] && process->sites[0].stack.index != TRACE_FIRST_NODE)
			ck_abort_msg("no stack at %zu", size);
		recording_close(recording);
	}
	maker_remove(dir);
	maker_free(&maker);
}
END_TEST

/* Opens the file for single bytes to be changed in it. */
static int open_file(const char *dir, const char *ending)
{
	char *path = xasprintf("%s/%s%s", dir, maker.stem, ending);
	int fd = open(path, O_WRONLY);

	free(path);
	return fd;
}

static void flip_each(const char *ending, const uint8_t *data, size_t size,
	void (*check)(const struct recording *recording, size_t at))
{
	static const uint8_t flips[] = {0x01, 0x80, 0xff};
	char *dir = maker_directory();
	int fd;

	maker_write(&maker, dir);
	fd = open_file(dir, ending);
	for (size_t at = 0; at < size; at++) {
		/* The insides of large extents are much alike. */
		if (data == maker.shared && at % 4096 >= 1024 && at % 97)
			continue;
		for (size_t i = 0; i < LENGTH(flips); i++) {
			uint8_t byte = data[at] ^ flips[i];
			struct recording *recording;

			if (pwrite(fd, &byte, 1, (off_t)at) != 1 || !(recording = recording_open(dir)))
				ck_abort_msg("not read: %zu of %s", at, ending);
			check(recording, at);
			recording_close(recording);
		}
		if (pwrite(fd, data + at, 1, (off_t)at) != 1)
			ck_abort_msg("cannot write");
	}
	close(fd);
	maker_remove(dir);
}

static void check_log_flip(const struct recording *recording, size_t at)
{
	uint64_t least = from_chunks + from_rings - CHUNK, most = from_chunks + from_rings;
	uint64_t events = recording->processes[0].events;
	size_t chunk = 0;

	while (at >= chunk_at[chunk + 1])
		chunk++;
	if (chunk == 3)
		least += RING / 2; /* a ring has them too */
	const struct trace_chunk *header = (const void *)(maker.log + chunk_at[chunk]);
	if (at < chunk_at[chunk] + sizeof *header + header->stored_size) {
		expect("events", at, events, least);
		expect("findings", at, recording->finding_count, 1);
	} else {
		expect("events", at, events, most); /* padding */
	}
}

START_TEST(log_flipped)
{
	setup();
	flip_each(".log", maker.log, maker.log_size, check_log_flip);
	maker_free(&maker);
}
END_TEST

static void check_shared_flip(const struct recording *recording, size_t at)
{
	/* Whatever became of the rings, the log is read. A ring is of one stream, so the others' are read as well. */
	if (recording->processes[0].events - recording->processes[0].recovered != from_chunks)
		ck_abort_msg("the log is not read whole at %zu", at);
	if (recording->processes[0].recovered < from_rings - RING)
		ck_abort_msg("more than one ring is gone at %zu", at);
}

START_TEST(shared_flipped)
{
	setup();
	flip_each(".shared", maker.shared, maker.shared_size, check_shared_flip);
	maker_free(&maker);
}
END_TEST

/* Chunks behind bytes that are none: noise, zeros, and a right header whose payload was never written. */
START_TEST(resynchronized)
{
	char *dir = maker_directory();
	uint8_t before[248] = {0};
	struct recording *recording;
	uint8_t *log;

	setup();
	for (size_t i = 0; i < 100; i++)
		before[i] = (uint8_t)(i * 37 + 1);
	memcpy(before + 184, maker.log, sizeof(struct trace_chunk));
	log = xmalloc(sizeof before + maker.log_size);
	memcpy(log, before, sizeof before);
	memcpy(log + sizeof before, maker.log, maker.log_size);
	maker_write(&maker, dir);
	maker_write_file(dir, maker.stem, ".log", log, sizeof before + maker.log_size);
	recording = recording_open(dir);
	ck_assert_uint_eq(recording->processes[0].events, from_chunks + from_rings);
	ck_assert_uint_eq(recording->processes[0].lost, 0);
	ck_assert_uint_eq(recording->finding_count, 1);
	ck_assert_str_eq(recording->findings[0].kind, "damage");
	recording_close(recording);
	free(log);
	maker_remove(dir);
	maker_free(&maker);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		intact, log_truncated, shared_truncated, log_flipped, shared_flipped, resynchronized,
	};
	TCase *tcase = tcase_create("damage");

	for (size_t i = 0; i < LENGTH(tests); i++)
		tcase_add_test(tcase, tests[i]);
	tcase_set_timeout(tcase, 300);
	return suite_run("damage", tcase);
}
