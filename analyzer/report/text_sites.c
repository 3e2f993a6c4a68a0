/* text_sites.c: leaks by site, with their stacks; see text.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/abbreviate.h"
#include "report/by_type.h"
#include "report/escape.h"
#include "report/human.h"
#include "report/stack.h"
#include "report/text.h"
#include "util.h"

#define FRAMES_SHORT 8            /* of a stack in the report */
#define INDENT       7            /* of a frame */
#define BLAME_MOST   60           /* columns of a function in a sentence, if it can be said in as many */

/* ---- a frame ------------------------------------------------------------------------------------------------- */

/* A file below the current directory, as the person there would call it. */
static const char *near_path(const char *path)
{
	char here[4096];
	size_t length;

	if (!getcwd(here, sizeof(here)))
		return path;
	length = strlen(here);
	return length > 1 && !strncmp(path, here, length) && path[length] == '/' ? path + length + 1 : path;
}

/* Where the line is that of the function, the call is there or further on. */
static const char *further_on(const struct frame *frame)
{
	return frame->line_kind == LINE_FUNCTION ? "+" : "";
}

/* Of a frame without a file. Not escaped. To be freed. */
static char *location_in_code(const struct stack_frame *at)
{
	const struct frame *frame = at->frame;

	if (frame->kind == FRAME_WASM && frame->has_wasm_index && frame->has_wasm_offset)
		return xasprintf("wasm-function[%" PRIu32 "]+0x%" PRIx32, at->wasm_index, frame->wasm_offset);
	if (frame->kind == FRAME_WASM && frame->has_wasm_index)
		return xasprintf("wasm-function[%" PRIu32 "]", at->wasm_index);
	if (frame->kind == FRAME_BUILTIN)
		return xstrdup("builtin");
	if (frame->kind == FRAME_JS && frame->line)
		return xasprintf("eval:%" PRIu32 ":%" PRIu32 "%s", frame->line, frame->column, further_on(frame));
	return xstrdup(frame->kind == FRAME_JS ? "JavaScript" : "wasm");
}

char *text_place(struct view_process *process, const struct stack_frame *at)
{
	const struct frame *frame = at->frame;
	const struct module *module = place_module(process, at->node);
	const char *slash;

	if (frame->file && frame->line && frame->column)
		return xasprintf("%s:%" PRIu32 ":%" PRIu32 "%s", near_path(frame->file), frame->line, frame->column,
		                 further_on(frame));
	if (frame->file && frame->line)
		return xasprintf("%s:%" PRIu32 "%s", near_path(frame->file), frame->line, further_on(frame));
	if (frame->file)
		return xstrdup(near_path(frame->file));
	if (frame->kind != FRAME_NATIVE && frame->kind != FRAME_UNKNOWN)
		return location_in_code(at);
	if (!frame->module)
		return xasprintf("0x%" PRIx64, frame->address);
	slash = strrchr(frame->module, '/');
	return xasprintf("%s+0x%" PRIx64, slash ? slash + 1 : *frame->module ? frame->module : "vdso",
	                 frame->address - (module ? module->bias : 0));
}

/* What else is to be said of it; "" nothing. */
static const char *remark(const struct frame *frame)
{
	static const char *const tiers[] = {"", "interpreted", "baseline", "optimized"};

	return frame->inlined ? "inlined" : tiers[frame->tier];
}

/* A frame in a sentence, of which `index` may be none. Escaped; frees the stack. */
static char *sentence(struct view_process *process, struct stack stack, size_t index)
{
	const struct frame *frame = index < stack.count ? stack.frames[index].frame : NULL;
	char *place = NULL, *line = NULL, *escaped;

	if (frame) {
		char *function = abbreviate(frame->function, BLAME_MOST);

		place = text_place(process, &stack.frames[index]);
		/* Where a function of wasm has no name, its place is all there is. */
		if (frame->kind == FRAME_WASM && !frame->file &&
		    !strncmp(place, frame->function, strlen(frame->function)))
			line = xstrdup(place);
		else
			line = xasprintf("%s, %s", function, place);
		free(function);
	} else if (stack.count) {
		place = text_place(process, &stack.frames[0]);
		line = xasprintf("an unknown function, %s", place);
	} else {
		line = xstrdup("its stack is unknown");
	}
	escaped = escape_text(line);
	free(place);
	free(line);
	stack_free(&stack);
	return escaped;
}

char *text_blame(struct view_process *process, struct node_id node)
{
	struct stack stack = stack_resolve(process, node);

	return sentence(process, stack, stack.blame);
}

char *text_caller(struct view_process *process, struct node_id node)
{
	struct stack stack = stack_resolve(process, node);
	size_t at = stack_script(&stack);

	if (at < stack.count)
		return sentence(process, stack, at);
	stack_free(&stack);
	return NULL;
}

