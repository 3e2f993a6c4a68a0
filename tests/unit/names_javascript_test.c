/*
 * names_javascript_test.c: names as node 20, 22 and 24 gave them to a code event handler, taken apart.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "names/javascript.h"
#include "suite.h"

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

static struct scripts scripts;
static struct cache strings;

static void tear_down(void)
{
	scripts_free(&scripts);
	cache_free(&strings, NULL);
}

static struct script_name parse(uint16_t kind, const char *name)
{
	struct code code = {.kind = kind, .name = name};

	return javascript_name(&code, &scripts, &strings);
}

static void learn(uint16_t kind, const char *name)
{
	scripts_learn(&scripts, &(struct code){.kind = kind, .name = name});
}

struct expected {
	uint16_t  kind;
	const char *name;
	enum frame_kind frame;
	enum tier tier;
	const char *function, *script;
	uint32_t  line, column;
};

static void check_all(const struct expected *table, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct expected *e = &table[i];
		struct script_name name = parse(e->kind, e->name);

		ck_assert_msg(name.kind == e->frame && name.tier == e->tier && name.line == e->line &&
		              name.column == e->column, "%s: kind %d tier %d %u:%u", e->name, name.kind, name.tier,
		              name.line, name.column);
		ck_assert_msg(name.function && !strcmp(name.function, e->function), "%s: %s", e->name, name.function);
		ck_assert_msg(!name.script == !e->script && (!name.script || !strcmp(name.script, e->script)), "%s: %s",
		              e->name, name.script);
		ck_assert(!name.interpreter && !name.has_index);
	}
}

#define B TRACE_CODE_BYTECODE, /* the interpreter's */
#define M TRACE_CODE_MACHINE,
#define LEAK "/srv/leak.js"

START_TEST(functions)
{
	static const struct expected table[] = {
		{B "JS:~retain /srv/leak.js:12:9", FRAME_JS, TIER_INTERPRETED, "retain", LEAK, 12, 9},
		{M "JS:^retain /srv/leak.js:12:9", FRAME_JS, TIER_BASELINE, "retain", LEAK, 12, 9},
		{M "JS:+retain /srv/leak.js:12:9", FRAME_JS, TIER_OPTIMIZED, "retain", LEAK, 12, 9},
		{M "JS:*retain /srv/leak.js:12:9", FRAME_JS, TIER_OPTIMIZED, "retain", LEAK, 12, 9},
		{M "JS:*'retain /srv/leak.js:12:9", FRAME_JS, TIER_OPTIMIZED, "retain", LEAK, 12, 9},
		{M "JS:+'retain /srv/leak.js:12:9", FRAME_JS, TIER_OPTIMIZED, "retain", LEAK, 12, 9},
		{M "JS:~retain /srv/leak.js:12:9", FRAME_JS, TIER_INTERPRETED, "retain", LEAK, 12, 9},
		{M "JS:retain /srv/leak.js:12:9", FRAME_JS, TIER_NONE, "retain", LEAK, 12, 9},
		/* never to be optimized */
		{B "JS:retain /srv/leak.js:12:9", FRAME_JS, TIER_INTERPRETED, "retain", LEAK, 12, 9},
		{M "LazyCompile:*retain /srv/leak.js:12:9", FRAME_JS, TIER_OPTIMIZED, "retain", LEAK, 12, 9},
		{M "Function:^retain /srv/leak.js:12:9", FRAME_JS, TIER_BASELINE, "retain", LEAK, 12, 9},
		{B "JS:~#priv /srv/leak.js:6:180", FRAME_JS, TIER_INTERPRETED, "#priv", LEAK, 6, 180},
		{B "JS:~<instance_members_initializer> /srv/leak.js:6:1", FRAME_JS, TIER_INTERPRETED,
		 "<instance_members_initializer>", LEAK, 6, 1},
		{B "JS:~exports.run /srv/leak.js:12:24", FRAME_JS, TIER_INTERPRETED, "exports.run", LEAK, 12, 24},
		{B "JS:~a:1:2 /srv/leak.js:10:119", FRAME_JS, TIER_INTERPRETED, "a:1:2", LEAK, 10, 119},
		{B "JS:~\xc3\xbc\xe6\x97\xa5 /srv/leak.js:10:187", FRAME_JS, TIER_INTERPRETED,
		 "\xc3\xbc\xe6\x97\xa5", LEAK, 10, 187},
		{B "JS:~alloc node:buffer:394:17", FRAME_JS, TIER_INTERPRETED, "alloc", "node:buffer", 394, 17},
		{B "JS:~ctx evalmachine.<anonymous>:1:13", FRAME_JS, TIER_INTERPRETED, "ctx",
		 "evalmachine.<anonymous>", 1, 13},
		{B "JS:~f [eval]:1:10", FRAME_JS, TIER_INTERPRETED, "f", "[eval]", 1, 10},
	};

	check_all(table, LENGTH(table));
}
END_TEST

