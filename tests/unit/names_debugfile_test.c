/*
 * names_debugfile_test.c: debug information that was taken out of a program is found again, and only that which
 * belongs to it; a program that is not the recorded one names nothing.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "names/names.h"
#include "names_build.h"
#include "names_recording.h"
#include "suite.h"
#include "util.h"

static char *folder;
static char *root;               /* stands for /usr/lib/debug */
static struct calls calls;       /* of the program */
static char *whole;              /* what the program's own debug information says of them */

/* All calls of `file` as text, when it was recorded as `module`. With `problems` also what names_problems says. */
static char *named(struct recording *recording, const char *module_path, const char *problems)
{
	size_t first = recording->processes[0].node_count + TRACE_FIRST_NODE;
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	const char *const *sentences;
	size_t sentence_count;
	struct names *names;

	for (size_t i = 0; i < calls.count; i++)
		made_call(recording, (struct process_id){0}, MADE_BIAS + calls.addresses[i]);
	names = names_open_with(recording, root);
	for (size_t i = 0; i < calls.count; i++) {
		const struct frame *frames;
		struct node_id node = {(uint32_t)(first + i)};
		size_t count = names_resolve(names, (struct process_id){0}, node, &frames);

		for (size_t j = 0; j < count; j++) {
			ck_assert_str_eq(frames[j].module, module_path);
			ck_assert_int_eq(frames[j].kind == FRAME_UNKNOWN, !frames[j].function && !frames[j].file);
			fprintf(stream, "%s %s:%u:%u\n", frames[j].function ? frames[j].function : "-",
			        frames[j].file ? frames[j].file : "-", frames[j].line, frames[j].column);
		}
	}
	fclose(stream);
	sentence_count = names_problems(names, &sentences);
	if (problems) {
		ck_assert_uint_eq(sentence_count, 1);
		ck_assert_ptr_nonnull(strstr(sentences[0], problems));
		ck_assert_ptr_nonnull(strstr(sentences[0], module_path));
	} else {
		ck_assert_uint_eq(sentence_count, 0);
	}
	names_close(names);
	return text;
}

static char *named_now(const char *name)
{
	struct recording *recording = made_recording();
	char *path = xasprintf("%s/%s", folder, name), *text;

	made_module(recording, (struct process_id){0}, path, MADE_BIAS);
	text = named(recording, path, NULL);
	made_recording_free(recording);
	free(path);
	return text;
}

static void expect_whole(const char *name)
{
	char *text = named_now(name);

	ck_assert_str_eq(text, whole);
	free(text);
}

/* Nothing of the source; main() is not exported, so its name is not known either. */
static void expect_nothing(const char *name)
{
	char *text = named_now(name);

	ck_assert_ptr_null(strstr(text, "chain"));
	ck_assert_ptr_null(strstr(text, "add_twice"));
	free(text);
}

static void set_up(void)
{
	folder = build_folder();
	root = xasprintf("%s/tree", folder);
	build("cd '%s' && mkdir tree && gcc -O2 -g -o program '%s/chain.c' -Wl,--build-id && "
	      "objcopy --only-keep-debug program program.debug && strip -o stripped program && "
	      "objcopy --add-gnu-debuglink=program.debug stripped linked", folder, SOURCES);
	char *path = xasprintf("%s/program", folder);

	calls = build_calls(path);
	free(path);
	whole = named_now("program");
	ck_assert_ptr_nonnull(strstr(whole, "add_twice"));
	ck_assert_ptr_nonnull(strstr(whole, "chain.c:3"));
}

static void tear_down(void)
{
	free(whole);
	free(calls.addresses);
	free(root);
	build_remove(folder);
}

START_TEST(stripped)
{
	expect_nothing("stripped");
}
END_TEST

START_TEST(by_link)
{
	static const char *const places[] = {".", ".debug", "../tree/$(realpath .)"};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		build("cd '%s' && rm -rf sub && mkdir sub && cp linked sub/", folder);
		expect_nothing("sub/linked");
		build("cd '%s/sub' && mkdir -p \"%s\" && cp ../program.debug \"%s\"", folder, places[i], places[i]);
		expect_whole("sub/linked");
	}
}
END_TEST

/* Without build-ids the checksum is all there is. */
START_TEST(by_link_of_another)
{
	build("cd '%s' && mkdir -p sub && objcopy -R .note.gnu.build-id linked sub/linked && "
	      "objcopy -R .note.gnu.build-id program.debug sub/program.debug", folder);
	expect_nothing("sub/linked");
	build("cd '%s/sub' && objcopy -R .note.gnu.build-id ../stripped linked && "
	      "objcopy --add-gnu-debuglink=program.debug linked && sleep 0.02", folder);
	expect_whole("sub/linked");
	build("cd '%s/sub' && printf x >>program.debug", folder);
	expect_nothing("sub/linked");
}
END_TEST

#define ID "id=$(readelf -n program | sed -n 's/.*Build ID: //p'); d=tree/.build-id/$(echo $id | cut -c1-2); " \
           "f=$d/$(echo $id | cut -c3-).debug; mkdir -p $d; "

