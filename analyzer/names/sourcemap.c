/*
 * sourcemap.c: decodes a source map into one sorted array; see sourcemap.h. A map that is wrong in one place is taken
 * for none: all that follows would be shifted.
 */
#include "names/sourcemap.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "names/path.h"
#include "util.h"

#define MOST_SEGMENTS (1u << 23) /* a bundle of 20 MB has some three million */
#define MOST_SOURCES  (1u << 28) /* bytes of their paths, each with what it is relative to */
#define NONE          UINT32_MAX

struct segment {
	uint32_t  line, column;   /* generated */
	uint32_t  source;         /* index, NONE: from no source */
	uint32_t  source_line, source_column;
	uint32_t  name;           /* index, NONE: it has none */
};

struct sourcemap {
	struct segment *segments; size_t count, capacity; /* by line, then column */
	char    **sources;        size_t source_count; /* NULL: not named */
	uint64_t  source_bytes;   /* at least what they take, but for the names themselves */
	char    **names;          size_t name_count;
};

/* ---- look-up ------------------------------------------------------------------------------------------------- */

static bool is_after(const struct segment *segment, uint32_t line, uint32_t column)
{
	return segment->line != line ? segment->line > line : segment->column > column;
}

/* The first segment after this place. */
static size_t first_after(const struct sourcemap *map, uint32_t line, uint32_t column)
{
	size_t low = 0, high = map->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (is_after(&map->segments[middle], line, column))
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static bool describe(const struct sourcemap *map, const struct segment *segment, struct mapping *mapping)
{
	if (segment->source == NONE || !map->sources[segment->source])
		return false;
	*mapping = (struct mapping){
		.source = map->sources[segment->source], .line = segment->source_line,
		.column = segment->source_column, .name = segment->name == NONE ? NULL : map->names[segment->name],
	};
	return true;
}

bool sourcemap_find(const struct sourcemap *map, uint32_t line, uint32_t column, struct mapping *mapping)
{
	size_t after = first_after(map, line, column);

	if (!after || map->segments[after - 1].line != line || !describe(map, &map->segments[after - 1], mapping))
		return false;
	mapping->exact = map->segments[after - 1].column == column;
	return true;
}

bool sourcemap_find_line(const struct sourcemap *map, uint32_t line, struct mapping *mapping)
{
	size_t first = line ? first_after(map, line - 1, UINT32_MAX) : 0;

	if (first == map->count || map->segments[first].line != line || !describe(map, &map->segments[first], mapping))
		return false;
	for (size_t i = first; i < map->count && map->segments[i].line == line; i++)
		if (map->segments[i].source != map->segments[first].source ||
		    map->segments[i].source_line != map->segments[first].source_line)
			return false;
	mapping->name = NULL;
	mapping->column = 0;
	mapping->exact = false;
	return true;
}

/* ---- mappings ------------------------------------------------------------------------------------------------ */

/* What a section of a map adds to it, and where in it. */
struct section {
	uint32_t  line, column;   /* generated: where it begins */
	size_t    source, name;   /* index of its first ones in the map */
};

static int digit_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Adds a number to `*sum`, which stays in [0, NONE). */
static bool add_number(const char **at, const char *end, int64_t *sum)
{
	uint64_t value = 0;

	for (unsigned shift = 0; *at < end && shift < 35; shift += 5) {
		int digit = digit_of(*(*at)++);

		if (digit < 0)
			return false;
		value |= (uint64_t)(digit & 31) << shift;
		if (digit & 32)
			continue;
		*sum += value & 1 ? -(int64_t)(value >> 1) : (int64_t)(value >> 1);
		return *sum >= 0 && *sum < NONE;
	}
	return false;
}

static bool add_segment(struct sourcemap *map, struct segment segment)
{
	if (map->count == MOST_SEGMENTS)
		return false;
	if (map->count == map->capacity) {
		map->capacity = map->capacity ? map->capacity * 2 : 256;
		map->segments = xreallocarray(map->segments, map->capacity, sizeof(*map->segments));
	}
	map->segments[map->count++] = segment;
	return true;
}

/* One segment of 1, 4 or 5 numbers: column; source, line, column; name. Each relative to the one before. */
static bool decode_segment(struct sourcemap *map, const struct section *section, const char **at, const char *end,
                           uint64_t line, int64_t state[5])
{
	struct segment segment = {.source = NONE, .name = NONE};
	uint64_t column;
	int count = 0;

	while (*at < end && **at != ',' && **at != ';')
		if (count == 5 || !add_number(at, end, &state[count++]))
			return false;
	column = (uint64_t)state[0] + (line ? 0 : section->column);
	line += section->line;
	if ((count != 1 && count != 4 && count != 5) || line >= NONE || column >= NONE)
		return false;
	segment.line = (uint32_t)line;
	segment.column = (uint32_t)column;
	if (count > 1) {
		if ((uint64_t)state[1] >= map->source_count - section->source)
			return false;
		segment.source = (uint32_t)(section->source + (uint64_t)state[1]);
		segment.source_line = (uint32_t)state[2];
		segment.source_column = (uint32_t)state[3];
	}
	if (count > 4) {
		if ((uint64_t)state[4] >= map->name_count - section->name)
			return false;
		segment.name = (uint32_t)(section->name + (uint64_t)state[4]);
	}
	return add_segment(map, segment);
}

static bool decode(struct sourcemap *map, const struct section *section, const char *at, size_t size)
{
	const char *end = at + size;
	int64_t state[5] = {0};
	uint64_t line = 0;

	while (at < end) {
		if (*at == ';') {
			line++;
			state[0] = 0;
			at++;
		} else if (*at == ',') {
			at++;
		} else if (!decode_segment(map, section, &at, end, line, state)) {
			return false;
		}
	}
	return true;
}

/* ---- JSON ---------------------------------------------------------------------------------------------------- */

static char **add_strings(char **strings, size_t *count, const json_t *array, const char *root, const char *base)
{
	size_t more = json_array_size(array);

	strings = xreallocarray(strings, *count + more, sizeof(*strings));
	for (size_t i = 0; i < more; i++) {
		const char *text = json_string_value(json_array_get(array, i));

		strings[(*count)++] = !text ? NULL : base ? path_resolve(base, root, text) : xstrdup(text);
	}
	return strings;
}

static bool read_section(struct sourcemap *map, const json_t *json, const char *base, struct section section)
{
	const json_t *mappings = json_object_get(json, "mappings");
	const char *root = json_string_value(json_object_get(json, "sourceRoot"));

	if (json_integer_value(json_object_get(json, "version")) != 3 || !json_is_string(mappings))
		return false;
	section.source = map->source_count;
	section.name = map->name_count;
	/* A long root before many short names would fill the memory. */
	map->source_bytes += json_array_size(json_object_get(json, "sources")) *
	                     (strlen(base) + (root ? strlen(root) : 0) + sizeof(char *));
	if (map->source_bytes > MOST_SOURCES)
		return false;
	map->sources = add_strings(map->sources, &map->source_count, json_object_get(json, "sources"),
	                           root ? root : "", base);
	map->names = add_strings(map->names, &map->name_count, json_object_get(json, "names"), NULL, NULL);
	if (map->source_count >= NONE || map->name_count >= NONE)
		return false;
	/* What comes before the first mapping of a section is not from the section before it on that line. */
	if (section.column && !add_segment(map, (struct segment){.line = section.line, .column = section.column,
	                                                         .source = NONE, .name = NONE}))
		return false;
	return decode(map, &section, json_string_value(mappings), json_string_length(mappings));
}

static bool read_sections(struct sourcemap *map, const json_t *sections, const char *base)
{
	for (size_t i = 0; i < json_array_size(sections); i++) {
		const json_t *entry = json_array_get(sections, i), *offset = json_object_get(entry, "offset");
		json_int_t line = json_integer_value(json_object_get(offset, "line"));
		json_int_t column = json_integer_value(json_object_get(offset, "column"));

		if (line < 0 || line >= NONE || column < 0 || column >= NONE ||
		    !read_section(map, json_object_get(entry, "map"), base,
		                  (struct section){.line = (uint32_t)line, .column = (uint32_t)column}))
			return false;
	}
	return true;
}

static bool is_for(const json_t *json, const char *generated)
{
	const char *file = json_string_value(json_object_get(json, "file")), *slash;

	if (!generated || !file || !*file)
		return true;
	slash = strrchr(file, '/');
	return strcmp(slash ? slash + 1 : file, generated) == 0;
}

static int by_place(const void *left, const void *right)
{
	const struct segment *a = left, *b = right;

	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->column < b->column ? -1 : a->column > b->column;
}

static void sort(struct sourcemap *map)
{
	bool sorted = true;

	for (size_t i = 1; sorted && i < map->count; i++)
		sorted = by_place(&map->segments[i - 1], &map->segments[i]) <= 0;
	if (!sorted)
		qsort(map->segments, map->count, sizeof(*map->segments), by_place);
}

struct sourcemap *sourcemap_parse(const char *text, size_t size, const char *base, const char *generated)
{
	struct sourcemap *map = xcalloc(1, sizeof(*map));
	const json_t *sections;
	const char *line;
	json_t *json;
	bool good;

	/* A line that keeps browsers from running it as a script. */
	if (size > 3 && !memcmp(text, ")]}", 3) && (line = memchr(text, '\n', size))) {
		size -= (size_t)(line - text);
		text = line;
	}
	json = json_loadb(text, size, 0, NULL);
	sections = json_object_get(json, "sections");
	good = json_is_object(json) && is_for(json, generated) &&
	       (sections ? read_sections(map, sections, base) : read_section(map, json, base, (struct section){0}));
	json_decref(json);
	if (!good) {
		sourcemap_free(map);
		return NULL;
	}
	sort(map);
	return map;
}

void sourcemap_free(struct sourcemap *map)
{
	if (!map)
		return;
	for (size_t i = 0; i < map->source_count; i++)
		free(map->sources[i]);
	for (size_t i = 0; i < map->name_count; i++)
		free(map->names[i]);
	free(map->sources);
	free(map->names);
	free(map->segments);
	free(map);
}