START_TEST(without_a_name)
{
	static const struct expected table[] = {
		{B "JS:~ /srv/leak.js:18:18", FRAME_JS, TIER_INTERPRETED, "(anonymous)", LEAK, 18, 18},
		{M "JS:^ /srv/leak.js:18:18", FRAME_JS, TIER_BASELINE, "(anonymous)", LEAK, 18, 18},
		{B "JS:~ /srv/my leak: 1.js:18:18", FRAME_JS, TIER_INTERPRETED, "(anonymous)", "/srv/my leak: 1.js", 18,
		 18},
		{B "Script:~ /srv/leak.js:1:1", FRAME_JS, TIER_INTERPRETED, "(top level)", LEAK, 1, 1},
		{B "Script:~ /srv/leak.js", FRAME_JS, TIER_INTERPRETED, "(top level)", LEAK, 0, 0},
		{B "Eval:~ /srv/leak.js:1:1", FRAME_JS, TIER_INTERPRETED, "(top level)", LEAK, 1, 1},
		/* eval and new Function */
		{B "Eval:~ :1:1", FRAME_JS, TIER_INTERPRETED, "(top level)", NULL, 1, 1},
		{B "JS:~ :1:20", FRAME_JS, TIER_INTERPRETED, "(anonymous)", NULL, 1, 20},
		{M "JS: :1:1", FRAME_JS, TIER_NONE, "(anonymous)", NULL, 1, 1},
		{B "Script:~ /srv/leak.js:1:-208", FRAME_JS, TIER_INTERPRETED, "(top level)", LEAK, 1, 0},
		{B "JS:~f /srv/leak.js:-2:-61", FRAME_JS, TIER_INTERPRETED, "f", LEAK, 0, 0},
		{B "Function:~f /srv/leak.js:12", FRAME_JS, TIER_INTERPRETED, "f", LEAK, 12, 0},
		{B "Function:~f :12", FRAME_JS, TIER_INTERPRETED, "f", NULL, 12, 0},
		{B "Script:~ /srv/leak.js:1", FRAME_JS, TIER_INTERPRETED, "(top level)", LEAK, 1, 0},
		{B "JS:~evald :1:16", FRAME_JS, TIER_INTERPRETED, "evald", NULL, 1, 16},
		{B "JS:~get x :1:16", FRAME_JS, TIER_INTERPRETED, "get x", NULL, 1, 16},
	};

	check_all(table, LENGTH(table));
}
END_TEST

/* A URL of a file is a path. */
START_TEST(modules)
{
	static const struct expected table[] = {
		{B "JS:~esm file:///srv/mod%20file.mjs:2:20", FRAME_JS, TIER_INTERPRETED, "esm", "/srv/mod file.mjs", 2,
		 20},
		{B "Script:~ file:///srv/a.mjs?update=1#x:1:1", FRAME_JS, TIER_INTERPRETED, "(top level)", "/srv/a.mjs",
		 1, 1},
		{B "JS:~f file:///srv/%zz%4%00%.mjs:1:1", FRAME_JS, TIER_INTERPRETED, "f", "/srv/%zz%4%00%.mjs", 1, 1},
		{B "JS:~f data:text/javascript,1:1:1", FRAME_JS, TIER_INTERPRETED, "f", "data:text/javascript,1", 1, 1},
		{B "JS:~f file://host/a.js:1:1", FRAME_JS, TIER_INTERPRETED, "f", "file://host/a.js", 1, 1},
	};

	check_all(table, LENGTH(table));
}
END_TEST