/* ---- a stack ------------------------------------------------------------------------------------------------- */

struct line {
	char    *function, *place; /* escaped, owned; place NULL: `function` is a remark */
	const char *remark;       /* after the place, "" none */
	bool     blamed;
};

static void add_line(struct line *lines, size_t *count, char *function, char *place, const char *remark,
                     bool blamed)
{
	lines[*count].function = escape_text(function);
	lines[*count].place = place ? escape_text(place) : NULL;
	lines[*count].remark = remark;
	lines[(*count)++].blamed = blamed;
	free(function);
	free(place);
}

static size_t unknown_run(const struct stack *stack, size_t from)
{
	size_t to = from;

	while (to < stack->count && !stack->frames[to].frame->function)
		to++;
	return to - from;
}

/* The file name of the module that all of these frames lie in; NULL: of none, or of several. */
static const char *common_module(const struct stack *stack, size_t from, size_t count)
{
	const char *module = stack->frames[from].frame->module, *slash;

	for (size_t i = from; i < from + count; i++)
		if (!module || !stack->frames[i].frame->module || strcmp(module, stack->frames[i].frame->module))
			return NULL;
	slash = strrchr(module, '/');
	return slash ? slash + 1 : module;
}

/* "… 3 unknown frames: 2 without symbol, 1 in no module" */
static char *unknown_remark(const struct stack *stack, size_t from, size_t count)
{
	static const char *const reasons[UNKNOWN_KINDS] = {
		[UNKNOWN_SYMBOL] = "without symbol", [UNKNOWN_MODULE] = "in no module",
		[UNKNOWN_SILENT] = "in generated code", [UNKNOWN_UNTOLD] = "in generated code",
		[UNKNOWN_TWICE] = "in generated code", [UNKNOWN_INTERPRETED] = "of JavaScript",
	};
	const char *module = common_module(stack, from, count), *colon = ":";
	size_t counts[UNKNOWN_KINDS] = {0};
	char *text;

	for (size_t i = from; i < from + count; i++)
		counts[stack->frames[i].frame->why]++;
	if (counts[UNKNOWN_SYMBOL] == count && module)
		return xasprintf("… %zu unknown frames in %s, which has no symbols there", count, module);
	if (counts[UNKNOWN_SYMBOL] == count)
		return xasprintf("… %zu unknown frames in modules without symbols", count);
	text = xasprintf("… %zu unknown frames", count);
	for (size_t why = 0; why < UNKNOWN_KINDS; why++) {
		char *longer;

		if (!counts[why])
			continue;
		if (counts[why] == count)
			longer = xasprintf("%s %s", text, reasons[why]);
		else
			longer = xasprintf("%s%s %zu %s", text, colon, counts[why], reasons[why]);
		colon = ",";
		free(text);
		text = longer;
	}
	return text;
}

/* Frames of the runtime in a row. */
static size_t engine_run(const struct stack *stack, size_t from)
{
	size_t to = from;

	while (to < stack->count && stack->frames[to].engine)
		to++;
	return to - from;
}

/* The runtime's name: node. */
static const char *engine_name(const struct view_process *process)
{
	const char *slash = strrchr(process->info->exe, '/');

	return slash && slash[1] ? slash + 1 : process->info->exe;
}

/* What stands inside the frame to blame, or between it and the program's own. */
static char *folded_remark(const struct view_process *process, const struct stack *stack, size_t from, size_t to)
{
	size_t engine = 0, count = to - from;

	for (size_t i = from; i < to; i++)
		engine += stack->frames[i].engine;
	if (!engine)
		return xasprintf("… %zu frames of libraries", count);
	if (engine == count)
		return xasprintf("… %zu frames of %s", count, engine_name(process));
	return xasprintf("… %zu frames of %s and libraries", count, engine_name(process));
}

/* The innermost frame of the program itself, of its scripts where a runtime runs it: never folded away. */
static size_t own_frame(const struct view_process *process, const struct stack *stack, size_t from)
{
	for (; from < stack->count; from++) {
		const struct stack_frame *at = &stack->frames[from];
		bool script = at->frame->kind == FRAME_JS || at->frame->kind == FRAME_WASM;

		if (!at->engine && (script || (at->frame->module && !strcmp(at->frame->module, process->info->exe))))
			break;
	}
	return from;
}

