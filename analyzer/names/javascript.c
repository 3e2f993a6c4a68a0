/*
 * javascript.c: names as V8 10.2 to 13.6 makes them (CodeEventLogger in src/logging/log.cc); see javascript.h.
 *
 *   JS:*retain /srv/leak.js:12:9          tag, mark of the tier, function, script, line and column of its "("
 *   JS:~ /srv/leak.js:1:1                 a function without a name
 *   Script:~ file:///srv/leak.mjs:1:1     code outside of functions
 *   Eval:~ :1:1                           a script without a name
 *   Script:~ /srv/vm.js:-2:-61            a script that begins before its first line and column (vm's offsets)
 *   Function:~f /srv/leak.js:12           V8 10 (node 18)
 *   JS:kimchi::foo-123-liftoff            wasm: name, index, tier
 *
 * Functions and scripts may have any character in them, spaces and colons included.
 */
#include "names/javascript.h"

#include <stdlib.h>
#include <string.h>

#include "names/path.h"
#include "util.h"

#define LONGEST     4096 /* bytes: V8 cuts there, and what it cut off may be a digit */
#define MOST_SPACES 64   /* of a name that are tried one by one; only nonsense has more */

struct text {                 /* a part of a name */
	const char *at;
	size_t    size;           /* bytes */
};

static const char *keep(struct cache *strings, struct text text)
{
	return cache_at(strings, text.at, text.size)->key;
}

static bool begins(struct text text, const char *with)
{
	return text.size >= strlen(with) && memcmp(text.at, with, strlen(with)) == 0;
}

static bool equals(struct text text, const char *other)
{
	return text.size == strlen(other) && memcmp(text.at, other, text.size) == 0;
}

static struct text without(struct text text, size_t first)
{
	return (struct text){text.at + first, text.size - first};
}

/* ---- scripts ------------------------------------------------------------------------------------------------- */

/* A file:// URL as the path that it means; everything else as it is. */
static const char *path_of(struct text script, struct cache *strings)
{
	char *path = path_of_url(script.at, script.size);
	const char *result = path ? keep(strings, (struct text){path, strlen(path)}) : keep(strings, script);

	free(path);
	return result;
}

void scripts_free(struct scripts *scripts)
{
	cache_free(&scripts->names, NULL);
}

static bool is_script(const struct scripts *scripts, struct text script)
{
	return cache_find(&scripts->names, script.at, script.size) != NULL;
}

/* Where the space between function and script is; SIZE_MAX: there is none. */
static size_t boundary(struct text text, const struct scripts *scripts)
{
	static const char *const beginnings[] = {" /", " file:///", " node:"};
	static const char *const accessors[] = {"get ", "set "};
	size_t first = SIZE_MAX, found = SIZE_MAX, count = 0;

	for (size_t i = 0; i < text.size; i++) {
		if (text.at[i] != ' ')
			continue;
		first = first == SIZE_MAX ? i : first;
		count++;
		if (found == SIZE_MAX && count <= MOST_SPACES && is_script(scripts, without(text, i + 1)))
			found = i;
	}
	if (count < 2)
		return first;
	if (found != SIZE_MAX)
		return found;
	for (size_t i = 0; i < text.size; i++)
		for (size_t b = 0; b < sizeof(beginnings) / sizeof(*beginnings); b++)
			if (begins(without(text, i), beginnings[b]))
				return i;
	for (size_t a = 0; a < sizeof(accessors) / sizeof(*accessors); a++)
		if (begins(text, accessors[a]))
			return 4 + (size_t)((const char *)memchr(text.at + 4, ' ', text.size - 4) - (text.at + 4));
	return first;
}

/* ---- JavaScript ---------------------------------------------------------------------------------------------- */

/* Takes ":NUMBER" off the end; 0 where it is negative or too large. */
static bool take_number(struct text *text, uint32_t *number)
{
	size_t digits = 0, before;
	uint64_t value = 0;
	bool negative;

	while (digits < text->size && text->at[text->size - digits - 1] >= '0' &&
	       text->at[text->size - digits - 1] <= '9')
		digits++;
	before = text->size - digits;
	negative = before && text->at[before - 1] == '-';
	before -= negative;
	if (!digits || !before || text->at[before - 1] != ':')
		return false;
	for (size_t i = text->size - digits; i < text->size && value <= UINT32_MAX; i++)
		value = value * 10 + (uint64_t)(text->at[i] - '0');
	text->size = before - 1;
	*number = negative || value > UINT32_MAX ? 0 : (uint32_t)value;
	return true;
}

/* Takes the tag off the start: "JS", "Script"; empty if there is none. */
static struct text take_tag(struct text *text)
{
	size_t length = 0;
	struct text tag = {text->at, 0};

