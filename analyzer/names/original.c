/* original.c: finds a script's source map, and asks it; see original.h. */
#include "names/original.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "names/path.h"
#include "names/scripttext.h"
#include "names/sourcemap.h"
#include "util.h"

#define LARGEST_FILE (128u << 20) /* bytes of a script or a map */

struct script {
	struct scripttext text;   /* of the file; none where it is not needed or cannot be read */
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
	const char *found = NULL, *next = script->text.text, *end = next + script->text.size;

	while ((next = memmem(next, (size_t)(end - next), word, sizeof(word) - 1))) {
		if (next - script->text.text >= 2 && next[-2] == '/' && (next[-1] == '/' || next[-1] == '*'))
			found = next;
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
	script->text.text = read_file(path, &script->text.size, &script->changed_ns);
	if (script->text.text)
		find_map(script, path);
	if (script->map || (script->text.text && is_compiled(path)))
		scripttext_lines(&script->text);
	else
		scripttext_free(&script->text);
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

	if (!length || place->function_column <= length ||
	    !scripttext_has(&script->text, place->function, place->function_line, place->function_column))
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
	return script && script->text.text && is_unchanged(script, place) &&
	       scripttext_could_have(&script->text, place->function, place->function_line, place->function_column);
}

static void script_free(void *opaque)
{
	struct script *script = opaque;

	sourcemap_free(script->map);
	scripttext_free(&script->text);
	free(script);
}

void originals_free(struct originals *originals)
{
	cache_free(&originals->scripts, script_free);
}