/* The lines of a stack: at most two remarks besides a line a frame; others stand for two frames or more. */
static size_t make_lines(struct view_process *process, const struct stack *stack, bool whole, struct line *lines)
{
	bool scripted = stack->blame < stack->count && !stack->frames[stack->blame].engine;
	size_t count = 0, i = 0, run, own;

	if (!whole && stack->blame < stack->count && stack->blame > 2) {
		add_line(lines, &count, folded_remark(process, stack, 0, stack->blame), NULL, "", false);
		i = stack->blame;
	}
	own = whole ? stack->count : own_frame(process, stack, i);
	while (i < stack->count && (whole || count < FRAMES_SHORT)) {
		const struct stack_frame *at = &stack->frames[i];

		if (own < stack->count && i + 1 < own && count + 2 >= FRAMES_SHORT) {
			add_line(lines, &count, folded_remark(process, stack, i, own), NULL, "", false);
			i = own;
			continue;
		}
		run = !whole && scripted ? engine_run(stack, i) : 0;
		if (run > 1) {
			add_line(lines, &count, xasprintf("… %zu frames of %s", run, engine_name(process)), NULL, "",
			         false);
			i += run;
			continue;
		}
		run = unknown_run(stack, i);
		if (run > 1) {
			add_line(lines, &count, unknown_remark(stack, i, run), NULL, "", false);
			i += run;
			continue;
		}
		add_line(lines, &count, xstrdup(at->frame->function ? at->frame->function : "unknown"),
		         text_place(process, at), remark(at->frame), i == stack->blame);
		i++;
	}
	if (i < stack->count)
		add_line(lines, &count, xasprintf("… %zu more %s", stack->count - i,
		                                  PLURAL(stack->count - i, "frame", "frames")), NULL, "", false);
	else if (stack->ending == TRACE_STACK_CUT)
		add_line(lines, &count,
		         xasprintf("… cut here, at %" PRIu32 " frames", process->info->header.stack_depth),
		         NULL, "", false);
	else if (stack->ending == TRACE_STACK_LOST)
		add_line(lines, &count, xstrdup("… the walk could not go on from here"), NULL, "", false);
	else if (stack->ending == TRACE_STACK_NONE)
		add_line(lines, &count, xstrdup("… no stack was taken"), NULL, "", false);
	return count;
}

/* Functions in one column, places in the next. A person's screen is kept; in a file no place is cut. */
static void print_lines(const struct page *page, struct line *lines, size_t count)
{
	size_t most = (page->width - INDENT) / 2, width = 0, places = 0, room;

	/* Functions have half of the line, and what the places leave. */
	for (size_t i = 0; i < count; i++) {
		size_t remark_width = *lines[i].remark ? 2 + strlen(lines[i].remark) : 0;

		if (lines[i].place && text_width(lines[i].place) + remark_width > places)
			places = text_width(lines[i].place) + remark_width;
	}
	if (places + 2 + most < page->width - INDENT)
		most = page->width - INDENT - places - 2;
	for (size_t i = 0; i < count; i++) {
		char *function = lines[i].function;

		if (!lines[i].place)
			continue;
		lines[i].function = abbreviate(function, most);
		free(function);
		width = text_width(lines[i].function) > width ? text_width(lines[i].function) : width;
	}
	width = width > most ? most : width;
	room = page->width - INDENT - width - 2;
	for (size_t i = 0; i < count; i++) {
		const struct line *line = &lines[i];
		char *function = page->cut ? text_cut(line->function, line->place ? width : page->width - INDENT,
		                                      CUT_MIDDLE)
		                           : xstrdup(line->function);
		size_t taken = text_width(function);

		fprintf(page->file, "%*s", INDENT, "");
		page_put(page, !line->place ? STYLE_DIM : line->blamed ? STYLE_BOLD : STYLE_PLAIN, function);
		if (line->place) {
			char *place = page->cut ? text_cut(line->place, room, CUT_START) : xstrdup(line->place);

			fprintf(page->file, "%*s", (int)(taken < width ? width - taken : 0) + 2, "");
			page_put(page, line->blamed ? STYLE_PLACE : STYLE_DIM, place);
			if (*line->remark && (!page->cut || text_width(place) + 2 + strlen(line->remark) <= room))
				page_format(page, STYLE_DIM, "  %s", line->remark);
			free(place);
		}
		fputc('\n', page->file);
		free(function);
	}
}

void text_stack(const struct page *page, struct view_process *process, struct node_id node, bool whole,
                struct name_sum *names)
{
	struct stack stack = stack_resolve(process, node);
	struct line *lines = xcalloc(stack.count + 3, sizeof(*lines));
	size_t count = make_lines(process, &stack, whole, lines);

	print_lines(page, lines, count);
	stack_count_names(&stack, names);
	for (size_t i = 0; i < count; i++) {
		free(lines[i].function);
		free(lines[i].place);
	}
	free(lines);
	stack_free(&stack);
}

/* ---- the list ------------------------------------------------------------------------------------------------ */

