/*
 * util.h: the one error idiom, and memory that cannot fail.
 */
#ifndef PROBE_UTIL_H
#define PROBE_UTIL_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One line on standard error, "probe: " before it. A format that ends in a colon gets the reason of errno appended.
 * fatal exits with `status` (2 wrong usage, 3 input cannot be read).
 */
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void fatal(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* As malloc & co., but they exit with a message when memory is out. */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xreallocarray(void *old, size_t count, size_t size);
char *xstrdup(const char *string);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *xvasprintf(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

#endif
