/* Sizes, counts, shares and times, at the edges where rounding lies. */
#include "report/human.h"
#include "suite.h"

START_TEST(sizes)
{
	ck_assert_str_eq(BYTES(0), "0 B");
	ck_assert_str_eq(BYTES(1023), "1023 B");
	ck_assert_str_eq(BYTES(1024), "1.0 KiB");
	ck_assert_str_eq(BYTES(98304), "96.0 KiB");
	ck_assert_str_eq(BYTES(1048575), "1.0 MiB");
	ck_assert_str_eq(BYTES(1024 * 1023), "1023.0 KiB");
	ck_assert_str_eq(BYTES(UINT64_MAX), "16.0 EiB");
}
END_TEST

START_TEST(counts)
{
	ck_assert_str_eq(COUNT(0), "0");
	ck_assert_str_eq(COUNT(999), "999");
	ck_assert_str_eq(COUNT(1000), "1,000");
	ck_assert_str_eq(COUNT(1204311), "1,204,311");
	ck_assert_str_eq(COUNT(UINT64_MAX), "18,446,744,073,709,551,615");
}
END_TEST

START_TEST(shares_say_all_or_nothing_only_when_it_is)
{
	ck_assert_str_eq(SHARE(0, 0), "0 %");
	ck_assert_str_eq(SHARE(0, 5), "0 %");
	ck_assert_str_eq(SHARE(5, 5), "100 %");
	ck_assert_str_eq(SHARE(1, 3), "33.3 %");
	ck_assert_str_eq(SHARE(999999, 1000000), "> 99.9 %");
	ck_assert_str_eq(SHARE(1, 1000000), "< 0.1 %");
}
END_TEST

START_TEST(times)
{
	ck_assert_str_eq(TIME(0), "0 ns");
	ck_assert_str_eq(TIME(999), "999 ns");
	ck_assert_str_eq(TIME(1000), "1.00 µs");
	ck_assert_str_eq(TIME(9994), "9.99 µs");
	ck_assert_str_eq(TIME(9995), "10.0 µs");
	ck_assert_str_eq(TIME(999499), "999 µs");
	ck_assert_str_eq(TIME(999500), "1.00 ms");
	ck_assert_str_eq(TIME(12345678901), "12.3 s");
	ck_assert_str_eq(TIME(999400000000), "999 s");
	ck_assert_str_eq(TIME(1204311000000), "1,204 s");
	ck_assert_str_eq(TIME(UINT64_MAX), "18,446,744,074 s");
}
END_TEST

SUITE_MAIN("human", sizes, counts, times, shares_say_all_or_nothing_only_when_it_is)
