/*
 * next.h: the functions behind ours: those of the next object in search order that has them, libc as a rule.
 */
#ifndef PROBE_NEXT_H
#define PROBE_NEXT_H

#include <dlfcn.h>
#include <stddef.h>

#include "library.h"

/* The next definition of `name`, or NULL. A failure leaves no error behind for the program's dlerror. */
void *next_symbol(const char *name) HIDDEN;

/*
 * The next definition for a caller at `pc`: if the search order has none, as for a C++ plugin that a C program loads,
 * it is that of the caller's own dependencies.
 */
void *next_symbol_for(const char *name, uintptr_t pc) HIDDEN;

/* Bytes of code of a function, 0 unknown. */
size_t next_symbol_size(void *function) HIDDEN;

/* The heap's functions: always callable, also while they are being looked up. */
struct next_heap {
	void *(*malloc)(size_t);
	void *(*calloc)(size_t, size_t);
	void *(*realloc)(void *, size_t);
	void  (*free)(void *);
	void *(*memalign)(size_t, size_t);
	void *(*aligned_alloc)(size_t, size_t);
	int   (*posix_memalign)(void **, size_t, size_t);
	void *(*valloc)(size_t);
	void *(*pvalloc)(size_t);
	size_t (*malloc_usable_size)(void *);
};
extern struct next_heap next HIDDEN;

/* Defines next_NAME(), which returns the next NAME, of function type `type`, looked up once. */
#define NEXT(name, type) \
	static __typeof__(type) *next_##name(void) \
	{ \
		static __typeof__(type) *function; \
		if (unlikely(!function)) \
			function = (__typeof__(type) *)next_symbol(#name); \
		return function; \
	}

#endif
