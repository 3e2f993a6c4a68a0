/* Which processes are taken, what is added up, which stacks are the same. */
#include <string.h>
#include <sys/wait.h>

#include "report/view.h"
#include "suite.h"
#include "report_model.h"

static struct view_input input_of(struct recording *recording)
{
	return (struct view_input){recording, names_open(recording)};
}

START_TEST(processes_are_chosen)
{
	struct view_input input = input_of(model_tree());
	static const char *const pid[] = {"102"}, *const exe[] = {"node"}, *const path[] = {"/usr/local/bin/node"},
		*const stem[] = {"101-11-cafe0001-1"}, *const shown[] = {"sh"}, *const none[] = {"102", "deno"},
		*const script[] = {"leak.js"}, *const argument[] = {"--loop"};
	static const struct { const char *const *names; size_t chosen; } cases[] = {
		{pid, 1}, {exe, 5}, {path, 5}, {stem, 1}, {shown, 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct view *view = view_build(&input, 1, &(struct view_options){.processes = cases[i].names,
		                                                                 .process_count = 1});

		ck_assert_uint_eq(view->process_count, cases[i].chosen);
		ck_assert_uint_eq(view->process_total, 5);
		view_free(view);
	}
	ck_assert_ptr_null(view_build(&input, 1, &(struct view_options){.processes = none, .process_count = 2}));
	/* A node goes by its script, too; no other program goes by its arguments. */
	input = input_of(model_script());
	view_free(view_build(&input, 1, &(struct view_options){.processes = script, .process_count = 1}));
	input = input_of(model_leak());
	ck_assert_ptr_null(view_build(&input, 1, &(struct view_options){.processes = argument, .process_count = 1}));
}
END_TEST

START_TEST(totals_are_sums_and_the_largest_peak)
{
	struct view_input input = input_of(model_tree());
	struct view *view = view_build(&input, 1, &(struct view_options){.join = true});

	ck_assert_uint_eq(view->totals.allocs, 20 + 2 + 1217 + 109 + 109);
	ck_assert_uint_eq(view->totals.live_bytes, 10240 + 64 + 1236076 + 102400 + 102400);
	ck_assert_uint_eq(view->totals.peak_bytes, 1236200);
	ck_assert_uint_eq(view->peak_process, 2);
	ck_assert_uint_eq(view->lost, 12);
	ck_assert_uint_eq(view->domains[DOMAIN_HEAP].bytes, view->totals.live_bytes);
	ck_assert_uint_eq(view->domains[DOMAIN_HEAP].blocks, view->totals.live_blocks);
	ck_assert_uint_eq(view->domains[DOMAIN_MAP].bytes, 67108864);
	ck_assert_uint_eq(view->endings[TRACE_STACK_NONE].allocs, 1);
	ck_assert_uint_eq(view->endings[TRACE_STACK_CUT].allocs, 7);
	ck_assert_uint_eq(view->endings[TRACE_STACK_LOST].allocs, 20 + 5 + 9 + 9);
	view_free(view);
}
END_TEST

START_TEST(the_tree_is_linked)
{
	struct view_input input = input_of(model_tree());
	struct view *view = view_build(&input, 1, &(struct view_options){0});

	ck_assert_uint_eq(view->processes[0].parent, NO_PROCESS);
	ck_assert_uint_eq(view->processes[1].parent, 0);
	ck_assert_uint_eq(view->processes[2].previous, 1);
	ck_assert_uint_eq(view->processes[3].parent, 2);
	ck_assert_uint_eq(view->processes[0].threads, 2);
	view_free(view);
}
END_TEST

static const struct view_site *site_with(const struct view *view, uint64_t live_bytes)
{
	for (size_t i = 0; i < view->site_count; i++)
		if (view->sites[i].live_bytes == live_bytes)
			return &view->sites[i];
	ck_abort_msg("no site keeps %zu bytes", (size_t)live_bytes);
	return NULL;
}

START_TEST(the_same_stack_of_two_processes_is_one_site)
{
	struct view_input input = input_of(model_tree());
	struct view *view = view_build(&input, 1, &(struct view_options){.join = true});
	/* 10240 in npm and 3072 in node; two workers allocate there too and keep nothing. */
	const struct view_site *site = site_with(view, 10240 + 3072);

	ck_assert_uint_eq(site->process_count, 2);
	ck_assert_uint_eq(site->live_blocks, 13);
	ck_assert_uint_eq(site->allocs, 20 + 5 + 9 + 9);
	ck_assert_uint_eq(site->frees, 10 + 2 + 9 + 9);
	/* Generated code lies elsewhere in every process: its name says that it is the same. */
	ck_assert_uint_eq(site_with(view, 300 + 400)->process_count, 2);
	/* Another domain is another site; what lies in no module is another place in every process. */
	ck_assert_uint_eq(site_with(view, 67108864)->domain, DOMAIN_MAP);
	ck_assert_uint_eq(site_with(view, 1204 * 1024)->process_count, 1);
	view_free(view);
	view = view_build(&input, 1, &(struct view_options){0});
	ck_assert_uint_eq(site_with(view, 10240)->allocs, 20);
	view_free(view);
}
END_TEST

START_TEST(two_recordings_are_joined_by_symbol)
{
	struct view_input inputs[] = {input_of(model_leak()), input_of(model_leak())};
	struct view *view = view_build(inputs, 2, &(struct view_options){.join = true});

	ck_assert_uint_eq(view->site_count, 3);
	ck_assert_uint_eq(view->sites[0].live_bytes, 2 * 98304);
	ck_assert_uint_eq(view->sites[0].process_count, 2);
	ck_assert_uint_eq(view->sites[1].allocs, 1000);
	view_free(view);
}
END_TEST

START_TEST(names_are_not_asked_for_where_modules_do)
{
	struct view_input input = input_of(model_leak());
	size_t before = model_resolved;

	view_free(view_build(&input, 1, &(struct view_options){.join = true}));
	ck_assert_uint_eq(model_resolved, before);
}
END_TEST

START_TEST(a_wait_tells_how_the_command_ended)
{
	struct view_input input = input_of(model_tree());
	struct view_options options = {.waited = true, .waited_pid = 101, .wait_status = W_EXITCODE(0, 9)};
	struct view *view = view_build(&input, 1, &options);

	ck_assert_int_eq(view->processes[1].end, END_EXEC);
	ck_assert_int_eq(view->processes[2].end, END_SIGNAL);
	ck_assert_int_eq(view->processes[2].status, 9);
	view_free(view);
	/* What came after an exec may not have been recorded: its end is not that of the image before. */
	options.processes = (const char *const[]){"101-11-cafe0001-0"};
	options.process_count = 1;
	view = view_build(&input, 1, &options);
	ck_assert_int_eq(view->processes[0].end, END_EXEC);
	view_free(view);
	options.process_count = 0;
	/* What the library saw itself stands. */
	options.waited_pid = 100;
	view = view_build(&input, 1, &options);
	ck_assert_int_eq(view->processes[0].end, END_EXIT);
	ck_assert_int_eq(view->processes[2].end, END_KILLED);
	view_free(view);
}
END_TEST

START_TEST(modules_are_the_innermost_that_matter)
{
	struct view_input input = input_of(model_leak());
	struct view *view = view_build(&input, 1, &(struct view_options){.join = true});
	size_t count;
	struct view_group *groups = view_by_module(view, DOMAIN_HEAP, &count);

	/* One of the sites begins in libc: its caller is to blame. */
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(groups[0].name, "/srv/leak/leak");
	ck_assert_uint_eq(groups[0].live_bytes, 98304 + 57651 + 512);
	ck_assert_uint_eq(groups[0].sites, 3);
	free(groups);
	groups = view_by_process(view, DOMAIN_HEAP, &count);
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(groups[0].live_blocks, 16);
	free(groups);
	view_free(view);
}
END_TEST

SUITE_MAIN("view", processes_are_chosen, totals_are_sums_and_the_largest_peak, the_tree_is_linked,
            the_same_stack_of_two_processes_is_one_site, two_recordings_are_joined_by_symbol,
            names_are_not_asked_for_where_modules_do, a_wait_tells_how_the_command_ended,
            modules_are_the_innermost_that_matter)
