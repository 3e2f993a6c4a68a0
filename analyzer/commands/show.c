/* show.c: from directories to a printed report; see show.h. */
#include "commands/show.h"

#include <stdlib.h>

#include "commands/commands.h"
#include "report/json.h"
#include "report/logs.h"
#include "report/suppress.h"
#include "util.h"

void show_add_dir(struct show *show, const char *dir)
{
	show->dirs = xreallocarray(show->dirs, show->dir_count + 1, sizeof(*show->dirs));
	show->dirs[show->dir_count++] = dir;
}

void show_add_process(struct show *show, const char *process)
{
	show->processes = xreallocarray(show->processes, show->process_count + 1, sizeof(*show->processes));
	show->processes[show->process_count++] = process;
}

void show_add_suppressions(struct show *show, const char *file)
{
	show->suppressions = xreallocarray(show->suppressions, show->suppression_count + 1,
	                                   sizeof(*show->suppressions));
	show->suppressions[show->suppression_count++] = file;
}

static int print(const struct show *show, const struct view *view)
{
	output_begin();
	if (show->generate) {
		suppressions_generate(stdout, view, show->domain);
	} else if (show->json) {
		struct json_options options = {.domain = show->domain, .top = show->top ? show->top : SIZE_MAX};

		if (show->leaks)
			leaks_json(stdout, view, &options, show->by);
		else
			report_json(stdout, view, &options);
	} else {
		struct page page = page_open(stdout);
		struct text_options options = {
			.domain = show->domain < 0 ? view_domain(view) : (enum domain)show->domain,
			.top = show->top ? show->top : TOP_DEFAULT, .whole_stacks = show->leaks,
		};

		if (show->leaks)
			leaks_text(&page, view, &options, show->by);
		else
			report_text(&page, view, &options);
		if (show->print_suppressions)
			suppressions_print(&page, view->suppressions, options.domain, show->print_unused);
	}
	return output_end();
}

int show_run(struct show *show)
{
	struct suppressions *suppressions = suppressions_new();
	struct view_input *inputs = NULL;
	struct view *view = NULL;
	size_t count = 0;
	int status = STATUS_INPUT;

	for (size_t i = 0; i < show->suppression_count; i++)
		if (!suppressions_add_file(suppressions, show->suppressions[i]))
			goto out;
	inputs = inputs_open(show->dirs, show->dir_count, show->since, &count);
	if (!inputs)
		goto out;
	status = STATUS_USAGE;
	if (show->since && !inputs_have_mark(inputs, count, show->since))
		goto out;
	view = view_build(inputs, count, &(struct view_options){
		.processes = show->processes, .process_count = show->process_count, .suppressions = suppressions,
		.shipped = !show->no_shipped, .since = show->since,
		.join = !show->json || count > 1, .waited = show->waited, .waited_pid = show->waited_pid,
		.wait_status = show->wait_status,
	});
	/* A name that no process has is wrong usage: the input itself could be read. */
	status = view ? print(show, view) : STATUS_USAGE;
out:
	if (view)
		view_free(view);
	if (inputs)
		inputs_close(inputs, count);
	suppressions_free(suppressions);
	free(show->dirs);
	free(show->processes);
	free(show->suppressions);
	return status;
}
