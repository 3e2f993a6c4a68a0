/* util.c: errors and memory for the analyzer; see util.h. */
#include "util.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void vwarn(const char *format, va_list arguments)
{
	int error = errno;

	fflush(stdout);
	fputs("probe: ", stderr);
	vfprintf(stderr, format, arguments);
	if (format[0] && format[strlen(format) - 1] == ':')
		fprintf(stderr, " %s", strerror(error));
	fputc('\n', stderr);
}

void warn(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vwarn(format, arguments);
	va_end(arguments);
}

void fatal(int status, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vwarn(format, arguments);
	va_end(arguments);
	exit(status);
}

void *xmalloc(size_t size)
{
	void *p = malloc(size ? size : 1);

	if (!p)
		fatal(3, "out of memory");
	return p;
}

void *xcalloc(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);

	if (!p)
		fatal(3, "out of memory");
	return p;
}

void *xreallocarray(void *old, size_t count, size_t size)
{
	void *p = reallocarray(old, count ? count : 1, size ? size : 1);

	if (!p)
		fatal(3, "out of memory");
	return p;
}

char *xstrdup(const char *string)
{
	char *p = strdup(string);

	if (!p)
		fatal(3, "out of memory");
	return p;
}

char *xasprintf(const char *format, ...)
{
	va_list arguments;
	char *p;

	va_start(arguments, format);
	if (vasprintf(&p, format, arguments) < 0)
		fatal(3, "out of memory");
	va_end(arguments);
	return p;
}