/* What is known about whether it was ever freed. */
static char *evidence(const struct view_site *site)
{
	if (site->allocs == site->live_blocks && site->allocs == 1)
		return xstrdup("its only allocation");
	if (site->allocs == site->live_blocks)
		return xstrdup("none was ever freed");
	return xasprintf("of %s allocated", COUNT(site->allocs));
}

static char *whereabouts(const struct view *view, const struct view_site *site)
{
	char *name, *text;

	if (view->process_count == 1)
		return xstrdup("");
	if (site->process_count > 1)
		return xasprintf(" · in %s processes", COUNT(site->process_count));
	name = text_process(&view->processes[site->process]);
	text = xasprintf(" · %s", name);
	free(name);
	return text;
}

static void print_site(const struct page *page, const struct view *view, const struct view_site *site, size_t number,
                       const int widths[2])
{
	char *known = evidence(site), *growth = text_growth(view, site), *where = whereabouts(view, site);
	size_t taken = 6 + (size_t)widths[0] + 4 + (size_t)widths[1] + 1 + strlen("blocks  ") + text_width(known);
	/* On a narrow page the second half goes to a line of its own. */
	bool wraps = page->cut && taken + 3 + text_width(growth) + text_width(where) > page->width;

	fputc('\n', page->file);
	page_format(page, STYLE_DIM, "%4zu. ", number);
	page_format(page, STYLE_SIZE, "%*s", widths[0], BYTES(site->live_bytes));
	page_format(page, STYLE_PLAIN, " in %*s %s", widths[1], COUNT(site->live_blocks),
	            PLURAL(site->live_blocks, "block ", "blocks"));
	page_format(page, STYLE_DIM, "  %s%s", known, *growth && !wraps ? " · " : "");
	if (wraps && *growth)
		fprintf(page->file, "\n%*s", INDENT, "");
	page_format(page, site->growth.trend == TREND_GROWING ? STYLE_BAD : STYLE_DIM, "%s", growth);
	page_format(page, STYLE_DIM, "%s", where);
	fputc('\n', page->file);
	free(known);
	free(growth);
	free(where);
}

static void print_type(const struct page *page, struct view_process *process, const struct view_site *site,
                       bool evidence)
{
	struct stack stack = stack_resolve(process, site->stack);
	struct block_type is = type_of_blocks(process, site->domain, &site->claims, &stack,
	                                      (struct block_sizes){site->live_blocks, site->live_bytes, site->live_blocks}, site->range);

	text_type(page, &is, INDENT, evidence);
	stack_free(&stack);
}

/* The sites, numbered, with their stacks. */
static void list_sites(const struct page *page, const struct view *view, const struct text_options *options,
                       const struct view_site *const *sites, size_t count, struct name_sum *names)
{
	int widths[2] = {0};

	for (size_t i = 0; i < count; i++) {
		int bytes_width = (int)strlen(BYTES(sites[i]->live_bytes));
		int count_width = (int)strlen(COUNT(sites[i]->live_blocks));

		widths[0] = bytes_width > widths[0] ? bytes_width : widths[0];
		widths[1] = count_width > widths[1] ? count_width : widths[1];
	}
	for (size_t i = 0; i < count; i++) {
		print_site(page, view, sites[i], i + 1, widths);
		print_type(page, &view->processes[sites[i]->process], sites[i], options->whole_stacks);
		text_stack(page, &view->processes[sites[i]->process], sites[i]->stack, options->whole_stacks, names);
	}
}

void text_sites(const struct page *page, const struct view *view, const struct text_options *options,
                struct name_sum *names)
{
	struct domain_sum all = view->domains[options->domain], listed = {0};
	size_t count, leading;
	const struct view_site **sites = text_growth_order(view, options->domain, &count, &leading);
	char *note;

	all.sites -= view->suppressed[options->domain].sites;
	all.bytes -= view->suppressed[options->domain].bytes;
	for (size_t i = 0; i < count && listed.sites < options->top; i++) {
		listed.sites++;
		listed.bytes += sites[i]->live_bytes;
	}
	if (listed.sites < all.sites)
		note = xasprintf("%s %s of %s, with %s of the bytes",
		                 leading ? "what grows, and then the largest:" : "the largest", COUNT(listed.sites),
		                 COUNT(all.sites), SHARE(listed.bytes, all.bytes));
	else
		note = leading ? xstrdup("what grows from mark to mark comes first") : NULL;
	if (listed.sites)
		page_title(page, options->domain == DOMAIN_WASM_HEAP ? "Alive inside WebAssembly memories, by site"
		                                                     : "Alive at the end, by site", note);
	list_sites(page, view, options, sites, listed.sites, names);
	free(sites);
	free(note);
}
