/*
 * reader_golden_test.c: the format, pinned: tests/golden/format-1/ was written once, and format-1-told/ when there were logs,
 * types, pools, objects and CPU samples, too. Reading them must give what stands in their .txt for as long as version 1 is read.
 *
 *   reader_golden_test golden DIR   writes the one that is called so to DIR, and its text beside it
 *   reader_golden_test seeds DIR    writes seeds for tests/fuzz/reader.c
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "reader_check.h"
#include "reader_dump.h"
#include "reader_maker.h"
#include "suite.h"
#include "trace/recording.h"
#include "util.h"

#define A 0x7f0000001000
#define B 0x7f0000002000
#define C 0x7f0000003000
#define MAPPED 0x7e0000000000

enum { IMAGES = 3 };

static void record_child(struct maker *maker, enum trace_record_type type, uint64_t tick, uint32_t pid, uint32_t how,
	int32_t status, const char *path)
{
	struct trace_child child = {pid, how, status, 0};

	maker_record(maker, type, tick, &child, sizeof child, path);
}

/* Code in two tiers that moved, told by one runtime; another told nothing. */
static void make_code(struct maker *maker)
{
	static const uint32_t lines[][3] = {{0, 12, 22}, {4, 13, 9}, {300, 7, 1}};
	static const uint32_t wasm[][3] = {{0, 0, 0}, {9, 69, 0}};

	maker_runtime(maker, 5, TRACE_RUNTIME_NAMED, "V8 12.4.254.21-node.35");
	maker_code(maker, 6, (struct trace_code){0x330000, 512, 1, 0, TRACE_CODE_BYTECODE, 1},
	           "JS:~retain /srv/leak.js:12:22");
	maker_lines(maker, 6, 1, lines, LENGTH(lines));
	maker_code(maker, 7, (struct trace_code){0x340000, 90, 2, 3, TRACE_CODE_MACHINE, 1},
	           "JS:*retain /srv/leak.js:12:22");
	maker_code(maker, 8, (struct trace_code){0x350000, 40, 3, 0, TRACE_CODE_WASM, 1}, "JS:kimchi::foo-123-liftoff");
	maker_lines(maker, 8, 3, wasm, LENGTH(wasm));
	maker_code(maker, 9, (struct trace_code){0x360000, 8, 4, 0, TRACE_CODE_BUILTIN, 0}, "Builtin:ArrayMap");
	maker_moved(maker, 100, (struct trace_code_moved){0x338000, 1, 1});
	maker_runtime(maker, 940, TRACE_RUNTIME_ENDED, "");
	maker_runtime(maker, 941, TRACE_RUNTIME_MISSING, "no SetJitCodeEventHandler");
}

