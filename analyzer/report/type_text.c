/*
 * type_text.c: see type_text.h. A type is written in forms, the whole one first, each shorter and saying less: without
 * arguments that are what the library takes anyway, without namespaces, of arguments first, and without arguments of arguments.
 * Taken is the first that fits. Where two types would then look the same both go back towards the whole, cut in the middle;
 * and where that shows no difference the place is shown where they differ.
 */
#include "report/type_text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report/escape.h"
#include "util.h"

#define ALL 255

static const struct form {
	bool    usual;           /* without usual arguments and inline namespaces */
	uint8_t outer, inner;    /* namespaces that names have outside of brackets, and in them */
	uint8_t depth;           /* brackets as deep as this are emptied; 0: none */
} forms[] = {
	{false, ALL, ALL, 0}, {true, ALL, ALL, 0}, {true, ALL, 1, 0}, {true, ALL, 0, 0}, {true, 1, 1, 0}, {true, 0, 1, 0},
	{true, 1, 0, 0}, {true, 0, 0, 0}, {true, 1, 0, 3}, {true, 1, 0, 2}, {true, 0, 0, 2}, {true, 0, 0, 1},
};
#define FORMS     (sizeof(forms) / sizeof(*forms))
#define BACK_MOST 12             /* columns: of a name that is shown from its beginning, before it differs from another */
#define FORM_BARE 7              /* the last with nothing emptied */

/* ---- one type -------------------------------------------------------------------------------------------------- */

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* Is this a bracket around arguments, and not a part of "->" or "operator<"? */
static bool is_bracket(const char *start, const char *at)
{
	if (*at == '>')
		return at == start || (at[-1] != '-' && at[-1] != '=');
	return *at == '<' && !(at - start >= 8 && !memcmp(at - 8, "operator", 8));
}

/* Behind an argument of a template that begins here: at its comma, or at the bracket that closes the list. */
static const char *behind_argument(const char *at)
{
	const char *start = at;
	size_t depth = 0;

	for (; *at; at++) {
		if (!depth && (*at == ',' || (*at == '>' && is_bracket(start, at))))
			break;
		if (*at == '(' || *at == '[' || (*at == '<' && is_bracket(start, at)))
			depth++;
		else if (depth && (*at == ')' || *at == ']' || (*at == '>' && is_bracket(start, at))))
			depth--;
	}
	return at;
}

static bool is_usual(const char *argument)
{
	static const char *const names[] = {
		"allocator<", "char_traits<", "less<", "hash<", "equal_to<", "default_delete<",
	};

	if (begins(argument, "alloc::alloc::Global"))
		return true;
	if (!begins(argument, "std::"))
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (begins(argument + 5, names[i]))
			return true;
	return false;
}

static char *without_inline_namespaces(const char *text)
{
	static const char *const spaces[] = {"__cxx11::", "__1::", "__2::", "__ndk1::"};
	char *shorter = xmalloc(strlen(text) + 1), *to = shorter;

	while (*text) {
		size_t skip = 0;

		for (size_t i = 0; i < sizeof(spaces) / sizeof(*spaces); i++)
			if (to - shorter >= 5 && !memcmp(to - 5, "std::", 5) && begins(text, spaces[i]))
				skip = strlen(spaces[i]);
		text += skip;
		if (!skip)
			*to++ = *text++;
	}
	*to = '\0';
	return shorter;
}

static char *without_usual(const char *text)
{
	static const char string[] = "std::basic_string<char>";
	char *plain = without_inline_namespaces(text), *shorter = xmalloc(strlen(plain) + 1), *to = shorter;

	for (const char *at = plain; *at;) {
		if (*at == ',' && is_usual(at + 1 + strspn(at + 1, " ")))
			at = behind_argument(at + 1 + strspn(at + 1, " "));
		else if (*at == ' ' && at[1] == '>' && is_bracket(plain, at + 1))
			at++;
		else
			*to++ = *at++;
		if (to - shorter >= (ptrdiff_t)strlen(string) && !memcmp(to - strlen(string), string, strlen(string)))
			to = (char *)mempcpy(to - strlen(string), "std::string", 11);
	}
	*to = '\0';
	free(plain);
	return shorter;
}

