/*
 * work.c: a C program that allocates on every kind of stack that C makes; `work ROUNDS`. Built with frame pointers and
 * without, together with the unit tests' shapes. What each place does must work: the program fails if it does not.
 */
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>
#include <wchar.h>

#include "step.h"

#define NOINLINE __attribute__((noinline))
#define STACK    (256u << 10)

int shape(int which, void (*probe)(void)); /* shapes.c */

static void require(int good, const char *what)
{
	if (!good) {
		fprintf(stderr, "work: %s failed\n", what);
		exit(1);
	}
}

static void *stack_of(size_t size)
{
	void *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	require(stack != MAP_FAILED, "mmap");
	return stack;
}

static NOINLINE void allocate(void)
{
	char *volatile p = malloc(24);

	p = realloc(p, 300);
	free(p);
	p = calloc(3, 40);
	free(p);
	p = aligned_alloc(64, 128);
	free(p);
}

/* ---- other stacks: two coroutines that hand over to each other at changing depths ---- */

static ucontext_t home, pair[2];

static NOINLINE void hand_over(int mine, int depth, int *left)
{
	volatile char room[64 + depth * 16];

	room[depth] = 1;
	allocate();
	if (depth > 0) {
		hand_over(mine, depth - 1, left);
	} else if ((*left)-- > 0) {
		swapcontext(&pair[mine], &pair[!mine]);
	}
	allocate();
	room[depth]++;
}

static void coroutine(int mine)
{
	static int left;

	left = 6;
	for (int depth = 1; left > 0; depth++)
		hand_over(mine, depth, &left);
}

static void coroutines(void)
{
	static char *stacks[2];

	for (int i = 0; i < 2; i++) {
		if (!stacks[i])
			stacks[i] = stack_of(STACK);
		getcontext(&pair[i]);
		pair[i].uc_stack.ss_sp = stacks[i];
		pair[i].uc_stack.ss_size = STACK;
		pair[i].uc_link = &home;
		makecontext(&pair[i], (void (*)(void))coroutine, 1, i);
	}
	require(swapcontext(&home, &pair[0]) == 0, "swapcontext");
}

/* ---- a stack that overflows: its handler allocates on the alternative one, and leaves ---- */

static sigjmp_buf out;
static volatile int depth_reached;

static void overflowed(int signal)
{
	(void)signal;
	allocate();
	siglongjmp(out, 1);
}

static NOINLINE int endless(int depth)
{
	volatile char room[2000];

	room[0] = 1;
	depth_reached = depth;
	return depth == INT_MAX ? 0 : endless(depth + 1) + room[0];
}

static void *overflow(void *unused)
{
	struct sigaction action = {.sa_handler = overflowed, .sa_flags = SA_ONSTACK};
	stack_t alternative = {.ss_size = STACK, .ss_sp = stack_of(STACK)};

	(void)unused;
	sigaltstack(&alternative, NULL);
	sigaction(SIGSEGV, &action, NULL);
	if (sigsetjmp(out, 1) == 0)
		endless(0);
	require(depth_reached > 20, "the overflow");
	alternative.ss_flags = SS_DISABLE;
	sigaltstack(&alternative, NULL);
	munmap(alternative.ss_sp, STACK);
	signal(SIGSEGV, SIG_DFL);
	allocate();
	return NULL;
}

static void overflow_in_thread(void)
{
	pthread_t thread;
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK);
	require(pthread_create(&thread, &attributes, overflow, NULL) == 0, "pthread_create");
	pthread_join(thread, NULL);
}

/* ---- jumps, a child in the parent's memory, deep recursion, modules that come and go ---- */

static jmp_buf back;

static NOINLINE void leave(int depth)
{
	allocate();
	if (depth > 0)
		leave(depth - 1);
	else if (depth == 0)
		longjmp(back, 1);
	allocate();
}

static NOINLINE void jumps(int depth)
{
	if (setjmp(back) == 0)
		leave(depth);
	allocate();
}

