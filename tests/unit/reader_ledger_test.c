/*
 * reader_ledger_test.c: a process whose every page is known: what a ledger makes of its samples, and that no bytes
 * in their place do harm.
 */
#include <string.h>

#include "reader_maker.h"
#include "suite.h"
#include "trace/recording.h"

#define PAGE  4096ull
#define BREAK 0x5000000ull
#define ARENA 0x7f0004000000ull
#define CHUNK 0x7f1000000000ull   /* a mapping of malloc's for one block */
#define MAPS  0x7f2000000000ull
#define FILE_ 0x7f3000000000ull
#define STACK 0x7f4000000000ull
#define OWN   0x7f5000000000ull
#define ENDED 0x7f5800000000ull
#define ALIEN 0x7f6000000000ull

struct payload_maker {
	uint8_t  bytes[4096];
	size_t   size;
	uint32_t count;
	uint64_t previous;
};

static void number(struct payload_maker *made, uint64_t value)
{
	for (; value >= 128; value >>= 7)
		made->bytes[made->size++] = (uint8_t)(value | 128);
	made->bytes[made->size++] = (uint8_t)value;
}

/* `runs`: pairs of pages to skip and pages that are resident; ends with 0, 0. */
static void area(struct payload_maker *made, unsigned kind, uint64_t start, uint64_t pages, uint64_t resident,
                 const uint64_t (*runs)[2], const char *name)
{
	int64_t step = (int64_t)(start / PAGE - made->previous);
	uint64_t count = 0;

	while (runs && runs[count][1])
		count++;
	made->bytes[made->size++] = (uint8_t)(kind | 3 << TRACE_AREA_PROTECTION | (count ? TRACE_AREA_RUNS : 0));
	number(made, (uint64_t)step << 1 ^ (uint64_t)(step >> 63));
	number(made, pages);
	made->previous = start / PAGE + pages;
	made->count++;
	if (kind >= TRACE_CLAIM_OWN)
		return;
	number(made, resident);
	if (count)
		number(made, count);
	for (uint64_t i = 0; i < count; i++) {
		number(made, runs[i][0]);
		number(made, runs[i][1]);
	}
	if (name) {
		number(made, strlen(name));
		memcpy(made->bytes + made->size, name, strlen(name));
		made->size += strlen(name);
	}
}

static void record(struct maker *maker, struct payload_maker *made, uint64_t tick, uint64_t rss,
                   enum trace_sample_reason reason, bool more)
{
	struct trace_sample head = {.rss = rss, .reason = (uint16_t)reason, .flags = more, .count = made->count};
	uint8_t whole[sizeof head + sizeof made->bytes];

	memcpy(whole, &head, sizeof head);
	memcpy(whole + sizeof head, made->bytes, made->size);
	maker_record(maker, TRACE_RECORD_SAMPLE, tick, whole, sizeof head + made->size, "");
	*made = (struct payload_maker){0};
}

/* 4 + 16 + 5 + 6 + 10 + 3 + 2 + 8 + 7 pages. */
#define RSS (61 * PAGE)

static const uint64_t arena_runs[][2] = {{0, 12}, {100, 4}, {0, 0}};

static void sample(struct maker *maker, uint64_t tick, enum trace_sample_reason reason)
{
	struct payload_maker made = {0};

	area(&made, TRACE_AREA_BREAK, BREAK, 4, 4, NULL, NULL);
	area(&made, TRACE_AREA_ANONYMOUS, ARENA, 200, 16, arena_runs, NULL);
	area(&made, TRACE_AREA_ANONYMOUS, CHUNK, 40, 5, (const uint64_t[][2]){{0, 5}, {0, 0}}, NULL);
	record(maker, &made, tick, RSS, reason, true);
	area(&made, TRACE_AREA_ANONYMOUS, MAPS, 8, 6, (const uint64_t[][2]){{2, 6}, {0, 0}}, NULL);
	area(&made, TRACE_AREA_FILE, FILE_, 20, 10, NULL, "/lib/libx.so");
	area(&made, TRACE_AREA_ANONYMOUS, STACK, 16, 3, (const uint64_t[][2]){{13, 3}, {0, 0}}, NULL);
	area(&made, TRACE_AREA_ANONYMOUS, OWN, 2, 2, NULL, NULL);
	area(&made, TRACE_AREA_ANONYMOUS, ENDED, 8, 8, NULL, NULL);
	area(&made, TRACE_AREA_ANONYMOUS, ALIEN, 7, 7, NULL, NULL);
	area(&made, TRACE_CLAIM_STACK, STACK - PAGE, 17, 0, NULL, NULL);
	area(&made, TRACE_CLAIM_OLD, ENDED + 3 * PAGE, 5, 0, NULL, NULL);
	area(&made, TRACE_CLAIM_OLD, MAPS, 8, 0, NULL, NULL); /* the program has mapped something else there since */
	area(&made, TRACE_CLAIM_OWN, OWN, 256, 0, NULL, NULL);
	record(maker, &made, tick, RSS, reason, false);
}

