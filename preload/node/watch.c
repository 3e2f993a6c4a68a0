/*
 * watch.c: what the hooks of watched instances call (hooks.wat): functions of V8's own kind (call.h, fast.h), called from
 * wasm with integers alone. An event goes straight into the ring of the thread; a hook calls nothing of V8's.
 */
#include "node/watch.h"

#include <errno.h>
#include <string.h>

#include "node/call.h"
#include "node/fast.h"
#include "node/trial.h"
#include "record/event.h"

/* A small integer is a word that has it in its upper half, for node's builds do not compress pointers (v8-internal.h).
 * Whether that is so is seen by a call with known arguments before anything is watched. */

extern const char watch_script[] HIDDEN, watch_script_end[] HIDDEN;
extern const char hooks_module[] HIDDEN, hooks_module_end[] HIDDEN;

/* ---- the hooks -------------------------------------------------------------------------------------------------- */

static inline uint32_t word(const struct v8_call *call, int i)
{
	return (uint32_t)(call->values[i] >> 32);
}

static inline void call_return_word(const struct v8_call *call, uint32_t value)
{
	call->implicit[V8_CALL_RESULT] = (uintptr_t)value << 32;
}

static inline uint64_t whole(uint32_t low, uint32_t high)
{
	return low | (uint64_t)high << 32;
}

static inline unsigned detail_of(uint32_t alignment)
{
	unsigned detail = TRACE_FAMILY_WASM + (alignment ? 1 + (unsigned)__builtin_ctz(alignment) : 0);

	return detail < TRACE_DETAIL_MOST ? detail : TRACE_DETAIL_MOST;
}

static inline void tell_birth(uint64_t address, uint64_t size, uint32_t alignment, struct stack_start at)
{
	struct thread *thread = event_thread();

	if (likely(thread))
		event_with_stack(thread, TRACE_EVENT_ALLOC, detail_of(alignment), 0, (void *)address, size, at);
}

static inline void tell_death(uint64_t address, uintptr_t sp)
{
	uint64_t before = clock_tick();
	struct thread *thread = event_thread();

	if (likely(thread))
		event_without(thread, TRACE_EVENT_FREE, TRACE_FAMILY_WASM, 0, (void *)address, 0, before, sp);
}

/* A realloc begins; `moved` or a hook of another instance follows on this thread. */
static inline void tell_move_begins(void)
{
	struct thread *thread = event_thread();

	if (likely(thread))
		thread->wasm_moves = clock_tick();
}

static inline void tell_move(uint64_t old, uint64_t address, uint64_t size, uint32_t alignment, struct stack_start at)
{
	struct thread *thread = event_thread();

	if (likely(thread))
		event_pair(thread, TRACE_EVENT_REALLOC_OUT, TRACE_EVENT_REALLOC_IN, detail_of(alignment), (void *)old, 0,
		           thread->wasm_moves, (void *)address, size, at);
}

/* As wasm calls them where V8 lets it (fast.h), … */
static void born_fast(void *receiver, uint32_t low, uint32_t high, uint32_t size, uint32_t size_high, uint32_t alignment)
{
	(void)receiver;
	tell_birth(whole(low, high), whole(size, size_high), alignment, STACK_CALLER());
}

static void dies_fast(void *receiver, uint32_t low, uint32_t high)
{
	(void)receiver;
	tell_death(whole(low, high), (uintptr_t)__builtin_frame_address(0));
}

static void moves_fast(void *receiver)
{
	(void)receiver;
	tell_move_begins();
}

static void moved_fast(void *receiver, uint32_t old, uint32_t old_high, uint32_t low, uint32_t high, uint32_t size,
                       uint32_t size_high, uint32_t alignment)
{
	(void)receiver;
	tell_move(whole(old, old_high), whole(low, high), whole(size, size_high), alignment, STACK_CALLER());
}

/* … and as JavaScript does. */
/* What V8 calls as it calls functions of JavaScript costs more: a user should know why. */
#define SLOW_MOST 1000u

static void slow_call(void)
{
	static uint32_t count;

	if (__atomic_fetch_add(&count, 1, __ATOMIC_RELAXED) == SLOW_MOST)
		meta_warn("blocks inside WebAssembly are told by slow calls: this V8 does not take fast ones as they are known");
}

