/*
 * rewrite_known_test.c: names of allocators, as compilers write them, and PROBE_WASM_ALLOC.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "node/rewrite/find.h"
#include "rewrite_make.h"

static const struct known *find(const char *name, uint32_t parameters)
{
	return known_find((struct rewrite_text){name, (uint32_t)strlen(name)}, parameters);
}

START_TEST(test_names)
{
	static const struct { const char *name; uint32_t parameters; const char *known, *letters; } cases[] = {
		{"__rust_alloc", 2, "__rust_alloc", "sa"},
		{"__rustc[b1c156c3cad71f26]::__rust_dealloc", 3, "__rust_dealloc", "p--"},
		{"_RNvCs4fqI2P2rA04_7___rustc12___rust_alloc", 2, "__rust_alloc", "sa"},
		{"_RNvCs4fqI2P2rA04_7___rustc14___rust_realloc", 4, "__rust_realloc", "p-as"},
		{"_ZN7___rustc19___rust_alloc_zeroed17h0123456789abcdefE", 2, NULL, NULL},
		{"__rdl_realloc", 4, "__rdl_realloc", "p-as"},
		{"dlmalloc::dlmalloc::Dlmalloc<A>::malloc::h2abbe1e4f19cf5f1", 1, "malloc", "s"},
		{"dlmalloc::dlmalloc::Dlmalloc<A>::malloc::h2abbe1e4f19cf5f1", 2, "malloc", "-s"},
		{"<dlmalloc[c273bb0c9ed652f9]::dlmalloc::Dlmalloc<dlmalloc[c273]::sys::System>>::free", 2, "free", "-p"},
		{"_ZN8dlmalloc8dlmalloc17Dlmalloc$LT$A$GT$4free17h0123456789abcdefE", 1, "free", "p"},
		{"_ZN8dlmalloc8dlmalloc17Dlmalloc$LT$A$GT$8memalign17h0123456789abcdefE.llvm.12345", 3, "memalign", "-as"},
		{"malloc", 1, "malloc", "s"},
		{"dlfree", 1, "free", "p"},
		{"emscripten_builtin_memalign", 2, "memalign", "as"},
		{"posix_memalign", 3, "posix_memalign", "oas"},
		{"mi_malloc", 1, "malloc", "s"},
		{"mi_heap_malloc_aligned", 3, "heap_malloc_aligned", "-sa"},
		{"emmalloc_free", 1, "free", "p"},
		{"~lib/rt/tlsf/freeBlock", 2, "freeBlock", "-p"},
		{"~lib/rt/tlsf/__alloc", 1, "__alloc", "s"},
		{"runtime.alloc", 2, "runtime.alloc", "s-"},
		{"malloc.1", 1, "malloc", "s"},
		/* Not theirs, or not of that many parameters. */
		{"malloc", 2, NULL, NULL},
		{"my_malloc", 1, NULL, NULL},
		{"Pool::malloc", 1, NULL, NULL},
		{"_ZN4pool6malloc17h0123456789abcdefE", 1, NULL, NULL},
		{"sqlite3_free", 1, NULL, NULL},
		{"free_list", 1, NULL, NULL},
		{"x__rust_alloc", 2, NULL, NULL},
		{"_RNvCs4_3abc3___rust_alloc", 2, NULL, NULL},
		{"", 1, NULL, NULL}, {"E", 1, NULL, NULL}, {"_ZN", 1, NULL, NULL}, {".1", 1, NULL, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct known *known = find(cases[i].name, cases[i].parameters);

		if (!cases[i].known) {
			ck_assert_msg(!known, "%s", cases[i].name);
			continue;
		}
		ck_assert_msg(known != NULL, "%s", cases[i].name);
		ck_assert_str_eq(known->name, cases[i].known);
		ck_assert_str_eq(known->parameters, cases[i].letters);
	}
}
END_TEST

START_TEST(test_exports)
{
	struct made made;
	struct rewrite rewrite;

	make_allocator(&made, "malloc", "free");
	ck_assert(make_read(&rewrite, &made) && rewrite_find(&rewrite, NULL, false));
	ck_assert_uint_eq(rewrite.candidates[0]->count, 2);
	rewrite_free(&rewrite);
	make_allocator(&made, "malloc", "release");
	ck_assert(make_read(&rewrite, &made) && !rewrite_find(&rewrite, NULL, false));
	ck_assert_str_eq(rewrite.reason, "no allocator was found in it");
	rewrite_free(&rewrite);
	ck_assert_int_eq(make_pieces, 0);
}
END_TEST

START_TEST(test_said)
{
	static const struct { const char *said; uint32_t count; } cases[] = {
		{"malloc:func[0],free:func[1]", 2},
		{"malloc:func[take],free:func[give]", 2},
		{"alloc:func[0](s)", 1},
		{"free:func[1](p),", 1},
		{"malloc:func[2]", 0}, {"malloc:func[]", 0}, {"malloc:func[0", 0}, {"malloc", 0}, {"malloc:0", 0},
		{"alloc:func[0]", 0}, {"alloc:func[0](", 0}, {"alloc:func[0](ss)", 0}, {"free:func[0](s)", 0},
		{"malloc:func[0] free:func[1]", 0}, {"nothing:func[0](s)", 0}, {"malloc:func[0],malloc:func[0]", 0},
		{"malloc:func[99999999999999999999]", 0}, {",", 0},
	};
	struct made made;

	make_allocator(&made, "take", "give");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rewrite rewrite;
		bool read = make_read(&rewrite, &made) && rewrite_find(&rewrite, cases[i].said, false);

		ck_assert_msg(read == (cases[i].count > 0), "%s", cases[i].said);
		if (read)
			ck_assert_uint_eq(rewrite.candidates[0]->count, cases[i].count);
		else
			ck_assert_ptr_nonnull(rewrite.reason);
		rewrite_free(&rewrite);
	}
	ck_assert_int_eq(make_pieces, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rewrite_known");
	TCase *tests = tcase_create("all");
	SRunner *runner = srunner_create(suite);

	suite_add_tcase(suite, tests);
	tcase_add_test(tests, test_names);
	tcase_add_test(tests, test_exports);
	tcase_add_test(tests, test_said);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
