/* abbreviate.c: leaves out parameters and template arguments; see abbreviate.h. Touches nothing. */
#include "report/abbreviate.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "report/escape.h"
#include "util.h"

/* Is this bracket part of a name: operator<, ->, (anonymous namespace)? */
static bool belongs_to_name(const char *start, const char *at)
{
	static const char operator_word[] = "operator";
	const char *before = at;

	if (*at == '(')
		return !strncmp(at, "(anonymous namespace)", 21);
	if (at > start && at[-1] == '-')
		return true;
	while (before > start && (before[-1] == '<' || before[-1] == '>' || before[-1] == '='))
		before--;
	return before - start >= 8 && !memcmp(before - 8, operator_word, 8);
}

/* The bracket that closes the one at `at`, or NULL. Only brackets of the same kind are counted. */
static const char *closing(const char *start, const char *at, char open, char close)
{
	size_t depth = 0;

	for (const char *c = at; *c; c++) {
		if (*c == open && (c == at || open == '(' || !belongs_to_name(start, c)))
			depth++;
		else if (*c == close && (open == '(' || !belongs_to_name(start, c)) && --depth == 0)
			return c;
	}
	return NULL;
}

/* Every outermost pair of these brackets keeps only "…". */
static char *leave_out(const char *text, char open, char close)
{
	/* Of a pair with anything in it, two bytes may become three. */
	char *shorter = xmalloc(strlen(text) * 2 + 1), *to = shorter;
	const char *end;

	for (const char *c = text; *c;) {
		if (*c != open || belongs_to_name(text, c) || !(end = closing(text, c, open, close))) {
			*to++ = *c++;
			continue;
		}
		*to++ = open;
		if (end > c + 1)
			to = stpcpy(to, "…");
		*to++ = close;
		c = end + 1;
	}
	*to = '\0';
	return shorter;
}

char *abbreviate(const char *function, size_t width)
{
	char *bare, *shortest;

	if (text_width(function) <= width)
		return xstrdup(function);
	bare = leave_out(function, '(', ')');
	if (text_width(bare) <= width)
		return bare;
	shortest = leave_out(bare, '<', '>');
	free(bare);
	return shortest;
}