static bool in_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 128;
}

/* Names lose their namespaces but the last so many. */
static char *without_namespaces(const char *text, const struct form *form)
{
	char *shorter = xmalloc(strlen(text) + 1), *to = shorter;
	char *name = NULL;       /* where the name in hand begins */
	size_t deep = 0, parts = 0; /* namespaces of it so far */

	for (const char *at = text; *at; at++) {
		size_t most = deep ? form->inner : form->outer;

		if (begins(at, "(anonymous namespace)::") && !most) {
			at += strlen("(anonymous namespace)::") - 1;
			continue;
		}
		if (begins(at, "::") && name && most < ALL && at[2]) {
			to = stpcpy(to, "::");
			at++;
			if (++parts > most) {
				char *kept = most ? strstr(name, "::") + 2 : to;

				memmove(name, kept, (size_t)(to - kept));
				to -= kept - name;
				parts--;
			}
			continue;
		}
		if (in_name(*at))
			name = name ? name : to;
		else
			name = NULL;
		parts = name ? parts : 0;
		if (*at == '<' && is_bracket(text, at))
			deep++;
		else if (*at == '>' && deep && is_bracket(text, at))
			deep--;
		*to++ = *at;
		*to = '\0';
	}
	*to = '\0';
	return shorter;
}

static char *emptied(const char *text, size_t depth)
{
	char *shorter = xmalloc(strlen(text) * 2 + 1), *to = shorter;
	size_t deep = 0;

	for (const char *at = text; *at; at++) {
		bool bracket = is_bracket(text, at);

		if (bracket && *at == '>' && deep && deep-- == depth)
			to = stpcpy(to, "…");
		if (deep < depth || (bracket && *at == '<' && deep + 1 == depth))
			*to++ = *at;
		if (bracket && *at == '<')
			deep++;
	}
	*to = '\0';
	return shorter;
}

static char *apply(char *text, char *shorter)
{
	free(text);
	return shorter;
}

static char *written(const char *type, size_t number)
{
	const struct form *form = &forms[number];
	char *text = form->usual ? without_usual(type) : xstrdup(type);

	if (form->inner < ALL)
		text = apply(text, without_namespaces(text, form));
	return form->depth ? apply(text, emptied(text, form->depth)) : text;
}

/* In that form, or in a shorter one that fits; which one. */
static size_t fitting(const char *type, size_t number, size_t width, char **text)
{
	for (;; number++) {
		*text = written(type, number);
		if (text_width(*text) <= width || number + 1 == FORMS)
			return number;
		free(*text);
	}
}

char *type_text(const char *type, size_t width)
{
	char *text;

	fitting(type, 0, width, &text);
	return apply(text, text_cut(text, width, CUT_MIDDLE));
}

/* ---- several --------------------------------------------------------------------------------------------------- */

struct row {
	const char *type;        /* the whole */
	char     *text;          /* as shown; owned */
	char    **cell;          /* where it goes */
	size_t    form;
};

static int by_text(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	int order = strcmp(a->text, b->text);

	return order ? order : strcmp(a->type, b->type);
}

/* The rows from `from` on that look alike; are they several types? */
static size_t alike(const struct row *rows, size_t count, size_t from, bool *several)
{
	size_t to = from + 1;

	while (to < count && !strcmp(rows[to].text, rows[from].text))
		to++;
	*several = strcmp(rows[from].type, rows[to - 1].type) != 0;
	return to;
}

/* Is there a form in which all of these fit, and differ? They have it then. */
static bool agree(struct row *rows, size_t count, size_t width)
{
	for (size_t number = 0; number < FORMS; number++) {
		struct row *others = xcalloc(count, sizeof(*others));
		bool good = true, several;

		for (size_t i = 0; i < count; i++) {
			others[i] = rows[i];
			others[i].form = number;
			others[i].text = written(rows[i].type, number);
			good = good && text_width(others[i].text) <= width;
		}
		qsort(others, count, sizeof(*others), by_text);
		for (size_t from = 0; good && from < count;) {
			from = alike(others, count, from, &several);
			good = !several;
		}
		for (size_t i = 0; i < count; i++)
			free(good ? rows[i].text : others[i].text);
		if (good)
			memcpy(rows, others, count * sizeof(*rows));
		free(others);
		if (good)
			return true;
	}
	return false;
}

