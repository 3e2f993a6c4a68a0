/*
 * script_types.c: the rules for AssemblyScript; see types.h. Its compiler names functions by their file:
 * "assembly/index/Foo#constructor", "~lib/array/Array<i32>#push". An object is made by its own constructor, its runtime
 * is in ~lib/rt.
 */
#include <stdlib.h>
#include <string.h>

#include "names/span.h"
#include "names/types_rules.h"
#include "util.h"

struct method {
	struct span class;        /* "assembly/index/Foo", "~lib/array/Array<i32>"; none: a function of no class */
	struct span name;         /* "constructor" */
	bool      library;
};

static bool is_runtime(const char *function)
{
	static const char *const prefixes[] = {
		"~lib/rt/", "~lib/memory/", "__new", "__renew", "__alloc", "__realloc", "__retain",
		/* what grows any array */
		"~lib/array/ensureCapacity", "~lib/array/ensureSize", "~lib/util/",
	};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (!strncmp(function, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

/* False if it is no such name. */
static bool parse(const char *function, struct method *method)
{
	size_t size = strcspn(function, "#(");
	size_t slash = strcspn(function, "/<");

	*method = (struct method){.library = !strncmp(function, "~lib/", 5)};
	if (function[slash] != '/' || strstr(function, "::") || function[size] == '(')
		return false;
	if (function[size] == '#') {
		method->class = (struct span){function, size};
		method->name = (struct span){function + size + 1, strcspn(function + size + 1, "@|")};
	}
	return true;
}

/* The class as its source writes it: without the library's paths. */
static char *readable(struct span class)
{
	static const char library[] = "~lib/";
	char *text = xmalloc(class.size + 1);
	size_t size = 0, kept = 0; /* kept: where the path that is being read begins in text */
	bool from_library = false;

	for (size_t i = 0; i < class.size; i++) {
		char byte = class.at[i];

		if (span_begins(span_from(class, i), library)) {
			from_library = true;
			i += sizeof(library) - 2;
			continue;
		}
		if (byte == '/' && from_library) {
			size = kept;
			continue;
		}
		text[size++] = byte;
		if (strchr("<>,|&() ", byte)) {
			kept = size;
			from_library = false;
		}
	}
	text[size] = '\0';
	return text;
}

/* Of "~lib/array/Array<i32>" "i32"; none if it is no array. */
static struct span element_of(struct span class)
{
	static const char *const arrays[] = {"~lib/array/Array<", "~lib/staticarray/StaticArray<"};

	for (size_t i = 0; i < sizeof(arrays) / sizeof(*arrays); i++)
		if (span_begins(class, arrays[i]) && span_ends(class, ">")) {
			class = span_from(class, strlen(arrays[i]));
			class.size--;
			return class;
		}
	return (struct span){0};
}

/* A number's toString; numbers own nothing. */
static bool makes_text(const struct method *method)
{
	return span_begins(method->class, "~lib/number/") && span_is(method->name, "toString");
}

bool script_types(struct types *types, const struct frame *const *frames, size_t count, struct block_type *answer)
{
	struct method method, owner = {0};
	size_t at = 0;
	bool grows = false;

	while (at < count && frames[at]->kind == FRAME_WASM && frames[at]->function && is_runtime(frames[at]->function)) {
		grows |= !strncmp(frames[at]->function, "~lib/array/ensure", 17) || strstr(frames[at]->function, "renew");
		at++;
	}
	if (at == count || frames[at]->kind != FRAME_WASM || !frames[at]->function || !parse(frames[at]->function, &method))
		return false;
	for (size_t next = at; next < count && frames[next]->kind == FRAME_WASM && frames[next]->function; next++) {
		struct method outer;

		if (parse(frames[next]->function, &outer) && outer.class.size && !makes_text(&outer) &&
		    (!outer.library || !owner.class.size || owner.library))
			owner = outer;
	}
	if (span_is(method.name, "constructor") && (!method.library || span_ends(method.class, "/ArrayBuffer"))) {
		answer->type = types_keep(types, readable(method.class));
		answer->evidence = types_keep(types, xstrdup("the object that a constructor makes, if no other was inlined into it"));
	} else if (span_is(method.class, "~lib/string/String") || makes_text(&method)) {
		char *class = readable(method.class);

		answer->type = types_keep(types, xstrdup("String"));
		answer->evidence = types_keep(types, xasprintf("a text, by %s#%.*s", class, (int)method.name.size,
		                                               method.name.at));
		free(class);
	} else if (grows && element_of(method.class).size) {
		answer->type = types_keep(types, readable(element_of(method.class)));
		answer->evidence = types_keep(types, xasprintf("elements of an array, by Array#%.*s", (int)method.name.size,
		                                               method.name.at));
	}
	if (owner.class.size)
		answer->owner = types_keep(types, readable(owner.class));
	if (answer->owner && answer->owner == answer->type)
		answer->owner = NULL;
	if (answer->owner && !answer->evidence)
		answer->evidence = types_keep(types, xstrdup("no type: the outermost function that is a method"));
	return answer->type || answer->owner;
}
