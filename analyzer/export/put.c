/* put.c: see put.h. Touches nothing. */
#include "export/put.h"

#include <string.h>

void put_number(FILE *file, uint64_t value)
{
	char digits[20], *at = digits + sizeof(digits);

	do
		*--at = (char)('0' + value % 10);
	while (value /= 10);
	fwrite_unlocked(at, 1, (size_t)(digits + sizeof(digits) - at), file);
}

void put_json(FILE *file, const char *text)
{
	putc_unlocked('"', file);
	for (const char *at = text; *at; at++) {
		unsigned char c = (unsigned char)*at;

		if (c == '"' || c == '\\') {
			putc_unlocked('\\', file);
			putc_unlocked(c, file);
		} else if (c < 0x20 || c == 0x7f || c == '<' || c == '>' || c == '&') {
			fprintf(file, "\\u%04x", c);
		} else if (!strncmp(at, "\xef\xbf\xbe", 3) || !strncmp(at, "\xef\xbf\xbf", 3)) {
			fprintf(file, "\\ufff%c", at[2] == '\xbe' ? 'e' : 'f');
			at += 2;
		} else {
			putc_unlocked(c, file);
		}
	}
	putc_unlocked('"', file);
}