/* A parent with two threads and a log, a child that is killed, and the program that the parent then becomes. */
static void make(struct maker makers[IMAGES])
{
	struct { struct trace_module module; uint8_t build_id[4]; } module = {
		{0x400000, 0x400000, 0x500000, 0, 4}, {0xde, 0xad, 0xbe, 0xef},
	};
	struct trace_module unload = {0x400000, 0x400000, 0x500000, 0, 0};
	struct trace_thread thread = {1, 101, 0, 0};
	uint32_t root, leaf, other;
	struct trace_process *header;

	maker_init(&makers[0], 100, 0);
	root = maker_node(&makers[0], TRACE_STACK_ROOT, 0x401000);
	leaf = maker_node(&makers[0], root, 0x402000);
	maker_new_extents(&makers[0]);
	other = maker_node(&makers[0], TRACE_STACK_CUT, 0x403000);
	maker_record(&makers[0], TRACE_RECORD_EXE, 2, NULL, 0, "/usr/bin/golden");
	maker_record(&makers[0], TRACE_RECORD_ARGV, 2, "golden\0--all", 13, NULL);
	maker_record(&makers[0], TRACE_RECORD_MODULE, 3, &module, 36, "/usr/bin/golden");
	maker_record(&makers[0], TRACE_RECORD_THREAD, 4, &thread, sizeof thread, "worker");
	record_child(&makers[0], TRACE_RECORD_CHILD, 400, 200, TRACE_HOW_FORK, 0, "");
	record_child(&makers[0], TRACE_RECORD_WAITED, 900, 200, 0, 9, "");
	maker_record(&makers[0], TRACE_RECORD_MARK, 500, NULL, 0, "half");
	maker_record(&makers[0], TRACE_RECORD_WARNING, 510, NULL, 0, "something was odd");
	make_code(&makers[0]);
	maker_record(&makers[0], TRACE_RECORD_UNLOAD, 950, &unload, sizeof unload, NULL);
	record_child(&makers[0], TRACE_RECORD_EXEC, 960, 100, TRACE_FOLLOWED, 0, "/usr/bin/next");
	struct trace_event main_chunk[] = {
		event_alloc(10, A, 100, leaf), event_alloc(20, B, 7, other),
		event_make(TRACE_EVENT_MAP, 30, MAPPED, 65536, leaf, 3, TRACE_MAP_ANONYMOUS),
		event_make(TRACE_EVENT_PROTECT, 31, MAPPED, 4096, root, 0, 0),
		event_make(TRACE_EVENT_REMAP_OUT, 32, MAPPED + 8192, 4096, 0, 0, 0),
		event_make(TRACE_EVENT_REMAP_IN, 33, MAPPED + 0x100000, 8192, other, 0, 0),
		event_make(TRACE_EVENT_ADVISE, 34, MAPPED, 4096, 0, 0, 4),
		event_make(TRACE_EVENT_BREAK, 35, 0x1003000, 0x1000000, root, 0, 0),
		event_make(TRACE_EVENT_UNMAP, 36, MAPPED + 4096, 4096, 0, 0, 0),
	};
	struct trace_event main_ring[] = {
		main_chunk[7], main_chunk[8], /* in the log too */
		event_out(600, A), event_in(610, A, 1000, leaf), event_make(TRACE_EVENT_ALLOC, 620, C, 5, root, 2, 0),
	};
	struct trace_event worker[] = {event_free(300, B), event_free(310, 0x1230),
	                               event_alloc(700, B, 1 << 30, other)};
	maker_chunk(&makers[0], 0, 0, main_chunk, LENGTH(main_chunk), TRACE_CODEC_ZSTD);
	maker_chunk(&makers[0], 1, 0, worker, 2, TRACE_CODEC_NONE);
	maker_ring(&makers[0], 0, 7, main_ring, LENGTH(main_ring), 20);
	maker_ring(&makers[0], 1, 4, worker + 2, 1, 4); /* two are missing */
	header = maker_header(&makers[0]);
	header->clock = TRACE_CLOCK_TSC;
	header->anchor[0] = (struct trace_anchor){1, 1000};
	header->anchor[2] = (struct trace_anchor){1001, 1500};
	header->end = TRACE_END_EXEC;
	header->end_tick = 960;
	header->lost[TRACE_LOST_NO_SPACE] = 3;

	maker_init(&makers[1], 200, 0);
	maker_forked(&makers[1], &makers[0], 350, 390);
	maker_header(&makers[1])->clock = TRACE_CLOCK_TSC;
	maker_header(&makers[1])->anchor[0] = (struct trace_anchor){400, 0};
	maker_moved(&makers[1], 410, (struct trace_code_moved){0x370000, 2, 4}); /* the parent's */
	struct trace_event child[] = {event_free(450, A), event_free(460, B)};
	maker_ring(&makers[1], 0, 0, child, LENGTH(child), 4);

	maker_init(&makers[2], 100, 1);
	header = maker_header(&makers[2]);
	header->clock = TRACE_CLOCK_TSC;
	header->anchor[0] = (struct trace_anchor){1000, 0};
	header->ending_tick = 2000;
	header->end_status = 3;
	header->end = TRACE_END_EXIT;
	maker_record(&makers[2], TRACE_RECORD_EXE, 1000, NULL, 0, "/usr/bin/next");
	record_child(&makers[2], TRACE_RECORD_EXEC, 1500, 300, TRACE_STATIC, 0, "/bin/static");
	struct trace_event next[] = {
		event_alloc(1100, A, 64, TRACE_STACK_NONE), event_free(1110, A),
		event_alloc(1200, B, 32, TRACE_STACK_LOST),
		event_free(2001, B),
	};
	maker_ring(&makers[2], 0, 0, next, LENGTH(next), 4);
}

