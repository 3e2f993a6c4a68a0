/* Long names lose their parameters first, then their template arguments, and nothing that belongs to the name. */
#include "report/abbreviate.h"
#include "suite.h"

static void expect(const char *function, size_t width, const char *wanted)
{
	char *name = abbreviate(function, width);

	ck_assert_str_eq(name, wanted);
	free(name);
}

START_TEST(what_fits_stays)
{
	expect("f(int)", 6, "f(int)");
	expect("f(int)", 5, "f(…)");
	expect("f()", 1, "f()");
	expect("plain_c_function", 4, "plain_c_function");
}
END_TEST

START_TEST(parameters_go_first)
{
	expect("std::vector<int>::push_back(int const&)", 32, "std::vector<int>::push_back(…)");
	expect("std::vector<int>::push_back(int const&)", 10, "std::vector<…>::push_back(…)");
	expect("f(void (*)(int), int)", 8, "f(…)");
	expect("a::(anonymous namespace)::f(int) const", 5, "a::(anonymous namespace)::f(…) const");
}
END_TEST

START_TEST(operators_are_names)
{
	expect("A::operator()(int) const", 5, "A::operator()(…) const");
	expect("A<B>::operator<(A<B> const&)", 5, "A<…>::operator<(…)");
	expect("std::operator<< <char>(std::ostream&)", 5, "std::operator<< <…>(…)");
	expect("A<B>::operator->()", 5, "A<…>::operator->()");
	expect("A<&B::operator-> >::f(int)", 5, "A<…>::f(…)");
	expect("A<B, (C)1>::f", 5, "A<…>::f");
	expect("<alloc::vec::Vec<T> as core::clone::Clone>::clone", 5, "Vec::clone");
	expect("(top level)", 5, "(top level)");
	expect("broken<<(name", 5, "broken<<(name");
}
END_TEST

START_TEST(the_type_of_a_method_stays)
{
	const char *name = "<poly[31319f97967dc40d]::SRS<ec[d7c778f7aa28d4c8]::Affine<u8>> as poly[3131]::Commit<u8>>::create";

	expect(name, 100, name);
	expect(name, 80, "<poly::SRS<ec::Affine<u8>> as poly[3131]::Commit<u8>>::create");
	expect(name, 54, "<poly::SRS<…> as poly[3131]::Commit<…>>::create");
	expect(name, 25, "<poly::SRS<…>>::create");
	expect(name, 20, "SRS::create");
	expect("<&A<B> as C>::f", 9, "<…>::f");
	expect("<A as B<C>>::f::<D>", 11, "<A>::f::<…>");
	expect("<[u8]>::to_vec", 9, "<…>::to_vec");
	expect("<broken", 2, "<broken");
}
END_TEST

SUITE_MAIN("abbreviate", what_fits_stays, the_type_of_a_method_stays, parameters_go_first, operators_are_names)
