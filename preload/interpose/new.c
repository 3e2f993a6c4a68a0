/*
 * new.c: the replaceable operator new and operator delete, by their names in the Itanium C++ ABI.
 *
 * The real ones (libstdc++'s, say) keep no frame pointer and call malloc: recorded here, their caller is in the
 * stack. They may throw: nothing here needs to be undone then (nest.h).
 */
#include "interpose/follow.h"
#include "interpose/nest.h"
#include "interpose/next.h"
#include "record/event.h"

struct operator {
	const char *name;        /* of the symbol */
	void     *function;      /* the real one; NULL: not looked up, or not there */
	uintptr_t end;           /* one past its code */
};

/* All of this file, put together by the linker. */
extern struct operator __start_probe_operators[] HIDDEN, __stop_probe_operators[] HIDDEN;

static void *operator_set(struct operator *real, void *function)
{
	if (function) {
		real->end = (uintptr_t)function + next_symbol_size(function);
		__atomic_store_n(&real->function, function, __ATOMIC_RELEASE);
	}
	return function;
}

static void look_up_operators(void)
{
	void *runtime = NULL;

	/* In the search order, or loaded for a plugin alone. */
	if (!next_symbol(__start_probe_operators->name)) {
		runtime = REAL(dlopen)("libstdc++.so.6", RTLD_LAZY | RTLD_NOLOAD);
		if (!runtime) {
			dlerror();
			return;
		}
	}
	for (struct operator *real = __start_probe_operators; real < __stop_probe_operators; real++)
		operator_set(real, runtime ? dlsym(runtime, real->name) : next_symbol(real->name));
	if (runtime)
		REAL(dlclose)(runtime);
}

/* What the loader allocates for us (the text of an error, say) is not the program's: all that is called is inner. */
void operators_refresh(void)
{
	struct stack_start here = {.sp = (uintptr_t)__builtin_frame_address(0)};
	struct thread *thread = self && self->live ? self : NULL;
	struct nest before = {0};

	if (__start_probe_operators->function)
		return;
	if (thread)
		before = nest_begin(thread, here, 0, UINTPTR_MAX, NULL);
	look_up_operators();
	if (thread)
		nest_end(thread, before);
}

void operators_forget(uintptr_t start, uintptr_t end)
{
	for (struct operator *real = __start_probe_operators; real < __stop_probe_operators; real++) {
		uintptr_t function = (uintptr_t)__atomic_load_n(&real->function, __ATOMIC_ACQUIRE);

		if (function >= start && function < end)
			__atomic_store_n(&real->function, NULL, __ATOMIC_RELEASE);
	}
}

static __attribute__((noinline)) void *operator_find(struct operator *real, uintptr_t pc)
{
	if (!operator_set(real, next_symbol_for(real->name, pc)))
		__builtin_trap(); /* whoever calls us was linked against one: it cannot be missing */
	return real->function;
}

#define OPERATOR(real, pc) \
	({ \
		void *function_ = __atomic_load_n(&(real).function, __ATOMIC_ACQUIRE); \
		unlikely(!function_) ? operator_find(&(real), pc) : function_; \
	})

/* symbol(size …): `parameters` and `arguments` are those after the size. */
#define NEW(symbol, family, parameters, arguments) \
	void *symbol parameters; \
	PUBLIC void *symbol parameters \
	{ \
		static struct operator real ENTRY("probe_operators") = {.name = #symbol}; \
		struct stack_start at = STACK_CALLER(); \
		void *(*function) parameters = OPERATOR(real, at.pc); \
		struct thread *thread = event_thread(); \
		struct nest before; \
		void *p; \
 \
		if (unlikely(!thread)) \
			return function arguments; \
		if (nest_is_inner(thread, at)) { \
			before = nest_deepen(thread, (uintptr_t)function, real.end); \
			p = function arguments; \
			nest_surface(thread, before); \
			return p; \
		} \
		before = nest_begin(thread, at, (uintptr_t)function, real.end, NULL); \
		p = function arguments; \
		bool recorded = thread->nest_born == p; \
		nest_end(thread, before); \
		if (likely(p && !recorded)) \
			event_with_stack(thread, TRACE_EVENT_ALLOC, family, 0, p, size, at); \
		return p; \
	}

#define DELETE(symbol, family, parameters, arguments) \
	void symbol parameters; \
	PUBLIC void symbol parameters \
	{ \
		static struct operator real ENTRY("probe_operators") = {.name = #symbol}; \
		struct stack_start at = STACK_CALLER(); \
		void (*function) parameters = OPERATOR(real, at.pc); \
		struct thread *thread = event_thread(); \
		struct nest before; \
 \
		if (unlikely(!p || !thread) || nest_is_inner_death(thread, at, p)) { \
			function arguments; \
			return; \
		} \
		event_without(thread, TRACE_EVENT_FREE, family, 0, p, 0, clock_tick(), at.sp); \
		before = nest_begin(thread, at, (uintptr_t)function, real.end, p); \
		function arguments; \
		nest_end(thread, before); \
	}

#define ONE TRACE_FAMILY_NEW
#define ARRAY TRACE_FAMILY_NEW_ARRAY

NEW(_Znwm, ONE, (size_t size), (size))
NEW(_Znam, ARRAY, (size_t size), (size))
NEW(_ZnwmRKSt9nothrow_t, ONE, (size_t size, const void *nothrow), (size, nothrow))
NEW(_ZnamRKSt9nothrow_t, ARRAY, (size_t size, const void *nothrow), (size, nothrow))
NEW(_ZnwmSt11align_val_t, ONE, (size_t size, size_t align), (size, align))
NEW(_ZnamSt11align_val_t, ARRAY, (size_t size, size_t align), (size, align))
NEW(_ZnwmSt11align_val_tRKSt9nothrow_t, ONE, (size_t size, size_t align, const void *nothrow), (size, align, nothrow))
NEW(_ZnamSt11align_val_tRKSt9nothrow_t, ARRAY, (size_t size, size_t align, const void *nothrow),
    (size, align, nothrow))

DELETE(_ZdlPv, ONE, (void *p), (p))
DELETE(_ZdaPv, ARRAY, (void *p), (p))
DELETE(_ZdlPvm, ONE, (void *p, size_t size), (p, size))
DELETE(_ZdaPvm, ARRAY, (void *p, size_t size), (p, size))
DELETE(_ZdlPvRKSt9nothrow_t, ONE, (void *p, const void *nothrow), (p, nothrow))
DELETE(_ZdaPvRKSt9nothrow_t, ARRAY, (void *p, const void *nothrow), (p, nothrow))
DELETE(_ZdlPvSt11align_val_t, ONE, (void *p, size_t align), (p, align))
DELETE(_ZdaPvSt11align_val_t, ARRAY, (void *p, size_t align), (p, align))
DELETE(_ZdlPvmSt11align_val_t, ONE, (void *p, size_t size, size_t align), (p, size, align))
DELETE(_ZdaPvmSt11align_val_t, ARRAY, (void *p, size_t size, size_t align), (p, size, align))
DELETE(_ZdlPvSt11align_val_tRKSt9nothrow_t, ONE, (void *p, size_t align, const void *nothrow), (p, align, nothrow))
DELETE(_ZdaPvSt11align_val_tRKSt9nothrow_t, ARRAY, (void *p, size_t align, const void *nothrow), (p, align, nothrow))