/* A linear memory with blocks inside, and all records about such; for seeds alone. */
static void make_wasm(struct maker *maker)
{
	const struct trace_module v8 = {.start = 0x400000, .end = 0x500000};
	const struct trace_wasm_heap told = {.base = MAPPED, .data_end = 2000, .stack_top = 1000, .heap_base = 3000, .module = 1};
	const struct trace_wasm_refused refused = {.base = MAPPED, .pages = 3, .stack = 5, .tid = 300};
	const struct trace_wasm_unwatched unwatched = {.bytes = 5000, .base = MAPPED};
	struct trace_event events[] = {
		event_make(TRACE_EVENT_MAP, 10, MAPPED, (1 << 20) + 61440, 5, 0, TRACE_MAP_ANONYMOUS | TRACE_MAP_RUNTIME),
		event_make(TRACE_EVENT_UNMAP, 11, MAPPED + (1 << 20), 61440, 0, 0, 0),
		event_make(TRACE_EVENT_PROTECT, 12, MAPPED, 65536, 5, 3, 0),
		event_alloc(20, MAPPED + 4000, 100, 5), event_alloc(21, MAPPED + 4104, 20, 4), event_free(22, MAPPED + 4000),
		event_free(23, MAPPED + 9000), event_alloc(24, MAPPED + 4104, 30, 5),
	};

	for (size_t i = 3; i < LENGTH(events); i++)
		events[i].detail = TRACE_FAMILY_WASM;
	maker_init(maker, 300, 0);
	maker_record(maker, TRACE_RECORD_MODULE, 1, &v8, sizeof v8, "/bin/node");
	maker_record(maker, TRACE_RECORD_WASM_HEAP, 15, &told, sizeof told, "names\nmalloc\t5\tdlmalloc\tits name\nfree\t7\t?\tx\n");
	maker_record(maker, TRACE_RECORD_WASM_REFUSED, 30, &refused, sizeof refused, "");
	maker_record(maker, TRACE_RECORD_WASM_UNWATCHED, 31, &unwatched, sizeof unwatched, "it has no code");
	maker_node(maker, TRACE_STACK_ROOT, 0x401000);
	maker_node(maker, 4, 0x402000);
	maker_chunk(maker, 0, 0, events, LENGTH(events), TRACE_CODEC_NONE);
}

/* Types and pools that a program tells of, what memory held that looks like objects, CPU samples, and what it all took. */
static void make_told(struct maker *maker)
{
	const struct trace_type type = {.id = 7};
	const struct trace_vtable table = {.address = 0x500010, .id = 1};
	struct { struct trace_vtables head; uint8_t words[14]; } look = {
		{.began = 50, .bytes = 4096, .count = 2, .reason = TRACE_SAMPLE_END},
		/* A, and A + 56 */
		{0x80, 0x88, 0x80, 0x80, 0x80, 0xf8, 0x07, 1, 0, 14, 1, 0, 0, 0},
	};
	struct trace_event events[] = {
		event_alloc(20, A, 32, 4), event_alloc(21, A + 56, 40, 5),
		event_make(TRACE_EVENT_TOLD, 22, A, 7, 0, TRACE_TOLD_TYPE, 0),
		event_make(TRACE_EVENT_TOLD, 23, A, 7, 0, TRACE_TOLD_POOL, 0), event_make(TRACE_EVENT_TOLD_ALLOC, 23, A, 16, 5, 0, 0),
		event_make(TRACE_EVENT_TOLD, 24, 0, 7, 0, TRACE_TOLD_POOL, 0), event_make(TRACE_EVENT_TOLD_ALLOC, 24, 1, 8, 5, 0, 0),
		event_make(TRACE_EVENT_TOLD, 25, 1, 0, 0, TRACE_TOLD_FREE, 0),
		event_out(26, A), event_in(27, B, 64, 5), event_make(TRACE_EVENT_TOLD, 28, A, 0, 0, TRACE_TOLD_POOL_FREE, 0),
		event_make(TRACE_EVENT_CPU, 29, 500, 10000, 5, TRACE_CPU_TIME, 0),
		event_make(TRACE_EVENT_CPU, 29, 0, 777, 5, TRACE_CPU_INSTRUCTIONS, 0),
	};
	const struct trace_cpu_sampling sampling = {.period_ns = 10000, .counters = 3};
	const struct trace_usage usage = {.user_us = 12, .system_us = 3, .peak_rss = 4096, .minor_faults = 5, .major_faults = 6,
	                                  .voluntary = 7, .involuntary = 8};

	maker_init(maker, 400, 0);
	maker_node(maker, TRACE_STACK_ROOT, 0x401000);
	maker_node(maker, 4, 0x402000);
	maker_record(maker, TRACE_RECORD_TYPE, 19, &type, sizeof type, "Connection");
	maker_record(maker, TRACE_RECORD_VTABLE, 51, &table, sizeof table, "3Foo");
	maker_record(maker, TRACE_RECORD_VTABLES, 60, &look, sizeof look, NULL);
	maker_record(maker, TRACE_RECORD_CPU, 2, &sampling, sizeof sampling, NULL);
	maker_record(maker, TRACE_RECORD_USAGE, 70, &usage, sizeof usage, NULL);
	maker_chunk(maker, 0, 0, events, LENGTH(events), TRACE_CODEC_NONE);
}