/* One step back towards the whole type for all that look alike; false: there is nothing more to say. */
static bool say_more(struct row *rows, size_t count, size_t width)
{
	bool changed = false, several;

	qsort(rows, count, sizeof(*rows), by_text);
	for (size_t from = 0, to; from < count; from = to) {
		to = alike(rows, count, from, &several);
		if (several && agree(rows + from, to - from, width)) {
			changed = true;
			continue;
		}
		for (size_t i = from; several && i < to; i++) {
			if (!rows[i].form)
				continue;
			rows[i].text = apply(rows[i].text, written(rows[i].type, --rows[i].form));
			rows[i].text = apply(rows[i].text, text_cut(rows[i].text, width, CUT_MIDDLE));
			changed = true;
		}
	}
	return changed;
}

/* Its beginning, and what it has where it differs from the other, in the shortest form in which it does. */
static char *around_difference(const char *type, const char *other, size_t width)
{
	char *text = NULL, *against = NULL, *head, *tail, *shown;
	size_t same = 0, back;

	for (size_t number = FORM_BARE + 1; number-- && (!text || !strcmp(text, against));) {
		text = apply(text, written(type, number));
		against = apply(against, written(other, number));
	}
	while (text[same] && text[same] == against[same])
		same++;
	for (back = same; back && in_name(text[back - 1]); back--)
		;
	same = same - back < BACK_MOST ? back : same;
	while (same && ((unsigned char)text[same] & 0xc0) == 0x80)
		same--;
	head = text_cut(text, width / 3 ? width / 3 : 1, CUT_END);
	tail = text_cut(text + same, width > text_width(head) ? width - text_width(head) : 1, CUT_END);
	shown = xasprintf("%s%s", head, tail);
	free(text);
	free(against);
	free(head);
	free(tail);
	return shown;
}

static size_t alike_for(const char *one, const char *other)
{
	size_t same = 0;

	while (one[same] && one[same] == other[same])
		same++;
	return same;
}

/* Of the rows [from, to), which are in order, the one of another type that begins most like row i. There is one. */
static size_t most_like(const struct row *rows, size_t from, size_t to, size_t i)
{
	size_t before = i, behind = i;

	while (before > from && !strcmp(rows[before].type, rows[i].type))
		before--;
	while (behind + 1 < to && !strcmp(rows[behind].type, rows[i].type))
		behind++;
	if (!strcmp(rows[before].type, rows[i].type))
		return behind;
	if (!strcmp(rows[behind].type, rows[i].type))
		return before;
	return alike_for(rows[before].type, rows[i].type) > alike_for(rows[behind].type, rows[i].type) ? before : behind;
}

void type_texts_fit(char **cells, size_t count, size_t stride, size_t width)
{
	struct row *rows = xcalloc(count + 1, sizeof(*rows));
	bool several;

	for (size_t i = 0; i < count; i++) {
		rows[i] = (struct row){.type = cells[i * stride], .cell = &cells[i * stride]};
		rows[i].form = fitting(rows[i].type, 0, width, &rows[i].text);
		rows[i].text = apply(rows[i].text, text_cut(rows[i].text, width, CUT_MIDDLE));
	}
	for (size_t steps = 0; steps < FORMS && say_more(rows, count, width); steps++)
		;
	qsort(rows, count, sizeof(*rows), by_text);
	for (size_t from = 0, to; from < count; from = to) {
		to = alike(rows, count, from, &several);
		for (size_t i = from; several && i < to; i++) {
			size_t other = most_like(rows, from, to, i);

			rows[i].text = apply(rows[i].text, around_difference(rows[i].type, rows[other].type, width));
		}
	}
	for (size_t i = 0; i < count; i++) {
		free(*rows[i].cell);
		*rows[i].cell = rows[i].text;
	}
	free(rows);
}