static void born(const struct v8_call *call)
{
	slow_call();
	tell_birth(whole(word(call, 0), word(call, 1)), whole(word(call, 2), word(call, 3)), word(call, 4), STACK_CALLER());
}

static void dies(const struct v8_call *call)
{
	slow_call();
	tell_death(whole(word(call, 0), word(call, 1)), (uintptr_t)__builtin_frame_address(0));
}

static void moves(const struct v8_call *call)
{
	(void)call;
	slow_call();
	tell_move_begins();
}

static void moved(const struct v8_call *call)
{
	slow_call();
	tell_move(whole(word(call, 0), word(call, 1)), whole(word(call, 2), word(call, 3)),
	          whole(word(call, 4), word(call, 5)), word(call, 6), STACK_CALLER());
}

/* What a program may do again and again in a loop is told so often; then that there was more of it. Any thread. */
#define TOLD_MOST 4096u

static bool is_told(uint32_t *count, const char *warning)
{
	uint32_t before = __atomic_load_n(count, __ATOMIC_RELAXED);

	if (before <= TOLD_MOST)
		before = __atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
	if (before == TOLD_MOST)
		meta_warn(warning);
	return before < TOLD_MOST;
}

static bool refusal_is_told(void)
{
	static uint32_t count;

	return is_told(&count, "linear memories were refused to grow more than 4096 times: the later refusals are not told");
}

static void tell_unwatched(uint64_t bytes, const char *why, size_t length)
{
	static uint32_t count;
	struct trace_wasm_unwatched record = {.bytes = bytes};

	if (is_told(&count, "more than 4096 wasm modules or instances are not watched: those that came later are not told"))
		meta_write(TRACE_RECORD_WASM_UNWATCHED, &record, sizeof(record), why, length);
}

void watch_missed(void)
{
	static const char why[] = "compiled, maybe with others, before probe could be loaded: node was told to load nothing first "
		"(--permission, --no-addons), or a worker has an environment of its own";

	if (library.wasm_heap)
		tell_unwatched(0, why, sizeof(why) - 1);
}

static void refused(const struct v8_call *call)
{
	struct stack_start at = STACK_CALLER();
	struct thread *thread = event_thread();
	struct trace_wasm_refused record = {.base = whole(word(call, 0), word(call, 1)), .pages = whole(word(call, 2), word(call, 3))};
	struct lane *lane = thread && refusal_is_told() ? event_lane(thread, at.sp) : NULL;

	if (!lane)
		return;
	record.stack = stack_capture(thread, lane, at);
	record.tid = thread->tid;
	event_lane_done(lane);
	meta_write(TRACE_RECORD_WASM_REFUSED, &record, sizeof(record), NULL, 0);
}

/* What an instance does whose functions are on trial. 1: it goes on; 0: it is over; else a new state for the instance. */
static void tried(const struct v8_call *call)
{
	uint32_t choice;
	uintptr_t base;

	switch (trial_sees(word(call, 0), whole(word(call, 1), word(call, 2)), whole(word(call, 3), word(call, 4)), &choice, &base)) {
	case TRIAL_OVER:
		call_return_word(call, 0);
		break;
	case TRIAL_ON:
		call_return_word(call, 1);
		break;
	case TRIAL_REFUTED:
		call_return_word(call, rewritten_refute(choice, base));
		break;
	}
}

/* Called once with integers of which watch.js knows that they are these, as it knows the result. */
#define PROBE_FIRST  (-2)
#define PROBE_SECOND 0x12345678
#define PROBE_RESULT 0x1234

static void try(const struct v8_call *call)
{
	if (self && call->length == 2 && call->values && (call->values[0] & 0xffffffff) == 0)
		self->wasm_readable = (int32_t)word(call, 0) == PROBE_FIRST && word(call, 1) == PROBE_SECOND;
	call_return_word(call, PROBE_RESULT);
}

/* ---- for watch.js ----------------------------------------------------------------------------------------------- */

