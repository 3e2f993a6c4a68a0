/* Hot paths: trees that add up, fold and count recursion once; and the text and JSON of hand-made recordings. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "heap/table.h"
#include "report/hot.h"
#include "report/suppress.h"
#include "report/text.h"
#include "suite.h"
#include "report_golden.h"
#include "report_model.h"

enum { MAIN, PARSE, READ, GROW };

/* ---- trees ---------------------------------------------------------------------------------------------------- */

struct path { uint32_t frames[6]; size_t length; uint64_t value; };

static const struct path paths[] = {
	{{MAIN, PARSE, READ}, 3, 700}, {{MAIN, PARSE}, 2, 200}, {{MAIN, GROW}, 2, 60}, {{MAIN, READ}, 2, 30},
	{{MAIN, PARSE, READ, PARSE, READ}, 5, 10},
};

static struct hot_tree made(bool down)
{
	struct hot_tree tree;

	hot_tree_init(&tree);
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		uint32_t reversed[6];

		for (size_t at = 0; at < paths[i].length; at++)
			reversed[at] = paths[i].frames[paths[i].length - 1 - at];
		hot_tree_add(&tree, down ? paths[i].frames : reversed, paths[i].length, paths[i].value);
	}
	hot_tree_sort(&tree);
	return tree;
}

/* Of each node the total is its own and its children's; the root's is all there is. */
START_TEST(trees_add_up)
{
	for (int down = 0; down < 2; down++) {
		struct hot_tree tree = made(down);
		uint64_t self = 0;

		ck_assert_uint_eq(tree.nodes[0].total, 1000);
		for (size_t node = 0; node < tree.count; node++) {
			uint64_t sum = tree.nodes[node].self, before = UINT64_MAX;

			for (uint32_t at = tree.nodes[node].child; at != HOT_NONE; at = tree.nodes[at].next) {
				ck_assert_uint_eq(tree.nodes[at].parent, node);
				ck_assert_uint_le(tree.nodes[at].total, before);
				before = tree.nodes[at].total;
				sum += before;
			}
			ck_assert_uint_eq(sum, tree.nodes[node].total);
			self += tree.nodes[node].self;
		}
		ck_assert_uint_eq(self, 1000);
		hot_tree_free(&tree);
	}
}
END_TEST

/* What a walk shows, with its depth: "0 1 2". */
static void expect_walk(const struct hot_tree *tree, uint64_t least, const char *expected)
{
	char text[200] = "";

	for (uint32_t node = hot_tree_next(tree, 0, least); node != HOT_NONE; node = hot_tree_next(tree, node, least)) {
		size_t depth = 0;

		for (uint32_t at = node; tree->nodes[at].parent; at = tree->nodes[at].parent)
			depth++;
		sprintf(text + strlen(text), "%zu:%u=%u ", depth, tree->nodes[node].frame, (unsigned)tree->nodes[node].total);
	}
	ck_assert_str_eq(text, expected);
}

START_TEST(what_is_thin_is_folded)
{
	struct hot_tree tree = made(true);
	uint64_t sum;

	expect_walk(&tree, 1, "0:0=1000 1:1=910 2:2=710 3:1=10 4:2=10 1:3=60 1:2=30 ");
	expect_walk(&tree, 50, "0:0=1000 1:1=910 2:2=710 1:3=60 ");
	expect_walk(&tree, 61, "0:0=1000 1:1=910 2:2=710 ");
	expect_walk(&tree, 1001, "");
	ck_assert_uint_eq(hot_tree_folded(&tree, 1, 61, &sum), 2);
	ck_assert_uint_eq(sum, 90);
	ck_assert_uint_eq(hot_tree_folded(&tree, 1, 1, &sum), 0);
	ck_assert_uint_eq(sum, 0);
	hot_tree_free(&tree);
}
END_TEST