	while (length < text->size && ((text->at[length] | 0x20) >= 'a' && (text->at[length] | 0x20) <= 'z'))
		length++;
	if (length && length < text->size && text->at[length] == ':') {
		tag.size = length;
		*text = without(*text, length + 1);
	}
	return tag;
}

static bool is_javascript(struct text tag)
{
	return equals(tag, "JS") || equals(tag, "Function") || equals(tag, "LazyCompile") || equals(tag, "Script") ||
	       equals(tag, "Eval");
}

/* Takes the mark of the tier off the start. An apostrophe after it: compiled for one context. */
static enum tier take_tier(struct text *text, uint16_t kind)
{
	char mark = text->size ? text->at[0] : '\0';

	if (kind == TRACE_CODE_BYTECODE) {
		if (mark == '~')
			*text = without(*text, 1);
		return TIER_INTERPRETED;
	}
	if (!mark || !strchr("~^+*", mark))
		return TIER_NONE;
	*text = without(*text, 1);
	if ((mark == '+' || mark == '*') && begins(*text, "'"))
		*text = without(*text, 1);
	return mark == '~' ? TIER_INTERPRETED : mark == '^' ? TIER_BASELINE : TIER_OPTIMIZED;
}

/* "fn script:line:column" without the position, if it has one. V8 10 tells no column. */
static bool take_position(struct text *text, uint32_t *line, uint32_t *column)
{
	struct text rest = *text;

	*line = *column = 0;
	if (!take_number(&rest, column))
		return false;
	if (!take_number(&rest, line)) {
		*line = *column;
		*column = 0;
		if (!memchr(rest.at, ' ', rest.size)) { /* the number is the function's own */
			*line = 0;
			return false;
		}
	}
	*text = rest;
	return true;
}

void scripts_learn(struct scripts *scripts, const struct code *code)
{
	struct text text = {code->name, strlen(code->name)};
	uint32_t line, column;

	if (code->kind == TRACE_CODE_WASM || text.size >= LONGEST || !is_javascript(take_tag(&text)))
		return;
	take_tier(&text, code->kind);
	take_position(&text, &line, &column);
	if (text.size > 1 && text.at[0] == ' ')
		cache_at(&scripts->names, text.at + 1, text.size - 1);
}

static struct script_name function_name(struct text text, struct text tag, uint16_t kind, bool cut,
                                        const struct scripts *scripts, struct cache *strings)
{
	struct script_name name = {.kind = FRAME_JS, .tier = take_tier(&text, kind)};
	bool placed = take_position(&text, &name.line, &name.column), outside = !equals(tag, "JS");
	struct text function = text, script = {text.at, 0};
	size_t space;

	outside = outside && !equals(tag, "Function") && !equals(tag, "LazyCompile");
	if (begins(text, " "))
		space = 0;
	else if (text.size && text.at[text.size - 1] == ' ')
		space = text.size - 1;
	else
		space = boundary(text, scripts);
	if (space != SIZE_MAX && (placed || !space || cut)) {
		function.size = space;
		script = without(text, space + 1);
	}
	if (cut) {
		script.size = 0;
		name.line = name.column = 0;
	}
	if (script.size)
		name.script = path_of(script, strings);
	if (function.size)
		name.own_name = name.function = keep(strings, function);
	else
		name.function = outside ? "(top level)" : "(anonymous)";
	return name;
}

/* "a+b" (V8 11 and 12) or "> src: 'a+b' flags: 'g'" (V8 13) */
static struct script_name regexp_name(struct text text, struct cache *strings)
{
	static const char source[] = "> src: '", flags[] = "' flags: '";
	struct script_name name = {.kind = FRAME_JS};
	char *made;

	if (begins(text, source) && text.at[text.size - 1] == '\'') {
		struct text pattern = without(text, strlen(source)), rest = {0};

		for (size_t i = 0; i < pattern.size; i++)
			if (begins(without(pattern, i), flags))
				rest = without(pattern, i);
		if (rest.at) {
			pattern.size = (size_t)(rest.at - pattern.at);
			rest = without(rest, strlen(flags));
			made = xasprintf("RegExp /%.*s/%.*s", (int)pattern.size, pattern.at, (int)rest.size - 1,
			                 rest.at);
			name.function = keep(strings, (struct text){made, strlen(made)});
			free(made);
			return name;
		}
	}
	made = xasprintf("RegExp /%.*s/", (int)text.size, text.at);
	name.function = keep(strings, (struct text){made, strlen(made)});
	free(made);
	return name;
}

/* ---- wasm ---------------------------------------------------------------------------------------------------- */

