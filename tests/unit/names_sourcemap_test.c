/*
 * names_sourcemap_test.c: source maps decoded, found, and turned down where they are damaged; paths in them.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names/path.h"
#include "names/sourcemap.h"
#include "reader_check.h"
#include "suite.h"
#include "util.h"

static struct sourcemap *parse(const char *json)
{
	return sourcemap_parse(json, strlen(json), "/srv/dist", "out.js");
}

/* "source:line:column name", from 0; "-" unknown. In a static buffer. */
static const char *at(const struct sourcemap *map, uint32_t line, uint32_t column)
{
	static char text[256];
	struct mapping mapping;

	if (!sourcemap_find(map, line, column, &mapping))
		return "-";
	snprintf(text, sizeof(text), "%s:%u:%u%s%s%s", mapping.source, mapping.line, mapping.column,
	         mapping.name ? " " : "", mapping.name ? mapping.name : "", mapping.exact ? " exact" : "");
	return text;
}

/* The specification's own example of VLQs: AAgBC is 0 0 16 1, SAAQ 9 0 0 8, CAAEA 1 0 0 2 0. */
START_TEST(decoded)
{
	struct sourcemap *map = parse("{\"version\":3,\"file\":\"out.js\",\"sourceRoot\":\"\",\"sources\":["
	                              "\"../src/foo.ts\",\"bar.ts\"],\"names\":[\"src\",\"maps\"],\"mappings\":\";;AAgBC,SAAQ,CAAEA;;A,"
	                              "EACAC,G\"}");

	ck_assert_ptr_nonnull(map);
	ck_assert_str_eq(at(map, 0, 0), "-");
	ck_assert_str_eq(at(map, 2, 0), "/srv/src/foo.ts:16:1 exact");
	ck_assert_str_eq(at(map, 2, 8), "/srv/src/foo.ts:16:1");
	ck_assert_str_eq(at(map, 2, 9), "/srv/src/foo.ts:16:9 exact");
	ck_assert_str_eq(at(map, 2, 10), "/srv/src/foo.ts:16:11 src exact");
	ck_assert_str_eq(at(map, 2, 4000000000), "/srv/src/foo.ts:16:11 src");
	ck_assert_str_eq(at(map, 3, 0), "-");    /* a line without any */
	ck_assert_str_eq(at(map, 4, 0), "-");    /* from no source */
	ck_assert_str_eq(at(map, 4, 2), "/srv/src/foo.ts:17:11 maps exact");
	ck_assert_str_eq(at(map, 4, 5), "-");
	ck_assert_str_eq(at(map, 5, 0), "-");
	sourcemap_free(map);
}
END_TEST

START_TEST(of_a_line)
{
	/* Line 0: two columns of one line. 1: of two lines. 2: one of no source. 3: of two sources. */
	struct sourcemap *map = parse("{\"version\":3,\"sources\":[\"a\",\"b\"],\"names\":[],"
	                              "\"mappings\":\"EAAA,EAAC;AAAA,EACA;AAAA,E;AAAA,ECDA\"}");
	struct mapping mapping;

	ck_assert_ptr_nonnull(map);
	ck_assert(sourcemap_find_line(map, 0, &mapping));
	ck_assert_str_eq(mapping.source, "/srv/dist/a");
	ck_assert_uint_eq(mapping.line, 0);
	ck_assert(!sourcemap_find_line(map, 1, &mapping));
	ck_assert(!sourcemap_find_line(map, 2, &mapping));
	ck_assert(!sourcemap_find_line(map, 3, &mapping));
	ck_assert(!sourcemap_find_line(map, 4, &mapping));
	ck_assert(!sourcemap_find_line(map, UINT32_MAX, &mapping));
	sourcemap_free(map);
}
END_TEST

START_TEST(in_sections)
{
	struct sourcemap *map = parse(
		"{\"version\":3,\"file\":\"out.js\",\"sections\":["
		"{\"offset\":{\"line\":0,\"column\":0},\"map\":{\"version\":3,\"sources\":[\"a.ts\"],"
		"\"names\":[\"one\"],\"mappings\":\"AAAAA;AAAA\"}},"
		"{\"offset\":{\"line\":1,\"column\":10},\"map\":{\"version\":3,\"sourceRoot\":\"lib\","
		"\"sources\":[\"b.ts\"],\"names\":[\"two\"],\"mappings\":\"KAAAA;AAAA\"}}]}");

	ck_assert_ptr_nonnull(map);
	ck_assert_str_eq(at(map, 0, 3), "/srv/dist/a.ts:0:0 one");
	ck_assert_str_eq(at(map, 1, 9), "/srv/dist/a.ts:0:0");
	ck_assert_str_eq(at(map, 1, 12), "-"); /* in the second, before its first mapping */
	ck_assert_str_eq(at(map, 1, 15), "/srv/dist/lib/b.ts:0:0 two exact");
	ck_assert_str_eq(at(map, 2, 0), "/srv/dist/lib/b.ts:0:0 exact");
	sourcemap_free(map);
}
END_TEST

