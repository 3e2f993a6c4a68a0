/*
 * new.c: the replaceable operator new and operator delete, by their names in the Itanium C++ ABI.
 *
 * The real ones (libstdc++'s, say) keep no frame pointer and call malloc: recorded here, their caller is in the stack.
 * They may throw: nothing here needs to be undone then (nest.h).
 */
#include "interpose/nest.h"
#include "interpose/next.h"
#include "record/event.h"

struct real {
	void     *function;      /* NULL: not looked up yet */
	uintptr_t end;           /* one past its code */
};

static void *real_find(struct real *real, const char *name, uintptr_t pc)
{
	void *function = next_symbol_for(name, pc);

	if (!function)
		__builtin_trap(); /* whoever calls us was linked against one: it cannot be missing */
	real->end = (uintptr_t)function + next_symbol_size(function);
	__atomic_store_n(&real->function, function, __ATOMIC_RELEASE);
	return function;
}

#define REAL(real, name, pc) \
	({ \
		void *function_ = __atomic_load_n(&(real).function, __ATOMIC_ACQUIRE); \
		unlikely(!function_) ? real_find(&(real), name, pc) : function_; \
	})

/* symbol(size …): `parameters` and `arguments` are those after the size. */
#define NEW(symbol, family, parameters, arguments) \
	void *symbol parameters; \
	PUBLIC void *symbol parameters \
	{ \
		static struct real real; \
		struct stack_start at = STACK_CALLER(); \
		void *(*function) parameters = REAL(real, #symbol, at.pc); \
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
		static struct real real; \
		struct stack_start at = STACK_CALLER(); \
		void (*function) parameters = REAL(real, #symbol, at.pc); \
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
NEW(_ZnamSt11align_val_tRKSt9nothrow_t, ARRAY, (size_t size, size_t align, const void *nothrow), (size, align, nothrow))

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
