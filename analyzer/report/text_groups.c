/* text_groups.c: what is alive, by module, by process and in other domains; see text.h. */
#include <stdlib.h>

#include "report/escape.h"
#include "report/human.h"
#include "report/text.h"
#include "util.h"

static void print_groups(const struct page *page, const struct view *view, const struct text_options *options,
                         const char *title, const char *noun, const char *remark, const struct view_group *groups,
                         size_t count)
{
	const struct column columns[] = {
		{"alive", true, false, STYLE_SIZE, CUT_END}, {"blocks", true, false, STYLE_PLAIN, CUT_END},
		{"sites", true, false, STYLE_PLAIN, CUT_END}, {"allocated", true, false, STYLE_DIM, CUT_END},
		{noun, false, true, STYLE_PLAIN, CUT_START},
	};
	size_t shown = count < options->top ? count : options->top;
	struct grid *grid;
	char *note;

	if (!count)
		return;
	grid = grid_open(columns, 5);
	for (size_t i = 0; i < shown; i++) {
		const struct view_group *group = &groups[i];
		char *name;

		if (!group->name)
			name = text_process(&view->processes[group->process]);
		else
			name = *group->name ? escape_text(group->name)
			                    : xstrdup("(in no module, or unknown)");

		grid_cell(grid, BYTES(group->live_bytes));
		grid_cell(grid, COUNT(group->live_blocks));
		grid_cell(grid, COUNT(group->sites));
		grid_cell(grid, COUNT(group->allocs));
		grid_cell(grid, name);
		free(name);
	}
	if (shown < count)
		note = xasprintf("the largest %s of %s; %s", COUNT(shown), COUNT(count), remark);
	else
		note = xstrdup(remark);
	page_title(page, title, note);
	grid_close(page, grid);
	free(note);
}

void text_modules(const struct page *page, const struct view *view, const struct text_options *options)
{
	bool scripts = false;
	size_t count;
	struct view_group *groups = view_by_module(view, options->domain, &count);

	if (options->domain == DOMAIN_LOG) {
		print_groups(page, view, options, "By file", "file", "where the log says that they were allocated", groups,
		             count);
		free(groups);
		return;
	}
	for (size_t i = 0; i < view->process_count; i++)
		scripts |= view->processes[i].has_runtime;
	print_groups(page, view, options, "By module", scripts ? "module or script" : "module",
	             scripts ? "the innermost of the stack but for the C and C++ libraries, and for what runs a script"
	                     : "the innermost of the stack but for the C and C++ libraries", groups, count);
	free(groups);
}

void text_by_process(const struct page *page, const struct view *view, const struct text_options *options)
{
	size_t count;
	struct view_group *groups = view_by_process(view, options->domain, &count);

	print_groups(page, view, options, "By process", "process", "as each ended", groups, count);
	free(groups);
}

void text_elsewhere(const struct page *page, const struct view *view, enum domain domain)
{
	bool titled = false;

	for (enum domain other = 0; other < DOMAINS; other++) {
		const struct domain_sum *sum = &view->domains[other];

		if (other == domain || !sum->blocks)
			continue;
		if (!titled)
			page_title(page, "In other domains",
			           "probe leaks --domain shows them; domains nest and are never added up");
		titled = true;
		page_entry(page, domain_name(other), STYLE_PLAIN, "%s in %s %s", BYTES(sum->bytes),
		           COUNT(sum->blocks), PLURAL(sum->blocks, "block", "blocks"));
	}
}