START_TEST(as_written)
{
	struct sourcemap *map = parse(")]}'\n{\"version\":3,\"sources\":[null,\"webpack://app/./x.ts\","
	                              "\"/abs/../y.ts\",\"file:///z%20z.ts\"],\"mappings\":\"AAAA,CCAA,CCAA,CCAA\"}");

	ck_assert_ptr_nonnull(map);
	ck_assert_str_eq(at(map, 0, 0), "-");
	ck_assert_str_eq(at(map, 0, 1), "webpack://app/./x.ts:0:0 exact");
	ck_assert_str_eq(at(map, 0, 2), "/y.ts:0:0 exact");
	ck_assert_str_eq(at(map, 0, 3), "/z z.ts:0:0 exact");
	sourcemap_free(map);
	/* Columns may come in any order. */
	map = parse("{\"version\":3,\"sources\":[\"a\"],\"mappings\":\"UACA,PACA\"}");
	ck_assert_ptr_nonnull(map);
	ck_assert_str_eq(at(map, 0, 5), "/srv/dist/a:2:0");
	ck_assert_str_eq(at(map, 0, 10), "/srv/dist/a:1:0 exact");
	sourcemap_free(map);
}
END_TEST

START_TEST(turned_down)
{
	static const char *const bad[] = {
		"", "{", "[]", "null", "{\"version\":2,\"sources\":[],\"mappings\":\"\"}", "{\"version\":3}",
		"{\"version\":3,\"sources\":[\"a\"],\"mappings\":7}",
		"{\"version\":3,\"file\":\"other.js\",\"sources\":[\"a\"],\"mappings\":\"\"}",
		"{\"version\":3,\"sources\":[\"a\"],\"mappings\":\"AA\"}",        /* two numbers */
		"{\"version\":3,\"sources\":[\"a\"],\"mappings\":\"AAAAAA\"}",    /* six */
		"{\"version\":3,\"sources\":[\"a\"],\"mappings\":\"AA!A\"}",
		"{\"version\":3,\"sources\":[\"a\"],\"mappings\":\"ACAA\"}",      /* source 1 */
		"{\"version\":3,\"sources\":[\"a\"],\"mappings\":\"ADAA\"}",      /* source −1 */
		"{\"version\":3,\"sources\":[\"a\"],\"mappings\":\"AAAAA\"}",     /* name 0 of none */
		"{\"version\":3,\"sources\":[\"a\"],\"mappings\":\"DAAA\"}",      /* column −1 */
		"{\"version\":3,\"sources\":[\"a\"],\"mappings\":\"AADA\"}",      /* line −1 */
		"{\"version\":3,\"sources\":[\"a\"],\"mappings\":\"gggggggggC\"}", /* a number without end */
		"{\"version\":3,\"sources\":[\"a\"],\"mappings\":\"AAg\"}",
		"{\"version\":3,\"sources\":[\"a\"],\"mappings\":\"+/////f\"}",   /* more than 32 bits */
		"{\"version\":3,\"sections\":[{\"offset\":{\"line\":-1,\"column\":0},\"map\":{\"version\":3,"
		"\"sources\":[],\"mappings\":\"\"}}]}",
		"{\"version\":3,\"sections\":[{\"offset\":{\"line\":1,\"column\":0}}]}",
	};

	for (size_t i = 0; i < LENGTH(bad); i++)
		ck_assert_msg(!parse(bad[i]), "taken: %s", bad[i]);
}
END_TEST

/* A root of a megabyte before each of three hundred names. */
START_TEST(of_a_root_too_long)
{
	size_t room = (1u << 20) + 4096, length;
	char *json = xmalloc(room);

	for (int sources = 1; sources <= 300; sources += 299) {
		struct sourcemap *map;

		length = (size_t)snprintf(json, room, "{\"version\":3,\"mappings\":\"\",\"sources\":[\"a\"");
		for (int i = 1; i < sources; i++)
			length += (size_t)snprintf(json + length, room - length, ",\"a\"");
		length += (size_t)snprintf(json + length, room - length, "],\"sourceRoot\":\"");
		memset(json + length, 'r', 1u << 20);
		snprintf(json + length + (1u << 20), room - length - (1u << 20), "\"}");
		map = parse(json);
		ck_assert_int_eq(map != NULL, sources == 1);
		sourcemap_free(map);
	}
	free(json);
}
END_TEST

