/*
 * json.c: the report for programs; see json.h. Rows are written one by one: a recording may have many sites, and each
 * a deep stack.
 */
#include "report/json.h"

#include <jansson.h>
#include <stdlib.h>

#include "report/by_type.h"
#include "report/inside.h"
#include "report/json_rows.h"
#include "report/json_writer.h"
#include "report/suppress.h"

/* ---- leaks --------------------------------------------------------------------------------------------------- */

static bool is_wanted(const struct json_options *options, enum domain domain)
{
	return options->domain < 0 || options->domain == (int)domain;
}

/* Lists the rows; returns how many --top left off. */
static size_t put_sites(struct json_writer *writer, const struct view *view, const struct json_options *options,
                        struct name_sum *names)
{
	size_t rows = 0;

	json_open_level(writer, "by_site", '[');
	for (size_t i = 0; i < view->site_count; i++)
		if (is_wanted(options, view->sites[i].domain) && rows++ < options->top)
			json_put_row(writer, json_site(view, &view->sites[i], names));
	json_close_level(writer, ']');
	return rows > options->top ? rows - options->top : 0;
}

/* What the collection at the end freed, by site. */
static void put_garbage(struct json_writer *writer, const struct view *view, const struct json_options *options)
{
	struct name_sum names = {0};
	size_t rows = 0;

	json_open_level(writer, "garbage", '[');
	for (size_t i = 0; i < view->garbage_count; i++)
		if (is_wanted(options, view->garbage[i].domain) && rows++ < options->top)
			json_put_row(writer, json_garbage(view, &view->garbage[i], &names));
	json_close_level(writer, ']');
}

/* What workers held until they ended, by site. */
static void put_held(struct json_writer *writer, const struct view *view, const struct json_options *options)
{
	struct name_sum names = {0};
	size_t rows = 0;

	json_open_level(writer, "until_worker_end", '[');
	for (size_t i = 0; i < view->held_count; i++)
		if (is_wanted(options, view->held[i].domain) && rows++ < options->top)
			json_put_row(writer, json_held(view, &view->held[i], &names));
	json_close_level(writer, ']');
}

/* What only a pending finalizer holds: by registry, and what blocks are known to be that, by site. */
static void put_pending(struct json_writer *writer, const struct view *view, const struct json_options *options)
{
	struct name_sum names = {0};
	size_t rows = 0;

	json_open_level(writer, "pending", '[');
	for (size_t i = 0; i < view->process_count; i++) {
		const struct process_info *info = view->processes[i].info;

		for (size_t u = 0; u < info->unfinalized_count; u++)
			json_put_row(writer, json_unfinalized(&view->processes[i], &info->unfinalized[u], &names));
	}
	json_close_level(writer, ']');
	json_open_level(writer, "pending_by_site", '[');
	for (size_t i = 0; i < view->pending_count; i++)
		if (is_wanted(options, view->pending[i].domain) && rows++ < options->top)
			json_put_row(writer, json_pending(view, &view->pending[i], &names));
	json_close_level(writer, ']');
}

static size_t put_groups(struct json_writer *writer, const struct view *view, const struct json_options *options,
                         const char *key, struct view_group *(*group)(const struct view *, enum domain, size_t *))
{
	size_t rows = 0;

	json_open_level(writer, key, '[');
	for (enum domain domain = 0; domain < DOMAINS; domain++) {
		size_t count = 0;
		struct view_group *groups = is_wanted(options, domain) ? group(view, domain, &count) : NULL;

		for (size_t i = 0; i < count; i++)
			if (rows++ < options->top)
				json_put_row(writer, json_group(view, &groups[i], domain));
		free(groups);
	}
	json_close_level(writer, ']');
	return rows > options->top ? rows - options->top : 0;
}

