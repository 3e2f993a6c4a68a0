/*
 * names_dwarf_test.c: every call of programs in C, C++ and Rust, by several compilers and options, is named as
 * addr2line or llvm-addr2line names it: function, file, line, and what was inlined. Two, because each is wrong at
 * times: the one of binutils 2.40 takes an out-of-line function of a header to be in the .c file, and misses clang's
 * inlined functions in DWARF 5.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names/names.h"
#include "names_build.h"
#include "names_recording.h"
#include "suite.h"
#include "util.h"

static char *folder;

static void set_up(void)
{
	folder = build_folder();
}

static void tear_down(void)
{
	build_remove(folder);
}

struct agreement {
	size_t    calls, inlined; /* compared; frames among them that were inlined */
	size_t    wrong;          /* calls whose frames differ */
	bool      found;          /* the function that was asked for */
};

/* The tools prefer the symbol's name, which has a suffix (.cold, .part.0) where the compiler made it itself. */
static bool same_function(const char *truth, const char *ours)
{
	size_t size = ours ? strlen(ours) : 0;

	if (strcmp(truth, "??") == 0 || !ours)
		return strcmp(truth, "??") == 0 && !ours;
	return strncmp(truth, ours, size) == 0 &&
	       (!truth[size] || truth[size] == '.' || strncmp(truth + size, " [clone .", 9) == 0);
}

/* Without line information addr2line offers the file that a symbol comes from. */
static bool same_line(const struct truth *truth, const struct frame *ours)
{
	if (!ours->file)
		return truth->line == 0;
	return strcmp(truth->file, ours->file) == 0 && truth->line == ours->line;
}

struct witness {
	const char *tool;
	struct truths truths;
	size_t    first, next;    /* of truths: the frames of the address in question are from first up to next */
};

static void go_to(struct witness *witness, uint64_t address)
{
	witness->first = witness->next;
	while (witness->next < witness->truths.count && witness->truths.items[witness->next].address == address)
		witness->next++;
}

static bool agrees(const struct witness *witness, const struct frame *frames, size_t count)
{
	const struct truth *truths = &witness->truths.items[witness->first];

	if (count != witness->next - witness->first)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!same_function(truths[i].function, frames[i].function) || !same_line(&truths[i], &frames[i]) ||
		    truths[i].inlined != frames[i].inlined)
			return false;
	return true;
}

static void show(const struct witness *witness)
{
	for (size_t i = witness->first; i < witness->next; i++) {
		const struct truth *truth = &witness->truths.items[i];

		printf("  %s: %s %s:%u%s\n", witness->tool, truth->function, truth->file, truth->line,
		       truth->inlined ? " inlined" : "");
	}
}

static struct agreement compare(const char *path, const char *function)
{
	struct recording *recording = made_recording();
	struct process_id process = {0};
	struct names *names = names_open(recording);
	struct calls calls = build_calls(path);
	struct witness witnesses[] = {{.tool = "addr2line"}, {.tool = "llvm-addr2line"}};
	struct agreement agreement = {.calls = calls.count};

	for (size_t i = 0; i < 2; i++)
		witnesses[i].truths = build_truths(witnesses[i].tool, folder, path, &calls);
	made_module(recording, process, path, MADE_BIAS);
	for (size_t i = 0; i < calls.count; i++)
		made_call(recording, process, MADE_BIAS + calls.addresses[i]);
	for (size_t i = 0; i < calls.count; i++) {
		struct node_id node = {(uint32_t)(TRACE_FIRST_NODE + i)};
		const struct frame *frames;
		size_t count = names_resolve(names, process, node, &frames);
		bool right = false;

		for (size_t j = 0; j < 2; j++) {
			go_to(&witnesses[j], calls.addresses[i]);
			right |= agrees(&witnesses[j], frames, count);
		}
		for (size_t j = 0; j < count; j++) {
			ck_assert_uint_eq(frames[j].address, MADE_BIAS + calls.addresses[i]);
			ck_assert_str_eq(frames[j].module, path);
			agreement.inlined += frames[j].inlined;
			agreement.found |= function && frames[j].function &&
			                   strcmp(frames[j].function, function) == 0;
		}
		if (right)
			continue;
		agreement.wrong++;
		printf("%s %lx:\n", path, (unsigned long)calls.addresses[i]);
		for (size_t j = 0; j < count; j++)
			printf("  probe: %s %s:%u%s\n", frames[j].function, frames[j].file, frames[j].line,
			       frames[j].inlined ? " inlined" : "");
		for (size_t j = 0; j < 2; j++)
			show(&witnesses[j]);
	}
	for (size_t i = 0; i < 2; i++) {
		ck_assert_uint_eq(witnesses[i].next, witnesses[i].truths.count);
		build_truths_free(&witnesses[i].truths);
	}
	free(calls.addresses);
	names_close(names);
	made_recording_free(recording);
	return agreement;
}

