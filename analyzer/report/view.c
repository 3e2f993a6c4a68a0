/* view.c: chooses processes, adds up, joins sites; see view.h. Reads the model, prints nothing but warnings. */
#include "report/view.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "report/grown.h"
#include "report/suppress.h"
#include "report/verdicts.h"
#include "util.h"

const char *domain_name(enum domain domain)
{
	static const char *const names[] = {"heap", "map", "wasm-memory", "wasm-heap", "log"};

	return names[domain];
}

const char *end_name(enum process_end end)
{
	static const char *const names[] = {"exit", "exec", "signal", "killed", "running"};

	return names[end];
}

/* ---- processes ----------------------------------------------------------------------------------------------- */

static bool is_last_part(const char *path, const char *wanted)
{
	const char *slash = strrchr(path, '/');

	return !strcmp(wanted, slash && slash[1] ? slash + 1 : path);
}

/* The script that a runtime was started with, NULL unknown. */
static const char *script_of(const struct process_info *info)
{
	size_t i = 1;

	if (!info->runtime_count || !info->argv || !info->argv[0])
		return NULL;
	while (info->argv[i] && info->argv[i][0] == '-')
		i++;
	return info->argv[i];
}

/*
 * Is `wanted` the id of the process, its pid, the path of its executable or that path's last part? Or the name that
 * the table of processes shows: a script's interpreter or a multi-call program goes by another than its executable.
 * Or the file of the script that node runs.
 */
static bool is_called(const struct process_info *info, const char *wanted)
{
	const char *script = script_of(info);
	char *rest;
	unsigned long pid = strtoul(wanted, &rest, 10);

	if (*wanted >= '0' && *wanted <= '9' && !*rest)
		return pid == info->header.pid;
	return !strcmp(wanted, info->stem) || !strcmp(wanted, info->exe) || is_last_part(info->exe, wanted) ||
	       (info->argv && info->argv[0] && is_last_part(info->argv[0], wanted)) ||
	       (script && is_last_part(script, wanted));
}

static bool is_chosen(const struct process_info *info, const struct view_options *options, bool *used)
{
	bool chosen = !options->process_count;

	for (size_t i = 0; i < options->process_count; i++)
		if (is_called(info, options->processes[i]))
			chosen = used[i] = true;
	return chosen;
}

/* The same process, another image: images follow each other by exec. */
static bool same_process(const struct process_info *a, const struct process_info *b)
{
	return a->header.pid == b->header.pid && a->header.start_ticks == b->header.start_ticks &&
	       a->header.pid_namespace == b->header.pid_namespace &&
	       !memcmp(a->header.boot_id, b->header.boot_id, sizeof(a->header.boot_id));
}

/* Was there a runtime in it, or in those that it was forked from? */
static bool has_runtime(const struct recording *recording, const struct process_info *info)
{
	for (size_t steps = 0; steps < recording->process_count; steps++) {
		if (info->runtime_count || info->place_count)
			return true;
		if (!info->forked || info->parent.index >= recording->process_count)
			break;
		info = &recording->processes[info->parent.index];
	}
	return false;
}

static void add_process(struct view *view, const struct view_input *input, uint32_t index)
{
	struct view_process *process = &view->processes[view->process_count++];
	const struct process_info *info = &input->recording->processes[index];

	*process = (struct view_process){
		.input = input, .info = info, .id = {index}, .parent = NO_PROCESS, .previous = NO_PROCESS,
		.end = info->end, .status = info->status, .has_runtime = has_runtime(input->recording, info),
	};
	for (size_t i = 0; i < info->thread_count; i++)
		process->threads += info->threads[i].lane == 0;
}

static bool choose_processes(struct view *view, const struct view_options *options)
{
	bool *used = xcalloc(options->process_count, sizeof(*used));
	bool good = true;

	for (size_t i = 0; i < view->input_count; i++)
		view->process_total += view->inputs[i].recording->process_count;
	view->processes = xcalloc(view->process_total, sizeof(*view->processes));
	for (size_t i = 0; i < view->input_count; i++) {
		const struct recording *recording = view->inputs[i].recording;

		for (size_t p = 0; p < recording->process_count; p++)
			if (is_chosen(&recording->processes[p], options, used))
				add_process(view, &view->inputs[i], (uint32_t)p);
	}
	for (size_t i = 0; i < options->process_count; i++) {
		if (!used[i])
			warn("no process is called '%s': give an id, a pid or an executable", options->processes[i]);
		good = good && used[i];
	}
	free(used);
	return good;
}

