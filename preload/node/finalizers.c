/*
 * finalizers.c: see finalizers.h.
 *
 * V8 keeps a cell for each registered object. A collection that finds the object gone moves its cell to the registry's list
 * of cleared ones; the callback takes it from there, unregister takes it out of either. So at the end that list is the
 * answer, and nothing need be noted when an object is registered: only the registries are, as weak global handles, which
 * keep nothing alive. V8 clears a handle when its registry goes.
 *
 * The list is read where it lies in V8's heap, on the isolate's thread, which is the only one that moves objects or changes
 * them. In V8 11.3 to 13.6 (src/objects/js-weak-refs.tq) the fields are those below. Each isolate is shown a registry of
 * which all is known before any is believed, and of each cell the links must fit; else nothing is told.
 */
#include "node/finalizers.h"

#include <errno.h>
#include <string.h>

#include "node/isolates.h"
#include "node/v8.h"
#include "node/wrap.h"
#include "record/event.h"

/* Words of a JSFinalizationRegistry, and of a WeakCell. */
enum { REGISTRY_CALLBACK = 4, REGISTRY_ACTIVE, REGISTRY_CLEARED, REGISTRY_KEYS, REGISTRY_NEXT_DIRTY, REGISTRY_FLAGS };
enum { CELL_REGISTRY = 1, CELL_TARGET, CELL_TOKEN, CELL_HELD, CELL_PREVIOUS, CELL_NEXT };

#define HELD_MOST  128               /* values in a record */
#define FIRST_ROOM 63

struct registry {
	uintptr_t *handle;           /* V8's, which clears it; NULL none */
	uint32_t   stack;            /* node id: where it was made */
};

struct registries {                  /* V8 knows where each entry lies: they stay there */
	struct registries *next;
	uint32_t room;               /* entries */
	struct registry entries[];
};

struct finalizers {                  /* of the isolate that runs on a thread */
	bool      known;             /* its registries look as they should: these are right: */
	bool      told;
	uintptr_t undefined;         /* V8's value */
	uintptr_t number_map;        /* the map of numbers that are objects */
	struct registries *first;    /* kept from one isolate of the thread to the next */
	struct registries *piece;    /* where to look for room, … */
	uint32_t  next;              /* … from this entry on */
	uint32_t  met;               /* entries in use that were met since the search last began at the first */
	uint32_t  room;              /* entries in all pieces */
};

extern const char finalizers_script[] HIDDEN, finalizers_script_end[] HIDDEN;

V8_FUNCTION(uintptr_t *, v8_globalize_at, "_ZN2v812api_internal18GlobalizeReferenceEPNS_8internal7IsolateEPm", void *,
	const uintptr_t *);          /* V8 11 */
V8_FUNCTION(uintptr_t *, v8_globalize, "_ZN2v812api_internal18GlobalizeReferenceEPNS_8internal7IsolateEm", void *, uintptr_t);
V8_FUNCTION(void, v8_make_weak, "_ZN2v812api_internal8MakeWeakEPPm", uintptr_t **);
V8_FUNCTION(void, v8_dispose, "_ZN2v812api_internal13DisposeGlobalEPm", uintptr_t *);

/* ---- V8's heap ----------------------------------------------------------------------------------------------- */

static bool is_object(uintptr_t value)
{
	return (value & 3) == 1;
}

/* Word `i` of an object. */
static uintptr_t word(uintptr_t object, unsigned i)
{
	return ((const uintptr_t *)(object - 1))[i];
}

/* What a handle holds; 0 if it is none. */
static uintptr_t value_of(napi_value handle)
{
	return (uintptr_t)handle % sizeof(uintptr_t) ? 0 : *(const uintptr_t *)handle;
}

/* A small integer is in the upper half of a word. */
static bool is_small(uintptr_t value)
{
	return !(uint32_t)value;
}

static uint64_t whole_number(const struct finalizers *finalizers, uintptr_t value)
{
	double number;

	if (is_small(value))
		return (intptr_t)value < 0 ? UINT64_MAX : value >> 32;
	if (!is_object(value) || word(value, 0) != finalizers->number_map)
		return UINT64_MAX;
	memcpy(&number, (const char *)(value - 1) + sizeof(uintptr_t), sizeof(number));
	return number >= 0 && number < 9007199254740992.0 && number == (double)(uint64_t)number ? (uint64_t)number : UINT64_MAX;
}

