/*
 * text.h: the little formatting that the library needs, without stdio.
 */
#ifndef PROBE_TEXT_H
#define PROBE_TEXT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/*
 * As snprintf, for %s, %u (unsigned), %x (uint32_t, 8 digits), %llx and %llu (uint64_t) and %%. Always ends with NUL.
 * Returns the length written.
 */
size_t text_format(char *buffer, size_t size, const char *format, ...)
	__attribute__((visibility("hidden"), format(printf, 3, 4)));

/* An unsigned number at the start of `text`, decimal; *end is behind it. */
uint64_t text_number(const char *text, const char **end) __attribute__((visibility("hidden")));

/* The value of NAME in an environment, or NULL. */
const char *text_variable(char *const *environment, const char *name) __attribute__((visibility("hidden")));

#endif
