/* Suppressions: what a pattern means, where they come from, and what each one hides. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/suppress.h"
#include "report_model.h"
#include "suite.h"

/* What LeakSanitizer's own matcher answers: it takes the first place of each piece, and never goes back. */
START_TEST(patterns_match_like_leak_sanitizers)
{
	static const struct { const char *pattern, *text; bool matches; } cases[] = {
		{"tain", "retain", true}, {"retained", "retain", false}, {"^re", "retain", true},
		{"^tain", "retain", false}, {"ain$", "retain", true}, {"ret$", "retain", false},
		{"^retain$", "retain", true}, {"^retai$", "retain", false}, {"^ain$", "retain", false},
		{"r*n", "retain", true}, {"^r*t*n$", "retain", true}, {"n*r", "retain", false},
		{"**tain", "retain", true}, {"^*tain", "retain", true}, {"retain*$", "retained", true},
		/* Nothing matches an empty text. */
		{"*", "", false}, {"*", "x", true}, {"$", "", false}, {"$", "x", false}, {"^", "x", true},
		/* The first place of a piece counts. */
		{"in$", "in in", false}, {"^*in$", "in in", false}, {"in*in$", "in in", true},
		{"^*ab$", "b", false}, {"b$", "abab", false},
		/* What follows a "$" is not looked at; a "^" further on is a letter. */
		{"retain$ed", "retain", true}, {"a^b", "a^b", true}, {"re^", "retain", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ck_assert_msg(suppressions_matches(cases[i].pattern, cases[i].text) == cases[i].matches,
		              "'%s' on '%s'", cases[i].pattern, cases[i].text);
}
END_TEST

static struct view_input input_of(struct recording *recording)
{
	return (struct view_input){recording, names_open(recording)};
}

/* Adds a file of this text. */
static bool add_text(struct suppressions *suppressions, const char *text)
{
	char path[] = "/tmp/report-suppressions-XXXXXX";
	int fd = mkstemp(path);
	bool good;

	ck_assert_int_eq(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	good = suppressions_add_file(suppressions, path);
	unlink(path);
	return good;
}

static struct view *view_of(struct view_input *input, struct suppressions *suppressions, bool shipped)
{
	return view_build(input, 1, &(struct view_options){.join = true, .suppressions = suppressions,
	                                                   .shipped = shipped});
}

START_TEST(suppressed_sites_are_told_apart)
{
	struct suppressions *suppressions = suppressions_new();
	struct view_input input = input_of(model_leak());
	struct view_group *groups;
	struct view *view;
	size_t count;

	ck_assert(add_text(suppressions, "# known\n\n  leak:leak.c.*12\nleak:^copy_name$\r\n"));
	view = view_of(&input, suppressions, false);
	groups = view_by_module(view, DOMAIN_HEAP, &count);
	/* The first pattern matches nothing: a star, not a regular expression. */
	ck_assert_ptr_null(view->sites[0].suppressed_by);
	ck_assert_str_eq(view->sites[1].suppressed_by->pattern, "^copy_name$");
	ck_assert_ptr_nonnull(strstr(view->sites[1].suppressed_by->source, ":4"));
	ck_assert_uint_eq(view->suppressed[DOMAIN_HEAP].sites, 2);
	ck_assert_uint_eq(view->suppressed[DOMAIN_HEAP].bytes, 57651 + 512);
	ck_assert_uint_eq(view->domains[DOMAIN_HEAP].bytes, 98304 + 57651 + 512);
	ck_assert_uint_eq(groups[0].live_bytes, 98304);
	ck_assert_uint_eq(suppressions->rows[0]->hid[DOMAIN_HEAP].sites, 0);
	ck_assert_uint_eq(suppressions->rows[1]->hid[DOMAIN_HEAP].bytes, 57651 + 512);
	free(groups);
	view_free(view);
	suppressions_free(suppressions);
}
END_TEST

/* The innermost frame decides, and in it the module before the function and the file. */
START_TEST(the_first_that_matches_counts)
{
	struct suppressions *suppressions = suppressions_new();
	struct view_input input = input_of(model_leak());
	struct view *view;

	ck_assert(add_text(suppressions, "leak:^main$\nleak:retain\n"));
	ck_assert(add_text(suppressions, "leak:leak/leak$\n"));
	view = view_of(&input, suppressions, false);
	ck_assert_str_eq(view->sites[0].suppressed_by->pattern, "leak/leak$");
	ck_assert_uint_eq(view->suppressed[DOMAIN_HEAP].sites, 3);
	view_free(view);
	suppressions_free(suppressions);
}
END_TEST

START_TEST(other_lines_are_refused)
{
	static const char *const texts[] = {
		"leak:ok\nrace:not_ours\n", "leak\n", "leak:\n", "Leak:x\n", "{\n   valgrind's\n}\n",
		"called_from_lib:x\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct suppressions *suppressions = suppressions_new();

		ck_assert_msg(!add_text(suppressions, texts[i]), "%s", texts[i]);
		suppressions_free(suppressions);
	}
	ck_assert(!suppressions_add_file(&(struct suppressions){0}, "/nonexistent/suppressions"));
}
END_TEST

/* Two of the five processes are forks of the one that says so; what it says holds for no other. */
START_TEST(what_a_program_says_holds_for_it_and_its_forks)
{
	static char *said[] = {"leak:append\nnonsense\n", "# nothing\nleak:^retainBuffers$\n"};
	struct suppressions *suppressions = suppressions_new();
	struct recording *recording = model_tree();
	struct view_input input = input_of(recording);
	struct view *view;
	uint64_t hidden = 0, shown = 0;

	recording->processes[2].suppressions = said;
	recording->processes[2].suppression_count = 2;
	recording->processes[3].forked = true;
	view = view_of(&input, suppressions, false);
	ck_assert_uint_eq(suppressions->count, 2);
	ck_assert_str_eq(suppressions->rows[0]->source, "target");
	for (size_t i = 0; i < view->site_count; i++) {
		if (view->sites[i].suppressed_by && view->sites[i].domain == DOMAIN_HEAP)
			hidden += view->sites[i].live_bytes;
		if (!view->sites[i].suppressed_by && view->sites[i].live_bytes == 102400)
			shown += view->sites[i].live_bytes;
	}
	/* node's and its fork's; the other worker's is shown, and neither joined with them. */
	ck_assert_uint_eq(hidden, 1204 * 1024 + 102400);
	ck_assert_uint_eq(shown, 102400);
	view_free(view);
	suppressions_free(suppressions);
	recording->processes[2].suppression_count = 0;
	recording->processes[3].forked = false;
}
END_TEST

static size_t shown_sites(struct view_input *input, struct suppressions *suppressions, bool shipped)
{
	struct view *view = view_of(input, suppressions, shipped);
	size_t shown = 0;

	for (size_t i = 0; i < view->site_count; i++)
		shown += !view->sites[i].suppressed_by;
	view_free(view);
	return shown;
}

/* Each site of it says by its bytes whether it is a start-up block: even, or the program's: odd. */
START_TEST(the_shipped_list_knows_start_up_from_use)
{
	struct suppressions *suppressions = suppressions_new();
	struct recording *recording = model_startup();
	struct view_input input = input_of(recording);
	struct view *view = view_of(&input, suppressions, true);

	ck_assert_uint_eq(view->site_count, recording->processes[0].site_count);
	for (size_t i = 0; i < view->site_count; i++)
		ck_assert_msg(!view->sites[i].suppressed_by == (view->sites[i].live_bytes % 2 == 1),
		              "the site of %zu bytes", (size_t)view->sites[i].live_bytes);
	view_free(view);
	suppressions_free(suppressions);
	suppressions = suppressions_new();
	ck_assert_uint_eq(shown_sites(&input, suppressions, false), recording->processes[0].site_count);
	suppressions_free(suppressions);
}
END_TEST

START_TEST(what_grows_is_not_start_up)
{
	struct suppressions *suppressions = suppressions_new();
	struct recording *recording = model_startup();
	struct view_input input = input_of(recording);
	struct site *site = &recording->processes[0].sites[0];
	uint64_t moment[] = {1000, 900000000};
	size_t before = shown_sites(&input, suppressions, true);

	suppressions_free(suppressions);
	suppressions = suppressions_new();
	site->growth.trend = TREND_GROWING;
	ck_assert_uint_eq(shown_sites(&input, suppressions, true), before + 1);
	suppressions_free(suppressions);
	/* A person's own pattern hides it all the same. */
	suppressions = suppressions_new();
	ck_assert(add_text(suppressions, "leak:InitializeOncePerProcess\n"));
	ck_assert_uint_eq(shown_sites(&input, suppressions, true), before);
	suppressions_free(suppressions);
	/* Of a moment it says nothing. */
	suppressions = suppressions_new();
	recording->processes[0].instants = (struct instants){.kind = INSTANTS_SLICES, .count = 2, .ticks = moment,
	                                                        .numbers = (uint32_t[]){0, 1}};
	ck_assert_uint_eq(shown_sites(&input, suppressions, true), before);
	suppressions_free(suppressions);
	suppressions = suppressions_new();
	moment[1] = 3000000000;
	ck_assert_uint_eq(shown_sites(&input, suppressions, true), before + 1);
	suppressions_free(suppressions);
	recording->processes[0].instants = (struct instants){0};
	site->growth.trend = TREND_UNKNOWN;
}
END_TEST

static char *generated(struct view *view)
{
	char *text;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	suppressions_generate(file, view, -1);
	fclose(file);
	return text;
}

/* What is generated hides everything it was made from that has a name at all. */
START_TEST(generated_lines_hide_what_they_were_made_from)
{
	struct recording *recordings[] = {model_leak(), model_tree(), model_script(), model_startup()};

	for (size_t i = 0; i < sizeof(recordings) / sizeof(*recordings); i++) {
		struct suppressions *none = suppressions_new(), *all = suppressions_new();
		struct view_input input = input_of(recordings[i]);
		struct view *view = view_of(&input, none, false);
		char *text = generated(view);
		size_t nameless = 0;

		for (const char *at = text; (at = strstr(at, "no name that a pattern")); at++)
			nameless++;
		view_free(view);
		ck_assert(add_text(all, text));
		ck_assert_msg(all->count > 0, "%s", text);
		view = view_of(&input, all, false);
		for (size_t s = 0; s < view->site_count; s++)
			if (!view->sites[s].suppressed_by)
				ck_assert_msg(nameless && view->sites[s].stack.index < TRACE_FIRST_NODE,
				              "%zu bytes of recording %zu:\n%s", (size_t)view->sites[s].live_bytes, i,
				              text);
		view_free(view);
		suppressions_free(none);
		suppressions_free(all);
		free(text);
	}
}
END_TEST

START_TEST(generated_lines_are_the_most_specific)
{
	struct view_input input = input_of(model_leak());
	struct view *view = view_of(&input, NULL, false);
	char *text = generated(view);

	ck_assert_str_eq(text, "# 98,304 bytes in 1 block of 1 site: retain, /srv/leak/leak.c:12:9\n"
	                       "leak:^retain$\n"
	                       "# 58,163 bytes in 15 blocks of 2 sites: copy_name, /srv/leak/leak.c:21\n"
	                       "leak:^copy_name$\n");
	free(text);
	view_free(view);
}
END_TEST

/* A pattern that hides more than one function says so in the line before it. */
START_TEST(generated_lines_say_what_else_they_hide)
{
	struct site sites[] = {
		{.stack = {24}, .allocs = 1, .live_blocks = 1, .live_bytes = 300},
		{.stack = {11}, .allocs = 1, .live_blocks = 1, .live_bytes = 200},
		{.stack = {10}, .allocs = 1, .live_blocks = 1, .live_bytes = 100},
	};
	struct recording recording = *model_script();
	struct process_info process = recording.processes[0];
	struct view_input input;
	struct view *view;
	char *text;

	process.sites = sites;
	process.site_count = sizeof(sites) / sizeof(*sites);
	recording.processes = &process;
	input = input_of(&recording);
	view = view_of(&input, NULL, false);
	text = generated(view);
	ck_assert_str_eq(text, "# 300 bytes in 1 block of 1 site: (anonymous), /srv/app/src/leak.ts:40:1\n"
	                       "# (no function of its own name: this hides everything of that script)\n"
	                       "leak:^/srv/app/src/leak.ts$\n"
	                       "# 200 bytes in 1 block of 1 site: (anonymous), eval:2:7\n"
	                       "# (no function of its own name: this hides everything of every function of that name)\n"
	                       "leak:^(anonymous)$\n"
	                       "# 100 bytes in 1 block of 1 site: retainBuffers, /srv/app/src/leak.ts:5:22\n"
	                       "leak:^retainBuffers$\n");
	free(text);
	view_free(view);
}
END_TEST

SUITE_MAIN("suppress", patterns_match_like_leak_sanitizers, suppressed_sites_are_told_apart,
            the_first_that_matches_counts, other_lines_are_refused, what_a_program_says_holds_for_it_and_its_forks,
            the_shipped_list_knows_start_up_from_use, what_grows_is_not_start_up,
            generated_lines_hide_what_they_were_made_from, generated_lines_are_the_most_specific,
            generated_lines_say_what_else_they_hide)
