/*
 * wasm.c: see wasm.h. Wrappers are functions that V8 makes as it makes its own: they look the same, and no stack trace
 * shows them.
 */
#include "node/wasm.h"

#include <errno.h>
#include <string.h>

#include "node/called.h"
#include "node/trial.h"
#include "node/watch.h"

/* How wasm.js tells of a declaration: pages × 8 + these; negative: it is not known. */
enum { DECLARED_SHARED = 1, DECLARED_MAXIMUM = 2, DECLARED_WIDE = 4 };

#define WASM_PAGE      65536ull
#define PAGES_MOST     65536u        /* V8's limit for addresses of 32 bits */

extern const char wasm_script[] HIDDEN, wasm_script_end[] HIDDEN;
extern const char declared_script[] HIDDEN, declared_script_end[] HIDDEN;
extern const char streams_script[] HIDDEN, streams_script_end[] HIDDEN;

/* As V8 has it, in the last isolate: for a forked child, whose threads' state is wiped. */
static uintptr_t undefined;

/* ---- what wrappers share ---------------------------------------------------------------------------------------- */

bool wasm_called(const struct v8_call *call, struct called *called)
{
	*called = (struct called){.call = call, .isolate = v8.current(), .thread = thread_state(), .original = call_data(call),
		.count = call->length < ARGUMENTS_MOST ? call->length : ARGUMENTS_MOST};
	called->context = v8_context(called->isolate);
	for (int i = 0; i < called->count; i++)
		called->arguments[i] = call_slot(call->values + i);
	called->env = called->thread ? called->thread->wasm_environment : NULL;
	called->constructs = *(uintptr_t *)call_new_target(call) !=
		(called->thread && called->thread->wasm_undefined ? called->thread->wasm_undefined : undefined);
	return called->env;
}

bool wasm_ask(struct called *called, enum wasm_question question, size_t count, const napi_value *arguments,
	napi_value *answer)
{
	napi_value function, global;
	int kind;

	called->failure = NULL;
	if (!called->env || napi_get_reference_value(called->env, called->thread->wasm_questions[question], &function) != NAPI_OK ||
	    !function || napi_get_global(called->env, &global) != NAPI_OK)
		return false;
	if (napi_call_function(called->env, global, function, count, arguments, answer) != NAPI_OK) {
		if (napi_get_and_clear_last_exception(called->env, &called->failure) != NAPI_OK)
			called->failure = NULL;
		return false;
	}
	return napi_typeof(called->env, *answer, &kind) == NAPI_OK && kind != NAPI_UNDEFINED;
}

napi_value wasm_pass(struct called *called)
{
	if (called->constructs)
		return v8_construct(called->original, called->context, called->count, called->arguments);
	return v8_apply(called->original, called->context, call_this(called->call), called->count, called->arguments);
}

void wasm_constructed(struct called *called, napi_value result)
{
	napi_value pair[2] = {result, call_this(called->call)}, ignored;

	if (called->constructs)
		wasm_ask(called, WASM_ASK_ADOPT, 2, pair, &ignored);
	call_return(called->call, result);
}

static bool read_declared(napi_env env, napi_value value, struct trace_wasm_memory *declared)
{
	double number;
	uint64_t flags;

	if (napi_get_value_double(env, value, &number) != NAPI_OK || !(number >= 0 && number < 9e15))
		return false;
	flags = (uint64_t)number % 8;
	*declared = (struct trace_wasm_memory){0};
	if (flags & DECLARED_MAXIMUM)
		declared->maximum_bytes = (uint64_t)number / 8 * WASM_PAGE;
	else if (!(flags & DECLARED_WIDE))
		declared->maximum_bytes = PAGES_MOST * WASM_PAGE;
	declared->flags = flags & DECLARED_SHARED ? TRACE_WASM_SHARED : 0;
	return true;
}

const struct trace_wasm_memory *wasm_declare(struct called *called, enum wasm_question question, napi_value source,
	struct trace_wasm_memory *declared)
{
	const struct trace_wasm_memory *before = called->thread->declared;
	napi_value answer;