/* Where the chosen process `id` of this recording stands, or NO_PROCESS. Ids grow within a recording. */
static size_t find_process(const struct view *view, const struct view_input *input, struct process_id id)
{
	size_t low = 0, high = view->process_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct view_process *process = &view->processes[middle];

		if (process->input == input && process->id.index == id.index)
			return middle;
		if (process->input < input || (process->input == input && process->id.index < id.index))
			low = middle + 1;
		else
			high = middle;
	}
	return NO_PROCESS;
}

/* A recording's processes stand together, by start time, then image. */
static void link_processes(struct view *view)
{
	for (size_t i = 0; i < view->process_count; i++) {
		struct view_process *process = &view->processes[i];

		for (size_t j = i; j-- > 0;) {
			const struct view_process *other = &view->processes[j];

			if (other->input != process->input ||
			    other->info->header.start_ticks != process->info->header.start_ticks)
				break;
			if (same_process(process->info, other->info) &&
			    other->info->header.image + 1 == process->info->header.image)
				process->previous = j;
		}
		process->parent = find_process(view, process->input, process->info->parent);
		if (process->parent == i || process->parent == process->previous)
			process->parent = NO_PROCESS;
	}
}

/* What `probe run` saw of its child, where the recording could not know better. */
static void apply_wait(struct view *view, const struct view_options *options)
{
	for (size_t i = view->process_count; options->waited && i-- > 0;) {
		struct view_process *process = &view->processes[i];

		if (process->info->header.pid != options->waited_pid || process->end == END_EXEC)
			continue;
		if (process->end != END_EXIT && WIFSIGNALED(options->wait_status)) {
			process->end = END_SIGNAL;
			process->status = WTERMSIG(options->wait_status);
		} else if (process->end != END_EXIT && WIFEXITED(options->wait_status)) {
			process->end = END_EXIT;
			process->status = WEXITSTATUS(options->wait_status);
		}
		return;
	}
}

/* ---- sums ---------------------------------------------------------------------------------------------------- */

static void add_totals(struct view *view)
{
	struct totals *sum = &view->totals;

	view->peak_process = NO_PROCESS;
	for (size_t i = 0; i < view->process_count; i++) {
		const struct process_info *info = view->processes[i].info;
		const struct totals *one = &info->totals;

		sum->allocs += one->allocs;
		sum->frees += one->frees;
		sum->bytes_allocated += one->bytes_allocated;
		sum->live_blocks += one->live_blocks;
		sum->live_bytes += one->live_bytes;
		sum->temporary += one->temporary;
		sum->teardown_allocs += one->teardown_allocs;
		sum->teardown_frees += one->teardown_frees;
		sum->inherited_frees += one->inherited_frees;
		sum->unmatched_frees += one->unmatched_frees;
		sum->repaired += one->repaired;
		if (one->peak_bytes > sum->peak_bytes) {
			sum->peak_bytes = one->peak_bytes;
			view->peak_process = i;
		}
		view->events += info->events;
		view->lost += info->lost;
		view->recovered += info->recovered;
	}
}

/* Which processes the damage concerns is not told apart: it makes all numbers doubtful. */
static void add_findings(struct view *view)
{
	for (size_t i = 0; i < view->input_count; i++)
		for (size_t f = 0; f < view->inputs[i].recording->finding_count; f++) {
			const struct finding *finding = &view->inputs[i].recording->findings[f];

			if (!strcmp(finding->kind, "damage"))
				view->damaged += finding->count;
			else if (!strcmp(finding->kind, "not-recorded"))
				view->not_recorded += finding->count;
		}
}

/* ---- sites --------------------------------------------------------------------------------------------------- */

struct keyed_site {
	bool     joined;          /* with others of the same hash */
	const void *suppressor;   /* what is never joined: the suppressions of its own, … */
	size_t   apart;           /* … and the index of the process, or 0 … */
	struct node_hash hash;    /* … equal: to be joined */
	const struct site *from;  /* in the model */
	struct view_site site;
};

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int by_hash(const void *left, const void *right)
{
	const struct keyed_site *a = left, *b = right;
	int order = compare(a->apart, b->apart);

	order = order ? order : compare((uintptr_t)a->suppressor, (uintptr_t)b->suppressor);
	order = order ? order : compare(a->hash.high, b->hash.high);
	order = order ? order : compare(a->hash.low, b->hash.low);
	order = order ? order : compare(a->site.domain, b->site.domain);
	order = order ? order : compare(a->site.process, b->site.process);
	return order ? order : compare(a->site.stack.index, b->site.stack.index);
}