START_TEST(recursion_counts_once)
{
	struct hot_sums sums = {0};

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		hot_sums_add(&sums, paths[i].frames, paths[i].length, paths[i].length - 1, paths[i].value);
	ck_assert_uint_eq(sums.list[MAIN].total, 1000);
	ck_assert_uint_eq(sums.list[PARSE].total, 910);
	ck_assert_uint_eq(sums.list[READ].total, 740);
	ck_assert_uint_eq(sums.list[GROW].total, 60);
	ck_assert_uint_eq(sums.list[MAIN].self, 0);
	ck_assert_uint_eq(sums.list[PARSE].self, 200);
	ck_assert_uint_eq(sums.list[READ].self, 740);
	hot_sums_free(&sums);
}
END_TEST

/* ---- reports -------------------------------------------------------------------------------------------------- */

#define NOTHING (-1.0)           /* to be folded */

static const struct page narrow = {.width = 80, .cut = true}, wide = {.width = 200, .cut = true};

static char *print(struct recording *recording, struct page page, struct hot_options options, bool json)
{
	struct view_input input = {recording, names_open(recording)};
	struct view *view = view_build(&input, 1, &(struct view_options){0});
	char *text = NULL;
	size_t size;

	page.file = open_memstream(&text, &size);
	options.fold = json || options.fold == NOTHING ? 0 : options.fold > 0 ? options.fold : 0.02;
	options.top = options.top ? options.top : TOP_DEFAULT;
	if (json)
		hot_json(page.file, view, &options);
	else
		hot_text(&page, view, &options);
	fclose(page.file);
	view_free(view);
	return text;
}

#define OPTIONS(...) (struct hot_options){.domain = DOMAIN_HEAP, __VA_ARGS__}

START_TEST(one_process)
{
	char *text = print(model_leak(), narrow, OPTIONS(.by = HOT_ALLOCS), false);

	golden_width(text, 80);
	golden("hot-leak-80", text);
	golden("hot-leak-bytes-200", print(model_leak(), wide, OPTIONS(.by = HOT_BYTES, .fold = NOTHING), false));
}
END_TEST

/* Branches that are thin each, but not together. */
START_TEST(folded)
{
	golden("hot-folded-80", print(model_startup(), narrow, OPTIONS(.by = HOT_ALLOCS, .fold = 0.3), false));
}
END_TEST

START_TEST(a_script)
{
	char *text = print(model_script(), narrow, OPTIONS(.by = HOT_ALLOCS), false);

	golden_width(text, 80);
	golden("hot-script-80", text);
	golden("hot-script-all-200", print(model_script(), wide, OPTIONS(.by = HOT_ALLOCS, .all_frames = true), false));
}
END_TEST

/* C++ with long names, stacks that are cut and broken off, what no one could name. */
START_TEST(a_tree)
{
	golden("hot-tree-80", print(model_tree(), narrow, OPTIONS(.by = HOT_ALLOCS, .fold = NOTHING), false));
	golden("hot-tree-200", print(model_tree(), wide, OPTIONS(.by = HOT_ALLOCS, .fold = NOTHING), false));
}
END_TEST

START_TEST(what_matches)
{
	static const char *const matches[] = {"copy_name", "^/srv/leak/leak.c$"}, *const none[] = {"copy_name", "retain"};

	golden("hot-match-80", print(model_leak(), narrow,
	                             OPTIONS(.by = HOT_BYTES, .matches = matches, .match_count = 2), false));
	golden("hot-nothing-80", print(model_leak(), narrow,
	                               OPTIONS(.by = HOT_BYTES, .matches = none, .match_count = 2), false));
}
END_TEST

/* A process whose blocks were counted one by one: five at 4 KiB, all but one dead, and one of 64 B that lives on. */
static struct recording *counted(void)
{
	static struct recording recording;
	static struct process_info process;
	static struct site sites[3];
	struct block block = {.size = 4096};

