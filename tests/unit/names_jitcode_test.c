/*
 * names_jitcode_test.c: perf maps and jitdumps: what they tell is found, what they tell twice is not named, and no
 * bytes whatever do harm. Look-ups are checked against a search of all codes.
 */
#include <check.h>
#include <elf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names/jitdump.h"
#include "names/perfmap.h"
#include "suite.h"
#include "util.h"

#define PID 77

static struct jitcodes codes;

static void tear_down(void)
{
	jitcodes_free(&codes);
}

static void read_map(const char *text)
{
	perfmap_read(&codes, (struct bytes){(const uint8_t *)text, strlen(text), false});
	jitcodes_build(&codes);
}

/* "-" nothing there, "?" several, else the name, with " FILE:LINE" if that is known. */
static const char *at(uint64_t address)
{
	static char text[256];
	struct jitcode_place place;

	switch (jitcodes_find(&codes, address, &place)) {
	case JITCODE_NONE:
		return "-";
	case JITCODE_TWO:
		return "?";
	case JITCODE_ONE:
		break;
	}
	if (!place.file)
		return place.name;
	snprintf(text, sizeof(text), "%s %s:%u", place.name, place.file, place.line);
	return text;
}

/* ---- perf maps ------------------------------------------------------------------------------------------------ */

START_TEST(map_lines)
{
	read_map("1000 10 plain\n"
	         "0x0000000000002000 0X20 with blanks: (and more)\n"
	         "ABCDEF 1\ttabbed\r\n"
	         "\n"
	         "3000 0 nothing\n"
	         "ffffffffffffff00 ff last\n");
	ck_assert_str_eq(at(0xfff), "-");
	ck_assert_str_eq(at(0x1000), "plain");
	ck_assert_str_eq(at(0x100f), "plain");
	ck_assert_str_eq(at(0x1010), "-");
	ck_assert_str_eq(at(0x201f), "with blanks: (and more)");
	ck_assert_str_eq(at(0xabcdef), "tabbed");
	ck_assert_str_eq(at(0x3000), "-");
	ck_assert_str_eq(at(0xfffffffffffffffe), "last");
	ck_assert_str_eq(at(0xffffffffffffffff), "-");
	ck_assert_uint_eq(codes.damaged, 0);
}
END_TEST

START_TEST(map_damage)
{
	char *name = xmalloc(JITCODE_MOST_NAME + 2), *line;

	memset(name, 'n', JITCODE_MOST_NAME + 1);
	name[JITCODE_MOST_NAME + 1] = '\0';
	line = xasprintf("1000 10 good\n"
	                 "no line\n"
	                 "1000\n"
	                 "1000 10\n"
	                 "1000 10 \n"
	                 "1000 10x name\n"
	                 "-1000 10 name\n"
	                 "10000000000000000 10 name\n"
	                 "ffffffffffffff00 101 name\n"
	                 "0 40000001 name\n"
	                 "1000 10 %s\n"
	                 "1000 10 cut", name);

	read_map(line);
	ck_assert_str_eq(at(0x1008), "good");
	ck_assert_uint_eq(codes.count, 1);
	ck_assert_uint_eq(codes.damaged, 10);
	jitcodes_free(&codes);
	perfmap_read(&codes, (struct bytes){(const uint8_t *)"1000 10 a\0b\n2000 1 c\n", 21, false});
	jitcodes_build(&codes);
	ck_assert_str_eq(at(0x1000), "-");
	ck_assert_str_eq(at(0x2000), "c");
	ck_assert_uint_eq(codes.damaged, 1);
	free(line);
	free(name);
}
END_TEST

START_TEST(map_twice)
{
	read_map("1000 100 a\n"
	         "1080 100 b\n"
	         "2000 100 c\n"
	         "2000 80 c\n"
	         "2040 10 c\n"
	         "3000 10 d\n"
	         "3010 10 e\n"
	         "4000 100 f\n"
	         "4020 20 g\n"
	         "4030 20 f\n");
	ck_assert_str_eq(at(0x107f), "a");
	ck_assert_str_eq(at(0x1080), "?");
	ck_assert_str_eq(at(0x10ff), "?");
	ck_assert_str_eq(at(0x1100), "b");
	ck_assert_str_eq(at(0x117f), "b");
	ck_assert_str_eq(at(0x1180), "-");
	ck_assert_str_eq(at(0x2044), "c");
	ck_assert_str_eq(at(0x2080), "c");
	ck_assert_str_eq(at(0x300f), "d");
	ck_assert_str_eq(at(0x3010), "e");
	ck_assert_str_eq(at(0x401f), "f");
	ck_assert_str_eq(at(0x4020), "?");
	ck_assert_str_eq(at(0x403f), "?");
	ck_assert_str_eq(at(0x4040), "f");
}
END_TEST

