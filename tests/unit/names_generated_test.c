/*
 * names_generated_test.c: frames in generated code: their lines, tiers and sources, and why some are unknown.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "names/generated.h"
#include "names/names.h"
#include "names_recording.h"
#include "reader_check.h"
#include "suite.h"
#include "util.h"

#define AT    0x7f3300000000ull
#define BEGAN 1000000000000ull /* tick when the process began, nanoseconds */

static struct recording *recording;
static struct process_id first;
static struct names *names;

static void set_up(void)
{
	recording = made_recording();
	made_codes(recording, first, 16);
}

static void tear_down(void)
{
	names_close(names);
	made_recording_free(recording);
}

static struct frame frame_of(struct node_id node)
{
	const struct frame *frames;

	if (!names)
		names = names_open(recording);
	ck_assert_uint_eq(names_resolve(names, first, node, &frames), 1);
	return frames[0];
}

static struct node_id exact(uint64_t address)
{
	return made_node(recording, first, (struct trace_node){address, TRACE_STACK_ROOT, TRACE_NODE_EXACT});
}

static void check_place(struct frame frame, const char *function, const char *file, uint32_t line, uint32_t column,
                        enum line_kind line_kind)
{
	ck_assert_int_eq(frame.kind, FRAME_JS);
	ck_assert_str_eq(frame.function, function);
	ck_assert_str_eq(frame.file ? frame.file : "", file);
	ck_assert_uint_eq(frame.line, line);
	ck_assert_uint_eq(frame.column, column);
	ck_assert_int_eq(frame.line_kind, line_kind);
}

START_TEST(lines)
{
	static const uint32_t table[][3] = {{4, 13, 5}, {9, 14, 7}, {9, 15, 0}, {300, 16, 1}};
	uint32_t bytecode = made_code(recording, first, TRACE_CODE_BYTECODE, "JS:~retain /srv/leak.js:12:22", AT, 100,
	                              0);
	uint32_t baseline = made_code(recording, first, TRACE_CODE_MACHINE, "JS:^retain /srv/leak.js:12:22",
	                              AT + 0x1000, 100, 0);
	uint32_t optimized = made_code(recording, first, TRACE_CODE_MACHINE, "JS:*retain /srv/leak.js:12:22",
	                               AT + 0x2000, 100, 0);
	struct node_id at_entry, before, on, after, last, returning, whole, outside;
	struct frame frame;

	made_lines(recording, first, bytecode, table, LENGTH(table));
	made_lines(recording, first, baseline, table, LENGTH(table));
	made_lines(recording, first, optimized, table, LENGTH(table)); /* against the format: not to be believed */
	at_entry = exact(AT - 1);
	before = exact(AT + 3);
	on = exact(AT + 4);
	after = exact(AT + 8);
	last = exact(AT + 99);
	returning = made_call(recording, first, AT + 0x1000 + 8);
	whole = made_call(recording, first, AT + 0x2000 + 8);
	outside = made_call(recording, first, AT - 1);

	check_place(frame_of(at_entry), "retain", "/srv/leak.js", 12, 22, LINE_FUNCTION);
	check_place(frame_of(before), "retain", "/srv/leak.js", 12, 22, LINE_FUNCTION);
	check_place(frame_of(on), "retain", "/srv/leak.js", 13, 5, LINE_CALL);
	check_place(frame_of(after), "retain", "/srv/leak.js", 13, 5, LINE_CALL);
	check_place(frame_of(last), "retain", "/srv/leak.js", 15, 0, LINE_CALL);
	check_place(frame_of(returning), "retain", "/srv/leak.js", 13, 5, LINE_CALL);
	check_place(frame_of(whole), "retain", "/srv/leak.js", 12, 22, LINE_FUNCTION);
	ck_assert_int_eq(frame_of(on).tier, TIER_INTERPRETED);
	ck_assert_int_eq(frame_of(returning).tier, TIER_BASELINE);
	ck_assert_int_eq(frame_of(whole).tier, TIER_OPTIMIZED);
	frame = frame_of(on);
	ck_assert_str_eq(frame.module, "/srv/leak.js");
	ck_assert_uint_eq(frame.address, AT + 4);
	ck_assert_uint_eq(frame_of(returning).address, AT + 0x1000 + 8);
	ck_assert_ptr_null(frame_of(outside).function);
}
END_TEST

