/*
 * wasm.c: see wasm.h. What V8 does for a linear memory, in node 20, 22 and 24:
 *
 *   MAP      inaccessible, of what the memory may ever need + 61440 bytes: its start must be a multiple of 65536
 *   UNMAP    once or twice: the 61440 bytes that were too many, at the start, at the end or at both
 *   PROTECT  of its initial bytes, read and write; not if they are 0. The base is the start or, in a reservation of
 *            10 GiB (a memory of 32-bit addresses with guards, node 20 and 22), 2 GiB into it
 *   PROTECT  at each growth: of the new total, from the base on
 *   UNMAP    of all of it, from any thread
 *
 * Resizable ArrayBuffers are reserved without the surplus, and V8's heap pages with one of 258048. V8 makes tables of
 * its own in the same way, but before there is an isolate. Native code may do the same calls: it is not in V8's file.
 *
 * Where threads grow a shared memory at the same time, V8 calls mprotect for a total that another thread was first to
 * reach, and once more for its own: a total that was reached before is no growth. A memory that V8 cannot grow where it
 * lies, because less was reserved than asked for (address space was short), is copied: a birth and a death.
 */
#include "heap/wasm.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "trace/array.h"

#define WASM_PAGE     65536ull
#define SURPLUS       61440ull
#define GUARDED       (10ull << 30)  /* of a reservation whose base is … */
#define GUARD         (2ull << 30)   /* … so far in */
/* Of memories that are gone is kept, so that what is kept grows with what was alive at once: */
#define FREED_MOST    16384          /* memories, */
#define STACKS_MOST   (1u << 20)     /* stacks that made them grow, and … */
#define STEPS_MOST    (1u << 18)     /* … single growths; of the memories after these only their sums */

struct reservation {             /* what may become a memory */
	uint64_t start, end;     /* of what is still mapped; equal: there is none */
	uint64_t surplus;        /* of that, still to be unmapped */
	uint64_t tick;           /* of the MAP */
	uint32_t stack;
	uint32_t stream;         /* who does it */
};

struct live {
	struct wasm_memory memory;
	uint64_t start, end;     /* reserved */
	uint32_t stream;         /* that made it */
	bool     settled;        /* its base, and so what it began with, is known */
};

struct wasm {
	struct process_info *process; /* not owned */
	struct sites *sites;     /* not owned */
	uint64_t start, end;     /* addresses of the file that V8 is in; 0 not known yet */
	struct reservation *reservations; size_t reservation_count; /* at most one a stream; owned */
	struct live **live;      size_t live_count; /* by start, disjoint; owned */
	struct wasm_memory *freed; size_t freed_count; /* owned */
	size_t   freed_stacks, freed_steps; /* of them, kept */
	uint32_t born;           /* ids given out */
	struct live *found;      /* by wasm_at, last; NULL none */
	bool     collecting;     /* see wasm_collecting */
	void   (*dies)(void *context, struct wasm_memory *memory); /* see wasm_on_death; NULL: nobody asked */
	void    *context;        /* of that */
};

struct wasm *wasm_open(struct process_info *process, struct sites *sites)
{
	struct wasm *wasm = xcalloc(1, sizeof *wasm);

	wasm->process = process;
	wasm->sites = sites;
	wasm_sort_declared(process);
	return wasm;
}

/* ---- stacks -------------------------------------------------------------------------------------------------- */

static const struct trace_node *node_of(const struct wasm *wasm, uint32_t stack)
{
	if (stack < TRACE_FIRST_NODE || stack - TRACE_FIRST_NODE >= wasm->process->node_count)
		return NULL;
	return &wasm->process->nodes[stack - TRACE_FIRST_NODE];
}

/* V8 was the caller: its file is where the innermost frame is. */
static void find_runtime(struct wasm *wasm, uint32_t stack)
{
	const struct trace_node *node = node_of(wasm, stack);

	for (size_t i = 0; node && !wasm->end && i < wasm->process->module_count; i++) {
		const struct module *module = &wasm->process->modules[i];

		if (node->address - 1 >= module->start && node->address - 1 < module->end) {
			wasm->start = module->start;
			wasm->end = module->end;
		}
	}
}

/* Is the innermost frame in V8's file? */
static bool in_runtime(const struct wasm *wasm, uint32_t stack)
{
	const struct trace_node *node = node_of(wasm, stack);

	return node && node->address - 1 >= wasm->start && node->address - 1 < wasm->end;
}

/*
 * Was it one function of V8's that led to both? Then no generated code lies between them and the frame that they have
 * in common. Where a stack was cut it is taken to be so.
 */