/* rewrite(bytes, catches) */
static napi_value js_rewrite(napi_env env, napi_callback_info info)
{
	napi_value arguments[2], result = NULL;
	const char *reason = NULL;
	int error = errno;
	size_t count = 2, size = 0;
	bool catches;

	if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) == NAPI_OK && count == 2 &&
	    napi_get_value_bool(env, arguments[1], &catches) == NAPI_OK)
		result = rewritten_make(env, arguments[0], catches, &reason);
	if (reason && !result) {
		napi_get_typedarray_info(env, arguments[0], NULL, &size, NULL, NULL, NULL);
		tell_unwatched(size, reason, strlen(reason));
	}
	errno = error;
	return result;
}

/* release(buffer, ticket) */
static napi_value js_release(napi_env env, napi_callback_info info)
{
	napi_value arguments[2];
	uint32_t ticket;
	int error = errno;
	size_t count = 2;

	if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) == NAPI_OK && count == 2 &&
	    napi_get_value_uint32(env, arguments[1], &ticket) == NAPI_OK &&
	    napi_detach_arraybuffer(env, arguments[0]) == NAPI_OK)
		rewritten_release(ticket);
	errno = error;
	return NULL;
}

/* lookup(name) */
static napi_value js_lookup(napi_env env, napi_callback_info info)
{
	napi_value name;
	char text[32];
	size_t count = 1, length;

	if (napi_get_cb_info(env, info, &count, &name, NULL, NULL) != NAPI_OK || count != 1 ||
	    napi_get_value_string_utf8(env, name, text, sizeof(text), &length) != NAPI_OK)
		return NULL;
	return rewritten_lookup(env, text);
}

/*
 * begin(id, bytes of the memory, alone, shared): { base, trial, first }: the address of byte 0, a bigint, the ticket of the
 * trial that an instance is on (trial.h), and the state that it begins with; undefined: it is not to be watched.
 */
static napi_value js_begin(napi_env env, napi_callback_info info)
{
	napi_value arguments[4], object, value;
	uint32_t number, ticket = 0;
	bool alone, shared;
	void *base = NULL;
	int error = errno;
	size_t count = 4, size;
	struct rewritten_begin begin;

	if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != NAPI_OK || count != 4 ||
	    napi_get_value_uint32(env, arguments[0], &number) != NAPI_OK ||
	    napi_get_value_bool(env, arguments[2], &alone) != NAPI_OK ||
	    napi_get_value_bool(env, arguments[3], &shared) != NAPI_OK ||
	    napi_get_typedarray_info(env, arguments[1], NULL, &size, &base, NULL, NULL) != NAPI_OK || !base ||
	    napi_create_object(env, &object) != NAPI_OK ||
	    napi_create_bigint_uint64(env, (uintptr_t)base, &value) != NAPI_OK ||
	    napi_own(env, object, "base", value) != NAPI_OK)
		return NULL;
	if (!rewritten_tell(number, (uintptr_t)base, &begin)) {
		if (begin.why)
			tell_unwatched(begin.bytes, begin.why, strlen(begin.why));
		trial_disturb((uintptr_t)base);
		object = NULL;
	} else {
		ticket = trial_begin(begin.choice, (uintptr_t)base, alone && begin.tried, shared, begin.low);
		if (napi_create_uint32(env, ticket, &value) != NAPI_OK ||
		    napi_own(env, object, "trial", value) != NAPI_OK ||
		    napi_create_uint32(env, begin.state, &value) != NAPI_OK ||
		    napi_own(env, object, "first", value) != NAPI_OK)
			object = NULL;
	}
	errno = error;
	return object;
}

/* unwatched(bytes, why) */
static napi_value js_unwatched(napi_env env, napi_callback_info info)
{
	napi_value arguments[2];
	char why[256];
	int error = errno;
	size_t count = 2, length;
	double bytes;

	if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != NAPI_OK || count != 2 ||
	    napi_get_value_double(env, arguments[0], &bytes) != NAPI_OK || !(bytes >= 0 && bytes < 9e15) ||
	    napi_get_value_string_utf8(env, arguments[1], why, sizeof(why), &length) != NAPI_OK)
		return NULL;
	tell_unwatched((uint64_t)bytes, why, length);
	errno = error;
	return NULL;
}

