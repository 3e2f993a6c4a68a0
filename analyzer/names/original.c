/* original.c: finds a script's source map, and asks it; see original.h. */
#include "names/original.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "names/path.h"
#include "names/sourcemap.h"
#include "util.h"

#define LARGEST_FILE (128u << 20) /* bytes of a script or a map */
#define FURTHEST     1024u        /* bytes around a "(" that tell whether a function begins there */
#define LONGEST_LINE 65536u       /* bytes; of a longer one columns are counted only if it is all ASCII */

struct script {
	char     *text;           /* of the file, NUL-terminated; NULL: it cannot be read */
	size_t    size;           /* bytes */
	size_t   *lines;          /* offsets of their starts; owned */
	size_t    line_count;
	bool      ascii;          /* a column is a byte */
	struct sourcemap *map;    /* NULL: it has none */
	uint64_t  changed_ns;     /* when the file or its map last changed, nanoseconds since 1970 */
	bool      is_counted;     /* among originals.changed */
};

/* ---- files --------------------------------------------------------------------------------------------------- */

/* The contents of a regular file with a NUL after them; NULL if there is none. Raises *changed_ns. */
static char *read_file(const char *path, size_t *size, uint64_t *changed_ns)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *text = NULL;
	struct stat status;
	ssize_t got;

	if (fd < 0)
		return NULL;
	*size = 0;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size <= LARGEST_FILE) {
		uint64_t changed = (uint64_t)status.st_ctim.tv_sec * 1000000000u + (uint64_t)status.st_ctim.tv_nsec;

		*changed_ns = changed > *changed_ns ? changed : *changed_ns;
		text = xmalloc((size_t)status.st_size + 1);
		while (*size < (size_t)status.st_size) {
			got = read(fd, text + *size, (size_t)status.st_size - *size);
			if (got < 0 && errno == EINTR)
				continue;
			if (got <= 0)
				break;
			*size += (size_t)got;
		}
		text[*size] = '\0';
	}
	close(fd);
	return text;
}

static char *folder_of(const char *path)
{
	char *folder = xstrdup(path);

	*strrchr(folder, '/') = '\0';
	return folder;
}

/* ---- the map ------------------------------------------------------------------------------------------------- */

/* base64 in place; its size in bytes. What is no digit is skipped. */
static size_t decode_base64(char *text, size_t size)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t used = 0;
	uint32_t bits = 0;
	unsigned count = 0;

	for (size_t i = 0; i < size && text[i] != '='; i++) {
		const char *digit = text[i] ? strchr(digits, text[i]) : NULL;

		if (!digit)
			continue;
		bits = bits << 6 | (uint32_t)(digit - digits);
		count += 6;
		if (count >= 8) {
			count -= 8;
			text[used++] = (char)(bits >> count);
		}
	}
	return used;
}

static struct sourcemap *map_in_url(const char *url, size_t size, const char *folder)
{
	const char *comma = memchr(url, ',', size);
	struct sourcemap *map;
	char *text;
	size_t length;

	if (!comma)
		return NULL;
	text = path_unescape(comma + 1, size - (size_t)(comma + 1 - url));
	length = strlen(text);
	if (comma - url >= 7 && !memcmp(comma - 7, ";base64", 7))
		length = decode_base64(text, length);
	map = sourcemap_parse(text, length, folder, NULL);
	free(text);
	return map;
}

static struct sourcemap *map_in_file(const char *path, const char *generated, uint64_t *changed_ns)
{
	uint64_t changed = *changed_ns;
	struct sourcemap *map;
	char *text, *folder;
	size_t size;

	text = read_file(path, &size, &changed);
	if (!text)
		return NULL;
	folder = folder_of(path);
	map = sourcemap_parse(text, size, folder, generated);
	if (map)
		*changed_ns = changed;
	free(folder);
	free(text);
	return map;
}

/* Are there only comments and space from here to the end? */
static bool is_over(const char *at)
{
	for (;;) {
		at += strspn(at, " \t\r\n");
		if (*at == '\0')
			return true;
		if (strncmp(at, "//", 2) != 0)
			return false;
		at += strcspn(at, "\r\n");
	}
}

/* The URL in the comment at the end of a script: its start and size, or NULL. */
static const char *map_url(const struct script *script, size_t *size)
{
	static const char word[] = "# sourceMappingURL=";
	const char *found = NULL, *end = script->text + script->size, *next = script->text;

	while ((next = memmem(next, (size_t)(end - next), word, sizeof(word) - 1))) {
		found = next - script->text >= 2 && next[-2] == '/' && (next[-1] == '/' || next[-1] == '*') ? next : found;
		next++;
	}
	if (!found)
		return NULL;
	next = found + sizeof(word) - 1;
	*size = strcspn(next, " \t\r\n'\"`\\");
	end = next + *size;
	if (found[-1] == '*') {
		end += strspn(end, " \t");
		if (*size > 2 && !memcmp(end - 2, "*/", 2))
			*size -= 2;
		else if (!strncmp(end, "*/", 2))
			end += 2;
		else
			return NULL;
	}
	return *size && is_over(end) ? next : NULL;
}