static size_t last_dash(struct text text)
{
	for (size_t i = text.size; i-- > 1;)
		if (text.at[i] == '-')
			return i;
	return 0;
}

/* Takes "-TIER" off the end. False: it is something else. */
static bool take_wasm_tier(struct text *text, enum tier *tier)
{
	static const struct { const char *word; enum tier tier; } words[] = {
		{"liftoff", TIER_BASELINE}, {"turbofan", TIER_OPTIMIZED}, {"none", TIER_NONE},
	};
	size_t dash = last_dash(*text);

	for (size_t i = 0; dash && i < sizeof(words) / sizeof(*words); i++) {
		if (!equals(without(*text, dash + 1), words[i].word))
			continue;
		*tier = words[i].tier;
		text->size = dash;
		return true;
	}
	return false;
}

/* Takes "-INDEX" or "-<anonymous>" off the end. True: it is an index. */
static bool take_wasm_index(struct text *text, uint32_t *index)
{
	size_t dash = last_dash(*text);
	struct text digits;
	uint64_t value = 0;

	if (!dash)
		return false;
	digits = without(*text, dash + 1);
	if (equals(digits, "<anonymous>"))
		text->size = dash;
	if (!digits.size || digits.size > 10)
		return false;
	for (size_t i = 0; i < digits.size; i++) {
		if (digits.at[i] < '0' || digits.at[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(digits.at[i] - '0');
	}
	if (value > UINT32_MAX)
		return false;
	*index = (uint32_t)value;
	text->size = dash;
	return true;
}

static struct script_name wasm_name(struct text text, struct cache *strings)
{
	struct script_name name = {.kind = FRAME_WASM};

	name.has_index = take_wasm_tier(&text, &name.tier) && take_wasm_index(&text, &name.index);
	if (begins(text, "wasm-to-") || begins(text, "js-to-")) /* glue: it belongs to no function of a module */
		name = (struct script_name){.kind = FRAME_BUILTIN};
	if (text.size)
		name.own_name = name.function = keep(strings, text);
	return name;
}

/* ---- all of them --------------------------------------------------------------------------------------------- */

static bool ends(struct text text, const char *with)
{
	size_t size = strlen(with);

	return text.size >= size && memcmp(text.at + text.size - size, with, size) == 0;
}

/* Names of bytecode handlers end alike; so do those of two builtins that are something else. */
static struct script_name builtin_name(struct text text, struct cache *strings)
{
	struct script_name name = {.kind = FRAME_BUILTIN};

	if (text.size)
		name.function = keep(strings, text);
	name.is_handler = ends(text, "Handler") && !ends(text, "ResolveHandler") && !ends(text, "RejectHandler");
	name.interpreter = name.is_handler || equals(text, "InterpreterEntryTrampoline") ||
	                   equals(text, "InterpreterEntryTrampolineForProfiling");
	return name;
}

struct script_name javascript_builtin(const char *builtin, struct cache *strings)
{
	return builtin_name((struct text){builtin, strlen(builtin)}, strings);
}

bool javascript_is_interpreted(const struct code *code)
{
	struct text text = {code->name, strlen(code->name)};

	return code->kind == TRACE_CODE_MACHINE && is_javascript(take_tag(&text)) && begins(text, "~");
}

bool javascript_is_name(const char *name, uint16_t *kind)
{
	struct text text = {name, strlen(name)}, tag = take_tag(&text);
	enum tier tier;

	*kind = TRACE_CODE_MACHINE;
	if (is_javascript(tag) && text.size && strchr("~^+*", text.at[0]))
		return true;
	if (equals(tag, "Stub") || equals(tag, "RegExp"))
		return true;
	*kind = TRACE_CODE_BUILTIN;
	if (equals(tag, "Builtin") || equals(tag, "BytecodeHandler"))
		return true;
	*kind = TRACE_CODE_WASM;
	return is_javascript(tag) && take_wasm_tier(&text, &tier);
}

struct script_name javascript_name(const struct code *code, const struct scripts *scripts, struct cache *strings)
{
	struct text text = {code->name, strlen(code->name)}, whole = text, tag = take_tag(&text);
	bool cut = whole.size >= LONGEST;

	if (code->kind == TRACE_CODE_WASM)
		return wasm_name(equals(tag, "JS") || equals(tag, "Function") ? text : whole, strings);
	if (is_javascript(tag))
		return function_name(text, tag, code->kind, cut, scripts, strings);
	if (equals(tag, "RegExp"))
		return regexp_name(text, strings);
	if (begins(whole, "RegExp."))
		return regexp_name(without(whole, 7), strings);
	return builtin_name(tag.size ? text : whole, strings);
}
