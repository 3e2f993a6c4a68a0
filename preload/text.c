/* text.c: see text.h. Pure. */
#include "text.h"

#include <string.h>

struct sink {
	char  *buffer;
	size_t size, length;
};

static void put(struct sink *sink, char c)
{
	if (sink->length + 1 < sink->size)
		sink->buffer[sink->length++] = c;
}

static void put_number(struct sink *sink, uint64_t value, unsigned base, int digits)
{
	char reversed[24];
	int n = 0;

	do
		reversed[n++] = "0123456789abcdef"[value % base];
	while ((value /= base) || n < digits);
	while (n)
		put(sink, reversed[--n]);
}

size_t text_format(char *buffer, size_t size, const char *format, ...)
{
	struct sink sink = {buffer, size, 0};
	va_list arguments;

	va_start(arguments, format);
	for (; *format; format++) {
		if (*format != '%') {
			put(&sink, *format);
		} else if (*++format == 's') {
			for (const char *s = va_arg(arguments, const char *); *s; s++)
				put(&sink, *s);
		} else if (*format == 'u') {
			put_number(&sink, va_arg(arguments, unsigned), 10, 1);
		} else if (*format == 'x') {
			put_number(&sink, va_arg(arguments, unsigned), 16, 8);
		} else if (*format == 'l') {
			format += 2;
			put_number(&sink, va_arg(arguments, unsigned long long), *format == 'x' ? 16 : 10, 1);
		} else {
			put(&sink, *format);
		}
	}
	va_end(arguments);
	if (size)
		buffer[sink.length] = '\0';
	return sink.length;
}

uint64_t text_number(const char *text, const char **end)
{
	uint64_t value = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		value = value * 10 + (uint64_t)(*text - '0');
	*end = text;
	return value;
}

const char *text_variable(char *const *environment, const char *name)
{
	size_t length = strlen(name);

	for (; environment && *environment; environment++)
		if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
			return *environment + length + 1;
	return NULL;
}
