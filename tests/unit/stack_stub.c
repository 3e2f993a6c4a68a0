/* stack_stub.c: see stack_stub.h. Memory by mmap, extents too; they are remembered to find nodes in. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stack_stub.h"

struct library library;
struct process *process;
__thread struct thread *self;
uint32_t clock_kind;
unsigned stub_areas = UINT32_MAX, stub_areas_taken;

static struct trace_tree *areas[4096];

void memory_claim(uintptr_t start, size_t bytes)
{
	(void)start, (void)bytes;
}

void *wiped_take(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

struct trace_extent *area_take(enum trace_extent_kind kind, size_t bytes)
{
	struct trace_extent *extent;
	unsigned taken;

	if (__atomic_load_n(&stub_areas_taken, __ATOMIC_ACQUIRE) >= stub_areas)
		return NULL;
	extent = wiped_take(bytes);
	extent->size = bytes;
	extent->kind = kind;
	extent->magic = TRACE_EXTENT_MAGIC;
	taken = __atomic_fetch_add(&stub_areas_taken, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&areas[taken], (struct trace_tree *)extent, __ATOMIC_RELEASE);
	return extent;
}

void meta_warn(const char *text)
{
	(void)text;
}

uint64_t clock_monotonic_ns(void)
{
	return 0;
}

void stub_start(void)
{
	library.ready = true;
	library.stack_depth = 1024;
	process = wiped_take(sizeof(*process));
	stub_areas_taken = 0;
	memset(areas, 0, sizeof(areas));
}

void stub_thread(struct thread *thread)
{
	pthread_attr_t attributes;
	void *low;
	size_t size;

	memset(thread, 0, sizeof(*thread));
	pthread_getattr_np(pthread_self(), &attributes);
	pthread_attr_getstack(&attributes, &low, &size);
	pthread_attr_destroy(&attributes);
	thread->live = 1;
	thread->stack_high = (uintptr_t)low + size;
	/* As for the real main thread, whose low end is not known. */
	thread->stack_low = gettid() == getpid() ? 0 : (uintptr_t)low;
	self = thread;
}

const struct trace_node *stub_node(uint32_t id)
{
	unsigned taken = __atomic_load_n(&stub_areas_taken, __ATOMIC_ACQUIRE);

	for (unsigned i = 0; i < taken; i++) {
		struct trace_tree *tree = __atomic_load_n(&areas[i], __ATOMIC_ACQUIRE);
		uint32_t capacity = tree ? __atomic_load_n(&tree->capacity, __ATOMIC_ACQUIRE) : 0;

		if (capacity && id >= tree->first && id - tree->first < capacity)
			return (const struct trace_node *)(tree + 1) + (id - tree->first);
	}
	return NULL;
}

void stub_frames(uint32_t id, struct frames *frames)
{
	frames->count = 0;
	while (id >= TRACE_FIRST_NODE) {
		const struct trace_node *node = stub_node(id);

		if (!node || frames->count == FRAMES_MAX || node->parent >= id)
			abort();
		frames->pc[frames->count] = node->address;
		frames->exact[frames->count] = node->generation & TRACE_NODE_EXACT;
		frames->generation[frames->count++] = node->generation & TRACE_NODE_GENERATION;
		id = node->parent;
	}
	frames->end = id;
}