static void make(struct maker *maker)
{
	uint32_t site, mapper;

	maker_init(maker, 100, 0);
	site = maker_node(maker, TRACE_STACK_ROOT, 0x401000);
	mapper = maker_node(maker, TRACE_STACK_ROOT, 0x402000);
	struct trace_event events[] = {
		event_alloc(9, STACK + 14 * PAGE, PAGE, site),       /* a stack may lie in a block */
		event_alloc(10, BREAK + 16, 100, site),
		event_alloc(11, ARENA + 0x1010, 1004, site),         /* a chunk of 1024 */
		event_alloc(12, ARENA + 112 * PAGE + 16, 24, site),  /* of 32 */
		event_alloc(13, ARENA + 5 * PAGE + 16, 3 * PAGE, site),
		event_alloc(14, CHUNK + 16, 38 * PAGE, site),        /* 5 of its pages are resident */
		event_make(TRACE_EVENT_MAP, 15, MAPS, 8 * PAGE, mapper, 3, TRACE_MAP_ANONYMOUS),
		event_free(16, ARENA + 5 * PAGE + 16),
		event_free(30, BREAK + 16),
	};
	maker_ring(maker, 0, 0, events, sizeof events / sizeof *events, 64);
}

static uint64_t sum(const struct ledger *ledger, enum ledger_kind kind)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < ledger->part_count; i++)
		if (ledger->parts[i].kind == kind)
			bytes += ledger->parts[i].bytes;
	return bytes;
}

static uint64_t trimmable(const struct ledger *ledger)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < ledger->part_count; i++)
		bytes += ledger->parts[i].trimmable;
	return bytes;
}

START_TEST(every_page_is_somewhere)
{
	struct maker maker;
	struct recording *recording;
	const struct ledger *ledger;

	make(&maker);
	sample(&maker, 20, TRACE_SAMPLE_RATE);
	recording = maker_open(&maker, 1);
	ck_assert_uint_eq(recording->processes[0].ledger_count, 1);
	ledger = &recording->processes[0].ledgers[0];
	ck_assert_uint_eq(ledger->rss_bytes, RSS);
	ck_assert_uint_eq(sum(ledger, LEDGER_LIVE), 112 + 1024 + 32 + 5 * PAGE);
	ck_assert_uint_eq(sum(ledger, LEDGER_RETAINED), 20 * PAGE - 112 - 1024 - 32);
	ck_assert_uint_eq(sum(ledger, LEDGER_MAPPED), 6 * PAGE);
	ck_assert_uint_eq(sum(ledger, LEDGER_FILE), 10 * PAGE);
	ck_assert_uint_eq(sum(ledger, LEDGER_STACKS), 3 * PAGE + 5 * PAGE);
	ck_assert_uint_eq(sum(ledger, LEDGER_PROBE), 2 * PAGE);
	ck_assert_uint_eq(ledger->unexplained_bytes, 7 * PAGE + 3 * PAGE);
	/* Three of four pages of the first arena; of the other all but the two with blocks and those above the last. */
	ck_assert_uint_eq(trimmable(ledger), 3 * PAGE + 11 * PAGE);
	recording_close(recording);
	maker_free(&maker);
}
END_TEST

START_TEST(instants_have_names)
{
	struct maker maker;
	struct recording *recording;
	const struct process_info *process;

	make(&maker);
	maker_record(&maker, TRACE_RECORD_MARK, 21, NULL, 0, "first");
	sample(&maker, 22, TRACE_SAMPLE_MARK);
	sample(&maker, 23, TRACE_SAMPLE_PEAK);
	sample(&maker, 25, TRACE_SAMPLE_END);
	maker_header(&maker)->ending_tick = 26;
	sample(&maker, 29, TRACE_SAMPLE_RATE); /* while it is torn down */
	recording = maker_open(&maker, 1);
	process = &recording->processes[0];
	ck_assert_uint_eq(process->ledger_count, 3);
	ck_assert_str_eq(process->ledgers[0].at, "first");
	ck_assert_str_eq(process->ledgers[1].at, "peak");
	ck_assert_str_eq(process->ledgers[2].at, "exit");
	recording_close(recording);
	maker_free(&maker);
}
END_TEST

/* Killed while it was written, and then while a second one was. */
START_TEST(a_torn_sample_is_none)
{
	struct payload_maker made = {0};
	struct maker maker;
	struct recording *recording;

	make(&maker);
	area(&made, TRACE_AREA_BREAK, BREAK, 4, 4, NULL, NULL);
	record(&maker, &made, 20, RSS, TRACE_SAMPLE_RATE, true);
	recording = maker_open(&maker, 1);
	ck_assert_uint_eq(recording->processes[0].ledger_count, 0);
	ck_assert_uint_eq(recording->finding_count, 0);
	recording_close(recording);
	maker_free(&maker);
}
END_TEST