static bool same_call(const struct wasm *wasm, uint32_t one, uint32_t other)
{
	/* A caller's id is the smaller. */
	while (one != other) {
		uint32_t *inner = one > other ? &one : &other;

		if (*inner < TRACE_FIRST_NODE)
			break;
		if (!in_runtime(wasm, *inner))
			return false;
		*inner = node_of(wasm, *inner)->parent;
	}
	return one != TRACE_STACK_ROOT || other != TRACE_STACK_ROOT;
}

/* ---- blocks -------------------------------------------------------------------------------------------------- */

static void add_block(struct wasm *wasm, struct node_id stack)
{
	uint32_t site = site_of(wasm->sites, DOMAIN_WASM_MEMORY, stack.index);

	wasm->sites->list[site].allocs++;
}

static void add_bytes(struct wasm *wasm, struct node_id stack, uint64_t bytes)
{
	uint32_t index = site_of(wasm->sites, DOMAIN_WASM_MEMORY, stack.index);
	struct site_count *site = &wasm->sites->list[index];

	site_settle(wasm->sites, site);
	site->live_bytes += bytes;
	site->bytes_allocated += bytes;
}

static void end_block(struct wasm *wasm, struct node_id stack, uint64_t bytes)
{
	uint32_t index = site_of(wasm->sites, DOMAIN_WASM_MEMORY, stack.index);
	struct site_count *site = &wasm->sites->list[index];

	site_settle(wasm->sites, site);
	site->live_bytes -= bytes;
	site->frees++;
}

/* ---- memories ------------------------------------------------------------------------------------------------ */