START_TEST(eval)
{
	struct node_id node = exact(AT);

	made_code(recording, first, TRACE_CODE_BYTECODE, "JS:~evald :1:16", AT, 100, 0);
	check_place(frame_of(node), "evald", "", 1, 16, LINE_FUNCTION);
	ck_assert_ptr_null(frame_of(node).module);
}
END_TEST

START_TEST(wasm)
{
	static const uint32_t table[][3] = {{10, 69, 0}};
	uint32_t id = made_code(recording, first, TRACE_CODE_WASM, "JS:_ZN6kimchi3fooEv-123-liftoff", AT, 100, 0);
	struct node_id before = made_call(recording, first, AT + 9), after = made_call(recording, first, AT + 10);
	struct frame frame;

	made_lines(recording, first, id, table, 1);
	frame = frame_of(after);
	ck_assert_int_eq(frame.kind, FRAME_WASM);
	ck_assert_int_eq(frame.tier, TIER_BASELINE);
	ck_assert_str_eq(frame.function, "kimchi::foo()");
	ck_assert(frame.has_wasm_index && frame.has_wasm_offset);
	ck_assert_uint_eq(frame.wasm_index, 123);
	ck_assert_uint_eq(frame.wasm_offset, 69);
	ck_assert_uint_eq(frame.line, 0);
	frame = frame_of(before);
	ck_assert(frame.has_wasm_index && !frame.has_wasm_offset);
}
END_TEST

/* What runs the interpreter is a function that could not be told, or stands beside the one that it runs. */
START_TEST(interpreter)
{
	uint32_t parent;
	struct node_id handler, nested, trampoline, above, builtin;

	made_code(recording, first, TRACE_CODE_BUILTIN, "BytecodeHandler:LdaZeroHandler", AT, 100, 0);
	made_code(recording, first, TRACE_CODE_BUILTIN, "Builtin:InterpreterEntryTrampoline", AT + 0x1000, 100, 0);
	made_code(recording, first, TRACE_CODE_BUILTIN, "Builtin:ArrayMap", AT + 0x2000, 100, 0);
	made_code(recording, first, TRACE_CODE_BYTECODE, "JS:~f /a.js:1:2", AT + 0x3000, 100, 0);
	handler = made_call(recording, first, AT + 1);
	trampoline = made_call(recording, first, AT + 0x1001);
	builtin = made_call(recording, first, AT + 0x2001);
	parent = exact(AT + 0x3001).index;
	nested = made_node(recording, first, (struct trace_node){AT + 2, parent, 0});
	parent = exact(AT + 0x2fff).index;
	above = made_node(recording, first, (struct trace_node){AT + 2, parent, 0});

	ck_assert_str_eq(frame_of(nested).function, "LdaZeroHandler");
	ck_assert(frame_of(nested).machinery);
	ck_assert(frame_of(above).machinery);
	ck_assert(!frame_of(handler).machinery);
	ck_assert_ptr_null(frame_of(handler).function);
	ck_assert_int_eq(frame_of(handler).why, UNKNOWN_INTERPRETED);
	ck_assert_int_eq(frame_of(handler).tier, TIER_INTERPRETED);
	ck_assert_ptr_null(frame_of(trampoline).function);
	ck_assert_int_eq(frame_of(trampoline).kind, FRAME_JS);
	ck_assert_int_eq(frame_of(builtin).kind, FRAME_BUILTIN);
	ck_assert_str_eq(frame_of(builtin).function, "ArrayMap");
}
END_TEST