/* ---- against an encoder of its own --------------------------------------------------------------------------- */

struct entry { uint32_t line, column, source, source_line, source_column, name; };

static char *put_number(char *to, int64_t value)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint64_t left = value < 0 ? (uint64_t)-value << 1 | 1 : (uint64_t)value << 1;

	do {
		*to++ = digits[(left & 31) | (left > 31 ? 32 : 0)];
		left >>= 5;
	} while (left);
	return to;
}

START_TEST(as_encoded)
{
	enum { MANY = 2000 };
	struct entry *entries = xcalloc(MANY, sizeof(*entries));
	char *json = xmalloc(MANY * 64), *to;
	uint64_t random = 0x1234567;
	struct sourcemap *map;

	to = json + sprintf(json, "%s", "{\"version\":3,\"sources\":[\"/0\",\"/1\",\"/2\"],"
	                    "\"names\":[\"n0\",\"n1\"],\"mappings\":\"");
	for (size_t i = 0; i < MANY; i++) {
		struct entry none = {0}, *e = &entries[i], *before = i ? e - 1 : &none;
		uint32_t lines = i && next_random(&random) % 8 == 0 ? (uint32_t)(1 + next_random(&random) % 3) : 0;

		*e = (struct entry){
			before->line + lines, (uint32_t)((lines ? 0 : before->column) + 1 + next_random(&random) % 90),
			(uint32_t)(next_random(&random) % 3), (uint32_t)(next_random(&random) % 5000),
			(uint32_t)(next_random(&random) % 300), (uint32_t)(next_random(&random) % 2),
		};
		memset(to, ';', lines);
		to += lines;
		if (!lines && i)
			*to++ = ',';
		to = put_number(to, (int64_t)e->column - (lines ? 0 : before->column));
		to = put_number(to, (int64_t)e->source - before->source);
		to = put_number(to, (int64_t)e->source_line - before->source_line);
		to = put_number(to, (int64_t)e->source_column - before->source_column);
		to = put_number(to, (int64_t)e->name - before->name);
	}
	strcpy(to, "\"}");
	map = parse(json);
	ck_assert_ptr_nonnull(map);
	for (size_t i = 0; i < MANY; i++) {
		const struct entry *e = &entries[i];
		char expected[100];

		snprintf(expected, sizeof(expected), "/%u:%u:%u n%u exact", e->source, e->source_line, e->source_column,
		         e->name);
		ck_assert_str_eq(at(map, e->line, e->column), expected);
		if (i + 1 < MANY && (e[1].line != e->line || e[1].column > e->column + 1)) {
			expected[strlen(expected) - 6] = '\0';
			ck_assert_str_eq(at(map, e->line, e->column + 1), expected);
		}
	}
	sourcemap_free(map);
	free(json);
	free(entries);
}
END_TEST

/* ---- paths --------------------------------------------------------------------------------------------------- */

static void resolves(const char *base, const char *root, const char *source, const char *expected)
{
	char *path = path_resolve(base, root, source);

	ck_assert_str_eq(path, expected);
	free(path);
}

START_TEST(paths)
{
	char *path;

	resolves("/a/b", "", "c.ts", "/a/b/c.ts");
	resolves("/a/b", "", "../c.ts", "/a/c.ts");
	resolves("/a/b", "", "./.././/x/../c.ts", "/a/c.ts");
	resolves("/a/b", "", "../../../../c.ts", "/c.ts");
	resolves("/a/b", "..", "c.ts", "/a/c.ts");
	resolves("/a/b", "/r/", "c.ts", "/r/c.ts");
	resolves("/a/b", "/r", "/c.ts", "/c.ts");
	resolves("/a/b", "webpack://x", "c.ts", "webpack://x/c.ts");
	resolves("/a/b", "file:///r", "c.ts", "/r/c.ts");
	resolves("", "", "c.ts", "/c.ts");
	resolves("/", "", "..", "/");
	resolves("/a", "", "...", "/a/...");
	resolves("/a", "", "..c", "/a/..c");
	ck_assert_ptr_null(path_of_url("/a", 2));
	path = path_of_url("file:///a%2Fb%c3%BC#x", 21);
	ck_assert_str_eq(path, "/a/b\xc3\xbc");
	free(path);
	path = path_unescape("%41%\x11\x11%4", 8);
	ck_assert_str_eq(path, "A%\x11\x11%4");
	free(path);
}
END_TEST

SUITE_MAIN("names_sourcemap", decoded, of_a_line, in_sections, as_written, turned_down, of_a_root_too_long, as_encoded,
           paths)
