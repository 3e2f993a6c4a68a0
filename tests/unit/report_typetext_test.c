/* Types are shortened in steps that say less and less, and stay distinct where there is room for it. */
#include <string.h>

#include "report/escape.h"
#include "report/type_text.h"
#include "suite.h"
#include "util.h"

static void expect(const char *type, size_t width, const char *wanted)
{
	char *text = type_text(type, width);

	ck_assert_str_eq(text, wanted);
	ck_assert_uint_le(text_width(text), width);
	free(text);
}

START_TEST(steps)
{
	static const char map[] = "std::map<std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >, a::b::Foo<int>, "
		"std::less<std::__cxx11::basic_string<char> >, std::allocator<std::pair<int const, a::b::Foo<int> > > >";

	expect(map, strlen(map), map);
	expect(map, 100, "std::map<std::string, a::b::Foo<int>>");
	expect(map, 36, "std::map<std::string, b::Foo<int>>");
	expect(map, 26, "std::map<string, Foo<int>>");
	expect(map, 21, "map<string, Foo<int>>");
	expect(map, 19, "map<string, Foo<…>>");
	expect(map, 10, "map<…>");
	expect("std::map<int, int, by_length>", 28, "map<int, int, by_length>");
}
END_TEST

/* What is no bracket, no namespace, no usual argument. */
START_TEST(odd)
{
	expect("Box<dyn Fn(usize) -> usize>", 27, "Box<dyn Fn(usize) -> usize>");
	expect("Box<dyn Fn(usize) -> usize>", 20, "Box<…>");
	expect("a::(anonymous namespace)::Foo", 20, "Foo");
	expect("(u8, &'static str)", 10, "(u8, …str)");
	expect("<<<", 2, "<<");
	expect(">>>", 3, ">>>");
	expect("std::allocator<int>", 19, "std::allocator<int>");
	expect("::", 1, "…");
	expect("a::", 2, "a…");
	expect("ns::Größe<ns::β>", 11, "Größe<β>");
}
END_TEST

static void fit(const char *const *types, size_t count, size_t width)
{
	char **cells = xcalloc(count, sizeof(*cells));

	for (size_t i = 0; i < count; i++)
		cells[i] = xstrdup(types[i]);
	type_texts_fit(cells, count, 1, width);
	for (size_t i = 0; i < count; i++) {
		ck_assert_uint_le(text_width(cells[i]), width);
		for (size_t j = 0; j < i; j++)
			ck_assert_msg(!strcmp(cells[i], cells[j]) == !strcmp(types[i], types[j]), "%s, %s: %s", types[i], types[j], cells[i]);
	}
	for (size_t i = 0; i < count; i++)
		free(cells[i]);
	free(cells);
}

START_TEST(distinct)
{
	static const char *const types[] = {
		"std::vector<net::ConnectionStateMachine>", "std::vector<net::ConnectionStateMonitor>",
		"std::vector<disk::ConnectionStateMachine>", "std::vector<net::ConnectionStateMachine>",
		"std::map<std::string, std::vector<net::ConnectionStateMachine>>",
		"std::map<std::string, std::vector<disk::ConnectionStateMachine>>", "(unknown)",
		"Holder<std::map<std::string, std::vector<net::ConnectionStateMachine>>>",
		"Holder<std::map<std::string, std::vector<disk::ConnectionStateMachine>>>",
		"net::ConnectionStateMachine", "disk::ConnectionStateMachine",
		"Long<aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb>",
		"Long<aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa2bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb>",
	};

	for (size_t width = 32; width < 100; width++)
		fit(types, sizeof(types) / sizeof(*types), width);
	/* One that no other is like is as short as it has to be. */
	fit(types, 1, 3);
}
END_TEST

/* Rows of several cells. */
START_TEST(strides)
{
	char *cells[] = {xstrdup("std::vector<a::Foo>"), xstrdup("keep"), xstrdup("std::vector<b::Foo>"), xstrdup("keep")};

	type_texts_fit(cells, 2, 2, 16);
	ck_assert_str_eq(cells[0], "vector<a::Foo>");
	ck_assert_str_eq(cells[2], "vector<b::Foo>");
	ck_assert_str_eq(cells[1], "keep");
	for (size_t i = 0; i < 4; i++)
		free(cells[i]);
}
END_TEST

SUITE_MAIN("type_text", steps, odd, distinct, strides)