	called->thread->declared = NULL;
	if (wasm_ask(called, question, 1, &source, &answer) && read_declared(called->env, answer, declared))
		called->thread->declared = declared;
	return before;
}

void wasm_reserved(const struct thread *thread, const void *p)
{
	struct trace_wasm_memory record = *thread->declared;

	record.address = ((uintptr_t)p + WASM_PAGE - 1) & ~(WASM_PAGE - 1);
	meta_write(TRACE_RECORD_WASM_MEMORY, &record, sizeof(record), NULL, 0);
}

/* new WebAssembly.Memory(descriptor) */
static void memory(const struct v8_call *call)
{
	const struct trace_wasm_memory *before = NULL;
	struct trace_wasm_memory declared;
	struct called called;
	napi_value result;
	int error = errno;
	bool asked = wasm_called(call, &called) && called.count;

	if (asked)
		before = wasm_declare(&called, WASM_ASK_DESCRIPTOR, called.arguments[0], &declared);
	errno = error;
	result = wasm_pass(&called);
	if (asked)
		wasm_undeclare(&called, before);
	error = errno;
	if (result)
		wasm_constructed(&called, result);
	errno = error;
}

/*
 * Gives back what it was called with, each from where it is expected: what it was made with, if `this` is the first of
 * two arguments, or new.target.
 */
static void try(const struct v8_call *call)
{
	struct called called;

	wasm_called(call, &called);
	if (called.constructs)
		call_return(call, call_new_target(call));
	else if (call->length == 2 && call->values[-1] == call->values[0] && call->values[0] != call->values[1])
		call_return(call, call_data(call));
}

/* ---- installing --------------------------------------------------------------------------------------------- */

/* By the names that wasm.js uses. */
static const struct {
	const char *name;
	v8_callback *callback;
	enum v8_constructs constructs;
} wrappers[] = {
	{"try", try, V8_CONSTRUCTOR}, {"memory", memory, V8_CONSTRUCTOR}, {"module", compile_module, V8_CONSTRUCTOR},
	{"instance", compile_instance, V8_CONSTRUCTOR}, {"promise", compile_promise, V8_NO_CONSTRUCTOR},
	{"shown", exports_shown, V8_NO_CONSTRUCTOR}, {"listed", exports_listed, V8_NO_CONSTRUCTOR},
	{"sections", exports_sections, V8_NO_CONSTRUCTOR},
};

/* In the order of enum wasm_question. */
static const char *const questions[WASM_QUESTIONS] = {
	"descriptor", "construct", "remember", "declared", "instance", "begin", "end", "settle", "shown", "list", "section",
	"adopt", "wrapAll",
};

/* wrap(which, original, name): a function that stands for the original. */
static napi_value js_wrap(napi_env env, napi_callback_info info)
{
	napi_value arguments[3], wrapper;
	char which[32];
	size_t count = 3, length;

	if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != NAPI_OK || count != 3 ||
	    napi_get_value_string_utf8(env, arguments[0], which, sizeof(which), &length) != NAPI_OK)
		return NULL;
	for (size_t i = 0; i < sizeof(wrappers) / sizeof(wrappers[0]); i++)
		if (!strcmp(wrappers[i].name, which)) {
			wrapper = v8_function(self && self->wasm_context ? self->wasm_context : v8_context(v8.current()),
				wrappers[i].callback, arguments[1], 0,
				wrappers[i].constructs, V8_SIDE_EFFECT);
			if (wrapper)
				v8_set_name(wrapper, arguments[2]);
			return wrapper;
		}
	return NULL;
}

/* declare(bytes, declaration): so was the linear memory declared whose first byte is theirs. */
static napi_value js_declare(napi_env env, napi_callback_info info)
{
	struct trace_wasm_memory record;
	napi_value arguments[2];
	size_t count = 2, size;
	void *base = NULL;
	int error = errno;

	if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) == NAPI_OK && count == 2 &&
	    napi_get_typedarray_info(env, arguments[0], NULL, &size, &base, NULL, NULL) == NAPI_OK && base &&
	    read_declared(env, arguments[1], &record)) {
		record.address = (uintptr_t)base;
		meta_write(TRACE_RECORD_WASM_MEMORY, &record, sizeof(record), NULL, 0);
	}
	errno = error;
	return NULL;
}

