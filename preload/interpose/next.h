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

/* Are they libc's own? Else another allocator stands between. */
bool next_is_libc(void) HIDDEN;

/*
 * Looking a symbol up takes the loader's lock. A thread that did so at its first call would wait for ever where another
 * one, inside dlopen or dlclose, waits for it: so all are looked up when the library starts. What is not there yet by
 * then (the operators of a C++ plugin in a C program) is looked up after each dlopen, and before a thread is made in one.
 */
struct next_entry {
	const char *name;        /* of the function */
	void      **slot;        /* where it goes; NULL: not looked up, or not there */
};
void next_start(void) HIDDEN;

/* An entry of an array that the linker puts together; the alignment is said, or gcc would choose one with gaps. */
#define ENTRY(array) __attribute__((section(array), used, aligned(sizeof(void *))))

/* new.c: looks for operators that were not there yet. Takes the loader's lock. */
void operators_refresh(void) HIDDEN;
/* What was found in [start, end) is gone: it was a plugin's own. */
void operators_forget(uintptr_t start, uintptr_t end) HIDDEN;

/* Defines next_NAME(), which returns the next NAME, of function type `type`. */
#define NEXT(symbol, type) \
	static __typeof__(type) *function_##symbol; \
	static struct next_entry entry_##symbol ENTRY("probe_next") = { \
		#symbol, (void **)&function_##symbol}; \
\
	static __typeof__(type) *next_##symbol(void) \
	{ \
		if (unlikely(!function_##symbol)) \
			function_##symbol = (__typeof__(type) *)next_symbol(entry_##symbol.name); \
		return function_##symbol; \
	}

#endif