/* An imported log. */
static void make_log(struct maker *maker)
{
	const struct trace_log log = {.lines = 5, .records = 4, .allocs = 2, .drops = 1, .memory_lines = 1, .growth = -100,
	                              .flags = TRACE_LOG_GROWTH_GIVEN, .files = 1};
	const struct { struct trace_log_site site; char text[14]; } site = {{1, 10, 3, 8, 0}, "a/lib.rsFp<u8>"};
	const struct { struct trace_finding finding; char text[24]; } finding = {{2}, "dropped-twice\0one\0two"};
	const struct trace_event events[] = {
		event_make(TRACE_EVENT_LOG, 1, 77, 24, 4, TRACE_LOG_ALLOC, 0),
		event_make(TRACE_EVENT_LOG, 2, UINT64_MAX, 8, 4, TRACE_LOG_ALLOC, 0),
		event_make(TRACE_EVENT_LOG, 3, 77, 24, 4, TRACE_LOG_DROP, 0),
	};

	maker_init(maker, 500, 0);
	maker_header(maker)->flags = TRACE_PROCESS_IMPORTED;
	maker_node(maker, TRACE_STACK_ROOT, 1);
	maker_record(maker, TRACE_RECORD_LOG, 1, &log, sizeof log, NULL);
	maker_record(maker, TRACE_RECORD_LOG_SITE, 1, &site, sizeof site.site + 14, NULL);
	maker_record(maker, TRACE_RECORD_FINDING, 1, &finding, sizeof finding.finding + 22, NULL);
	maker_chunk(maker, 0, 0, events, LENGTH(events), TRACE_CODEC_ZSTD);
}

/* What a golden recording has, by its number: one for each time that the format got more. */
static const struct { const char *name; int images; } goldens[] = {{"format-1", IMAGES}, {"format-1-told", 2}};

static void make_golden(struct maker *makers, int which)
{
	if (which == 0) {
		make(makers);
	} else {
		make_told(&makers[0]);
		make_log(&makers[1]);
	}
}

static char *text_of(const char *dir)
{
	struct recording *recording = recording_open(dir);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!recording || !out)
		fatal(3, "%s: cannot be read", dir);
	dump_recording(out, recording);
	fclose(out);
	recording_close(recording);
	return text;
}

static char *read_text(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = xcalloc(1, 65536);

	if (!file)
		fatal(3, "%s:", path);
	if (fread(text, 1, 65535, file) == 0)
		fatal(3, "%s: empty", path);
	fclose(file);
	return text;
}

START_TEST(golden)
{
	for (size_t i = 0; i < LENGTH(goldens); i++) {
		char *dir = xasprintf(TESTS_DIR "/golden/%s", goldens[i].name), *path = xasprintf("%s.txt", dir);
		char *read = text_of(dir), *expected = read_text(path);

		ck_assert_str_eq(read, expected);
		free(read);
		free(expected);
		free(dir);
		free(path);
	}
}
END_TEST

