/*
 * shapes.c: functions whose frames look different, each of which calls `probe` at its innermost point. Compiled by
 * stack_shapes_test.c in several ways. Every shape returns how many calls of probe it made.
 */
#include <alloca.h>
#include <pthread.h>
#include <search.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef void probe_function(void);

#define NOINLINE __attribute__((noinline))
static probe_function *probe;
static volatile int sink;

static NOINLINE int keep(int value)
{
	sink += value;
	return value;
}

static NOINLINE int plain(int depth)
{
	if (depth == 0) {
		probe();
		return keep(1);
	}
	return keep(plain(depth - 1)) | 1;
}

/* Many live values: without frame pointers rbp is one of the registers that hold them. */
static NOINLINE int pressure(int depth, long a, long b, long c, long d, long e, long f)
{
	long g = a * b, h = c * d, i = e * f, j = a - f, k = b ^ c, l = d | e;

	if (depth == 0)
		probe();
	else
		pressure(depth - 1, b, c, d, e, f, a);
	sink += (int)(a + b + c + d + e + f + g + h + i + j + k + l);
	return (int)(g + h + i + j + k + l) | 1;
}

static NOINLINE int with_alloca(int depth)
{
	char *room = alloca((size_t)(depth * 37 + 16));

	memset(room, depth, (size_t)(depth * 37 + 16));
	if (depth == 0)
		probe();
	else
		with_alloca(depth - 1);
	return keep(room[depth]) | 1;
}

static NOINLINE int with_vla(int depth)
{
	long room[depth + 3];

	memset(room, depth, sizeof(room));
	if (depth == 0)
		probe();
	else
		with_vla(depth - 1);
	return keep((int)room[depth]) | 1;
}

/* Over-aligned locals: the frame is realigned, gcc reaches the arguments through another register. */
static NOINLINE int aligned(int depth, long a, long b, long c, long d, long e, long f, long g, long h)
{
	char room[256] __attribute__((aligned(64)));
	char *more = alloca((size_t)(depth + 1) * 24);

	memset(room, depth, sizeof(room));
	memset(more, depth, (size_t)(depth + 1) * 24);
	if (depth == 0)
		probe();
	else
		aligned(depth - 1, b, c, d, e, f, g, h, a);
	sink += room[depth] + more[depth] + (int)(a + b + c + d + e + f + g + h);
	return 1;
}

static NOINLINE int large(int depth)
{
	volatile char room[70000];

	room[depth] = (char)depth;
	if (depth == 0)
		probe();
	else
		large(depth - 1);
	return keep(room[depth]) | 1;
}

static NOINLINE int variadic(const char *format, ...)
{
	va_list list;
	double sum = 0;

	va_start(list, format);
	for (; *format; format++)
		sum += *format == 'd' ? va_arg(list, double) : va_arg(list, int);
	va_end(list);
	probe();
	return keep((int)sum) | 1;
}

/* The call is the last instruction, the return address belongs to the next function. */
static NOINLINE __attribute__((noreturn)) void never(void *jump)
{
	probe();
	__builtin_longjmp(jump, 1);
}

static NOINLINE int no_return(void)
{
	void *jump[5];

	if (__builtin_setjmp(jump) == 0)
		never(jump);
	return 1;
}

static int compare(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	probe();
	return (x > y) - (x < y);
}

static NOINLINE int sorted(void)
{
	int list[40];
	int key = 7;

	for (int i = 0; i < 40; i++)
		list[i] = i * 17 % 41;
	qsort(list, 40, sizeof(*list), compare);
	bsearch(&key, list, 40, sizeof(*list), compare);
	return 1;
}

static void visit(const void *node, VISIT which, int depth)
{
	(void)node;
	(void)depth;
	if (which == leaf || which == postorder)
		probe();
}

static NOINLINE int tree(void)
{
	static int values[20];
	void *root = NULL;

	for (int i = 0; i < 20; i++) {
		values[i] = i * 7 % 20;
		tsearch(&values[i], &root, compare);
	}
	twalk(root, visit);
	while (root)
		tdelete(*(void **)root, &root, compare);
	return 1;
}

static void once(void)
{
	probe();
}

static NOINLINE int through_once(void)
{
	pthread_once_t control = PTHREAD_ONCE_INIT;

	pthread_once(&control, once);
	return 1;
}

static void *threaded(void *unused)
{
	(void)unused;
	plain(3);
	pressure(3, 1, 2, 3, 4, 5, 6);
	return NULL;
}

static NOINLINE int in_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, threaded, NULL);
	pthread_join(thread, NULL);
	return 1;
}

static void handler(int signal)
{
	(void)signal;
	pressure(2, 1, 2, 3, 4, 5, 6);
}

static NOINLINE int signalled(int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags}, before;

	sigaction(SIGUSR1, &action, &before);
	pressure(1, 6, 5, 4, 3, 2, 1);
	raise(SIGUSR1);
	sigaction(SIGUSR1, &before, NULL);
	return keep(1);
}

/* A fault in the middle of a function, at an instruction that is no call. */
static void *volatile nowhere;
static sigjmp_buf back;

static void fault(int signal)
{
	(void)signal;
	probe();
	siglongjmp(back, 1);
}

static NOINLINE int faulty(int a, int b)
{
	long x = a * 3, y = b * 5;

	if (a == b)
		probe();
	x += *(volatile long *)nowhere;
	return (int)(x + y);
}

static NOINLINE int faulting(int flags)
{
	struct sigaction action = {.sa_handler = fault, .sa_flags = flags}, before;

	sigaction(SIGSEGV, &action, &before);
	if (sigsetjmp(back, 1) == 0)
		keep(faulty(1, 2));
	sigaction(SIGSEGV, &before, NULL);
	return 1;
}

/* Resolved lazily, from within the dynamic linker, by a function that captures. */
static int resolved(void)
{
	return keep(1);
}

typedef int late_function(void);

static late_function *resolve(void)
{
	if (probe)
		probe();
	return resolved;
}

#pragma GCC visibility push(default)
int late(void) __attribute__((ifunc("resolve")));

int shape(int which, probe_function *function)
{
	probe = function;
	switch (which) {
	case 0:
		return plain(12);
	case 1:
		return pressure(9, 1, 2, 3, 4, 5, 6);
	case 2:
		return with_alloca(7);
	case 3:
		return with_vla(7);
	case 4:
		return aligned(6, 1, 2, 3, 4, 5, 6, 7, 8);
	case 5:
		return large(4);
	case 6:
		return variadic("didd", 1.0, 2, 3.0, 4.0);
	case 7:
		return no_return();
	case 8:
		return sorted();
	case 9:
		return tree();
	case 10:
		return through_once();
	case 11:
		return in_thread();
	case 12:
		return signalled(0);
	case 13:
		return signalled(SA_ONSTACK);
	case 14:
		return faulting(SA_NODEFER);
	case 15:
		return faulting(SA_ONSTACK);
	case 16:
		return late();
	}
	return 0;
}
#pragma GCC visibility pop