/* Largest first; what decides between equals is the same in every run. */
static int by_bytes(const void *left, const void *right)
{
	const struct view_site *a = left, *b = right;
	int order = compare(b->live_bytes, a->live_bytes);

	order = order ? order : compare(b->live_blocks, a->live_blocks);
	order = order ? order : compare(a->process, b->process);
	order = order ? order : compare(a->domain, b->domain);
	return order ? order : compare(a->stack.index, b->stack.index);
}

/*
 * The same stack of one process is one site, too, where code was generated: a runtime makes code again, in other
 * tiers, and moves it. A joined site's allocs and frees are those of all rows where the stack keeps a block or not; so
 * all sites are keyed whose stack is that of a live one. Without joining, dead sites are not looked at.
 */
static size_t collect_sites(const struct view *view, bool join, struct keyed_site *keyed)
{
	size_t count = 0;

	for (size_t p = 0; p < view->process_count; p++) {
		const struct process_info *info = view->processes[p].info;
		bool joined = join || view->processes[p].has_runtime;

		for (size_t i = 0; i < info->site_count; i++) {
			const struct site *site = &info->sites[i];

			if (site->domain >= DOMAINS || (!joined && !view_blocks(view, site) && !site->garbage.blocks &&
			                                        !site->held.blocks))
				continue;
			if (keyed)
				keyed[count] = (struct keyed_site){
					.joined = joined, .apart = join ? 0 : p, .from = site,
					.suppressor = view->processes[p].suppressor,
					.site = {
						.process = p, .domain = site->domain, .stack = site->stack,
						.allocs = site->allocs, .frees = site->frees,
						.live_blocks = view_blocks(view, site),
						.live_bytes = view_bytes(view, site), .temporary = site->temporary,
						.garbage = site->garbage, .held = site->held,
					},
				};
			count++;
		}
	}
	return count;
}

static bool is_same(const struct keyed_site *a, const struct keyed_site *b)
{
	return a->joined && b->joined && a->apart == b->apart && a->suppressor == b->suppressor &&
	       a->hash.low == b->hash.low &&
	       a->hash.high == b->hash.high && a->site.domain == b->site.domain;
}

static void join_site(struct view_site *into, const struct view_site *site)
{
	/* The one that stands for all keeps blocks, so that its stack is that of a leak; else it kept some until the end. */
	if (!into->live_blocks && (site->live_blocks || (!into->garbage.blocks && (site->garbage.blocks ||
	    (!into->held.blocks && site->held.blocks))))) {
		into->process = site->process;
		into->stack = site->stack;
	}
	into->allocs += site->allocs;
	into->frees += site->frees;
	into->live_blocks += site->live_blocks;
	into->live_bytes += site->live_bytes;
	into->temporary += site->temporary;
	into->garbage.blocks += site->garbage.blocks;
	into->garbage.bytes += site->garbage.bytes;
	into->garbage.held_blocks += site->garbage.held_blocks;
	into->garbage.held_bytes += site->garbage.held_bytes;
	into->garbage.kept_blocks += site->garbage.kept_blocks;
	into->garbage.kept_bytes += site->garbage.kept_bytes;
	into->held.blocks += site->held.blocks;
	into->held.bytes += site->held.bytes;
}

static bool is_empty(const struct view_site *site)
{
	return !site->live_blocks && !site->garbage.blocks && !site->held.blocks;
}

static int by_garbage(const void *left, const void *right)
{
	const struct view_site *a = left, *b = right;
	int order = compare(b->garbage.held_bytes, a->garbage.held_bytes);

	return order ? order : compare(b->garbage.bytes, a->garbage.bytes);
}

static int by_held(const void *left, const void *right)
{
	const struct view_site *a = left, *b = right;

	return compare(b->held.bytes, a->held.bytes);
}

/* Sites of what is gone go to lists of their own, and stay where they are if they have live blocks, too. */
static void sort_out_garbage(struct view *view)
{
	size_t live = 0;

	view->garbage = xcalloc(view->site_count, sizeof(*view->garbage));
	view->held = xcalloc(view->site_count, sizeof(*view->held));
	for (size_t i = 0; i < view->site_count; i++) {
		if (view->sites[i].garbage.blocks)
			view->garbage[view->garbage_count++] = view->sites[i];
		if (view->sites[i].held.blocks)
			view->held[view->held_count++] = view->sites[i];
		if (view->sites[i].live_blocks)
			view->sites[live++] = view->sites[i];
	}
	view->site_count = live;
	qsort(view->garbage, view->garbage_count, sizeof(*view->garbage), by_garbage);
	qsort(view->held, view->held_count, sizeof(*view->held), by_held);
}