START_TEST(by_build_id)
{
	expect_nothing("stripped");
	build("cd '%s' && " ID "cp program.debug $f", folder);
	expect_whole("stripped");
	/* Another's debug information under this id. */
	build("cd '%s' && " ID "gcc -O1 -g -o other '%s/chain.c' && objcopy --only-keep-debug other $f", folder,
	      SOURCES);
	expect_nothing("stripped");
}
END_TEST

START_TEST(compressed)
{
	build("cd '%s' && " ID "objcopy --compress-debug-sections program.debug $f", folder);
	expect_whole("stripped");
	build("cd '%s' && " ID "objcopy --compress-debug-sections=zlib-gnu program.debug $f", folder);
	expect_whole("stripped");
}
END_TEST

/* dwz moves what two files share into a third. */
START_TEST(with_common_part)
{
	build("cd '%s' && mkdir -p dwz tree/.dwz && gcc -O2 -g -gdwarf-4 -o program '%s/chain.c' && "
	      "cp program other && dwz -m tree/.dwz/common -M ../../.dwz/common program other && "
	      "objcopy --only-keep-debug program program.debug && strip program -o stripped && "
	      ID "cp program.debug $f && readelf -p .gnu_debugaltlink $f 2>/dev/null | grep -q common",
	      folder, SOURCES);
	expect_whole("stripped");
}
END_TEST

/* Functions that are not exported have their names in .gnu_debugdata. */
START_TEST(mini)
{
	char *text;

	build("cd '%s' && nm program --format=posix --defined-only | "
	      "awk '$2 == \"T\" || $2 == \"t\" {print $1}' >keep && "
	      "objcopy -S --remove-section .comment --keep-symbols=keep program.debug mini && xz -f mini && "
	      "objcopy --add-section .gnu_debugdata=mini.xz stripped packed", folder);
	text = named_now("packed");
	ck_assert_ptr_nonnull(strstr(text, "add_twice -:0:0\n"));
	ck_assert_ptr_null(strstr(text, "chain.c"));
	free(text);
}
END_TEST

START_TEST(changed)
{
	struct recording *recording = made_recording();
	char *path = xasprintf("%s/target", folder), *text;

	build("cd '%s' && cp program target", folder);
	made_module(recording, (struct process_id){0}, path, MADE_BIAS);
	text = named(recording, path, NULL);
	ck_assert_str_eq(text, whole);
	free(text);

	/* Compiled again from a source that differs in nothing but a number. */
	build("cd '%s' && cp '%s'/chain.[ch] . && sed -i 's/+ 7/+ 3/' chain.h && gcc -O2 -g -o target chain.c",
	      folder, SOURCES);
	text = named(recording, path, "1 module changed on disk");
	ck_assert_ptr_null(strstr(text, "add_twice"));
	ck_assert_ptr_null(strstr(text, "main"));
	free(text);

	/* What belongs to the old one may still be around. */
	build("cd '%s' && " ID "cp program.debug $f", folder);
	text = named(recording, path, NULL);
	ck_assert_str_eq(text, whole);
	free(text);

	build("cd '%s' && rm -r tree/.build-id target", folder);
	text = named(recording, path, "1 module is not on this machine");
	ck_assert_ptr_null(strstr(text, "add_twice"));
	free(text);

	build("cd '%s' && mkfifo target", folder);
	text = named(recording, path, "1 module cannot be read");
	free(text);
	build("cd '%s' && rm target && echo text >target", folder);
	text = named(recording, path, "1 module cannot be read");
	free(text);
	made_recording_free(recording);
	free(path);
}
END_TEST

START_TEST(without_build_id)
{
	struct recording *recording;
	char *path = xasprintf("%s/target", folder), *text;

	build("cd '%s' && objcopy -R .note.gnu.build-id program target && sleep 0.02", folder);
	recording = made_recording();
	made_module(recording, (struct process_id){0}, path, MADE_BIAS);
	ck_assert_uint_eq(recording->processes[0].modules[0].build_id_size, 0);
	text = named(recording, path, NULL);
	ck_assert_str_eq(text, whole);
	free(text);

	/* The same bytes, but nobody can know; the old time of modification proves nothing. */
	build("cd '%s' && sleep 1.1 && cp target new && touch -r target new && mv new target", folder);
	text = named(recording, path, "1 module has no build-id and may have changed");
	ck_assert_ptr_null(strstr(text, "add_twice"));
	free(text);

	/* The recorded one had a build-id, this one has none. */
	made_recording_free(recording);
	recording = made_recording();
	build("cd '%s' && cp program target", folder);
	made_module(recording, (struct process_id){0}, path, MADE_BIAS);
	build("cd '%s' && objcopy -R .note.gnu.build-id program target", folder);
	text = named(recording, path, "1 module changed on disk");
	free(text);
	made_recording_free(recording);
	free(path);
}
END_TEST

int main(void)
{
	TCase *test = tcase_create("debugfile");

	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_add_test(test, stripped);
	tcase_add_test(test, by_link);
	tcase_add_test(test, by_link_of_another);
	tcase_add_test(test, by_build_id);
	tcase_add_test(test, compressed);
	tcase_add_test(test, with_common_part);
	tcase_add_test(test, mini);
	tcase_add_test(test, changed);
	tcase_add_test(test, without_build_id);
	return suite_run("names_debugfile", test);
}
