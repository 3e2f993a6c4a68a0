/*
 * probe.h: what a program may tell a recording about itself.
 *
 * Header-only: there is nothing to link. Where libprobe.so is not preloaded every call is a test of a null pointer.
 * All functions may be called from any thread, at any time, also in signal handlers. Labels and names of types are
 * copied; of one longer than 255 bytes, the first 255. probe-types(7) has examples.
 */
#ifndef PROBE_H
#define PROBE_H

#include <stddef.h>

/* Inlined always, so that the frame that asks for memory is the program's. */
#define PROBE_INLINE_ static inline __attribute__((always_inline, artificial, unused))

/*
 * The address of a function of libprobe.so's, from the table that the loader fills: in code that is not
 * position-independent the linker would take the plain name, which nothing defines yet, to be null for good.
 */
#ifdef __x86_64__
#define PROBE_FIND_(function, name) \
	__asm__(".weak " #name "\n\tmov{q}\t{" #name "@GOTPCREL(%%rip), %0|%0, qword ptr " #name "@GOTPCREL[rip]}" \
	        : "=r"(function))
#else
#define PROBE_FIND_(function, name) ((function) = name)
#endif

/* What lies at the pointer is not looked at: a compiler need not warn that nothing was stored there yet. */
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 11
#define PROBE_UNREAD_(...) __attribute__((__VA_ARGS__))
#else
#define PROBE_UNREAD_(...)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Exported by libprobe.so; not to be called directly. */
extern void probe_library_mark(const char *label) __attribute__((weak));
extern void probe_library_type(const void *ptr, const char *type) __attribute__((weak));
extern void probe_library_alloc(const void *pool, const void *ptr, size_t size, const char *type) __attribute__((weak));
extern void probe_library_free(const void *pool, const void *ptr) __attribute__((weak));
extern void probe_library_pool_free(const void *pool) __attribute__((weak));

/* Puts a mark into the recording: a named instant, such as "proof 3 done". */
PROBE_INLINE_ void probe_mark(const char *label)
{
	void (*mark)(const char *);

	PROBE_FIND_(mark, probe_library_mark);
	if (mark)
		mark(label);
}

/* The block of the heap that begins at `ptr` is of this type. It keeps it where realloc moves it; the last word counts. */
PROBE_UNREAD_(access(none, 1)) PROBE_INLINE_ void probe_type(const void *ptr, const char *type)
{
	void (*tell)(const void *, const char *) PROBE_UNREAD_(access(none, 1));

	PROBE_FIND_(tell, probe_library_type);
	if (tell && ptr)
		tell(ptr, type);
}

/*
 * A block of the program's own allocator: it was born at `ptr`, an address or any handle but null, in `pool` (any pointer
 * that stands for it), and is of this type (null: unknown). Told after it was taken; its end before it is given back. What is told here is of domain `pool`
 * and has nothing to do with the heap's blocks, whose addresses may be the same.
 */
PROBE_UNREAD_(access(none, 1), access(none, 2))
PROBE_INLINE_ void probe_alloc(const void *pool, const void *ptr, size_t size, const char *type)
{
	void (*tell)(const void *, const void *, size_t, const char *) PROBE_UNREAD_(access(none, 1), access(none, 2));

	PROBE_FIND_(tell, probe_library_alloc);
	if (tell && ptr)
		tell(pool, ptr, size, type);
}

PROBE_UNREAD_(access(none, 1), access(none, 2))
PROBE_INLINE_ void probe_free(const void *pool, const void *ptr)
{
	void (*tell)(const void *, const void *) PROBE_UNREAD_(access(none, 1), access(none, 2));

	PROBE_FIND_(tell, probe_library_free);
	if (tell && ptr)
		tell(pool, ptr);
}

/* The pool ends, or is reset: all blocks in it die. */
PROBE_UNREAD_(access(none, 1)) PROBE_INLINE_ void probe_pool_free(const void *pool)
{
	void (*tell)(const void *) PROBE_UNREAD_(access(none, 1));

	PROBE_FIND_(tell, probe_library_pool_free);
	if (tell && pool)
		tell(pool);
}

#ifdef __cplusplus
} /* extern "C" */

/* probe_type that returns the pointer: probe_typed(new Connection(fd), "Connection"). */
template <typename T> __attribute__((always_inline)) inline T *probe_typed(T *ptr, const char *type)
{
	probe_type(static_cast<const void *>(ptr), type);
	return ptr;
}

/* A new T, by its constructor without arguments, whose type is told. */
#define PROBE_NEW(T) probe_typed(new T(), #T)

#else

PROBE_INLINE_ void *probe_typed(void *ptr, const char *type)
{
	probe_type(ptr, type);
	return ptr;
}

/* malloc of a T, whose type is told; null if there is no memory. */
#define PROBE_NEW(T) ((T *)probe_typed(__builtin_malloc(sizeof(T)), #T))

#endif

#endif