static void bad(unsigned kind, uint64_t start, uint64_t pages, uint64_t resident, const uint64_t (*runs)[2])
{
	struct payload_maker made = {0};
	struct maker maker;
	struct recording *recording;

	make(&maker);
	area(&made, TRACE_AREA_BREAK, BREAK, 4, 4, NULL, NULL);
	area(&made, kind, start, pages, resident, runs, NULL);
	record(&maker, &made, 20, RSS, TRACE_SAMPLE_RATE, false);
	recording = maker_open(&maker, 1);
	ck_assert_uint_eq(recording->processes[0].ledger_count, 0);
	ck_assert_uint_eq(recording->finding_count, 1);
	recording_close(recording);
	maker_free(&maker);
}

START_TEST(what_cannot_be_is_damage)
{
	bad(TRACE_AREA_ANONYMOUS, BREAK + PAGE, 4, 4, NULL); /* overlaps */
	bad(TRACE_AREA_ANONYMOUS, ARENA, 4, 5, NULL); /* more than there is */
	bad(TRACE_AREA_ANONYMOUS, ARENA, 4, 2, (const uint64_t[][2]){{0, 1}, {0, 0}}); /* runs say otherwise */
	bad(TRACE_AREA_ANONYMOUS, ARENA, 4, 4, (const uint64_t[][2]){{2, 4}, {0, 0}}); /* behind the end */
	bad(TRACE_AREA_ANONYMOUS, ARENA, 0, 0, NULL);
	bad(TRACE_AREA_ANONYMOUS, ARENA, 1ull << 60, 1, NULL);
	bad(TRACE_AREA_FILE, ARENA, 4, 4, NULL); /* no name */
	bad(TRACE_AREA_KINDS, ARENA, 4, 4, NULL);
}
END_TEST

/* What follows it is no sample without it, nor does it take the next one along. */
START_TEST(a_sample_with_a_bad_record_is_none)
{
	struct payload_maker made = {0};
	struct maker maker;
	struct recording *recording;

	make(&maker);
	area(&made, TRACE_AREA_ANONYMOUS, ARENA, 4, 5, NULL, NULL);
	record(&maker, &made, 20, RSS, TRACE_SAMPLE_MARK, true);
	area(&made, TRACE_AREA_ANONYMOUS, MAPS, 4, 4, NULL, NULL);
	record(&maker, &made, 20, RSS, TRACE_SAMPLE_MARK, true);
	area(&made, TRACE_AREA_ANONYMOUS, OWN, 2, 2, NULL, NULL);
	record(&maker, &made, 20, RSS, TRACE_SAMPLE_MARK, false);
	sample(&maker, 22, TRACE_SAMPLE_RATE);
	recording = maker_open(&maker, 1);
	ck_assert_uint_eq(recording->processes[0].sample_count, 1);
	ck_assert_uint_eq(recording->processes[0].ledger_count, 1);
	ck_assert_uint_eq(recording->processes[0].ledgers[0].tick, 22);
	ck_assert_uint_eq(recording->finding_count, 1);
	recording_close(recording);
	maker_free(&maker);
}
END_TEST

static void check_sums(const struct recording *recording)
{
	for (size_t p = 0; p < recording->process_count; p++)
		for (size_t i = 0; i < recording->processes[p].ledger_count; i++) {
			const struct ledger *ledger = &recording->processes[p].ledgers[i];
			uint64_t bytes = ledger->unexplained_bytes;

			for (size_t n = 0; n < ledger->part_count; n++)
				bytes += ledger->parts[n].bytes;
			ck_assert_uint_eq(bytes, ledger->rss_bytes);
		}
}

START_TEST(any_bytes_add_up)
{
	struct maker maker;
	uint8_t *at;

	make(&maker);
	sample(&maker, 20, TRACE_SAMPLE_RATE);
	/* The records' bytes: they are the last of the meta extent's. */
	at = maker.shared + maker.meta + sizeof(struct trace_meta);
	for (size_t i = 0; i < 400; i++)
		for (unsigned bit = 0; bit < 8; bit += 3) {
			struct recording *recording;

			at[i] ^= (uint8_t)(1u << bit);
			recording = maker_open(&maker, 1);
			check_sums(recording);
			recording_close(recording);
			at[i] ^= (uint8_t)(1u << bit);
		}
	maker_free(&maker);
}
END_TEST

SUITE_MAIN("ledger", every_page_is_somewhere, instants_have_names, a_torn_sample_is_none, what_cannot_be_is_damage,
           a_sample_with_a_bad_record_is_none, any_bytes_add_up)
