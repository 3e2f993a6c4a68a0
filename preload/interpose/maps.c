/*
 * maps.c: the program's own mappings: mmap and its family, brk and sbrk. libc's and the loader's internal calls do
 * not pass here.
 */
#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include "interpose/next.h"
#include "node/node.h"
#include "node/wasm.h"
#include "record/aside.h"
#include "record/event.h"

NEXT(mmap64, void *(void *, size_t, int, int, int, off_t))
NEXT(munmap, int(void *, size_t))
NEXT(mprotect, int(void *, size_t, int))
NEXT(madvise, int(void *, size_t, int))
NEXT(brk, int(void *))
NEXT(sbrk, void *(intptr_t))
NEXT(mremap, void *(void *, size_t, size_t, int, void *))

static inline void *map(void *address, size_t length, int protection, int flags, int fd, off_t offset,
                        struct stack_start at)
{
	void *p = next_mmap64()(address, length, protection, flags, fd, offset);
	struct thread *thread;
	unsigned extra = 0;

	if (p == MAP_FAILED || !(thread = event_thread()))
		return p;
	if (flags & MAP_ANONYMOUS)
		extra |= TRACE_MAP_ANONYMOUS;
	else if (unlikely(protection & PROT_EXEC))
		aside_mapped(fd);
	if ((flags & MAP_TYPE) != MAP_PRIVATE)
		extra |= TRACE_MAP_SHARED;
	if (flags & (MAP_STACK | MAP_GROWSDOWN))
		extra |= TRACE_MAP_STACK;
	if (node_runs(at.pc))
		extra |= TRACE_MAP_RUNTIME;
	event_with_stack(thread, TRACE_EVENT_MAP, (unsigned)protection & 7, extra, p, length, at);
	if (unlikely(thread->declared) && protection == PROT_NONE)
		wasm_reserved(thread, p);
	node_look(at.pc);
	return p;
}

PUBLIC void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	return map(address, length, protection, flags, fd, offset, STACK_CALLER());
}

PUBLIC void *mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	return map(address, length, protection, flags, fd, offset, STACK_CALLER());
}

PUBLIC int munmap(void *address, size_t length)
{
	struct stack_start at = STACK_CALLER();
	uint64_t before = clock_tick();
	struct thread *thread;
	int result;

	node_unmap(address, length);
	result = next_munmap()(address, length);
	if (result == 0 && (thread = event_thread())) {
		event_without(thread, TRACE_EVENT_UNMAP, 0, 0, address, length, before, at.sp);
		node_look(at.pc);
	}
	return result;
}

PUBLIC void *mremap(void *old, size_t old_length, size_t length, int flags, ...)
{
	struct stack_start at = STACK_CALLER();
	uint64_t before = clock_tick();
	struct thread *thread;
	va_list arguments;
	void *target = NULL, *p;

	if (flags & MREMAP_FIXED) {
		va_start(arguments, flags);
		target = va_arg(arguments, void *);
		va_end(arguments);
	}
	p = next_mremap()(old, old_length, length, flags, target);
	if (p != MAP_FAILED && (thread = event_thread()))
		event_pair(thread, TRACE_EVENT_REMAP_OUT, TRACE_EVENT_REMAP_IN, flags & MREMAP_DONTUNMAP ? 1 : 0, old,
		           old_length, before, p, length, at);
	return p;
}

PUBLIC int mprotect(void *address, size_t length, int protection)
{
	struct stack_start at = STACK_CALLER();
	int result = next_mprotect()(address, length, protection);
	struct thread *thread;

	if (result == 0 && (thread = event_thread())) {
		event_with_stack(thread, TRACE_EVENT_PROTECT, (unsigned)protection & 7, 0, address, length, at);
		node_look(at.pc);
	}
	return result;
}

PUBLIC int madvise(void *address, size_t length, int advice)
{
	struct stack_start at = STACK_CALLER();
	int result = next_madvise()(address, length, advice);
	struct thread *thread;

	if (result == 0 && (thread = event_thread())) {
		event_without(thread, TRACE_EVENT_ADVISE, 0, (unsigned)advice, address, length, clock_tick(), at.sp);
		node_look(at.pc);
	}
	return result;
}

static inline void break_moved(char *old, char *now, struct stack_start at)
{
	struct thread *thread;

	if (now != old && (thread = event_thread()))
		event_with_stack(thread, TRACE_EVENT_BREAK, 0, 0, now, (uintptr_t)old, at);
}

PUBLIC int brk(void *address)
{
	char *old = next_sbrk()(0);
	int result = next_brk()(address);

	if (result == 0)
		break_moved(old, address, STACK_CALLER());
	return result;
}

PUBLIC void *sbrk(intptr_t increment)
{
	char *old = next_sbrk()(increment);

	if (old != (char *)-1)
		break_moved(old, old + increment, STACK_CALLER());
	return old;
}