/* ---- registries ---------------------------------------------------------------------------------------------- */

static struct finalizers *finalizers_of(struct thread *thread)
{
	if (!thread->finalizers)
		thread->finalizers = wiped_take(sizeof(*thread->finalizers));
	return thread->finalizers;
}

static bool add_piece(struct finalizers *finalizers)
{
	uint32_t room = finalizers->room ? finalizers->room : FIRST_ROOM;
	struct registries *piece = wiped_take(sizeof(*piece) + room * sizeof(piece->entries[0]));

	if (!piece)
		return false;
	piece->room = room;
	piece->next = finalizers->first;
	finalizers->first = piece;
	finalizers->room += room;
	return true;
}

/* An entry that is not in use, or is no more; NULL: no memory. There are twice as many as are in use, or fewer. */
static struct registry *find_room(struct finalizers *finalizers)
{
	for (;;) {
		for (; finalizers->piece; finalizers->piece = finalizers->piece->next, finalizers->next = 0)
			while (finalizers->next < finalizers->piece->room) {
				struct registry *entry = &finalizers->piece->entries[finalizers->next++];

				if (!entry->handle)
					return entry;
				finalizers->met++;
			}
		if (finalizers->met >= (finalizers->room + 1) / 2 && !add_piece(finalizers))
			return NULL;
		finalizers->piece = finalizers->first;
		finalizers->next = finalizers->met = 0;
	}
}

static uint32_t stack_of(struct thread *thread, const struct stack_start *at)
{
	struct lane *lane = at ? event_lane(thread, at->sp) : NULL;
	uint32_t stack = TRACE_STACK_NONE;

	if (lane) {
		stack = stack_capture(thread, lane, *at);
		event_lane_done(lane);
	}
	return stack;
}

/* made(registry): the program has. */
static napi_value js_made(napi_env env, napi_callback_info info)
{
	struct thread *thread = thread_state();
	void *isolate = v8.current();
	struct registry *entry;
	napi_value registry;
	size_t count = 1;
	int error = errno;

	if (thread && isolate && thread->finalizers && thread->finalizers->known && !process_is_borrowed() &&
	    napi_get_cb_info(env, info, &count, &registry, NULL, NULL) == NAPI_OK && count &&
	    (entry = find_room(thread->finalizers))) {
		entry->stack = stack_of(thread, thread->wrapped);
		entry->handle = v8_globalize ? v8_globalize(isolate, *(const uintptr_t *)registry)
			: v8_globalize_at(isolate, (const uintptr_t *)registry);
		v8_make_weak(&entry->handle);
	}
	errno = error;
	return NULL;
}

/* At the end of the environment, on its thread. */
static void forget(void *unused)
{
	struct thread *thread = self;

	(void)unused;
	if (!thread || !thread->live || !thread->finalizers)
		return;
	for (struct registries *piece = thread->finalizers->first; piece; piece = piece->next)
		for (uint32_t i = 0; i < piece->room; i++) {
			if (piece->entries[i].handle)
				v8_dispose(piece->entries[i].handle);
			piece->entries[i].handle = NULL;
		}
}

/* ---- telling ------------------------------------------------------------------------------------------------- */

struct pending {
	struct trace_pending record;
	uint64_t held[HELD_MOST];
};

static void write_out(struct pending *pending)
{
	if (pending->record.count)
		meta_write(TRACE_RECORD_PENDING, &pending->record, sizeof(pending->record), pending->held,
			pending->record.count * sizeof(pending->held[0]));
	pending->record.count = 0;
}

static void tell_registry(const struct finalizers *finalizers, uintptr_t registry, struct pending *pending)
{
	uintptr_t cell = word(registry, REGISTRY_CLEARED), previous = finalizers->undefined;

	while (is_object(cell) && cell != finalizers->undefined && word(cell, CELL_REGISTRY) == registry &&
	       word(cell, CELL_TARGET) == finalizers->undefined && word(cell, CELL_PREVIOUS) == previous) {
		if (pending->record.count == HELD_MOST)
			write_out(pending);
		pending->held[pending->record.count++] = whole_number(finalizers, word(cell, CELL_HELD));
		previous = cell;
		cell = word(cell, CELL_NEXT);
	}
	write_out(pending);
}

