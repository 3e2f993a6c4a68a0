/* text_growth.c: what grows, in words, and where that was measured; see text.h. */
#include <stdlib.h>
#include <string.h>

#include "report/escape.h"
#include "report/human.h"
#include "report/text.h"
#include "trace/time.h"
#include "util.h"

#define SURE       0.95
#define LIKELY     0.8
#define LABEL_MOST 40             /* columns of a label */
#define SECOND     1e9
#define SHORT_RUN  (10 * SECOND)  /* without marks: it may be all start-up, which no slices tell from growth */

/* Of a slice, nanoseconds. */
static double slice_ns(const struct process_info *info)
{
	const struct instants *instants = &info->instants;

	return instants->count < 2 ? 0 : (double)(instants->ticks[1] - instants->ticks[0]) * info->ns_per_tick;
}

static bool is_too_short(const struct process_info *info)
{
	const struct instants *instants = &info->instants;

	return instants->kind == INSTANTS_SLICES && slice_ns(info) * (double)instants->count < SHORT_RUN;
}

/* Start-up is told from growth by marks alone: slices of the time have it in them. */
static bool leads(const struct view *view, const struct view_site *site)
{
	return site->growth.trend == TREND_GROWING && site->growth.confidence >= LIKELY &&
	       view->processes[site->process].info->instants.kind != INSTANTS_SLICES;
}

struct ordered {
	const struct view_site *site;
	bool     leads;
	size_t   place;           /* in the view */
};

static int by_growth(const void *left, const void *right)
{
	const struct ordered *a = left, *b = right;
	double x = a->site->growth.bytes_per_mark, y = b->site->growth.bytes_per_mark;

	if (a->leads != b->leads)
		return a->leads ? -1 : 1;
	if (a->leads && x != y)
		return x > y ? -1 : 1;
	return (a->place > b->place) - (a->place < b->place);
}

const struct view_site **text_growth_order(const struct view *view, enum domain domain, size_t *count, size_t *leading)
{
	struct ordered *ordered = xcalloc(view->site_count, sizeof(*ordered));
	const struct view_site **sites = xcalloc(view->site_count, sizeof(*sites));

	*count = *leading = 0;
	for (size_t i = 0; i < view->site_count; i++) {
		const struct view_site *site = &view->sites[i];

		if (site->domain == domain && !site->suppressed_by)
			ordered[(*count)++] = (struct ordered){site, leads(view, site), i};
	}
	qsort(ordered, *count, sizeof(*ordered), by_growth);
	for (size_t i = 0; i < *count; i++) {
		sites[i] = ordered[i].site;
		*leading += ordered[i].leads;
	}
	free(ordered);
	return sites;
}

static char *rate(const struct view *view, const struct view_site *site)
{
	const struct growth *growth = &site->growth;
	const struct process_info *info = view->processes[site->process].info;
	double bytes = growth->bytes_per_mark, slice = slice_ns(info);
	const char *per = "mark";

	if (info->instants.kind == INSTANTS_SLICES) {
		if (site->process_count > 1)
			return xstrdup("grew all along");
		bytes *= SECOND / slice;
		per = "second";
	}
	if (bytes < 0.5)
		return xasprintf("grows, by less than 1 B per %s", per);
	/* There, what is one to the program is a block. */
	if (site->domain == DOMAIN_WASM_HEAP && growth->blocks_per_mark >= 0.5 && info->instants.kind != INSTANTS_SLICES)
		return xasprintf("grows %s in %s %s per mark", BYTES(bytes < 1e18 ? (uint64_t)(bytes + 0.5) : (uint64_t)1e18),
		                 COUNT((uint64_t)(growth->blocks_per_mark + 0.5)),
		                 PLURAL((uint64_t)(growth->blocks_per_mark + 0.5), "block", "blocks"));
	return xasprintf("grows %s per %s", BYTES(bytes < 1e18 ? (uint64_t)(bytes + 0.5) : (uint64_t)1e18), per);
}