START_TEST(spaces_on_both_sides)
{
	static const struct expected guessed[] = {
		{B "JS:~get prop /srv/leak.js:6:90", FRAME_JS, TIER_INTERPRETED, "get prop", LEAK, 6, 90},
		{B "JS:~set prop /srv/my leak.js:6:90", FRAME_JS, TIER_INTERPRETED, "set prop", "/srv/my leak.js", 6,
		 90},
		{B "JS:~with space /srv/leak.js:10:57", FRAME_JS, TIER_INTERPRETED, "with space", LEAK, 10, 57},
		{B "JS:~get g vm file.js:1:15", FRAME_JS, TIER_INTERPRETED, "get g", "vm file.js", 1, 15},
		{B "JS:~f vm file.js:1:15", FRAME_JS, TIER_INTERPRETED, "f", "vm file.js", 1, 15},
		{B "JS:~get node:fs:1:15", FRAME_JS, TIER_INTERPRETED, "get", "node:fs", 1, 15},
		{B "JS:~a b node:fs:1:15", FRAME_JS, TIER_INTERPRETED, "a b", "node:fs", 1, 15},
	};
	/* A script that is known settles it. */
	static const struct expected known[] = {
		{B "JS:~f vm file:x.js:1:15", FRAME_JS, TIER_INTERPRETED, "f", "vm file:x.js", 1, 15},
		{B "JS:~in vm file.js:1:15", FRAME_JS, TIER_INTERPRETED, "in vm", "file.js", 1, 15},
		{B "JS:~get /x.js:1:15", FRAME_JS, TIER_INTERPRETED, "get", "/x.js", 1, 15},
		{B "JS:~divide / by /srv/leak.js:1:15", FRAME_JS, TIER_INTERPRETED, "divide / by", LEAK, 1, 15},
		{B "JS:~f /odd /srv/leak.js:1:15", FRAME_JS, TIER_INTERPRETED, "f", "/odd /srv/leak.js", 1, 15},
	};

	check_all(guessed, LENGTH(guessed));
	learn(TRACE_CODE_BYTECODE, "Script:~ vm file:x.js:1:1");
	learn(TRACE_CODE_BYTECODE, "JS:~ file.js:1:1");
	learn(TRACE_CODE_MACHINE, "JS:^ /srv/leak.js:1:1");
	learn(TRACE_CODE_BYTECODE, "JS:~ /odd /srv/leak.js:1:1");
	learn(TRACE_CODE_BYTECODE, "JS:~named x.js:1:1");          /* teaches nothing, like … */
	learn(TRACE_CODE_WASM, "JS: x.js-1-liftoff");              /* … this */
	learn(TRACE_CODE_MACHINE, "RegExp: x.js:1:1");
	check_all(known, LENGTH(known));
}
END_TEST

/* What V8 had no room for: no place is better than a wrong one. */
START_TEST(cut)
{
	char long_name[5000];
	struct script_name name;

	memset(long_name, 'x', sizeof(long_name));
	memcpy(long_name, "JS:~retain /srv/", 16);
	strcpy(long_name + 4096 - 5, ":12:3");
	name = parse(TRACE_CODE_BYTECODE, long_name);
	ck_assert_str_eq(name.function, "retain");
	ck_assert_ptr_null(name.script);
	ck_assert_uint_eq(name.line, 0);
	strcpy(long_name + 4095 - 5, ":12:3");
	name = parse(TRACE_CODE_BYTECODE, long_name);
	ck_assert_uint_eq(name.line, 12);
	ck_assert_ptr_nonnull(name.script);
	name = parse(TRACE_CODE_BYTECODE, "JS:~retain");
	ck_assert_str_eq(name.function, "retain");
	ck_assert_uint_eq(name.line, 0);
	name = parse(TRACE_CODE_BYTECODE, "JS:~f /a.js:99999999999:1");
	ck_assert_uint_eq(name.line, 0);
	name = parse(TRACE_CODE_BYTECODE, "JS:~");
	ck_assert_str_eq(name.function, "(anonymous)");
	name = parse(TRACE_CODE_BYTECODE, "");
	ck_assert_ptr_null(name.function);
}
END_TEST

START_TEST(regular_expressions)
{
	static const struct expected table[] = {
		{M "RegExp:a(b+)c*d", FRAME_JS, TIER_NONE, "RegExp /a(b+)c*d/", NULL, 0, 0},
		{M "RegExp:~x:1:2", FRAME_JS, TIER_NONE, "RegExp /~x:1:2/", NULL, 0, 0},
		{M "RegExp.> src: 'it's' flags: 'gi'", FRAME_JS, TIER_NONE, "RegExp /it's/gi", NULL, 0, 0},
		{M "RegExp.> src: '' flags: ''", FRAME_JS, TIER_NONE, "RegExp //", NULL, 0, 0},
		{M "RegExp.> src: '' flags: '", FRAME_JS, TIER_NONE, "RegExp />", NULL, 0, 0},
	};

	check_all(table, LENGTH(table) - 1);
	ck_assert_ptr_nonnull(parse(TRACE_CODE_MACHINE, table[LENGTH(table) - 1].name).function);
	ck_assert_ptr_nonnull(parse(TRACE_CODE_MACHINE, "RegExp.> src: '").function);
	ck_assert_ptr_nonnull(parse(TRACE_CODE_MACHINE, "RegExp.").function);
}
END_TEST