/* Those of all domains that have types, together in order of size. */
static size_t put_types(struct json_writer *writer, const struct view *view, const struct json_options *options)
{
	static const enum domain typed[] = {DOMAIN_HEAP, DOMAIN_WASM_HEAP, DOMAIN_POOL, DOMAIN_LOG};
	enum { TYPED = sizeof(typed) / sizeof(*typed) };
	struct type_sum *sums[TYPED] = {NULL};
	size_t counts[TYPED] = {0}, at[TYPED] = {0}, rows = 0;

	for (size_t i = 0; i < TYPED; i++)
		if (is_wanted(options, typed[i]))
			sums[i] = view_by_type(view, typed[i], &counts[i]);
	json_open_level(writer, "by_type", '[');
	for (;; rows++) {
		size_t next = TYPED;

		for (size_t i = 0; i < TYPED; i++)
			if (at[i] < counts[i] &&
			    (next == TYPED || sums[i][at[i]].live_bytes > sums[next][at[next]].live_bytes))
				next = i;
		if (next == TYPED)
			break;
		if (rows < options->top)
			json_put_row(writer, json_type_sum(&sums[next][at[next]], typed[next]));
		at[next]++;
	}
	json_close_level(writer, ']');
	for (size_t i = 0; i < TYPED; i++)
		free(sums[i]);
	return rows > options->top ? rows - options->top : 0;
}

static void put_domains(struct json_writer *writer, const struct view *view, const struct json_options *options)
{
	json_t *domains = json_checked(json_object());

	for (enum domain domain = 0; domain < DOMAINS; domain++) {
		json_t *sum;

		if (!is_wanted(options, domain) || (!view->domains[domain].blocks && domain != DOMAIN_HEAP))
			continue;
		sum = json_checked(json_object());
		json_set(sum, "bytes", json_number(view->domains[domain].bytes));
		json_set(sum, "blocks", json_number(view->domains[domain].blocks));
		json_set(sum, "suppressed_bytes", json_number(view->suppressed[domain].bytes));
		json_set(sum, "suppressed_blocks", json_number(view->suppressed[domain].blocks));
		json_set(domains, domain_name(domain), sum);
	}
	json_put_member(writer, "domains", domains);
}

/* Those that hid something; and somebody's own, to whom it is news that one hid nothing. */
static void put_suppressions(struct json_writer *writer, const struct view *view)
{
	json_open_level(writer, "suppressions", '[');
	for (size_t i = 0; view->suppressions && i < view->suppressions->count; i++) {
		json_t *hid = json_suppression(view->suppressions->rows[i]);

		if (hid)
			json_put_row(writer, hid);
	}
	json_close_level(writer, ']');
}

static void put_memories(struct json_writer *writer, const struct view *view, struct name_sum *names)
{
	json_open_level(writer, "wasm_memories", '[');
	for (size_t i = 0; i < view->process_count; i++) {
		const struct process_info *info = view->processes[i].info;

		for (size_t m = 0; m < info->wasm_memory_count; m++)
			json_put_row(writer, json_wasm_memory(&view->processes[i], &info->wasm_memories[m], names));
	}
	json_close_level(writer, ']');
}

/* ---- documents ----------------------------------------------------------------------------------------------- */

void json_put_head(struct json_writer *writer, const struct view *view, const char *schema)
{
	fputc('{', writer->file);
	json_put_member(writer, "schema", json_text(schema));
	json_put_member(writer, "recording", json_recording(view->inputs[0].recording));
	json_open_level(writer, "recordings", '[');
	for (size_t i = 0; i < view->input_count; i++)
		json_put_row(writer, json_recording(view->inputs[i].recording));
	json_close_level(writer, ']');
	json_open_level(writer, "processes", '[');
	for (size_t i = 0; i < view->process_count; i++)
		json_put_row(writer, json_process(view, &view->processes[i]));
	json_close_level(writer, ']');
}

void json_put_marks(struct json_writer *writer, const struct view *view)
{
	json_open_level(writer, "marks", '[');
	for (size_t i = 0; i < view->process_count; i++)
		for (size_t m = 0; m < view->processes[i].info->mark_count; m++)
			json_put_row(writer, json_mark(view->processes[i].info, &view->processes[i].info->marks[m]));
	json_close_level(writer, ']');
}

static void put_logs(struct json_writer *writer, const struct view *view)
{
	json_open_level(writer, "logs", '[');
	for (size_t i = 0; i < view->process_count; i++)
		if (view->processes[i].info->logged)
			json_put_row(writer, json_log(&view->processes[i]));
	json_close_level(writer, ']');
}

