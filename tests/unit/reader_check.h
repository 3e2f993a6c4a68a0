/* reader_check.h: the main of a Check program with one suite of one case, and how the reader's tests count. */
#ifndef READER_CHECK_H
#define READER_CHECK_H

#include <check.h>
#include <stdlib.h>

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

#define READER_MAIN(name, ...) \
	int main(void) \
	{ \
		const TTest *const tests[] = {__VA_ARGS__}; \
		Suite *suite = suite_create(name); \
		TCase *tcase = tcase_create(name); \
		SRunner *runner = srunner_create(suite); \
		int failed; \
		for (size_t i = 0; i < LENGTH(tests); i++) \
			tcase_add_test(tcase, tests[i]); \
		suite_add_tcase(suite, tcase); \
		srunner_run_all(runner, CK_NORMAL); \
		failed = srunner_ntests_failed(runner); \
		srunner_free(runner); \
		return failed ? EXIT_FAILURE : EXIT_SUCCESS; \
	}

/*
 * xorshift64*: the same numbers in every run, so that a failure can be repeated. The upper half, since the lowest bits
 * of successive numbers depend on each other.
 */
static inline uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (*state * 0x2545f4914f6cdd1d) >> 32 | *state << 32;
}

#endif