/* What the sweep should find, in plain words. */
static const char *search(uint64_t address)
{
	const char *found = "-";

	for (size_t i = 0; i < codes.count; i++) {
		const struct jitcode *code = &codes.codes[i];

		if (address < code->start || address >= code->end)
			continue;
		if (found[0] != '-' && strcmp(found, code->name->key) != 0)
			return "?";
		found = code->name->key;
	}
	return found;
}

START_TEST(map_random)
{
	srand(1);
	for (int round = 0; round < 200; round++) {
		int lines = rand() % 40;

		for (int i = 0; i < lines; i++) {
			char name[2] = {(char)('a' + rand() % 4), '\0'};

			jitcodes_add(&codes, (uint64_t)rand() % 200, (uint64_t)rand() % 30, name, 1, NULL, 0);
		}
		jitcodes_build(&codes);
		for (uint64_t address = 0; address < 240; address++)
			ck_assert_str_eq(at(address), search(address));
		jitcodes_free(&codes);
	}
}
END_TEST

/* ---- jitdumps ------------------------------------------------------------------------------------------------- */

static struct {
	uint8_t  data[8192];
	size_t   size;
} dump;

static void put(const void *data, size_t size)
{
	ck_assert_uint_le(dump.size + size, sizeof(dump.data));
	if (size)
		memcpy(dump.data + dump.size, data, size);
	dump.size += size;
}

static void put_header(uint32_t magic, uint32_t version, uint32_t machine)
{
	uint32_t words[10] = {magic, version, 48, machine, 0, PID};

	dump.size = 0;
	put(words, sizeof(words));
	put("\0\0\0\0\0\0\0", 8); /* a header that is longer than ours */
}

static void begin(void)
{
	put_header(0x4a695444, 1, EM_X86_64);
}

static void put_record(uint32_t id, const uint64_t *words, size_t count, const void *tail, size_t tail_size)
{
	uint32_t head[4] = {id, (uint32_t)(16 + 8 * count + tail_size)};

	put(head, sizeof(head));
	put(words, 8 * count);
	put(tail, tail_size);
}

static void load(uint32_t pid, uint64_t address, uint64_t size, uint64_t index, const char *name)
{
	char tail[64] = {0};
	size_t length = strlen(name) + 1;

	memcpy(tail, name, length); /* then five bytes of code */
	put_record(0, (uint64_t[]){pid, address, address, size, index}, 5, tail, length + 5);
}

static void move(uint32_t pid, uint64_t from, uint64_t to, uint64_t size, uint64_t index)
{
	put_record(1, (uint64_t[]){pid, to, from, to, size, index}, 6, NULL, 0);
}

/* Entries: offset, line, file; file NULL ends them. */
static void lines(uint64_t address, uint64_t count, ...)
{
	uint8_t tail[512];
	size_t size = 0;
	va_list arguments;

	va_start(arguments, count);
	for (uint64_t i = 0; i < count; i++) {
		uint64_t where = address + va_arg(arguments, unsigned);
		uint32_t line[2] = {va_arg(arguments, unsigned)};
		const char *file = va_arg(arguments, const char *);

		if (!file)
			break;
		memcpy(tail + size, &where, 8);
		memcpy(tail + size + 8, line, 8);
		memcpy(tail + size + 16, file, strlen(file) + 1);
		size += 16 + strlen(file) + 1;
	}
	va_end(arguments);
	put_record(2, (uint64_t[]){address, count}, 2, tail, size);
}