static void collect(struct view *view, bool join)
{
	bool by_symbol = view->input_count > 1;
	size_t count = collect_sites(view, join, NULL), counted = NO_PROCESS;
	struct keyed_site *keyed = xcalloc(count, sizeof(*keyed));
	struct grown grown = {0};

	collect_sites(view, join, keyed);
	view->sites = xcalloc(count, sizeof(*view->sites));
	for (size_t i = 0; i < count; i++)
		if (keyed[i].joined)
			keyed[i].hash = join_hash(&view->processes[keyed[i].site.process], keyed[i].site.stack,
			                          by_symbol);
	qsort(keyed, count, sizeof(*keyed), by_hash);
	for (size_t i = 0; i < count; i++) {
		struct view_site *into;

		if (!i || !is_same(&keyed[i - 1], &keyed[i])) {
			/* The one before is complete; it is forgotten if it keeps nothing. */
			if (!view->site_count || !is_empty(&view->sites[view->site_count - 1]))
				view->site_count++;
			view->sites[view->site_count - 1] = (struct view_site){.domain = keyed[i].site.domain};
			counted = NO_PROCESS;
		}
		into = &view->sites[view->site_count - 1];
		/* Rows of one process stand side by side. */
		if (keyed[i].site.live_blocks && counted != keyed[i].site.process) {
			into->process_count++;
			counted = keyed[i].site.process;
		}
		join_site(into, &keyed[i].site);
		grown_add(&grown, view->processes[keyed[i].site.process].info, keyed[i].from);
		if (i + 1 == count || !is_same(&keyed[i], &keyed[i + 1]))
			into->growth = grown_end(&grown);
	}
	if (view->site_count && is_empty(&view->sites[view->site_count - 1]))
		view->site_count--;
	free(keyed);
	sort_out_garbage(view);
	qsort(view->sites, view->site_count, sizeof(*view->sites), by_bytes);
}

static void add_domain(struct domain_sum *sum, const struct view_site *site)
{
	sum->sites++;
	sum->blocks += site->live_blocks;
	sum->bytes += site->live_bytes;
}

static void sum_sites(struct view *view)
{
	for (size_t i = 0; i < view->site_count; i++) {
		struct view_site *site = &view->sites[i];

		struct suppression *by = NULL;

		add_domain(&view->domains[site->domain], site);
		if (view->suppressions)
			by = suppressions_match(view->suppressions, &view->processes[site->process], site->stack,
			                        site->domain, site->growth.trend);
		site->suppressed_by = by;
		if (by) {
			add_domain(&view->suppressed[site->domain], site);
			add_domain(&by->hid[site->domain], site);
		}
	}
	for (size_t p = 0; p < view->process_count; p++) {
		const struct process_info *info = view->processes[p].info;

		for (size_t i = 0; i < info->site_count; i++) {
			struct stack_sum *ending;

			if (info->sites[i].domain != DOMAIN_HEAP)
				continue;
			ending = &view->endings[place_ending(info, info->sites[i].stack)];
			ending->allocs += info->sites[i].allocs;
			ending->live_blocks += info->sites[i].live_blocks;
		}
	}
}

struct view *view_build(const struct view_input *inputs, size_t input_count, const struct view_options *options)
{
	struct view *view = xcalloc(1, sizeof(*view));

	view->inputs = inputs;
	view->suppressions = options->suppressions;
	view->since = options->since;
	view->input_count = input_count;
	view->worst_process = NO_PROCESS;
	if (!choose_processes(view, options)) {
		view_free(view);
		return NULL;
	}
	link_processes(view);
	apply_wait(view, options);
	if (view->suppressions)
		suppressions_add_targets(view->suppressions, view);
	if (view->suppressions && options->shipped)
		suppressions_add_shipped(view->suppressions);
	add_totals(view);
	add_findings(view);
	collect(view, options->join);
	sum_sites(view);
	verdicts_make(view);
	return view;
}

void view_free(struct view *view)
{
	for (size_t i = 0; i < view->process_count; i++) {
		free(view->processes[i].places);
		free(view->processes[i].hashes);
		free(view->processes[i].suppressed);
		free(view->processes[i].shipped);
		free(view->processes[i].verdict.reason);
	}
	free(view->processes);
	free(view->sites);
	free(view->garbage);
	free(view->held);
	free(view);
}