	recording = *model_leak();
	process = recording.processes[0];
	process.sites = memcpy(sites, process.sites, sizeof(sites));
	process.site_count = 3;
	recording.processes = &process;
	sites[0].history = 0;
	sites[1].history = 1;
	/* Taken off another row: what was counted one by one is in that. */
	sites[2].history = UINT32_MAX;
	churn_open(&process, DOMAIN_HEAP, 0, UINT64_MAX);
	for (uint64_t i = 0; i < 5; i++) {
		block.tick = 2000 + 1000000 * i;
		churn_birth(process.churn, DOMAIN_HEAP, &block, block.tick);
	}
	block = (struct block){.size = 64, .tick = 4000000, .site = 1};
	churn_birth(process.churn, DOMAIN_HEAP, &block, block.tick);
	for (uint64_t i = 1; i < 5; i++) {
		block = (struct block){.size = 4096, .tick = 2000 + 1000000 * i};
		churn_death(process.churn, DOMAIN_HEAP, &block, 5000000 + 1000000 * i, i == 4);
	}
	churn_finish(process.churn, 2);
	return &recording;
}

START_TEST(over_time)
{
	struct recording *recording = counted();
	char *text;

	setenv("LC_ALL", "C.UTF-8", 1);
	text = print(recording, narrow, OPTIONS(.by = HOT_PEAK), false);
	golden_width(text, 80);
	golden("hot-peak-80", text);
	golden("hot-lifetime-80", print(recording, narrow, OPTIONS(.by = HOT_LIFETIME), false));
	setenv("LC_ALL", "C", 1);
	golden("hot-peak-ascii", print(recording, wide, OPTIONS(.by = HOT_PEAK), false));
	churn_free(recording->processes[0].churn);
}
END_TEST

START_TEST(cpu_samples)
{
	char *text = print(model_sampled(model_script()), narrow, OPTIONS(.by = HOT_CPU), false);

	golden_width(text, 80);
	golden("hot-cpu-80", text);
	golden("hot-cpu-all-200", print(model_sampled(model_script()), wide, OPTIONS(.by = HOT_CPU, .all_frames = true), false));
	golden("hot-instructions-80", print(model_sampled(model_leak()), narrow, OPTIONS(.by = HOT_INSTRUCTIONS), false));
}
END_TEST

static uint64_t number(const json_t *object, const char *key)
{
	ck_assert_msg(json_is_integer(json_object_get(object, key)), "no number %s", key);
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

/* Sites, functions and both trees say the same, whatever is left out of their frames. */
START_TEST(json_adds_up)
{
	struct recording *models[] = {model_leak(), model_tree(), model_script(), model_startup()};

	for (size_t i = 0; i < sizeof(models) / sizeof(*models); i++) {
		char *text = print(models[i], wide, (struct hot_options){.by = HOT_ALLOCS, .top = SIZE_MAX}, true);
		json_t *root = json_loads(text, 0, NULL);
		const char *const lists[] = {"sites", "functions", "top_down", "bottom_up"};
		uint64_t total;

		ck_assert_ptr_nonnull(root);
		ck_assert_str_eq(json_string_value(json_object_get(root, "schema")), "probe.hot/1");
		total = number(json_object_get(root, "totals"), "value");
		ck_assert_uint_gt(total, 0);
		for (size_t list = 0; list < 4; list++) {
			const json_t *rows = json_object_get(root, lists[list]);
			uint64_t sum = 0;

			for (size_t row = 0; row < json_array_size(rows); row++) {
				const json_t *is = json_array_get(rows, row), *parent = json_object_get(is, "parent");

				sum += number(is, list == 0 ? "value" : "self");
				if (json_is_integer(parent))
					ck_assert_uint_lt((uint64_t)json_integer_value(parent), row);
			}
			ck_assert_msg(sum == total, "%s of model %zu: %lu of %lu", lists[list], i, sum, total);
		}
		json_decref(root);
		free(text);
	}
}
END_TEST

SUITE_MAIN("hot", trees_add_up, what_is_thin_is_folded, recursion_counts_once, one_process, folded, a_script, a_tree,
           what_matches, over_time, cpu_samples, json_adds_up)