static const char *only_problem(void)
{
	const char *const *sentences;
	size_t count = names_problems(names, &sentences);

	ck_assert_uint_le(count, 1);
	return count ? sentences[0] : NULL;
}

START_TEST(no_runtime)
{
	ck_assert_int_eq(frame_of(exact(AT)).why, UNKNOWN_MODULE);
	ck_assert_ptr_null(only_problem());
}
END_TEST

START_TEST(runtime_that_lacks_something)
{
	made_runtime(recording, first, TRACE_RUNTIME_MISSING, "no SetJitCodeEventHandler");
	recording->processes[0].exe = (char *)(uintptr_t)"/usr/bin/node";
	recording->processes[0].header.pid = 2147483646;
	ck_assert_int_eq(frame_of(exact(AT)).why, UNKNOWN_SILENT);
	ck_assert_str_eq(only_problem(),
	                 "JavaScript functions of node (pid 2147483646) have no names: no SetJitCodeEventHandler");
}
END_TEST

START_TEST(code_that_was_never_told)
{
	made_runtime(recording, first, TRACE_RUNTIME_NAMED, "V8");
	ck_assert_int_eq(frame_of(exact(AT)).why, UNKNOWN_UNTOLD);
	ck_assert_ptr_null(only_problem());
}
END_TEST

/* A child of a fork has its parent's runtime. */
START_TEST(inherited_runtime)
{
	struct process_id child = made_process(recording);
	const struct frame *frames;
	struct node_id node;

	made_runtime(recording, first, TRACE_RUNTIME_NAMED, "V8");
	recording->processes[0].runtimes[0].tick = 10;
	recording->processes[child.index].forked = true;
	recording->processes[child.index].parent = first;
	recording->processes[child.index].header.fork_before = 10;
	node = made_node(recording, child, (struct trace_node){AT, TRACE_STACK_ROOT, 0});
	names = names_open(recording);
	names_resolve(names, child, node, &frames);
	ck_assert_int_eq(frames[0].why, UNKNOWN_UNTOLD);
	names_close(names);
	recording->processes[0].runtimes[0].tick = 11;
	names = names_open(recording);
	names_resolve(names, child, node, &frames);
	ck_assert_int_eq(frames[0].why, UNKNOWN_MODULE);
}
END_TEST

/* What V8 writes into a perf map says less: where the function begins. */
START_TEST(in_a_perf_map)
{
	struct generated_names own = {0};
	struct generated nothing = {0};
	struct demangler demangler = {0};
	struct process_info process = {.ns_per_tick = 1};
	struct trace_node standing = {.address = 0x1000};
	const struct generated_place place = {.process = &process, .node = &standing};
	struct frame frame = {0};

	ck_assert(generated_named(&nothing, &own, &demangler, &place, "JS:*retain file:///srv/leak.mjs:12:22", &frame));
	check_place(frame, "retain", "/srv/leak.mjs", 12, 22, LINE_FUNCTION);
	ck_assert_int_eq(frame.tier, TIER_OPTIMIZED);
	frame = (struct frame){0};
	ck_assert(!generated_named(&nothing, &own, &demangler, &place, "Ljava/lang/String;::hashCode", &frame));
	ck_assert(!frame.function);
	demangler_free(&demangler);
	generated_names_free(&own);
}
END_TEST

/* ---- sources ------------------------------------------------------------------------------------------------- */

static char folder[] = "/tmp/names-generated-XXXXXX";
static char *script_path, *made_name;

static void write_text(const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", folder, name);
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
	free(path);
}

static void set_up_scripts(void)
{
	set_up();
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	recording->processes[0].header.anchor[0].tick = BEGAN; /* now */
}

static void tear_down_scripts(void)
{
	char *command = xasprintf("rm -r %s", folder);

	tear_down();
	ck_assert_int_eq(system(command), 0);
	free(command);
	free(script_path);
	free(made_name);
}

