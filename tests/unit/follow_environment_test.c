/* follow_environment_test.c: the environment that a child is given. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "follow_stub.h"
#include "interpose/follow.h"
#include "suite.h"

/*
 * Builds the environment in exactly the room that it asked for (a sanitizer sees every byte beyond), checks that what
 * it began from is unchanged, and compares it with `expected`. NULL: it is to be handed on as it is.
 */
static void holds(enum trace_how how, char *const *given, const char *const *expected)
{
	size_t room = environment_room(how, given), i, count = 0;
	char *before[32] = {0};
	char *const *built;
	void *memory;

	if (!expected) {
		ck_assert_uint_eq(room, 0);
		return;
	}
	ck_assert_uint_gt(room, 0);
	for (; given && given[count]; count++)
		before[count] = strdup(given[count]);
	memory = malloc(room);
	built = environment_build(how, given, memory);
	for (i = 0; expected[i]; i++) {
		ck_assert_msg(built[i] != NULL, "\"%s\" is missing", expected[i]);
		ck_assert_str_eq(built[i], expected[i]);
	}
	ck_assert_msg(built[i] == NULL, "\"%s\" is too many", built[i]);
	ck_assert_msg(environment_room(how, built) == 0, "what was built is not right yet");
	for (i = 0; i < count; i++) {
		ck_assert_str_eq(given[i], before[i]);
		free(before[i]);
	}
	free(memory);
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})
#define ENVIRONMENT(...) ((char *const[]){__VA_ARGS__, NULL})
#define PRELOADED "LD_PRELOAD=" STUB_LIBRARY
#define RECORDED  "PROBE_OUT=" STUB_OUT

START_TEST(an_empty_environment_gets_all)
{
	char *const none[] = {NULL};

	stub_library();
	memcpy(library.handed_on, "PROBE_CPU=5\0PROBE_GC=0\0", 24);
	holds(TRACE_FOLLOWED, none, LIST(PRELOADED, RECORDED, "PROBE_CPU=5", "PROBE_GC=0"));
	holds(TRACE_FOLLOWED, NULL, LIST(PRELOADED, RECORDED, "PROBE_CPU=5", "PROBE_GC=0"));
}
END_TEST

START_TEST(a_right_one_is_handed_on_as_it_is)
{
	stub_library();
	memcpy(library.handed_on, "PROBE_CPU=5\0", 13);
	holds(TRACE_FOLLOWED, ENVIRONMENT("A=1", PRELOADED, RECORDED, "PROBE_CPU=7"), NULL);
	holds(TRACE_STATIC, ENVIRONMENT(PRELOADED, RECORDED, "PROBE_CPU=5"), NULL);
	holds(TRACE_FOLLOWED, ENVIRONMENT("LD_PRELOAD=libother.so " STUB_LIBRARY, RECORDED, "PROBE_CPU=5"), NULL);
}
END_TEST

START_TEST(our_entry_is_made_absolute_in_its_place)
{
	stub_library();
	holds(TRACE_FOLLOWED, ENVIRONMENT("LD_PRELOAD=liba.so:./libprobe.so libb.so", RECORDED, "Z=1"),
	      LIST("LD_PRELOAD=liba.so:" STUB_LIBRARY ":libb.so", RECORDED, "Z=1"));
	holds(TRACE_FOLLOWED, ENVIRONMENT("LD_PRELOAD=libprobe.so:libprobe.so", RECORDED), LIST(PRELOADED, RECORDED));
	holds(TRACE_FOLLOWED, ENVIRONMENT("LD_PRELOAD=" STUB_LIBRARY ":/x/libprobe.so:", RECORDED),
	      LIST(PRELOADED, RECORDED));
}
END_TEST

START_TEST(otherwise_we_come_first)
{
	stub_library();
	holds(TRACE_FOLLOWED, ENVIRONMENT("LD_PRELOAD=liba.so:mylibprobe.so", RECORDED),
	      LIST(PRELOADED ":liba.so:mylibprobe.so", RECORDED));
	holds(TRACE_FOLLOWED, ENVIRONMENT("LD_PRELOAD=/x/libprobe", RECORDED),
	      LIST(PRELOADED ":/x/libprobe", RECORDED));
	holds(TRACE_FOLLOWED, ENVIRONMENT("LD_PRELOAD=", RECORDED), LIST(PRELOADED, RECORDED));
	holds(TRACE_FOLLOWED, ENVIRONMENT("LD_PRELOAD= :", "LD_PRELOADED=x", RECORDED),
	      LIST(PRELOADED, "LD_PRELOADED=x", RECORDED));
}
END_TEST

