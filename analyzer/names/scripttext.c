/* scripttext.c: see scripttext.h. Touches no file. */
#include "names/scripttext.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

#define FURTHEST     1024u        /* bytes around a "(" that tell whether a function begins there */
#define LONGEST_LINE 65536u       /* bytes; of a longer one columns are counted only if it is all ASCII */

/* Bytes of a line's end as ECMAScript has it, 0: here is none. */
static size_t line_end(const char *at)
{
	if (*at == '\r')
		return at[1] == '\n' ? 2 : 1;
	if (*at == '\n')
		return 1;
	return !strncmp(at, "\xe2\x80\xa8", 3) || !strncmp(at, "\xe2\x80\xa9", 3) ? 3 : 0;
}

void scripttext_lines(struct scripttext *script)
{
	size_t capacity = 0, end;

	script->ascii = true;
	for (size_t at = 0, start = 0; at <= script->size; at++) {
		end = line_end(script->text + at);
		script->ascii = script->ascii && (unsigned char)script->text[at] < 128;
		if (!end && at < script->size)
			continue;
		if (script->line_count == capacity) {
			capacity = capacity ? capacity * 2 : 64;
			script->lines = xreallocarray(script->lines, capacity, sizeof(*script->lines));
		}
		script->lines[script->line_count++] = start;
		start = at + end;
		at += end ? end - 1 : 0;
	}
}

/* Where in the text a line and column (from 1, in UTF-16 units) are; SIZE_MAX: nowhere. */
static size_t offset_of(const struct scripttext *script, uint32_t line, uint32_t column)
{
	size_t start, end, units = 1;

	if (!line || !column || line > script->line_count)
		return SIZE_MAX;
	start = script->lines[line - 1];
	end = line < script->line_count ? script->lines[line] : script->size;
	if (script->ascii)
		return column - 1 < end - start ? start + column - 1 : SIZE_MAX;
	if (end - start > LONGEST_LINE)
		return SIZE_MAX;
	for (; start < end && units < column; start++) {
		unsigned char byte = (unsigned char)script->text[start];

		/* A character's first byte counts; four bytes are two units. */
		units += (byte & 0xc0) != 0x80 ? byte >= 0xf0 ? 2 : 1 : 0;
	}
	while (start < end && ((unsigned char)script->text[start] & 0xc0) == 0x80)
		start++;
	return start < end && units == column ? start : SIZE_MAX;
}

bool scripttext_has(const struct scripttext *script, const char *function, uint32_t line, uint32_t column)
{
	size_t at = offset_of(script, line, column);
	size_t length = function ? strlen(function) : 0;

	return at != SIZE_MAX && script->text[at] == '(' && at >= length &&
	       (!length || !memcmp(script->text + at - length, function, length));
}

/* Does a function begin with the "(" at `at`: parameters, then what can follow them? */
static bool begins_function(const struct scripttext *script, size_t at)
{
	const char *text = script->text + at;
	size_t depth = 0;

	for (size_t i = 0; i < FURTHEST && text[i]; i++) {
		depth += text[i] == '(';
		if (text[i] == ')' && --depth == 0) {
			text += i + 1;
			text += strspn(text, " \t\r\n");
			return *text == '{' || *text == ':' || !strncmp(text, "=>", 2);
		}
	}
	return false;
}

bool scripttext_could_have(const struct scripttext *script, const char *function, uint32_t line, uint32_t column)
{
	size_t at = offset_of(script, line, column), first;
	const char *name = function, *dot = name ? strrchr(name, '.') : NULL;

	if (at == SIZE_MAX || script->text[at] != '(' || !begins_function(script, at))
		return false;
	if (!name)
		return true;
	name = dot && dot[1] ? dot + 1 : name;
	first = at > FURTHEST ? at - FURTHEST : 0;
	return memmem(script->text + first, at - first, name, strlen(name)) ||
	       (at >= 11 && !memcmp(script->text + at - 11, "constructor", 11));
}

void scripttext_free(struct scripttext *script)
{
	free(script->lines);
	free(script->text);
	*script = (struct scripttext){0};
}