/* rewritten(): the thread has a rewritten module from now on. */
static napi_value js_rewritten(napi_env env, napi_callback_info info)
{
	(void)env, (void)info;
	if (self)
		self->wasm_rewritten = true;
	return NULL;
}

/* At the end of the environment, on its thread. */
static void forget(void *thread)
{
	if (self != thread || !self->wasm_environment)
		return;
	trial_thread_ends();
	for (unsigned i = 0; i < WASM_QUESTIONS; i++)
		if (self->wasm_questions[i])
			napi_delete_reference(self->wasm_environment, self->wasm_questions[i]);
	self->wasm_environment = NULL;
}

static bool keep_questions(napi_env env, struct thread *thread, napi_value answers)
{
	napi_value function;
	int kind;

	for (unsigned i = 0; i < WASM_QUESTIONS; i++) {
		thread->wasm_questions[i] = NULL;
		if (napi_get_named_property(env, answers, questions[i], &function) != NAPI_OK ||
		    napi_typeof(env, function, &kind) != NAPI_OK || kind != NAPI_FUNCTION ||
		    napi_create_reference(env, function, 1, &thread->wasm_questions[i]) != NAPI_OK)
			return false;
	}
	return true;
}

static bool set_function(napi_env env, napi_value object, const char *name, napi_callback *callback)
{
	napi_value function;

	return napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, NULL, &function) == NAPI_OK &&
	       napi_own(env, object, name, function) == NAPI_OK;
}

static bool can_wrap(void)
{
	return call_is_available() && compile_can_settle() && exports_can_hide() && napi_get_named_property && napi_typeof &&
	       napi_get_undefined && napi_add_env_cleanup_hook && napi_delete_reference;
}

void wasm_context(void *context, napi_value space)
{
	struct called called = {.thread = self, .env = self->wasm_environment};
	napi_value ignored;

	self->wasm_context = context;
	wasm_ask(&called, WASM_ASK_WRAP, 1, &space, &ignored);
	self->wasm_context = NULL;
}

/* What wasm.js is given. */
static bool make_native(napi_env env, napi_value *native)
{
	napi_value value;

	if (napi_create_object(env, native) != NAPI_OK || !set_function(env, *native, "wrap", js_wrap) ||
	    !set_function(env, *native, "rewritten", js_rewritten) || !set_function(env, *native, "declare", js_declare) ||
	    addon_run(env, declared_script, declared_script_end, "node:internal/probe/declared", &value) != NAPI_OK ||
	    napi_own(env, *native, "declarations", value) != NAPI_OK)
		return false;
	value = watch_functions(env);
	return !value || (napi_own(env, *native, "watch", value) == NAPI_OK &&
	                  addon_run(env, streams_script, streams_script_end, "node:internal/probe/streams", &value) == NAPI_OK &&
	                  napi_own(env, *native, "streams", value) == NAPI_OK);
}

void wasm_install(napi_env env)
{
	struct called called = {.thread = thread_state(), .env = env};
	napi_value function, global, native, answers, space, exception;

	if (!library.wasm || !called.thread || !can_wrap() || napi_get_undefined(env, &global) != NAPI_OK)
		return;
	undefined = called.thread->wasm_undefined = *(uintptr_t *)global;
	called.thread->wasm_environment = env;
	if (!make_native(env, &native) ||
	    addon_run(env, wasm_script, wasm_script_end, "node:internal/probe/wasm", &function) != NAPI_OK ||
	    napi_get_global(env, &global) != NAPI_OK ||
	    napi_call_function(env, global, function, 1, &native, &answers) != NAPI_OK ||
	    !keep_questions(env, called.thread, answers) || napi_add_env_cleanup_hook(env, forget, called.thread) != NAPI_OK ||
	    napi_get_named_property(env, global, "WebAssembly", &space) != NAPI_OK) {
		napi_get_and_clear_last_exception(env, &exception);
		called.thread->wasm_environment = NULL;
		return;
	}
	wasm_ask(&called, WASM_ASK_WRAP, 1, &space, &answers);
	compile_install(v8.current());
}