/* Exactly the first `size` bytes, so that a sanitizer sees each one beyond. */
static void read_first(size_t size)
{
	uint8_t *exact = xmalloc(size ? size : 1);

	memcpy(exact, dump.data, size);
	jitdump_read(&codes, (struct bytes){exact, size, false}, PID);
	jitcodes_build(&codes);
	free(exact);
}

static void read_dump(void)
{
	read_first(dump.size);
}

START_TEST(dump_loads)
{
	begin();
	load(PID, 0x1000, 0x100, 1, "one");
	put_record(4, (uint64_t[]){0, 0, 0}, 3, NULL, 0);
	put_record(99, NULL, 0, NULL, 0);
	load(PID + 1, 0x2000, 0x100, 2, "a child's");
	load(PID, 0x3000, 0x100, 3, "");
	load(PID, 0x4000, 0, 4, "nothing");
	load(PID, 0x5000, 0x100, 5, "x");
	load(PID, 0x5080, 0x100, 6, "y");
	put_record(3, NULL, 0, NULL, 0);
	read_dump();
	ck_assert_str_eq(at(0x10ff), "one");
	ck_assert_str_eq(at(0x2000), "-");
	ck_assert_str_eq(at(0x3000), "-");
	ck_assert_str_eq(at(0x507f), "x");
	ck_assert_str_eq(at(0x5080), "?");
	ck_assert_str_eq(at(0x5100), "y");
	ck_assert_uint_eq(codes.damaged, 1);
	ck_assert(!codes.unusable);
}
END_TEST

START_TEST(dump_moves)
{
	begin();
	lines(0x1000, 1, 0x10, 5, "f");
	load(PID, 0x1000, 0x100, 1, "one");
	move(PID, 0x1000, 0x2000, 0x100, 1);
	move(PID, 0x2000, 0x2080, 0x100, 1); /* overlaps itself: still one name */
	load(PID, 0x1000, 0x80, 2, "two");
	move(PID, 0x1000, 0x9000, 0x100, 1); /* it is not there any more */
	move(PID, 0x1000, 0x9000, 0x81, 2);
	move(PID, 0x1000, 0x9000, 0x80, 3);
	move(PID + 1, 0x1000, 0x9000, 0x80, 2);
	read_dump();
	ck_assert_str_eq(at(0x1000), "?");
	ck_assert_str_eq(at(0x1080), "one f:5");
	ck_assert_str_eq(at(0x2010), "one f:5");
	ck_assert_str_eq(at(0x2080), "one");
	ck_assert_str_eq(at(0x2170), "one f:5");
	ck_assert_str_eq(at(0x9000), "-");
	ck_assert_uint_eq(codes.damaged, 3);
}
END_TEST

START_TEST(dump_lines)
{
	begin();
	lines(0x1000, 1, 0, 99, "superseded");
	lines(0x2000, 1, 0, 98, "another's");
	lines(0x1000, 5, 0x20, 12, "a.src", 0x08, 11, "\xff", 0x30, 0, "\xff", 0x40, 14, "b.src", 0x200, 15, "b.src");
	load(PID, 0x1000, 0x100, 1, "one");
	load(PID, 0x2000, 0x100, 2, "two");
	load(PID, 0x1800, 0x100, 3, "three");
	lines(0x3000, 1000, 0, 97, "more than there are", 0, 0, NULL);
	load(PID, 0x3000, 0x100, 4, "four");
	read_dump();
	ck_assert_str_eq(at(0x1000), "one");
	ck_assert_str_eq(at(0x1008), "one a.src:11");
	ck_assert_str_eq(at(0x1021), "one a.src:12");
	ck_assert_str_eq(at(0x1030), "one");
	ck_assert_str_eq(at(0x10ff), "one b.src:14");
	ck_assert_str_eq(at(0x2000), "two another's:98");
	ck_assert_str_eq(at(0x1800), "three");
	ck_assert_str_eq(at(0x3000), "four");
	ck_assert_uint_eq(codes.damaged, 1);
}
END_TEST