START_TEST(only_our_entry_is_removed)
{
	static const enum trace_how hows[] = {TRACE_OTHER_LIBC, TRACE_OTHER_CLASS, TRACE_UNREACHABLE,
	                                      TRACE_NOT_ASKED};

	stub_library();
	memcpy(library.handed_on, "PROBE_CPU=5\0", 13);
	for (size_t i = 0; i < sizeof(hows) / sizeof(*hows); i++) {
		holds(hows[i], ENVIRONMENT("A=1", PRELOADED, RECORDED), LIST("A=1", RECORDED));
		holds(hows[i], ENVIRONMENT("LD_PRELOAD=liba.so:../libprobe.so:libb.so"),
		      LIST("LD_PRELOAD=liba.so:libb.so"));
		holds(hows[i], ENVIRONMENT("LD_PRELOAD=liba.so", "PROBE_OUT=relative"), NULL);
		holds(hows[i], ENVIRONMENT("A=1"), NULL);
		holds(hows[i], NULL, NULL);
	}
}
END_TEST

START_TEST(the_recording_is_named_absolutely)
{
	stub_library();
	setenv("PROBE_OUT", "out-%p", 1);
	environment_start();
	holds(TRACE_FOLLOWED, ENVIRONMENT(PRELOADED, "PROBE_OUT=out-%p", "A=1"), LIST(PRELOADED, "A=1", RECORDED));
	holds(TRACE_FOLLOWED, ENVIRONMENT(PRELOADED, "PROBE_OUT="), LIST(PRELOADED, RECORDED));
	/* Somebody between us and the child wants it elsewhere. */
	holds(TRACE_FOLLOWED, ENVIRONMENT(PRELOADED, "PROBE_OUT=/elsewhere"), NULL);
}
END_TEST

START_TEST(options_that_were_dropped_come_back)
{
	stub_library();
	memcpy(library.handed_on, "PROBE_WASM=off\0PROBE_WASM_ALLOC=malloc:func[2],free:func[3]\0", 61);
	holds(TRACE_FOLLOWED, ENVIRONMENT(PRELOADED, RECORDED, "PROBE_WASM=memory"),
	      LIST(PRELOADED, RECORDED, "PROBE_WASM=memory", "PROBE_WASM_ALLOC=malloc:func[2],free:func[3]"));
}
END_TEST

START_TEST(nothing_changes_where_nothing_is_recorded)
{
	stub_library();
	library.off = true;
	holds(TRACE_FOLLOWED, ENVIRONMENT("A=1"), NULL);
	holds(TRACE_OTHER_LIBC, ENVIRONMENT(PRELOADED), NULL);
	library.follow = false;
	holds(TRACE_NOT_ASKED, ENVIRONMENT(PRELOADED, "A=1"), LIST("A=1"));
	stub_library();
	library.ready = false;
	holds(TRACE_FOLLOWED, ENVIRONMENT("A=1"), NULL);
	/* LD_PRELOAD has no way to quote. */
	stub_library();
	strcpy(library.path, "/a folder/libprobe.so");
	holds(TRACE_FOLLOWED, ENVIRONMENT("LD_PRELOAD=./libprobe.so"), NULL);
}
END_TEST

START_TEST(asked_or_not)
{
	struct process image = {.live = PROCESS_LIVE};

	stub_library();
	ck_assert(follow_asked(false) && follow_asked(true));
	library.follow = false;
	ck_assert(!follow_asked(false) && !follow_asked(true));
	process = &image;
	ck_assert(!follow_asked(false) && follow_asked(true));
	stub_borrowed = true;
	ck_assert(!follow_asked(true));
	process = NULL;
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("all");

	tcase_add_test(all, an_empty_environment_gets_all);
	tcase_add_test(all, a_right_one_is_handed_on_as_it_is);
	tcase_add_test(all, our_entry_is_made_absolute_in_its_place);
	tcase_add_test(all, otherwise_we_come_first);
	tcase_add_test(all, only_our_entry_is_removed);
	tcase_add_test(all, the_recording_is_named_absolutely);
	tcase_add_test(all, options_that_were_dropped_come_back);
	tcase_add_test(all, nothing_changes_where_nothing_is_recorded);
	tcase_add_test(all, asked_or_not);
	return suite_run("environment", all);
}
