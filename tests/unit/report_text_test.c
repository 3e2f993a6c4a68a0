/* The text reports of hand-made recordings against tests/golden/report. */
#include <stdio.h>
#include <string.h>

#include "report/suppress.h"
#include "report/text.h"
#include "suite.h"
#include "report_golden.h"
#include "report_model.h"

enum kind { REPORT, LEAKS, TYPES, MODULES, PROCESSES };

static char *print(struct recording *recording, enum kind kind, struct page page, enum domain domain, size_t top)
{
	struct view_input input = {recording, names_open(recording)};
	struct view *view = view_build(&input, 1, &(struct view_options){.join = true});
	struct text_options options = {.domain = domain, .top = top, .whole_stacks = kind != REPORT};
	char *text = NULL;
	size_t size;

	page.file = open_memstream(&text, &size);
	if (kind == REPORT)
		report_text(&page, view, &options);
	else
		leaks_text(&page, view, &options, kind == LEAKS ? BY_SITE : kind == TYPES ? BY_TYPE : kind == MODULES ? BY_MODULE
		                                                                                 : BY_PROCESS);
	fclose(page.file);
	view_free(view);
	return text;
}

/* With the list that comes with probe, and what each of its patterns hid. */
static char *print_suppressed(struct recording *recording, struct page page, size_t top)
{
	struct view_input input = {recording, names_open(recording)};
	struct suppressions *suppressions = suppressions_new();
	struct view *view = view_build(&input, 1, &(struct view_options){.join = true, .suppressions = suppressions,
	                                                                 .shipped = true});
	struct text_options options = {.domain = DOMAIN_HEAP, .top = top};
	char *text = NULL;
	size_t size;

	page.file = open_memstream(&text, &size);
	report_text(&page, view, &options);
	suppressions_print(&page, suppressions, DOMAIN_HEAP, false);
	fclose(page.file);
	view_free(view);
	suppressions_free(suppressions);
	return text;
}

static const struct page narrow = {.width = 80, .cut = true}, wide = {.width = 200, .cut = true},
	in_colour = {.width = 80, .cut = true, .colour = true}, in_a_file = {.width = 100};

START_TEST(one_process)
{
	char *text = print(model_leak(), REPORT, narrow, DOMAIN_HEAP, TOP_DEFAULT);

	golden_width(text, 80);
	golden("leak-80", text);
	golden("leak-200", print(model_leak(), REPORT, wide, DOMAIN_HEAP, TOP_DEFAULT));
	golden("leak-colour", print(model_leak(), REPORT, in_colour, DOMAIN_HEAP, TOP_DEFAULT));
}
END_TEST

START_TEST(a_tree)
{
	static const char *const problems[] = {
		"/usr/local/bin/node has no symbol table: its functions are not named",
	};

	model_problems[0] = problems[0];
	golden("tree-80", print(model_tree(), REPORT, narrow, DOMAIN_HEAP, TOP_DEFAULT));
	golden("tree-200", print(model_tree(), REPORT, wide, DOMAIN_HEAP, TOP_DEFAULT));
	golden("tree-file", print(model_tree(), REPORT, in_a_file, DOMAIN_HEAP, TOP_DEFAULT));
	model_problems[0] = NULL;
}
END_TEST

START_TEST(a_script)
{
	char *text = print(model_script(), REPORT, narrow, DOMAIN_HEAP, TOP_DEFAULT);

	golden_width(text, 80);
	golden("script-80", text);
	golden("script-leaks-80", print(model_script(), LEAKS, narrow, DOMAIN_HEAP, TOP_DEFAULT));
	golden("script-module-80", print(model_script(), MODULES, narrow, DOMAIN_HEAP, TOP_DEFAULT));
}
END_TEST

/* The program's own line is there, however deep it is. */
START_TEST(a_start_is_suppressed)
{
	golden("startup", print_suppressed(model_startup(), narrow, 20));
}
END_TEST

START_TEST(a_crowd)
{
	char *text = print(model_crowd(), REPORT, narrow, DOMAIN_HEAP, TOP_DEFAULT);

	golden_width(text, 80);
	golden("crowd-80", text);
}
END_TEST

START_TEST(nothing_leaked)
{
	golden("clean-80", print(model_clean(), REPORT, narrow, DOMAIN_HEAP, TOP_DEFAULT));
}
END_TEST

/* Not even the first sentence may say that all is well. */
START_TEST(files_are_damaged)
{
	golden("damaged-80", print(model_damaged(), REPORT, narrow, DOMAIN_HEAP, TOP_DEFAULT));
	golden("not-recorded-80", print(model_not_recorded(), REPORT, narrow, DOMAIN_HEAP, TOP_DEFAULT));
}
END_TEST

static void expect_words(void (*put)(const struct page *, const struct view *), struct recording *recording,
                         const char *words)
{
	struct view_input input = {recording, names_open(recording)};
	struct view *view = view_build(&input, 1, &(struct view_options){.join = true});
	struct page page = narrow;
	char *text = NULL;
	size_t size;

	page.file = open_memstream(&text, &size);
	put(&page, view);
	fclose(page.file);
	ck_assert_msg(strstr(text, words), "no '%s' in:\n%s", words, text);
	free(text);
	view_free(view);
}

static void put_trust(const struct page *page, const struct view *view)
{
	text_trust(page, view, &(struct name_sum){.frames = 1});
}

START_TEST(one_is_one)
{
	struct recording recording = *model_clean();
	struct process_info process = recording.processes[0];

	process.thread_count = 0;
	recording.processes = &process;
	expect_words(text_processes, &recording, "  4711  exit 0        1 ");
	expect_words(put_trust, &recording, "the one frame above is known");
}
END_TEST

START_TEST(leaks)
{
	golden("leaks-site-80", print(model_tree(), LEAKS, narrow, DOMAIN_HEAP, 2));
	golden("leaks-type-80", print(model_tree(), TYPES, narrow, DOMAIN_HEAP, TOP_DEFAULT));
	golden("leaks-module-80", print(model_tree(), MODULES, narrow, DOMAIN_HEAP, 2));
	golden("leaks-process-80", print(model_tree(), PROCESSES, narrow, DOMAIN_HEAP, TOP_DEFAULT));
	golden("leaks-map-80", print(model_tree(), LEAKS, narrow, DOMAIN_MAP, TOP_DEFAULT));
}
END_TEST

START_TEST(no_byte_of_a_recording_steers_the_terminal)
{
	char *text = print(model_tree(), LEAKS, in_a_file, DOMAIN_HEAP, 1000);

	for (const char *c = text; *c; c++)
		ck_assert_msg((unsigned char)*c >= 0x20 || *c == '\n', "a control character %d", *c);
	ck_assert_ptr_nonnull(strstr(text, "\\x1b[31m"));
	free(text);
}
END_TEST

SUITE_MAIN("text", one_process, a_tree, a_script, a_start_is_suppressed, a_crowd, nothing_leaked, files_are_damaged,
            one_is_one, leaks,
            no_byte_of_a_recording_steers_the_terminal)