/* keep(state, wanted), heal(function): see revive.c */
static napi_value js_keep(napi_env env, napi_callback_info info)
{
	napi_value arguments[2];
	size_t count = 2;

	if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) == NAPI_OK && count == 2)
		revive_keep(arguments[0], arguments[1]);
	return NULL;
}

static napi_value js_heal(napi_env env, napi_callback_info info)
{
	napi_value function;
	size_t count = 1;

	if (napi_get_cb_info(env, info, &count, &function, NULL, NULL) == NAPI_OK && count == 1)
		revive_heal(function);
	return NULL;
}

/* readable(): whether `try` read what it was called with */
static napi_value js_readable(napi_env env, napi_callback_info info)
{
	napi_value result;

	(void)info;
	return napi_get_boolean(env, self && self->wasm_readable, &result) == NAPI_OK ? result : NULL;
}

/* ---- installing ------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	napi_callback *callback;
} natives[] = {
	{"rewrite", js_rewrite}, {"release", js_release}, {"lookup", js_lookup}, {"begin", js_begin},
	{"unwatched", js_unwatched}, {"readable", js_readable}, {"keep", js_keep}, {"heal", js_heal},
};

static const struct {
	const char *name;
	v8_callback *callback;
	int length;
	fast_callback *fast;         /* NULL: it is called seldom */
} hooks[] = {
	{"born", born, 5, (fast_callback *)born_fast}, {"dies", dies, 2, (fast_callback *)dies_fast},
	{"moves", moves, 0, (fast_callback *)moves_fast}, {"moved", moved, 7, (fast_callback *)moved_fast}, {"refused", refused, 4, NULL}, {"tried", tried, 5, NULL}, {"attempt", try, 2, NULL},
};
#define HOOKS (sizeof(hooks) / sizeof(hooks[0]))

static napi_value make_hook(void *context, size_t i)
{
	napi_value function = hooks[i].fast ? fast_function(context, hooks[i].callback, hooks[i].fast, hooks[i].length) : NULL;

	return function ? function :
	       v8_function(context, hooks[i].callback, NULL, hooks[i].length, V8_CONSTRUCTOR, V8_SIDE_EFFECT);
}

static bool make_functions(napi_env env, napi_value object)
{
	void *context = v8_context(v8.current());
	napi_value value;

	for (size_t i = 0; i < sizeof(natives) / sizeof(natives[0]); i++)
		if (napi_create_function(env, natives[i].name, NAPI_AUTO_LENGTH, natives[i].callback, NULL, &value) != NAPI_OK ||
		    napi_own(env, object, natives[i].name, value) != NAPI_OK)
			return false;
	for (size_t i = 0; i < HOOKS; i++) {
		value = make_hook(context, i);
		if (!value || napi_own(env, object, hooks[i].name, value) != NAPI_OK)
			return false;
	}
	return true;
}

/* The bytes of hooks.wat, compiled. */
static bool make_module(napi_env env, napi_value object)
{
	size_t size = (size_t)(hooks_module_end - hooks_module);
	napi_value value;
	void *bytes;

	if (napi_create_arraybuffer(env, size, &bytes, &value) != NAPI_OK)
		return false;
	memcpy(bytes, hooks_module, size);
	return napi_own(env, object, "hooks", value) == NAPI_OK;
}

napi_value watch_functions(napi_env env)
{
	napi_value object, function, global, result = NULL, exception;

	if (!library.wasm_heap || !v8_context || !v8_function || !napi_create_external_arraybuffer ||
	    !napi_detach_arraybuffer ||
	    !napi_create_bigint_uint64)
		return NULL;
	if (napi_create_object(env, &object) != NAPI_OK || !make_functions(env, object) || !make_module(env, object) ||
	    addon_run(env, watch_script, watch_script_end, "node:internal/probe/watch", &function) != NAPI_OK ||
	    napi_get_global(env, &global) != NAPI_OK ||
	    napi_call_function(env, global, function, 1, &object, &result) != NAPI_OK) {
		napi_get_and_clear_last_exception(env, &exception);
		return NULL;
	}
	return result;
}