/* What is written today is the same format. */
START_TEST(made_today)
{
	for (size_t which = 0; which < LENGTH(goldens); which++) {
		char *path = xasprintf(TESTS_DIR "/golden/%s.txt", goldens[which].name);
		char *dir = maker_directory(), *read, *expected = read_text(path);
		struct maker makers[IMAGES];

		make_golden(makers, (int)which);
		for (int i = 0; i < goldens[which].images; i++)
			maker_write(&makers[i], dir);
		read = text_of(dir);
		ck_assert_str_eq(read, expected);
		maker_remove(dir);
		for (int i = 0; i < goldens[which].images; i++)
			maker_free(&makers[i]);
		free(read);
		free(expected);
		free(path);
	}
}
END_TEST

static void write_golden(const char *dir)
{
	const char *name = strrchr(dir, '/') ? strrchr(dir, '/') + 1 : dir;
	int which = !strcmp(name, goldens[1].name);
	struct maker makers[IMAGES];
	char *text, *beside = xasprintf("../%s", goldens[which].name);

	mkdir(dir, 0755);
	make_golden(makers, which);
	maker_write_own(dir);
	for (int i = 0; i < goldens[which].images; i++) {
		maker_write(&makers[i], dir);
		maker_free(&makers[i]);
	}
	text = text_of(dir);
	maker_write_file(dir, beside, ".txt", (const uint8_t *)text, strlen(text));
	free(beside);
	free(text);
}

/* The files as tests/fuzz/reader.c takes them in pieces: extents without headers and the zeros at their ends. */
static void write_pieces(const struct maker *maker, const char *dir)
{
	char *path = xasprintf("%s/pieces-%s", dir, maker->stem);
	FILE *out = fopen(path, "w");

	if (!out)
		fatal(3, "%s:", path);
	fputc(1, out);
	for (size_t at = 0; at < maker->shared_size;) {
		const struct trace_extent *extent = (const void *)(maker->shared + at);
		const uint8_t *body = (const uint8_t *)(extent + 1);
		size_t size = extent->size - sizeof *extent;

		while (size && body[size - 1] == 0)
			size--;
		fprintf(out, "%c%c%c", extent->kind - 1, (int)(size & 255), (int)(size >> 8));
		fwrite(body, 1, size, out);
		at += extent->size;
	}
	for (size_t at = 0; at < maker->log_size;) {
		const struct trace_chunk *chunk = (const void *)(maker->log + at);
		size_t size = 14 + chunk->stored_size;
		uint16_t numbers[2] = {(uint16_t)chunk->count, (uint16_t)chunk->raw_size};
		uint32_t first[2] = {(uint32_t)chunk->first, (uint32_t)chunk->first_tick};

		fprintf(out, "%c%c%c%c%c", 4, (int)(size & 255), (int)(size >> 8), chunk->stream, chunk->codec);
		fwrite(numbers, sizeof numbers, 1, out);
		fwrite(first, sizeof first, 1, out);
		fwrite(chunk + 1, 1, chunk->stored_size, out);
		at += sizeof *chunk + (chunk->stored_size + 7) / 8 * 8;
	}
	fclose(out);
	free(path);
}

static void write_seeds(const char *dir)
{
	struct maker makers[IMAGES + 3];

	mkdir(dir, 0755);
	make(makers);
	make_wasm(&makers[IMAGES]);
	make_told(&makers[IMAGES + 1]);
	make_log(&makers[IMAGES + 2]);
	for (int i = 0; i < IMAGES + 3; i++) {
		char *path = xasprintf("%s/files-%s", dir, makers[i].stem);
		uint32_t size = (uint32_t)makers[i].shared_size;
		FILE *out = fopen(path, "w");

		if (!out)
			fatal(3, "%s:", path);
		fputc(0, out);
		fwrite(&size, sizeof size, 1, out);
		fwrite(makers[i].shared, 1, size, out);
		fwrite(makers[i].log, 1, makers[i].log_size, out);
		fclose(out);
		free(path);
		write_pieces(&makers[i], dir);
		maker_free(&makers[i]);
	}
}

int main(int argc, char **argv)
{
	TCase *tcase;

	if (argc == 3 && strcmp(argv[1], "golden") == 0) {
		write_golden(argv[2]);
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "seeds") == 0) {
		write_seeds(argv[2]);
		return 0;
	}
	tcase = tcase_create("golden");
	tcase_add_test(tcase, golden);
	tcase_add_test(tcase, made_today);
	return suite_run("golden", tcase);
}