static const struct {
	const char *compiler;     /* skipped where it is not installed */
	const char *options;
	const char *source;
	size_t    least_inlined;  /* so that the comparison is not about nothing */
	const char *function;     /* this one is found by exactly this name, which the symbol has not; NULL: no
	                           * such */
} builds[] = {
	{"gcc", "-O0 -gdwarf-5", "chain.c", 10, "nested"},
	{"gcc", "-O2 -gdwarf-5", "chain.c", 10, "nested"},
	{"gcc", "-O2 -gdwarf-4 -no-pie", "chain.c", 10, "nested"},
	{"gcc", "-O2 -g -ffunction-sections -Wl,--gc-sections", "chain.c", 10, "nested"},
	{"gcc", "-O1 -gdwarf-4 -ffunction-sections -Wl,--gc-sections,-z,noseparate-code", "chain.c", 10, "nested"},
	{"gcc", "-O2 -g -gsplit-dwarf", "chain.c", 10, "nested"},
	{"gcc", "-O2 -g -gsplit-dwarf -gdwarf-4", "chain.c", 10, "nested"},
	{"gcc", "-O2 -g -gz", "chain.c", 10, "nested"},
	{"gcc", "-O2 -g -flto", "chain.c", 10, "nested"},
	{"clang", "-O0 -gdwarf-5", "chain.c", 10, NULL},
	{"clang", "-O2 -gdwarf-5", "chain.c", 10, NULL},
	{"clang", "-O2 -gdwarf-4", "chain.c", 10, NULL},
	{"g++", "-O0 -g", "shapes.cc", 0, NULL},
	{"g++", "-O2 -g", "shapes.cc", 100, NULL},
	{"g++", "-O2 -gdwarf-4 -gz", "shapes.cc", 100, NULL},
	{"clang++", "-O0 -g", "shapes.cc", 0, NULL},
	{"clang++", "-O2 -g", "shapes.cc", 100, NULL},
	{"rustc", "-g", "crates.rs", 10, NULL},
	{"rustc", "-g -O", "crates.rs", 100, NULL},
	{"rustc", "-g -O -C symbol-mangling-version=v0", "crates.rs", 100, NULL},
};

START_TEST(agrees_with_addr2line)
{
	char *path = xasprintf("%s/program", folder);
	struct agreement agreement;

	build("cd '%s' && %s %s -o program '%s/%s'", folder, builds[_i].compiler, builds[_i].options, SOURCES,
	      builds[_i].source);
	agreement = compare(path, builds[_i].function);
	printf("%s %s %s: %zu calls, %zu inlined, %zu wrong\n", builds[_i].compiler, builds[_i].options,
	       builds[_i].source, agreement.calls, agreement.inlined, agreement.wrong);
	fflush(stdout); /* Check's children end without it */
	ck_assert_uint_gt(agreement.calls, 10);
	ck_assert_uint_ge(agreement.inlined, builds[_i].least_inlined);
	ck_assert_uint_eq(agreement.wrong, 0);
	ck_assert(agreement.found || !builds[_i].function);
	free(path);
}
END_TEST

int main(void)
{
	TCase *test = tcase_create("truth");

	tcase_add_unchecked_fixture(test, set_up, tear_down);
	tcase_add_loop_test(test, agrees_with_addr2line, 0, sizeof(builds) / sizeof(builds[0]));
	return suite_run("names_dwarf", test);
}