static void put_finding(struct json_writer *writer, const char *kind, uint64_t count, json_t *examples)
{
	json_t *object = json_checked(json_object());

	json_set(object, "kind", json_text(kind));
	json_set(object, "count", json_number(count));
	json_set(object, "examples", examples);
	json_put_row(writer, object);
}

/* Instances of WebAssembly modules whose blocks are not told, and events inside of no memory that is known. */
static void put_unwatched(struct json_writer *writer, const struct view *view)
{
	size_t count;
	struct inside_unwatched *rows = inside_unwatched(view, &count);
	json_t *examples = json_checked(json_array());
	struct inside_stray stray = inside_stray(view);
	uint64_t instances = 0;

	for (size_t i = 0; i < count; i++) {
		char *text = inside_sentence(&rows[i]);

		instances += rows[i].count;
		json_array_append_new(examples, json_text(text));
		free(text);
	}
	if (instances)
		put_finding(writer, "wasm-unwatched", instances, examples);
	else
		json_decref(examples);
	free(rows);
	if (stray.allocs || stray.unknown_frees)
		put_finding(writer, "wasm-stray", stray.allocs + stray.unknown_frees, json_checked(json_array()));
}

/* After the stacks: what names could not be found shows as they are asked for. */
void json_put_findings(struct json_writer *writer, const struct view *view)
{
	json_open_level(writer, "findings", '[');
	for (size_t i = 0; i < view->input_count; i++) {
		const struct recording *from = view->inputs[i].recording;

		const char *const *sentences;
		size_t problems = names_problems(view->inputs[i].names, &sentences);

		for (size_t f = 0; f < from->finding_count; f++)
			put_finding(writer, from->findings[f].kind, from->findings[f].count,
			            json_texts((const char *const *)from->findings[f].examples,
			                       from->findings[f].example_count));
		if (problems)
			put_finding(writer, "names", problems, json_texts(sentences, problems));
	}
	put_unwatched(writer, view);
	json_close_level(writer, ']');
}

void report_json(FILE *file, const struct view *view, const struct json_options *options)
{
	struct json_writer writer = {.file = file, .first = true};
	struct name_sum names = {0};
	size_t left_off;

	json_put_head(&writer, view, "probe.report/1");
	json_put_marks(&writer, view);
	json_put_member(&writer, "totals", json_totals(view));
	put_logs(&writer, view);
	json_open_level(&writer, "leaks", '{');
	put_domains(&writer, view, options);
	left_off = put_sites(&writer, view, options, &names);
	put_garbage(&writer, view, options);
	put_held(&writer, view, options);
	put_pending(&writer, view, options);
	left_off += put_types(&writer, view, options);
	left_off += put_groups(&writer, view, options, "by_module", view_by_module);
	left_off += put_groups(&writer, view, options, "by_process", view_by_process);
	json_put_member(&writer, "left_off", json_number(left_off));
	put_suppressions(&writer, view);
	json_close_level(&writer, '}');
	put_memories(&writer, view, &names);
	json_put_member(&writer, "names", json_names(&names));
	json_put_findings(&writer, view);
	fputs("\n}\n", file);
}

void leaks_json(FILE *file, const struct view *view, const struct json_options *options, enum leaks_by by)
{
	struct json_writer writer = {.file = file, .first = true};
	struct name_sum names = {0};
	size_t left_off;

	json_put_head(&writer, view, "probe.leaks/1");
	json_put_marks(&writer, view);
	json_put_member(&writer, "since", json_text(view->since));
	json_put_member(&writer, "totals", json_totals(view));
	put_logs(&writer, view);
	json_open_level(&writer, "leaks", '{');
	put_domains(&writer, view, options);
	if (by == BY_SITE)
		left_off = put_sites(&writer, view, options, &names);
	else if (by == BY_TYPE)
		left_off = put_types(&writer, view, options);
	else if (by == BY_MODULE)
		left_off = put_groups(&writer, view, options, "by_module", view_by_module);
	else
		left_off = put_groups(&writer, view, options, "by_process", view_by_process);
	json_put_member(&writer, "left_off", json_number(left_off));
	put_suppressions(&writer, view);
	json_close_level(&writer, '}');
	json_put_member(&writer, "names", json_names(&names));
	json_put_findings(&writer, view);
	fputs("\n}\n", file);
}