static void check_wasm(const char *given, const char *function, enum tier tier, int64_t index)
{
	struct script_name name = parse(TRACE_CODE_WASM, given);

	ck_assert_int_eq(name.kind, FRAME_WASM);
	ck_assert_str_eq(name.function, function);
	ck_assert_int_eq(name.tier, tier);
	ck_assert_int_eq(name.has_index, index >= 0);
	ck_assert_int_eq(name.index, index >= 0 ? index : 0);
}

START_TEST(wasm)
{
	static const struct expected glue[] = {
		{TRACE_CODE_WASM, "JS:wasm-to-js:i:i-imp-0-turbofan", FRAME_BUILTIN, TIER_NONE, "wasm-to-js:i:i-imp",
		 NULL, 0, 0},
		{TRACE_CODE_WASM, "JS:wasm-to-js-<anonymous>-none", FRAME_BUILTIN, TIER_NONE, "wasm-to-js", NULL, 0, 0},
		{M "Stub:js-to-wasm:i:i", FRAME_BUILTIN, TIER_NONE, "js-to-wasm:i:i", NULL, 0, 0},
	};

	check_wasm("JS:kimchi::foo<a-b>-123-liftoff", "kimchi::foo<a-b>", TIER_BASELINE, 123);
	check_wasm("JS:run it-2-turbofan", "run it", TIER_OPTIMIZED, 2);
	check_wasm("JS:wasm-function[7021]-7021-liftoff", "wasm-function[7021]", TIER_BASELINE, 7021);
	check_wasm("plain-3-liftoff", "plain", TIER_BASELINE, 3);
	check_wasm("JS:f:g-3-liftoff", "f:g", TIER_BASELINE, 3);
	check_wasm("JS:f-3-cranelift", "f-3-cranelift", TIER_NONE, -1);
	check_wasm("JS:f-x-liftoff", "f-x", TIER_BASELINE, -1);
	check_wasm("JS:f-99999999999-liftoff", "f-99999999999", TIER_BASELINE, -1);
	check_wasm("JS:f-4294967296-liftoff", "f-4294967296", TIER_BASELINE, -1);
	check_wasm("JS:-liftoff", "-liftoff", TIER_NONE, -1);
	check_all(glue, LENGTH(glue));
}
END_TEST

START_TEST(builtins)
{
	static const char *const handlers[] = {
		"LdaZeroHandler", "WideHandler", "CallProperty1ExtraWideHandler", "AbortHandler",
	};
	static const char *const others[] = {
		"ArrayMap", "WasmTrapHandlerLandingPad", "AtomicsMutexAsyncUnlockResolveHandler",
		"AtomicsMutexAsyncUnlockRejectHandler", "JSEntryTrampoline", "InterpreterPushArgsThenCall",
	};
	struct script_name name;

	for (size_t i = 0; i < LENGTH(handlers); i++) {
		name = javascript_builtin(handlers[i], &strings);
		ck_assert(name.interpreter && name.is_handler);
	}
	for (size_t i = 0; i < LENGTH(others); i++) {
		name = javascript_builtin(others[i], &strings);
		ck_assert(!name.interpreter && name.kind == FRAME_BUILTIN);
		ck_assert_str_eq(name.function, others[i]);
	}
	name = javascript_builtin("InterpreterEntryTrampoline", &strings);
	ck_assert(name.interpreter && !name.is_handler);
	name = parse(TRACE_CODE_BUILTIN, "Builtin:ArrayMap");
	ck_assert_str_eq(name.function, "ArrayMap");
	name = parse(TRACE_CODE_BUILTIN, "BytecodeHandler:LdaZeroHandler");
	ck_assert(name.interpreter && name.is_handler);
	name = parse(TRACE_CODE_BUILTIN, "Builtin:InterpreterEntryTrampoline");
	ck_assert(name.interpreter && !name.is_handler);
}
END_TEST

int main(void)
{
	TCase *test = tcase_create("javascript");

	tcase_add_checked_fixture(test, NULL, tear_down);
	tcase_add_test(test, functions);
	tcase_add_test(test, without_a_name);
	tcase_add_test(test, modules);
	tcase_add_test(test, spaces_on_both_sides);
	tcase_add_test(test, cut);
	tcase_add_test(test, regular_expressions);
	tcase_add_test(test, wasm);
	tcase_add_test(test, builtins);
	return suite_run("names_javascript", test);
}