static NOINLINE void borrowed(void)
{
	int status;
	pid_t child = vfork();

	if (child == 0) {
		allocate();
		_exit(7);
	}
	require(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7, "vfork");
	allocate();
}

static NOINLINE int deep(int depth)
{
	int result = depth ? deep(depth - 1) : (allocate(), 0);

	__asm__ volatile("" : "+r"(result));
	return result + 1;
}

static void modules(void)
{
	void *module = dlopen("libm.so.6", RTLD_NOW | RTLD_LOCAL), *other = dlopen("libutil.so.1", RTLD_LAZY);

	require(module != NULL, "dlopen");
	allocate();
	dlclose(module);
	if (other)
		dlclose(other);
	allocate();
}

/* ---- every instruction ---- */

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void stepped(int which)
{
	static const char *const words[] = {"some", "words", "to", "be", "sorted", "by", "the", "library"};
	const char *texts[8];
	char text[200];
	wchar_t wide[40];
	FILE *file;

	switch (which) {
	case 0:
		snprintf(text, sizeof(text), "%d %s %.7g %Lg %ls", which, words[1], 3.25e8, 1.5L, L"wide");
		break;
	case 1:
		memcpy(texts, words, sizeof(words));
		qsort(texts, 8, sizeof(*texts), compare_texts);
		break;
	case 2:
		allocate();
		break;
	case 3:
		file = fopen("/dev/null", "w");
		if (file) {
			fprintf(file, "%f\n", strtod("1.2345e-7", NULL));
			fclose(file);
		}
		break;
	case 4:
		mbstowcs(wide, "to wide characters", 39);
		memset(text, which, sizeof(text));
		memmove(text + 3, text, 150);
		text[(strlen(words[4]) + strspn("aab", "a") + (strstr("a long text", "long") != NULL)) % 150] = 0;
		break;
	case 5: /* the first call of each of these goes through the dynamic linker */
		text[0] = (char)(atoi("12") + (int)labs(-3) + (int)strtol("7", NULL, 0) + (getenv("NOTHING") != NULL));
		wcscpy(wide, L"text");
		break;
	case 6: /* not realigned frames: what gcc says about their last instructions is wrong */
		shape(1, allocate);
		shape(8, allocate);
		break;
	case 7:
		jumps(2);
		break;
	}
	__asm__ volatile("" ::"r"(text), "r"(texts), "r"(wide) : "memory");
}

static void steps(int flags)
{
	for (int which = 0; which < 8; which++)
		require(step_through(stepped, which, flags) > 20, "single steps");
}

static void *shapes(void *unused)
{
	stack_t alternative = {.ss_size = STACK, .ss_sp = stack_of(STACK)};

	/* Not those that raise signals, whose dispositions are the process's. */
	(void)unused;
	sigaltstack(&alternative, NULL);
	for (int i = 0; i < 3; i++)
		for (int which = 0; which < 12; which++)
			shape(which, allocate);
	alternative.ss_flags = SS_DISABLE;
	sigaltstack(&alternative, NULL);
	munmap(alternative.ss_sp, STACK);
	return NULL;
}

int main(int count, char **arguments)
{
	int rounds = count > 1 ? atoi(arguments[1]) : 1;
	stack_t alternative = {.ss_size = STACK, .ss_sp = stack_of(STACK)};
	pthread_t threads[3];

	for (int round = 0; round < rounds; round++) {
		for (int i = 0; i < 3; i++)
			require(pthread_create(&threads[i], NULL, shapes, NULL) == 0, "pthread_create");
		for (int i = 0; i < 3; i++)
			pthread_join(threads[i], NULL);
		sigaltstack(&alternative, NULL);
		for (int which = 0; shape(which, allocate); which++)
			;
		coroutines();
		jumps(round % 7);
		borrowed();
		deep(200);
		modules();
		overflow_in_thread();
	}
	overflow(NULL);
	steps(0);
	sigaltstack(&alternative, NULL);
	steps(SA_ONSTACK);
	puts("done");
	return 0;
}
