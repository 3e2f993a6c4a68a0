/*
 * stack_shapes_test.c: the walk against libunwind, frame by frame, over stacks of every shape that compilers make:
 * the shapes are compiled here, with both compilers, optimized or not, with and without frame pointers.
 */
#include <check.h>
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stack/stack.h"
#include "stack_stub.h"
#include "suite.h"

static unsigned probes, deepest;
static __thread struct thread mine;

/* As a wrapper of malloc is: its caller's stack is what counts. */
static __attribute__((noinline)) void probe(void)
{
	struct stack_start at = STACK_CALLER();
	const struct frames *frames;

	if (!mine.live)
		stub_thread(&mine);
	frames = truth_check(&mine, at);
	__atomic_add_fetch(&probes, 1, __ATOMIC_RELAXED);
	if (frames->count > deepest)
		deepest = frames->count;
	__asm__ volatile("" ::: "memory");
}

struct variant {
	const char *compiler, *source, *flags;
};

static const struct variant variants[] = {
	{"gcc", "shapes.c", "-O0"},
	{"gcc", "shapes.c", "-O0 -fomit-frame-pointer"},
	{"gcc", "shapes.c", "-O2 -fomit-frame-pointer"},
	{"gcc", "shapes.c", "-O2 -fno-omit-frame-pointer"},
	{"gcc", "shapes.c", "-O3 -march=x86-64-v3"},
	{"gcc", "shapes.c", "-Os"},
	{"clang", "shapes.c", "-O0"},
	{"clang", "shapes.c", "-O2 -fomit-frame-pointer"},
	{"clang", "shapes.c", "-O2 -fno-omit-frame-pointer -fuse-ld=lld"},
	{"g++", "shapes.cc", "-O0"},
	{"g++", "shapes.cc", "-O2 -fomit-frame-pointer"},
	{"g++", "shapes.cc", "-O2 -fno-omit-frame-pointer"},
	{"clang++", "shapes.cc", "-O2 -fomit-frame-pointer"},
};

static char folder[] = "/tmp/stack-shapes-XXXXXX";

static void compile(const struct variant *variant, char *path, size_t size)
{
	char command[1024];

	snprintf(path, size, "%s/shape%u.so", folder, (unsigned)(variant - variants));
	snprintf(command, sizeof(command),
		"%s %s -g -shared -fPIC -Wl,-z,lazy -fvisibility=hidden -o %s %s/unit/stack_shapes/%s -lpthread",
		variant->compiler, variant->flags, path, TESTS_DIR, variant->source);
	ck_assert_msg(system(command) == 0, "%s", command);
}

START_TEST(agrees)
{
	char path[256];
	int (*shape)(int, void (*)(void));
	void *module;
	stack_t alternative = {.ss_size = 1 << 18};

	stub_start();
	stub_thread(&mine);
	alternative.ss_sp = mmap(NULL, alternative.ss_size, PROT_READ | PROT_WRITE,
	                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sigaltstack(&alternative, NULL);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	compile(&variants[_i], path, sizeof(path));
	module = dlopen(path, RTLD_LAZY);
	ck_assert_msg(module, "%s", dlerror());
	shape = (int (*)(int, void (*)(void)))dlsym(module, "shape");
	for (int which = 0;; which++) {
		unsigned before = probes;

		if (!shape(which, probe))
			break;
		/* Twice: with the rules and the tree as the first time left them. */
		ck_assert_int_ne(shape(which, probe), 0);
		ck_assert_msg(probes > before, "shape %d never probed", which);
	}
	printf("%s %s %s: %u stacks, up to %u frames, %lu rules, %lu full walks\n", variants[_i].compiler,
		variants[_i].source, variants[_i].flags, probes, deepest,
		(unsigned long)mine.lanes[0].stack->counts.rules, (unsigned long)mine.lanes[0].stack->counts.full);
	ck_assert_uint_eq(mine.lanes[0].stack->counts.unreadable, 0);
	ck_assert_uint_eq(mine.lanes[0].stack->counts.lost, 0);
	snprintf(path, sizeof(path), "rm -r %s", folder);
	ck_assert_int_eq(system(path), 0);
}
END_TEST

int main(void)
{
	TCase *test = tcase_create("shapes");

	tcase_add_loop_test(test, agrees, 0, (int)(sizeof(variants) / sizeof(*variants)));
	return suite_run("stack shapes", test);
}