/* A function that begins at line:column of the script, and a node in it; told `after_s` after the recording began. */
static struct node_id function(const char *script, const char *name, const char *position, int after_s,
                               const uint32_t (*table)[3], size_t count)
{
	uint32_t id;

	script_path = xasprintf("%s/%s", folder, script);
	made_name = xasprintf("JS:~%s %s:%s", name, script_path, position);
	id = made_code(recording, first, TRACE_CODE_BYTECODE, made_name, AT, 100, 0);
	recording->processes[0].codes[0].tick = BEGAN + (uint64_t)(after_s * 1000000000ll);
	if (count)
		made_lines(recording, first, id, table, count);
	return exact(AT + 10);
}

#define MINIFIED "// ü\nfunction a(b){return Buffer.alloc(b)}\n"
/* Line 2: column 0 src 0:0, 9 src 0:9 "retain", 14 src 1:2, 20 src 2:4 "alloc" */
#define MAP "{\"version\":3,\"sources\":[\"../src/leak.ts\"],\"names\":[\"retain\",\"alloc\"]," \
	"\"mappings\":\";AAAA,SAASA,KACP,MACEC\"}"

START_TEST(mapped)
{
	static const uint32_t table[][3] = {{4, 2, 29}};
	struct node_id node = function("leak.js", "a", "2:11", 60, table, 1);
	char *maps = xasprintf("%s/maps", folder), *source = xasprintf("%s/src/leak.ts", folder);
	struct frame frame;

	ck_assert_int_eq(mkdir(maps, 0700), 0);
	free(maps);
	write_text("leak.js", MINIFIED "//# sourceMappingURL=maps/leak.map\n");
	write_text("maps/leak.map", MAP);
	frame = frame_of(node);
	check_place(frame, "retain", source, 3, 5, LINE_CALL);
	ck_assert_str_eq(frame.module, script_path);
	ck_assert_ptr_null(only_problem());
	free(source);
}
END_TEST

START_TEST(mapped_beside_it)
{
	struct node_id node = function("leak.js", "a", "2:11", 60, NULL, 0);

	write_text("leak.js", MINIFIED);
	write_text("leak.js.map", MAP);
	check_place(frame_of(node), "retain", "/tmp/src/leak.ts", 1, 10, LINE_FUNCTION);
}
END_TEST

START_TEST(mapped_within)
{
	struct node_id node = function("leak.js", "x", "2:11", 60, NULL, 0);

	/* The function is not called what stands there, so the map's name for it is not believed. */
	write_text("leak.js", MINIFIED "/*# sourceMappingURL=data:application/json;base64,"
	           "eyJ2ZXJzaW9uIjozLCJzb3VyY2VzIjpbIi9zcmMvbGVhay50cyJdLCJuYW1lcyI6WyJyZXRhaW4iXSwibWFwcGlu"
	           "Z3MiOiI7QUFBQSxTQUFTQSJ9 */\n//# sourceURL=x\n");
	check_place(frame_of(node), "x", "/src/leak.ts", 1, 10, LINE_FUNCTION);
}
END_TEST

/* The name in the map belongs to what begins before the function's own. */
START_TEST(mapped_without_a_name)
{
	struct node_id node = function("leak.js", "a", "2:11", 60, NULL, 0);

	write_text("leak.js", MINIFIED);
	write_text("leak.js.map", "{\"version\":3,\"sources\":[\"/src/leak.ts\"],\"names\":[\"retain\"],"
	           "\"mappings\":\";AAAAA\"}");
	check_place(frame_of(node), "a", "/src/leak.ts", 1, 1, LINE_FUNCTION);
}
END_TEST

START_TEST(a_comment_that_is_none)
{
	struct node_id node = function("leak.js", "a", "2:11", 60, NULL, 0);

	write_text("leak.js", MINIFIED "//# sourceMappingURL=other.map\ncall();\n");
	write_text("other.map", MAP);
	check_place(frame_of(node), "a", script_path, 2, 11, LINE_FUNCTION);
}
END_TEST

