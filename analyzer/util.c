/* util.c: errors and memory for the analyzer; see util.h. */
#include "util.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A path may be anybody's: its control characters must not reach a terminal. */
static void put_escaped(const char *text)
{
	static const char controls[] =
		"\1\2\3\4\5\6\7\b\t\n\v\f\r\16\17\20\21\22\23\24\25\26\27\30\31\32\33\34\35\36\37\177";

	while (*text) {
		size_t plain = strcspn(text, controls);

		fprintf(stderr, "%.*s", (int)plain, text);
		text += plain;
		if (*text)
			fprintf(stderr, "\\x%02x", (unsigned char)*text++);
	}
}

static void vwarn(const char *format, va_list arguments)
{
	int error = errno;
	char *text;

	fflush(stdout);
	fputs("probe: ", stderr);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	put_escaped(text ? text : "out of memory");
	free(text);
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

char *xvasprintf(const char *format, va_list arguments)
{
	char *p;

	if (vasprintf(&p, format, arguments) < 0)
		fatal(3, "out of memory");
	return p;
}

char *xasprintf(const char *format, ...)
{
	va_list arguments;
	char *p;

	va_start(arguments, format);
	p = xvasprintf(format, arguments);
	va_end(arguments);
	return p;
}
