/* names_demangle_test.c: names as compilers write them, and names that only an enemy writes. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "names/demangle.h"
#include "names_build.h"
#include "suite.h"
#include "util.h"

static const struct {
	const char *mangled, *readable;
} pairs[] = {
	{"_Z3foov", "foo()"},
	{"_ZN3foo3barEi", "foo::bar(int)"},
	{"_ZNSt6vectorIiSaIiEE9push_backERKi", "std::vector<int, std::allocator<int> >::push_back(int const&)"},
	{"_ZNK5boost4noneEv", "boost::none() const"},
	{"_ZN12_GLOBAL__N_16hiddenEPKc", "(anonymous namespace)::hidden(char const*)"},
	{"_ZN3FooC2Ev", "Foo::Foo()"},
	{"_ZN3FooD0Ev", "Foo::~Foo()"},
	{"_ZThn16_N3Foo3runEv", "non-virtual thunk to Foo::run()"},
	{"_ZplRK1AS1_", "operator+(A const&, A const&)"},
	{"_ZZ4mainENKUliE_clEi", "main::{lambda(int)#1}::operator()(int) const"},
	{"_Z3foov.part.0", "foo() [clone .part.0]"},
	{"_Znwm", "operator new(unsigned long)"},
	{"_ZN4core3fmt5Write9write_fmt17h3e3c9a3c7fd2d5aeE", "core::fmt::Write::write_fmt"},
	{"_ZN63_$LT$core..cell..BorrowMutError$u20$as$u20$core..fmt..Debug$GT$3fmt17h1a2b3c4d5e6f7089E",
	 "<core::cell::BorrowMutError as core::fmt::Debug>::fmt"},
	{"_ZN4main28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE", "main::{{closure}}"},
	{"_RNvCs1234_7mycrate3foo", "mycrate::foo"},
	{"_RNvMCs1234_7mycrateNtB2_6Square4area", "<mycrate::Square>::area"},
	{"_RINvCs1234_7mycrate5boxedhE", "mycrate::boxed::<u8>"},
	{"_RNCNvCs1234_7mycrate4main0B3_", "mycrate::main::{closure#0}"},
	/* What is not mangled stays as it is. */
	{"malloc", "malloc"},
	{"_Read", "_Read"},
	{"_Z", "_Z"},
	{"_Znonsense", "_Znonsense"},
	{"_RNonsense", "_RNonsense"},
	{"_", "_"},
	{"", ""},
	{"__libc_start_call_main", "__libc_start_call_main"},
};

START_TEST(table)
{
	struct demangler demangler = {0};
	/* Twice: the second answer comes from the cache. */
	for (int i = 0; i < 2; i++)
		ck_assert_str_eq(demangle(&demangler, pairs[_i].mangled), pairs[_i].readable);
	demangler_free(&demangler);
}
END_TEST

/* c++filt is another build of the same demangler; what is checked is how it is called. */
START_TEST(agrees_with_filter)
{
	struct demangler demangler = {0};
	char *mangled = build_output("nm -D --defined-only $(ls /usr/lib/*/libstdc++.so.6) | "
	                             "sed -n 's/^[^ ]* . \\(_Z[^@]*\\).*/\\1/p'");
	char *folder = build_folder(), *path = xasprintf("%s/mangled", folder), *text;
	char *names = mangled, *results, *name, *result;
	FILE *file = fopen(path, "w");
	size_t count = 0;

	ck_assert_ptr_nonnull(file);
	fputs(mangled, file);
	fclose(file);
	text = results = build_output("c++filt -i <'%s'", path);
	while ((name = strsep(&names, "\n")) && *name && (result = strsep(&results, "\n"))) {
		ck_assert_str_eq(demangle(&demangler, name), result);
		count++;
	}
	ck_assert_uint_gt(count, 1000);
	build_remove(folder);
	free(path);
	free(mangled);
	free(text);
	demangler_free(&demangler);
}
END_TEST

/* Each parameter is made of the one before, twice: with forty of them the last is a terabyte of text. */
START_TEST(grows_without_end)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	struct demangler demangler = {0};
	struct timespec begin, end;
	char cxx[1024] = "_Z1f1AIiiE", rust[1024] = "_RINvC1a1fThhE";
	size_t last = strlen("INvC1a1f"); /* where the type before begins, from behind the _R */

	for (int i = 0; i < 36; i++) {
		char digit = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i];

		sprintf(cxx + strlen(cxx), "S_IS%c_S%c_E", digit, digit);
	}
	for (int i = 0; i < 40; i++) {
		size_t here = strlen(rust) - 2;
		char reference[8] = {'B'};

		/* In base 62, less one: "_" is 0, "0_" is 1. */
		if (last - 1 >= 62)
			sprintf(reference + 1, "%c%c_", digits[(last - 1) / 62], digits[(last - 1) % 62]);
		else
			sprintf(reference + 1, "%c_", digits[last - 1]);
		sprintf(rust + strlen(rust), "T%s%sE", reference, reference);
		last = here;
	}
	strcat(rust, "E");
	clock_gettime(CLOCK_MONOTONIC, &begin);
	ck_assert_str_eq(demangle(&demangler, cxx), cxx);
	ck_assert_str_eq(demangle(&demangler, rust), rust);
	clock_gettime(CLOCK_MONOTONIC, &end);
	ck_assert_int_lt(end.tv_sec - begin.tv_sec, 2);

	/* Of that kind, but short: they are sound names. */
	cxx[strlen("_Z1f1AIiiES_IS0_S0_E")] = '\0';
	ck_assert_str_eq(demangle(&demangler, cxx), "f(A<int, int>, A<A<int, int>, A<int, int> >)");
	strcpy(rust + strlen("_RINvC1a1fThhETB7_B7_E"), "E");
	ck_assert_str_eq(demangle(&demangler, rust), "a::f::<(u8, u8), ((u8, u8), (u8, u8))>");
	demangler_free(&demangler);
}
END_TEST

START_TEST(nests_without_end)
{
	struct demangler demangler = {0};
	char *deep = xmalloc(200000);

	memset(deep, 'P', 199999);
	memcpy(deep, "_Z1f", 4);
	deep[199998] = 'i';
	deep[199999] = '\0';
	ck_assert_str_eq(demangle(&demangler, deep), deep);
	deep[16000] = '\0';
	ck_assert_str_eq(demangle(&demangler, deep), deep);
	memset(deep, 'R', 16000);
	memcpy(deep, "_RINvC1a1f", 10);
	ck_assert_str_eq(demangle(&demangler, deep), deep);
	free(deep);
	demangler_free(&demangler);
}
END_TEST

int main(void)
{
	TCase *test = tcase_create("demangle");

	tcase_add_loop_test(test, table, 0, sizeof(pairs) / sizeof(pairs[0]));
	tcase_add_test(test, agrees_with_filter);
	tcase_add_test(test, grows_without_end);
	tcase_add_test(test, nests_without_end);
	return suite_run("names_demangle", test);
}