static void find_map(struct script *script, const char *path)
{
	char *folder = folder_of(path), *file, *name;
	const char *url;
	size_t size;

	url = map_url(script, &size);
	if (url && size > 5 && !memcmp(url, "data:", 5)) {
		script->map = map_in_url(url, size, folder);
	} else if (url) {
		name = path_of_url(url, size);
		if (!name) {
			char *bare = path_unescape(url, size);

			name = path_resolve(folder, "", bare);
			free(bare);
		}
		if (*name == '/')
			script->map = map_in_file(name, NULL, &script->changed_ns);
		free(name);
	} else {
		file = xasprintf("%s.map", path);
		script->map = map_in_file(file, strrchr(path, '/') + 1, &script->changed_ns);
		free(file);
	}
	free(folder);
}

/* ---- its text ------------------------------------------------------------------------------------------------ */

/* Bytes of a line's end as ECMAScript has it, 0: here is none. */
static size_t line_end(const char *at)
{
	if (*at == '\r')
		return at[1] == '\n' ? 2 : 1;
	if (*at == '\n')
		return 1;
	return (unsigned char)at[0] == 0xe2 && (unsigned char)at[1] == 0x80 && ((unsigned char)at[2] | 1) == 0xa9 ? 3 : 0;
}

static void find_lines(struct script *script)
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
static size_t offset_of(const struct script *script, uint32_t line, uint32_t column)
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

/* Is the function's "(" where V8 says, and its name right before it? */
static bool has_function(const struct script *script, const struct script_place *place)
{
	size_t at = offset_of(script, place->function_line, place->function_column);
	size_t length = place->function ? strlen(place->function) : 0;

	return at != SIZE_MAX && script->text[at] == '(' && at >= length &&
	       (!length || !memcmp(script->text + at - length, place->function, length));
}

/* Does a function begin with the "(" at `at`: parameters, then what can follow them? */
static bool begins_function(const struct script *script, size_t at)
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

/* As has_function; names that V8 made up of where a function is assigned to stand further before it. */
static bool could_be_function(const struct script *script, const struct script_place *place)
{
	size_t at = offset_of(script, place->function_line, place->function_column), first;
	const char *name = place->function, *dot = name ? strrchr(name, '.') : NULL;

	if (at == SIZE_MAX || script->text[at] != '(' || !begins_function(script, at))
		return false;
	if (!name)
		return true;
	name = dot && dot[1] ? dot + 1 : name;
	first = at > FURTHEST ? at - FURTHEST : 0;
	return memmem(script->text + first, at - first, name, strlen(name)) ||
	       (at >= 11 && !memcmp(script->text + at - 11, "constructor", 11));
}

/* ---- all of it ----------------------------------------------------------------------------------------------- */

/* Files that node cannot run as they are. */
static bool is_compiled(const char *path)
{
	static const char *const endings[] = {".ts", ".tsx", ".mts", ".cts", ".jsx", ".coffee", ".vue", ".svelte"};
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && i < sizeof(endings) / sizeof(*endings); i++)
		if (!strcmp(dot, endings[i]))
			return true;
	return false;
}

static struct script *script_of(struct originals *originals, const char *path)
{
	struct cache_entry *entry;
	struct script *script;

	if (*path != '/')
		return NULL;
	entry = cache_at(&originals->scripts, path, strlen(path));
	if (entry->value)
		return entry->value;
	script = entry->value = xcalloc(1, sizeof(*script));
	script->text = read_file(path, &script->size, &script->changed_ns);
	if (script->text)
		find_map(script, path);
	if (script->map || (script->text && is_compiled(path))) {
		find_lines(script);
	} else {
		free(script->text);
		script->text = NULL;
	}
	return script;
}

static bool is_unchanged(const struct script *script, const struct script_place *place)
{
	return script->changed_ns < place->told_ns;
}

/* What the map calls the function, if the place of its name can be told: right before the "(", all in ASCII. */
static const char *name_of(const struct script *script, const struct script_place *place)
{
	size_t length = place->function ? strlen(place->function) : 0;
	struct mapping mapping;

	if (!length || place->function_column <= length || !has_function(script, place))
		return NULL;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)place->function[i] >= 128)
			return NULL;
	if (!sourcemap_find(script->map, place->function_line - 1, place->function_column - 1 - (uint32_t)length,
	                    &mapping) || !mapping.exact)
		return NULL;
	return mapping.name;
}

bool originals_find(struct originals *originals, const struct script_place *place, struct original *original)
{
	struct script *script = script_of(originals, place->script);
	struct mapping mapping;

	if (!script || !script->map || !place->line)
		return false;
	if (!is_unchanged(script, place)) {
		originals->changed += !script->is_counted;
		originals->example = place->script;
		script->is_counted = true;
		return false;
	}
	if (!(place->column ? sourcemap_find(script->map, place->line - 1, place->column - 1, &mapping)
	                    : sourcemap_find_line(script->map, place->line - 1, &mapping)))
		return false;
	*original = (struct original){
		.file = mapping.source, .line = mapping.line + 1, .column = place->column ? mapping.column + 1 : 0,
		.function = name_of(script, place),
	};
	return true;
}

bool originals_fit(struct originals *originals, const struct script_place *place)
{
	const struct script *script;

	if (!is_compiled(place->script))
		return true;
	script = script_of(originals, place->script);
	return script && script->text && is_unchanged(script, place) && could_be_function(script, place);
}

static void script_free(void *opaque)
{
	struct script *script = opaque;

	sourcemap_free(script->map);
	free(script->lines);
	free(script->text);
	free(script);
}

void originals_free(struct originals *originals)
{
	cache_free(&originals->scripts, script_free);
}