START_TEST(changed_since)
{
	struct node_id node = function("leak.js", "a", "2:11", -60, NULL, 0);

	write_text("leak.js", MINIFIED);
	write_text("leak.js.map", MAP);
	check_place(frame_of(node), "a", script_path, 2, 11, LINE_FUNCTION);
	ck_assert_ptr_nonnull(strstr(only_problem(), script_path));
}
END_TEST

/* What the map says nothing of stays where it is; so does a script as a whole. */
START_TEST(not_in_the_map)
{
	static const uint32_t table[][3] = {{4, 3, 1}};
	struct node_id node = function("leak.js", "a", "2:11", 60, table, 1);

	write_text("leak.js", MINIFIED);
	write_text("leak.js.map", MAP);
	check_place(frame_of(node), "a", script_path, 3, 1, LINE_CALL);
}
END_TEST

START_TEST(a_whole_script)
{
	struct node_id node = function("leak.js", "", "1:1", 60, NULL, 0);

	write_text("leak.js", "f();\n");
	write_text("leak.js.map", "{\"version\":3,\"sources\":[\"a.ts\"],\"mappings\":\"AAAA\"}");
	check_place(frame_of(node), "(anonymous)", script_path, 1, 1, LINE_FUNCTION);
}
END_TEST

/* V8's lines are those of what a loader made of the file, unless it left all in its place. */
START_TEST(made_in_memory)
{
	static const uint32_t table[][3] = {{4, 3, 3}};
	struct node_id node = function("leak.ts", "retain", "2:16", 60, table, 1);

	write_text("leak.ts", "interface A {}\nfunction other (a: number) {\n}\nfunction retain(a: A) {}\n");
	check_place(frame_of(node), "retain", script_path, 0, 0, LINE_CALL);
}
END_TEST

START_TEST(stripped_in_memory)
{
	static const uint32_t table[][3] = {{4, 3, 3}};
	struct node_id node = function("leak.ts", "retain", "2:16", 60, table, 1);

	write_text("leak.ts", "interface A {}\nfunction retain(a: A) {\n  call();\n}\n");
	check_place(frame_of(node), "retain", script_path, 3, 3, LINE_CALL);
}
END_TEST

START_TEST(in_memory_and_gone)
{
	struct node_id node = function("leak.ts", "retain", "2:16", 60, NULL, 0);

	check_place(frame_of(node), "retain", script_path, 0, 0, LINE_FUNCTION);
}
END_TEST

int main(void)
{
	TCase *test = tcase_create("generated"), *scripts = tcase_create("scripts");
	Suite *suite = suite_create("names_generated");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_add_test(test, lines);
	tcase_add_test(test, eval);
	tcase_add_test(test, wasm);
	tcase_add_test(test, interpreter);
	tcase_add_test(test, no_runtime);
	tcase_add_test(test, runtime_that_lacks_something);
	tcase_add_test(test, code_that_was_never_told);
	tcase_add_test(test, inherited_runtime);
	tcase_add_test(test, in_a_perf_map);
	tcase_add_checked_fixture(scripts, set_up_scripts, tear_down_scripts);
	tcase_add_test(scripts, mapped);
	tcase_add_test(scripts, mapped_beside_it);
	tcase_add_test(scripts, mapped_within);
	tcase_add_test(scripts, mapped_without_a_name);
	tcase_add_test(scripts, a_comment_that_is_none);
	tcase_add_test(scripts, changed_since);
	tcase_add_test(scripts, not_in_the_map);
	tcase_add_test(scripts, a_whole_script);
	tcase_add_test(scripts, made_in_memory);
	tcase_add_test(scripts, stripped_in_memory);
	tcase_add_test(scripts, in_memory_and_gone);
	suite_add_tcase(suite, test);
	suite_add_tcase(suite, scripts);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