START_TEST(dump_of_another_kind)
{
	static const struct { uint32_t magic, version, machine; } kinds[] = {
		{0x4454694a, 1, EM_X86_64}, {0x4a695444, 2, EM_X86_64}, {0x4a695444, 1, EM_AARCH64},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		put_header(kinds[i].magic, kinds[i].version, kinds[i].machine);
		load(PID, 0x1000, 0x100, 1, "one");
		read_dump();
		ck_assert(codes.unusable);
		ck_assert_str_eq(at(0x1000), "-");
		jitcodes_free(&codes);
	}
	read_first(0);
	ck_assert(!codes.unusable);
	put_header(0x4a695444, 1, EM_NONE);
	load(PID, 0x1000, 0x100, 1, "one");
	put("\0\0\0\0\x0f\0\0\0\0\0\0\0\0\0\0\0", 16);
	load(PID, 0x2000, 0x100, 1, "after a record of no size");
	read_dump();
	ck_assert_str_eq(at(0x1000), "one");
	ck_assert_str_eq(at(0x2000), "-");
	ck_assert_uint_eq(codes.damaged, 1);
}
END_TEST

/* One of each; `ends` of one, of its move, of two. */
static void make_rich(size_t ends[3])
{
	begin();
	lines(0x1000, 2, 0, 1, "file", 8, 2, "\xff");
	load(PID, 0x1000, 0x100, 1, "one");
	ends[0] = dump.size;
	move(PID, 0x1000, 0x2000, 0x100, 1);
	ends[1] = dump.size;
	lines(0x3000, 1, 0, 3, "file");
	load(PID, 0x3000, 0x100, 2, "two");
	ends[2] = dump.size;
}

/* A cut at any byte loses what is cut, and nothing else. */
START_TEST(dump_cut)
{
	size_t ends[3];

	make_rich(ends);
	for (size_t size = 0; size <= dump.size; size++) {
		read_first(size);
		ck_assert_str_eq(at(0x1000), size < ends[0] ? "-" : "one file:1");
		ck_assert_str_eq(at(0x2008), size < ends[1] ? "-" : "one file:2");
		ck_assert_str_eq(at(0x3000), size < ends[2] ? "-" : "two file:3");
		ck_assert_uint_eq(codes.damaged, 0);
		ck_assert_int_eq(codes.unusable, size > 0 && size < 40);
		jitcodes_free(&codes);
	}
}
END_TEST

/* Any byte may be any other; names and lines must still be strings of the file's, which the sanitizer holds us to. */
START_TEST(dump_damaged)
{
	static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};
	size_t ends[3];

	make_rich(ends);
	for (size_t i = 0; i < dump.size; i++)
		for (size_t v = 0; v < sizeof(values); v++) {
			uint8_t before = dump.data[i];

			dump.data[i] = values[v];
			read_dump();
			for (size_t j = 0; j < codes.count; j++)
				at(codes.codes[j].start + 1);
			jitcodes_free(&codes);
			dump.data[i] = before;
		}
}
END_TEST

START_TEST(map_cut)
{
	static const char text[] = "1000 10 one\n2000 10 two\r\n\n3000 10 three\n";

	for (size_t size = 0; size < sizeof(text); size++) {
		char *exact = xmalloc(size ? size : 1);

		memcpy(exact, text, size);
		perfmap_read(&codes, (struct bytes){(const uint8_t *)exact, size, false});
		jitcodes_build(&codes);
		free(exact);
		ck_assert_str_eq(at(0x1000), size < 12 ? "-" : "one");
		ck_assert_str_eq(at(0x2000), size < 25 ? "-" : "two");
		ck_assert_str_eq(at(0x3000), size < sizeof(text) - 1 ? "-" : "three");
		ck_assert_uint_eq(codes.damaged, 0);
		jitcodes_free(&codes);
	}
}
END_TEST

START_TEST(too_many)
{
	for (uint64_t i = 0; i <= JITCODE_MOST_CODES; i++)
		jitcodes_add(&codes, i * 16, 16, "name", 4, NULL, 0);
	jitcodes_build(&codes);
	ck_assert(codes.unusable);
	ck_assert_str_eq(at(0), "-");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {map_lines, map_damage, map_twice, map_random, map_cut, dump_loads, dump_moves,
		dump_lines, dump_of_another_kind, dump_cut, dump_damaged, too_many};
	TCase *tcase = tcase_create("jitcode");

	tcase_add_checked_fixture(tcase, NULL, tear_down);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(tcase, tests[i]);
	return suite_run("jitcode", tcase);
}
