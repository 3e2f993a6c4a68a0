/* What a recording says must not steer a terminal, and a column is as wide as it looks. */
#include "report/escape.h"
#include "suite.h"

static void expect_text(const char *bytes, const char *wanted)
{
	char *escaped = escape_text(bytes);

	ck_assert_str_eq(escaped, wanted);
	free(escaped);
}

static void expect_utf8(const char *bytes, const char *wanted)
{
	char *valid = escape_utf8(bytes);

	ck_assert_str_eq(valid, wanted);
	free(valid);
}

static void expect_cut(const char *text, size_t width, enum cut where, const char *wanted)
{
	char *cut = text_cut(text, width, where);

	ck_assert_str_eq(cut, wanted);
	ck_assert_uint_le(text_width(cut), width);
	free(cut);
}

START_TEST(control_characters_are_shown)
{
	expect_text("plain", "plain");
	expect_text("a\nb\tc", "a\\nb\\tc");
	expect_text("\033[31mred\007", "\\x1b[31mred\\x07");
	expect_text("\x7f", "\\x7f");
	expect_text("\xc2\x9b" "31m", "\\u009b31m");           /* CSI as one character */
	expect_text("\xe2\x80\xae" "gnp", "\\u202egnp");       /* right-to-left override */
	expect_text("\xf3\xa0\x80\x81", "\\U000e0001");        /* a tag */
	expect_text("Stra\xc3\x9f" "e \xe5\x8f\x96", "Stra\xc3\x9f" "e \xe5\x8f\x96");
}
END_TEST

START_TEST(bytes_that_are_no_utf8_are_shown)
{
	expect_text("\xff", "\\xff");
	expect_text("a\xc3", "a\\xc3");                        /* cut at the end */
	expect_text("\xc0\xaf", "\\xc0\\xaf");                 /* overlong */
	expect_text("\xe0\x80\x80", "\\xe0\\x80\\x80");
	expect_text("\xed\xa0\x80", "\\xed\\xa0\\x80");        /* a surrogate */
	expect_text("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* beyond U+10FFFF */
}
END_TEST

START_TEST(json_text_is_valid_utf8)
{
	expect_utf8("ok \xc3\x9f", "ok \xc3\x9f");
	expect_utf8("a\xff" "b", "a\xef\xbf\xbd" "b");
	expect_utf8("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	expect_utf8("\xc3", "\xef\xbf\xbd");
}
END_TEST

START_TEST(width_is_in_columns)
{
	ck_assert_uint_eq(text_width(""), 0);
	ck_assert_uint_eq(text_width("abc"), 3);
	ck_assert_uint_eq(text_width("Stra\xc3\x9f" "e"), 6);
	ck_assert_uint_eq(text_width("\xe5\x8f\x96\xe5\xbe\x97"), 4);  /* two Han characters */
	ck_assert_uint_eq(text_width("e\xcc\x81"), 1);                 /* e and a combining acute */
}
END_TEST

START_TEST(cutting_keeps_the_width)
{
	expect_cut("abcdef", 6, CUT_END, "abcdef");
	expect_cut("abcdefg", 6, CUT_END, "abcde…");
	expect_cut("abcdefg", 6, CUT_START, "…cdefg");
	expect_cut("abcdefg", 6, CUT_MIDDLE, "abc…fg");
	expect_cut("abcdefg", 1, CUT_MIDDLE, "…");
	expect_cut("\xe5\x8f\x96\xe5\xbe\x97\xe5\x8f\x96", 4, CUT_END, "\xe5\x8f\x96…"); /* no half character */
	expect_cut("\xe5\x8f\x96\xe5\xbe\x97\xe5\x8f\x96", 4, CUT_START, "…\xe5\x8f\x96");
}
END_TEST

SUITE_MAIN("escape", control_characters_are_shown, bytes_that_are_no_utf8_are_shown, json_text_is_valid_utf8,
            width_is_in_columns, cutting_keeps_the_width)
