/* What a verdict is judged by: which isolates, which linear memories. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/suppress.h"
#include "report/verdicts.h"
#include "report_model.h"
#include "suite.h"

#define MARKS 12
#define MIB   (1ull << 20)

static uint64_t ticks[MARKS];
static uint32_t numbers[MARKS];

static struct recording *model_marks(void)
{
	struct recording *recording = model_leak();

	for (uint32_t i = 0; i < MARKS; i++) {
		ticks[i] = 1000 + 1000ull * i;
		numbers[i] = i;
	}
	recording->processes[0].instants = (struct instants){
		.kind = INSTANTS_MARKS, .ticks = ticks, .numbers = numbers, .count = MARKS, .marks = MARKS, .end = 20000};
	return recording;
}

static enum verdict_kind verdict_of(struct recording *recording, struct suppressions *suppressions, const char *words)
{
	struct view_input input = {recording, names_open(recording)};
	struct view *view = view_build(&input, 1, &(struct view_options){.suppressions = suppressions});
	enum verdict_kind kind = view->processes[0].verdict.kind;

	ck_assert_msg(strstr(view->processes[0].verdict.reason, words) != NULL, "%s", view->processes[0].verdict.reason);
	view_free(view);
	return kind;
}

/* A worker's heap grew until it ended: it is gone with all that was in it. */
START_TEST(an_isolate_that_has_ended_is_not_judged)
{
	struct recording *recording = model_marks();
	struct process_info *process = &recording->processes[0];
	struct runtime_heap heaps[MARKS];
	struct runtime_note notes[] = {{.isolate = 2, .state = TRACE_RUNTIME_NAMED, .tick = 500},
	                               {.isolate = 2, .state = TRACE_RUNTIME_ENDED, .tick = 15000}};

	for (uint32_t i = 0; i < MARKS; i++)
		heaps[i] = (struct runtime_heap){{.isolate = 2, .used = (10 + 4 * i) * MIB}, ticks[i] + 1};
	process->runtime_heaps = heaps;
	process->runtime_heap_count = MARKS;
	process->runtimes = notes;
	process->runtime_count = 1;
	ck_assert_int_eq(verdict_of(recording, NULL, "V8's heap grows"), VERDICT_RUNTIME_HEAP);
	process->runtime_count = 2;
	ck_assert_int_eq(verdict_of(recording, NULL, "nothing grows"), VERDICT_NONE);
	notes[1].tick = process->instants.end + 1;
	ck_assert_int_eq(verdict_of(recording, NULL, "V8's heap grows"), VERDICT_RUNTIME_HEAP);
}
END_TEST

/* A container has less memory than V8 would take. */
START_TEST(the_limit_that_comes_first_is_told)
{
	struct recording *recording = model_marks();
	struct process_info *process = &recording->processes[0];
	struct runtime_heap heaps[MARKS];
	struct runtime_note note = {.isolate = 2, .state = TRACE_RUNTIME_NAMED, .tick = 500};
	struct ledger ledger = {.rss_bytes = 112 * MIB};
	const char *first = "Their limit, 4.0 GiB, is reached at this rate after 1,010 more marks. Before that the limit of "
	                    "its control group, 512.0 MiB, is reached at this rate after 100 more marks.";

	for (uint32_t i = 0; i < MARKS; i++)
		heaps[i] = (struct runtime_heap){{.isolate = 2, .used = (12 + 4 * i) * MIB, .limit = 4096 * MIB}, ticks[i] + 1};
	process->runtime_heaps = heaps;
	process->runtime_heap_count = MARKS;
	process->runtimes = &note;
	process->runtime_count = 1;
	process->ledgers = &ledger;
	process->ledger_count = 1;
	process->limits = (struct limits){true, TRACE_LIMIT_NONE, 0, 512 * MIB, "/a"};
	ck_assert_int_eq(verdict_of(recording, NULL, first), VERDICT_RUNTIME_HEAP);
	process->limits.group = 8192 * MIB;
	ck_assert_int_eq(verdict_of(recording, NULL, "after 1,010 more marks. Native memory"), VERDICT_RUNTIME_HEAP);
	process->limits.group = 0;
	ck_assert_int_eq(verdict_of(recording, NULL, "after 1,010 more marks. Native memory"), VERDICT_RUNTIME_HEAP);
	for (uint32_t i = 0; i < MARKS; i++)
		heaps[i].record.limit = 0;
	ck_assert_int_eq(verdict_of(recording, NULL, "at the end. Whether its control group has a limit is not known"),
	                 VERDICT_RUNTIME_HEAP);
}
END_TEST

static struct suppressions *suppressions_of(const char *line)
{
	struct suppressions *suppressions = suppressions_new();
	char path[] = "/tmp/report-verdict-XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, line, strlen(line)), (ssize_t)strlen(line));
	close(fd);
	ck_assert(suppressions_add_file(suppressions, path));
	unlink(path);
	return suppressions;
}

START_TEST(a_memory_whose_growth_is_suppressed_is_no_leak)
{
	struct recording *recording = model_marks();
	struct process_info *process = &recording->processes[0];
	struct wasm_growth growth[] = {{{4}, 12, 12 * MIB}};
	struct wasm_memory memory = {.id = 1, .died = UINT64_MAX, .stack = {4}, .bytes = 20 * MIB, .growth = growth,
	                             .growth_count = 1,
	                             .trend = {TREND_GROWING, MIB, 1, 1, MARKS, 0}};
	struct suppressions *suppressions = suppressions_of("leak:^nobody$\n");

	process->wasm_memories = &memory;
	process->wasm_memory_count = 1;
	ck_assert_int_eq(verdict_of(recording, suppressions, "wasm memory 1 grows"), VERDICT_LEAK);
	suppressions_free(suppressions);
	suppressions = suppressions_of("leak:*\n");
	ck_assert_int_eq(verdict_of(recording, suppressions, "nothing else grows"), VERDICT_NONE);
	suppressions_free(suppressions);
}
END_TEST

/* What V8 sets aside while a script's line runs is not what the line keeps. */
START_TEST(what_v8_posts_is_no_lines)
{
	struct recording *recording = model_startup();
	struct view_input input = {recording, names_open(recording)};
	struct view *view = view_build(&input, 1, &(struct view_options){0});
	struct site buffer = {.stack = {11}, .domain = DOMAIN_HEAP}, task = {.stack = {31}, .domain = DOMAIN_HEAP};

	ck_assert_int_eq(verdict_whose(&view->processes[0], &buffer), WHOSE_OWN);
	ck_assert_int_eq(verdict_whose(&view->processes[0], &task), WHOSE_RUNTIME);
	view_free(view);
}
END_TEST

SUITE_MAIN("verdict", an_isolate_that_has_ended_is_not_judged, the_limit_that_comes_first_is_told,
	   a_memory_whose_growth_is_suppressed_is_no_leak, what_v8_posts_is_no_lines)
