/*
 * threads.c: the roots of stacks: main and the start routines of threads are called through root_call, so a walk
 * knows when it is complete.
 */
#include <pthread.h>
#include <sys/resource.h>

#include "interpose/next.h"
#include "interpose/suppressions.h"
#include "node/hook.h"
#include "node/node.h"
#include "record/event.h"
#include "record/thread.h"
#include "start.h"
#include "sys.h"

#define DESCRIPTOR_BYTES 2304        /* of struct pthread, glibc 2.35 and on; before it is a little less */

NEXT(pthread_create, int(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))

typedef int main_function(int, char **, char **);
NEXT(__libc_start_main, int(main_function *, int, char **, void (*)(void), void (*)(void), void (*)(void), void *))

static size_t stack_size(const pthread_attr_t *attributes)
{
	static size_t standard;
	pthread_attr_t copy;
	size_t size = 0;

	if (attributes) {
		pthread_attr_getstacksize(attributes, &size);
		return size;
	}
	if (!standard && pthread_getattr_default_np(&copy) == 0) {
		pthread_attr_getstacksize(&copy, &standard);
		pthread_attr_destroy(&copy);
	}
	return standard;
}

/*
 * glibc puts the thread's descriptor, which its thread pointer points to, at the very end of the mapping that it makes for
 * the stack. (Of a stack that the program gave it the end is found to the page, too.)
 */
static uintptr_t stack_top(void)
{
	return ((uintptr_t)__builtin_thread_pointer() + DESCRIPTOR_BYTES + 4095) & ~(uintptr_t)4095;
}

/*
 * What lies below the thread's descriptor and static TLS, at the stack's upper end, is its own. The lower end is not
 * known to the byte: an eighth less is claimed; below that a walk takes the careful way (stack/).
 */
static void *thread_main(void *argument)
{
	struct thread *thread = argument;
	void *(*start)(void *) = thread->start;
	uintptr_t high = (uintptr_t)__builtin_frame_address(0);
	size_t size = (size_t)thread->stack_low;

	thread_begin(thread, high - size / 8 * 7, high);
	thread->stack_top = stack_top();
	thread->stack_size = size;
	argument = (void *)root_call((void *)start, (long)thread->argument, 0, 0);
	node_thread_ends();
	return argument;
}

static uint32_t stack_of(struct thread *thread, struct stack_start at)
{
	struct lane *lane = thread ? event_lane(thread, at.sp) : NULL;
	uint32_t stack = lane ? stack_capture(thread, lane, at) : TRACE_STACK_NONE;

	if (lane)
		event_lane_done(lane);
	return stack;
}

PUBLIC int pthread_create(pthread_t *id, const pthread_attr_t *attributes, void *(*start)(void *), void *argument)
{
	struct thread *thread = thread_prepare();
	int error;

	/* A plugin's constructor makes a thread: it must not need the loader's lock, which we own. */
	if (self && self->live && self->loading)
		operators_refresh();
	hook_take_back();
	if (!thread)
		return next_pthread_create()(id, attributes, start, argument);
	thread->creator = stack_of(event_thread(), STACK_CALLER());
	thread->cpu_blocked = self && self->live && self->cpu_blocked;
	thread->start = start;
	thread->argument = argument;
	thread->stack_low = stack_size(attributes); /* until the thread begins */
	error = next_pthread_create()(id, attributes, thread_main, thread);
	if (error)
		thread_cancel(thread);
	return error;
}

static main_function *real_main;

static int rooted_main(int count, char **arguments, char **environment)
{
	int status;

	suppressions_record();
	if (library.cpu_period)
		thread_state(); /* a program may use CPU time before it allocates */
	status = (int)root_call((void *)real_main, count, (long)arguments, (long)environment);
	process_returned(status);
	return status;
}

int __libc_start_main(main_function *, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);

PUBLIC int __libc_start_main(main_function *function, int count, char **arguments, void (*init)(void),
                             void (*fini)(void), void (*loader_fini)(void), void *stack_end)
{
	struct rlimit limit = {8u << 20, 8u << 20};

	/* The kernel keeps at least 128 MiB below the main stack free of mappings (its mmap_base). */
	sys(SYS_prlimit64, 0, RLIMIT_STACK, 0, &limit);
	if (limit.rlim_cur > 120u << 20)
		limit.rlim_cur = 120u << 20;
	main_stack_high = (uintptr_t)stack_end;
	main_stack_low = main_stack_high - limit.rlim_cur;
	if (self && self->live && self->tid == process->pid) {
		self->stack_low = main_stack_low;
		self->stack_high = main_stack_high;
	}
	if (process_start())
		hook_put_in(count, arguments);
	real_main = function;
	return next___libc_start_main()(rooted_main, count, arguments, init, fini, loader_fini, stack_end);
}
