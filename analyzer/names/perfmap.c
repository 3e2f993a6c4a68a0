/* perfmap.c: see perfmap.h. */
#include "names/perfmap.h"

#include <string.h>

/* A number and the blank behind it. OpenJDK's have an 0x. */
static bool number(const char **at, const char *end, uint64_t *value)
{
	const char *text = *at;
	int digits = 0;

	if (end - text > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		text += 2;
	*value = 0;
	for (; text < end && *text != ' ' && *text != '\t'; text++, digits++) {
		unsigned digit = (unsigned char)*text;

		if (digit - '0' < 10)
			digit -= '0';
		else if ((digit | 32) - 'a' < 6)
			digit = (digit | 32) - 'a' + 10;
		else
			return false;
		if (*value >> 60)
			return false;
		*value = *value << 4 | digit;
	}
	while (text < end && (*text == ' ' || *text == '\t'))
		text++;
	*at = text;
	return digits > 0;
}

static void read_line(struct jitcodes *codes, const char *at, const char *end)
{
	uint64_t start, size;

	if (end > at && end[-1] == '\r')
		end--;
	if (at == end)
		return;
	if (number(&at, end, &start) && number(&at, end, &size))
		jitcodes_add(codes, start, size, at, (size_t)(end - at), NULL, 0);
	else
		codes->damaged++;
}

void perfmap_read(struct jitcodes *codes, struct bytes file)
{
	const char *at = (const char *)file.data, *all = at + file.size, *end;

	for (; at < all && (end = memchr(at, '\n', (size_t)(all - at))); at = end + 1)
		read_line(codes, at, end);
}
