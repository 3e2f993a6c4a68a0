/* abbreviate.c: leaves out parameters and template arguments; see abbreviate.h. Touches nothing. */
#include "report/abbreviate.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "report/escape.h"
#include "util.h"

#define HASH_LEAST 5u              /* digits; Rust leaves out those that are 0 in front */

/* Is this bracket part of a name: operator<, ->, (anonymous namespace), "(top level)"? */
static bool belongs_to_name(const char *start, const char *at)
{
	static const char operator_word[] = "operator";
	const char *before = at;

	if (*at == '(')
		return at == start || !strncmp(at, "(anonymous namespace)", 21);
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

/* The hashes that Rust puts behind the names of crates: "alloc[4f9b1a23cfd0ee41]::". */
static char *without_hashes(const char *text)
{
	char *shorter = xmalloc(strlen(text) + 1), *to = shorter;

	while (*text) {
		size_t digits = *text == '[' ? strspn(text + 1, "0123456789abcdef") : 0;

		if (digits >= HASH_LEAST && text[digits + 1] == ']')
			text += digits + 2;
		else
			*to++ = *text++;
	}
	*to = '\0';
	return shorter;
}

/*
 * Of Rust's "<Type<A> as Trait<B>>::function" what is within the first brackets is the name: "<Type<…> as Trait<…>>::function";
 * `plain`: "<Type<…>>::function". NULL: it does not begin so.
 */
static char *qualified(const char *text, bool plain)
{
	const char *end = *text == '<' ? closing(text, text, '<', '>') : NULL;
	char *inner, *type, *rest, *whole, *as;

	if (!end)
		return NULL;
	inner = strndup(text + 1, (size_t)(end - text - 1));
	if (!inner)
		fatal(3, "out of memory");
	type = leave_out(inner, '<', '>');
	as = plain ? strstr(type, " as ") : NULL;
	if (as)
		*as = '\0';
	rest = leave_out(end + 1, '<', '>');
	whole = xasprintf("<%s>%s", type, rest);
	free(inner);
	free(type);
	free(rest);
	return whole;
}

/* "<crate::module::Type<…>>::function", as qualified leaves it, is "Type::function". NULL: it does not look so. */
static char *unqualified(const char *text)
{
	const char *end = *text == '<' ? closing(text, text, '<', '>') : NULL, *type, *generics;

	if (!end)
		return NULL;
	generics = memchr(text + 1, '<', (size_t)(end - text - 1));
	generics = generics && generics > text + 1 ? generics : end;
	for (type = generics; type > text + 1 && type[-1] != ':'; type--)
		if (strchr(" &*([", type[-1]))
			return NULL;
	return xasprintf("%.*s%s", (int)(generics - type), type, end + 1);
}

char *abbreviate(const char *function, size_t width)
{
	char *name = xstrdup(function), *shorter;

	for (int step = 0; step < 6 && text_width(name) > width; step++) {
		switch (step) {
		case 0:
			shorter = without_hashes(name);
			break;
		case 1:
			shorter = leave_out(name, '(', ')');
			break;
		case 2:
		case 3:
			shorter = qualified(name, step == 3);
			break;
		case 4:
			shorter = unqualified(name);
			break;
		default:
			shorter = leave_out(name, '<', '>');
		}
		if (!shorter)
			continue;
		free(name);
		name = shorter;
	}
	return name;
}