/* The first memory that ends after `at`: its index, live_count if there is none. */
static size_t first_after(const struct wasm *wasm, uint64_t at)
{
	size_t low = 0, high = wasm->live_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (wasm->live[middle]->end <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void keep_freed(struct wasm *wasm, struct wasm_memory *memory)
{
	wasm_sum_steps(memory);
	if (wasm->freed_count == FREED_MOST || memory->growth_count > STACKS_MOST - wasm->freed_stacks) {
		free(memory->growth);
		free(memory->steps);
		free(memory->heap);
		wasm->process->wasm_memories_left_off++;
		return;
	}
	if (memory->step_count > STEPS_MOST - wasm->freed_steps)
		wasm_drop_steps(memory, &wasm->process->instants);
	wasm->freed_stacks += memory->growth_count;
	wasm->freed_steps += memory->step_count;
	array_room(wasm->freed, wasm->freed_count);
	wasm->freed[wasm->freed_count++] = *memory;
}

static void die(struct wasm *wasm, size_t index, uint64_t tick)
{
	struct live *live = wasm->live[index];
	struct wasm_memory *memory = &live->memory;

	if (memory->heap)
		wasm->dies(wasm->context, memory);
	wasm->found = NULL;
	memmove(&wasm->live[index], &wasm->live[index + 1], (wasm->live_count - index - 1) * sizeof *wasm->live);
	wasm->live_count--;
	memory->died = tick;
	end_block(wasm, memory->stack, memory->initial_bytes);
	for (size_t i = 0; i < memory->step_count; i++)
		end_block(wasm, memory->steps[i].stack, memory->steps[i].bytes);
	keep_freed(wasm, memory);
	free(live);
}

/* What lies in [start, end) is gone. */
static void clear(struct wasm *wasm, uint64_t start, uint64_t end, uint64_t tick)
{
	size_t index = first_after(wasm, start);

	while (index < wasm->live_count && wasm->live[index]->start < end)
		die(wasm, index, tick);
}

/* Was it in use when no younger memory had taken its place? */
static bool was_in_use(const struct wasm *wasm, const struct wasm_memory *memory)
{
	if (!memory->heap)
		return false;
	for (size_t i = 0; i < wasm->live_count + wasm->freed_count; i++) {
		const struct wasm_memory *other = i < wasm->live_count ? &wasm->live[i]->memory :
			&wasm->freed[i - wasm->live_count];

		if (other->heap && other->heap->module == memory->heap->module && other->born > memory->heap->used)
			return false;
	}
	return true;
}

void wasm_collecting(struct wasm *wasm, bool collecting)
{
	wasm->collecting = collecting;
}

static void bear(struct wasm *wasm, struct reservation *from)
{
	struct live *live = xcalloc(1, sizeof *live);
	size_t index;

	clear(wasm, from->start, from->end, from->tick); /* an munmap that was lost */
	*live = (struct live){
		.start = from->start, .end = from->end, .stream = from->stream,
		.memory = {.id = ++wasm->born, .base = from->start, .born = from->tick, .died = UINT64_MAX,
		           .stack = {from->stack}},
	};
	if (live->end - live->start == GUARDED)
		live->memory.base += GUARD; /* if it never has a byte, this is the likelier one */
	if (!wasm_declare(wasm->process, live->start, &live->memory))
		wasm_declare(wasm->process, live->memory.base, &live->memory);
	array_room(wasm->live, wasm->live_count);
	index = first_after(wasm, live->start);
	memmove(&wasm->live[index + 1], &wasm->live[index], (wasm->live_count - index) * sizeof *wasm->live);
	wasm->live[index] = live;
	wasm->live_count++;
	add_block(wasm, live->memory.stack);
}

static void grow(struct wasm *wasm, struct live *live, uint32_t stream, const struct trace_event *event)
{
	struct wasm_memory *memory = &live->memory;
	uint64_t more = event->size - memory->bytes;

	memory->bytes = event->size;
	array_room(memory->steps, memory->step_count);
	memory->steps[memory->step_count++] = (struct wasm_step){event->tick, more, {stream}, {event->stack}};
	memory->grows++;
	add_block(wasm, memory->steps[memory->step_count - 1].stack);
	add_bytes(wasm, memory->steps[memory->step_count - 1].stack, more);
}

static void protect(struct wasm *wasm, uint32_t stream, const struct trace_event *event)
{
	size_t index = first_after(wasm, event->address);
	struct live *live = index < wasm->live_count ? wasm->live[index] : NULL;

	if (!live || event->detail != (PROT_READ | PROT_WRITE) || event->size % WASM_PAGE ||
	    !in_runtime(wasm, event->stack) || event->address < live->start ||
	    event->size > live->end - event->address)
		return;
	if (!live->settled && (event->address == live->start ||
	                       (live->end - live->start == GUARDED && event->address == live->start + GUARD))) {
		live->settled = true;
		live->memory.base = event->address;
		if (stream == live->stream && same_call(wasm, live->memory.stack.index, event->stack)) {
			live->memory.initial_bytes = live->memory.bytes = event->size;
			add_bytes(wasm, live->memory.stack, event->size);
		}
	}
	if (live->settled && event->address == live->memory.base && event->size > live->memory.bytes)
		grow(wasm, live, stream, event);
}

/* ---- reservations -------------------------------------------------------------------------------------------- */

/* That of a stream; one that is none yet is made. There are few at a time: each is settled by the stream's next event. */
static struct reservation *reservation_of(struct wasm *wasm, uint32_t stream)
{
	for (size_t i = 0; i < wasm->reservation_count; i++)
		if (wasm->reservations[i].stream == stream)
			return &wasm->reservations[i];
	array_room(wasm->reservations, wasm->reservation_count);
	wasm->reservations[wasm->reservation_count] = (struct reservation){.stream = stream};
	return &wasm->reservations[wasm->reservation_count++];
}

static void reserve(struct wasm *wasm, uint32_t stream, const struct trace_event *event)
{
	if (event->detail != PROT_NONE || event->extra != (TRACE_MAP_ANONYMOUS | TRACE_MAP_RUNTIME) ||
	    event->size % WASM_PAGE != SURPLUS || event->size == SURPLUS)
		return;
	find_runtime(wasm, event->stack);
	*reservation_of(wasm, stream) = (struct reservation){
		.start = event->address, .end = event->address + event->size, .surplus = SURPLUS, .tick = event->tick,
		.stack = event->stack, .stream = stream,
	};
}

/* Does the UNMAP take some of the surplus? */
static bool trim(struct reservation *from, uint32_t stream, const struct trace_event *event)
{
	if (from->stream != stream || event->size > from->surplus)
		return false;
	if (event->address == from->start)
		from->start += event->size;
	else if (event->address + event->size == from->end)
		from->end -= event->size;
	else
		return false;
	from->surplus -= event->size;
	return true;
}

/*
 * Before any other event: a reservation that has no surplus any more is a memory, unless still more of it is unmapped
 * by who made it (a heap page). True: the event is part of making one.
 */
static bool settle(struct wasm *wasm, uint32_t stream, const struct trace_event *event)
{
	bool unmapped = event->kind == TRACE_EVENT_UNMAP;
	uint64_t start = event->address, end = start + event->size;

	for (size_t i = wasm->reservation_count; i-- > 0;) {
		struct reservation *from = &wasm->reservations[i];
		bool touched = start < from->end && end > from->start;

		if (!(touched || from->stream == stream))
			continue;
		if (touched && unmapped && trim(from, stream, event))
			return true;
		if (!from->surplus && from->start % WASM_PAGE == 0 &&
		    !(touched && unmapped && from->stream == stream && (start > from->start || end < from->end)))
			bear(wasm, from);
		else if (!touched)
			continue;
		*from = wasm->reservations[--wasm->reservation_count];
	}
	return false;
}

void wasm_event(struct wasm *wasm, uint32_t stream, const struct trace_event *event)
{
	uint64_t start = event->address, end = start + event->size;
	size_t index;

	if (event->kind == TRACE_EVENT_ADVISE || event->kind == TRACE_EVENT_BREAK || settle(wasm, stream, event))
		return;
	switch (event->kind) {
	case TRACE_EVENT_MAP:
	case TRACE_EVENT_REMAP_IN:
		/* A program may put a file into its memory; anything else means that the memory's end was lost. */
		index = first_after(wasm, start);
		if (index == wasm->live_count || start < wasm->live[index]->memory.base ||
		    end > wasm->live[index]->memory.base + wasm->live[index]->memory.bytes)
			clear(wasm, start, end, event->tick);
		if (event->kind == TRACE_EVENT_MAP)
			reserve(wasm, stream, event);
		break;
	case TRACE_EVENT_UNMAP:
	case TRACE_EVENT_REMAP_OUT:
		index = first_after(wasm, start);
		while (index < wasm->live_count && wasm->live[index]->start < end)
			if (start > wasm->live[index]->start || end < wasm->live[index]->end)
				index++;
			else if (wasm->collecting && was_in_use(wasm, &wasm->live[index]->memory))
				wasm->live[index++]->memory.let_go = true;
			else
				die(wasm, index, event->tick);
		break;
	case TRACE_EVENT_PROTECT:
		protect(wasm, stream, event);
		break;
	default:
		break;
	}
}

struct wasm_memory *wasm_at(struct wasm *wasm, uint64_t address)
{
	struct live *live = wasm->found;
	size_t index;

	if (!live || address < live->start || address >= live->end) {
		index = first_after(wasm, address);
		live = index < wasm->live_count ? wasm->live[index] : NULL;
		if (!live || address < live->start)
			return NULL;
		wasm->found = live;
	}
	return address >= live->memory.base ? &live->memory : NULL;
}

void wasm_on_death(struct wasm *wasm, void (*dies)(void *context, struct wasm_memory *memory), void *context)
{
	wasm->dies = dies;
	wasm->context = context;
}

void wasm_each_memory(const struct wasm *wasm, void (*each)(void *context, const struct wasm_memory *memory),
	void *context)
{
	for (size_t i = 0; i < wasm->live_count; i++)
		each(context, &wasm->live[i]->memory);
}

void wasm_each(const struct wasm *wasm, void (*each)(void *context, uint32_t site, uint64_t birth, uint64_t bytes),
	void *context)
{
	for (size_t i = 0; i < wasm->live_count; i++) {
		const struct wasm_memory *memory = &wasm->live[i]->memory;

		each(context, site_of(wasm->sites, DOMAIN_WASM_MEMORY, memory->stack.index), memory->born,
		     memory->initial_bytes);
		for (size_t step = 0; step < memory->step_count; step++)
			each(context, site_of(wasm->sites, DOMAIN_WASM_MEMORY, memory->steps[step].stack.index),
			     memory->steps[step].tick, memory->steps[step].bytes);
	}
}

static int by_id(const void *left, const void *right)
{
	const struct wasm_memory *a = left, *b = right;

	return (a->id > b->id) - (a->id < b->id);
}

void wasm_close(struct wasm *wasm)
{
	struct process_info *process = wasm->process;

	for (size_t i = 0; i < wasm->reservation_count; i++)
		if (!wasm->reservations[i].surplus && wasm->reservations[i].start % WASM_PAGE == 0)
			bear(wasm, &wasm->reservations[i]);
	for (size_t i = 0; i < wasm->live_count; i++) {
		wasm_sum_steps(&wasm->live[i]->memory);
		array_room(wasm->freed, wasm->freed_count);
		wasm->freed[wasm->freed_count++] = wasm->live[i]->memory;
		free(wasm->live[i]);
	}
	if (wasm->freed_count)
		qsort(wasm->freed, wasm->freed_count, sizeof *wasm->freed, by_id);
	wasm_list_stacks(process, wasm->sites);
	process->wasm_memories = wasm->freed;
	process->wasm_memory_count = wasm->freed_count;
	free(wasm->live);
	free(wasm->reservations);
	free(wasm);
}