char *text_growth(const struct view *view, const struct view_site *site)
{
	const char *sure = site->growth.confidence >= SURE ? "sure" :
	                   site->growth.confidence >= LIKELY ? "likely" : "perhaps";
	char *text, *said;

	if (is_too_short(view->processes[site->process].info))
		return xstrdup("");
	switch (site->growth.trend) {
	case TREND_GROWING:
		said = rate(view, site);
		text = xasprintf("%s (%s)", said, sure);
		free(said);
		return text;
	case TREND_ONCE:
		return xstrdup(site->allocs == 1 ? "" : "kept once");
	case TREND_STEADY:
		return xstrdup("steady");
	default:
		return xstrdup("");
	}
}

/* ---- where it was measured ---- */

static char *label(const struct process_info *info, size_t mark)
{
	char *escaped = escape_text(info->marks[mark].label), *cut = text_cut(escaped, LABEL_MOST, CUT_MIDDLE);

	free(escaped);
	return cut;
}

/* "at 12 marks, proof 1 … proof 12 (3 other marks are not compared)" */
static char *at_marks(const struct process_info *info)
{
	const struct instants *instants = &info->instants;
	char *first = label(info, instants->first), *last = label(info, instants->last), *text, *longer;
	size_t others = info->mark_count - instants->marks;

	text = xasprintf("%s%s%s marks, %s … %s", instants->count < instants->marks ? COUNT(instants->count) : "",
	                 instants->count < instants->marks ? " of " : "", COUNT(instants->marks), first, last);
	if (others) {
		longer = xasprintf("%s (%s other %s not compared)", text, COUNT(others),
		                   PLURAL(others, "mark is", "marks are"));
		free(text);
		text = longer;
	}
	free(first);
	free(last);
	return text;
}

static char *at_slices(const struct process_info *info)
{
	double seconds = slice_ns(info) * (double)info->instants.count / SECOND;

	return xasprintf("%s equal slices of its run of %.0f s: it has %s", COUNT(info->instants.count), seconds,
	                 info->mark_count ? "too few marks" : "no marks");
}

void text_measured(const struct page *page, const struct view *view)
{
	const struct view_process *one = NULL;
	size_t marked = 0, sliced = 0, brief = 0;

	for (size_t i = 0; i < view->process_count; i++) {
		const struct instants *instants = &view->processes[i].info->instants;

		if (instants->count && is_too_short(view->processes[i].info)) {
			brief++;
			continue;
		}
		marked += instants->count && instants->kind != INSTANTS_SLICES;
		sliced += instants->count && instants->kind == INSTANTS_SLICES;
		/* The one to tell of: with most marks. */
		if (instants->count && (!one || (instants->kind != INSTANTS_SLICES &&
		    (one->info->instants.kind == INSTANTS_SLICES || instants->marks > one->info->instants.marks))))
			one = &view->processes[i];
	}
	if (!one) {
		page_entry(page, "growth", STYLE_PLAIN,
		           brief ? "hardly known: there are no marks, and in a short run start-up looks like growth"
		                 : "unknown: no instants were recorded to compare");
		return;
	}
	if (marked || sliced == 1) {
		char *name = marked + sliced > 1 ? text_process(one) : xstrdup("");
		char *text = one->info->instants.kind == INSTANTS_SLICES ? at_slices(one->info) : at_marks(one->info);

		page_entry(page, "growth", STYLE_PLAIN, "measured at %s%s%s", text, *name ? " in " : "", name);
		free(name);
		free(text);
	}
	if (marked > 1)
		page_entry(page, "", STYLE_PLAIN, "%s more %s marks of %s own", COUNT(marked - 1),
		           PLURAL(marked - 1, "process has", "processes have"), PLURAL(marked - 1, "its", "their"));
	if (sliced > 1 || (sliced && marked))
		page_entry(page, marked ? "" : "growth", STYLE_PLAIN,
		           "%s%s %s measured at equal slices of %s time, for want of marks", COUNT(sliced),
		           PLURAL(sliced, " process", " processes"), PLURAL(sliced, "is", "are"),
		           PLURAL(sliced, "its", "their"));
}