void finalizers_tell(const void *isolate)
{
	struct thread *thread = self;
	struct finalizers *finalizers = thread && thread->live ? thread->finalizers : NULL;
	struct pending pending = {.record.isolate = isolates_number(isolate)};

	if (!finalizers || !finalizers->known || finalizers->told || !pending.record.isolate)
		return;
	finalizers->told = true;
	for (struct registries *piece = finalizers->first; piece; piece = piece->next)
		for (uint32_t i = 0; i < piece->room; i++) {
			const struct registry *entry = &piece->entries[i];

			pending.record.registry = entry->stack;
			if (entry->handle)
				tell_registry(finalizers, *entry->handle, &pending);
		}
}

/* ---- installing ---------------------------------------------------------------------------------------------- */

/* sample(registry, callback, target, held, token, undefined, number): are they where they should be? */
static napi_value js_sample(napi_env env, napi_callback_info info)
{
	enum { REGISTRY, CALLBACK, TARGET, HELD, TOKEN, UNDEFINED, NUMBER, COUNT };
	struct thread *thread = thread_state();
	struct finalizers *finalizers = thread ? finalizers_of(thread) : NULL;
	napi_value handles[COUNT];
	uintptr_t values[COUNT], registry, cell;
	size_t count = COUNT;

	if (!finalizers || napi_get_cb_info(env, info, &count, handles, NULL, NULL) != NAPI_OK || count != COUNT)
		return NULL;
	for (size_t i = 0; i < COUNT; i++) {
		values[i] = value_of(handles[i]);
		if (i != HELD && !is_object(values[i]))
			return NULL;
	}
	registry = values[REGISTRY];
	cell = word(registry, REGISTRY_ACTIVE);
	finalizers->known = is_small(values[HELD]) && word(registry, REGISTRY_CALLBACK) == values[CALLBACK] &&
		word(registry, REGISTRY_CLEARED) == values[UNDEFINED] && is_object(word(registry, REGISTRY_KEYS)) &&
		word(registry, REGISTRY_KEYS) != values[UNDEFINED] &&
		word(registry, REGISTRY_NEXT_DIRTY) == values[UNDEFINED] && is_small(word(registry, REGISTRY_FLAGS)) &&
		is_object(cell) && cell != values[UNDEFINED] &&
		word(cell, CELL_REGISTRY) == registry && word(cell, CELL_TARGET) == values[TARGET] &&
		word(cell, CELL_TOKEN) == values[TOKEN] && word(cell, CELL_HELD) == values[HELD] &&
		word(cell, CELL_PREVIOUS) == values[UNDEFINED] && word(cell, CELL_NEXT) == values[UNDEFINED];
	finalizers->undefined = values[UNDEFINED];
	finalizers->number_map = word(values[NUMBER], 0);
	return NULL;
}

/* An isolate that ran on this thread before may have ended without telling: its handles went with it. */
static void start_anew(struct finalizers *finalizers)
{
	finalizers->known = finalizers->told = false;
	finalizers->piece = finalizers->first;
	finalizers->next = finalizers->met = 0;
	for (struct registries *piece = finalizers->first; piece; piece = piece->next)
		for (uint32_t i = 0; i < piece->room; i++)
			piece->entries[i].handle = NULL;
}

static bool can_install(void)
{
	return napi_add_env_cleanup_hook && v8_make_weak && v8_dispose && (v8_globalize || v8_globalize_at);
}

void finalizers_install(napi_env env)
{
	struct thread *thread = thread_state();
	napi_value function, global, arguments[3], exception;

	if (!thread || !finalizers_of(thread))
		return;
	start_anew(thread->finalizers);
	if (can_install() &&
	    (addon_run(env, finalizers_script, finalizers_script_end, "node:internal/probe/finalizers", &function) != NAPI_OK ||
	     napi_get_global(env, &global) != NAPI_OK || !wrap_function(env, &arguments[0]) ||
	     napi_create_function(env, "made", NAPI_AUTO_LENGTH, js_made, NULL, &arguments[1]) != NAPI_OK ||
	     napi_create_function(env, "sample", NAPI_AUTO_LENGTH, js_sample, NULL, &arguments[2]) != NAPI_OK ||
	     napi_call_function(env, global, function, 3, arguments, NULL) != NAPI_OK ||
	     napi_add_env_cleanup_hook(env, forget, NULL) != NAPI_OK))
		napi_get_and_clear_last_exception(env, &exception);
	if (!thread->finalizers->known)
		meta_warn("what only the callback of a FinalizationRegistry still holds is not told: this V8 keeps it in another way");
}
