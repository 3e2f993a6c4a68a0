/* rust_generic.c: the older scheme's names made whole; see rust_generic.h. */
#include "names/rust_generic.h"

#include <stdlib.h>

#include "names/rust_name.h"
#include "names/rust_text.h"
#include "util.h"

#define LONGEST 16384         /* bytes of the result; a longer one is none */

struct generics {
	struct span parameters[RUST_ARGUMENTS], arguments[RUST_ARGUMENTS];
	bool      used[RUST_ARGUMENTS];
	size_t    count;
};

struct text {
	char     *bytes;
	size_t    size;
	bool      full;
};

static void put(struct text *text, struct span more)
{
	/* What the compiler calls the data of a closure goes by the closure's name. */
	static const char environment[] = "closure_env#";

	while (more.size) {
		bool is_environment = span_begins(more, environment);
		struct span piece = is_environment ? span_of("closure#") : (struct span){more.at, 1};

		if (piece.size > LONGEST - text->size) {
			text->full = true;
			return;
		}
		memcpy(text->bytes + text->size, piece.at, piece.size);
		text->size += piece.size;
		more = span_from(more, is_environment ? sizeof(environment) - 1 : 1);
	}
}

/* What stands between the first < of "push<u32, Global>" and its last >. */
static struct span inside(const char *name)
{
	const char *open = strchr(name, '<');
	size_t size = strlen(name);

	if (!open || name[size - 1] != '>')
		return (struct span){0};
	return (struct span){open + 1, size - (size_t)(open - name) - 2};
}

static size_t parameter_at(const struct generics *generics, struct span word)
{
	for (size_t i = 0; i < generics->count; i++)
		if (span_same(generics->parameters[i], word))
			return i;
	return generics->count;
}

/* Those that are in nobody's name are the function's own; but for who the method of a trait is called for. */
static void put_own(struct text *text, const struct generics *generics)
{
	bool first = true;

	for (size_t i = 0; i < generics->count; i++) {
		if (generics->used[i] || span_is(generics->parameters[i], "Self"))
			continue;
		put(text, span_of(first ? "::<" : ", "));
		put(text, generics->arguments[i]);
		first = false;
	}
	if (!first)
		put(text, span_of(">"));
}

char *rust_generic(const char *function, const char *parameters, const char *name)
{
	struct generics generics = {0};
	struct span rest = rust_name_trim(span_of(function)), whole = rest;
	struct text text;

	generics.count = rust_arguments(span_of(parameters), generics.parameters);
	if (!generics.count || generics.count == RUST_ARGUMENTS ||
	    rust_arguments(inside(name), generics.arguments) != generics.count)
		return NULL;
	text = (struct text){.bytes = xmalloc(LONGEST + 1)};
	while (rest.size && !text.full) {
		struct span word = first_word(rest);
		bool in_path = rest.at - whole.at >= 2 && !memcmp(rest.at - 2, "::", 2);
		size_t at = word.size && !in_path ? parameter_at(&generics, word) : generics.count;

		if (!word.size)
			word = (struct span){rest.at, 1};
		if (at < generics.count)
			generics.used[at] = true;
		put(&text, at < generics.count ? generics.arguments[at] : word);
		rest = span_from(rest, word.size);
	}
	if (!span_ends(whole, "}") && !span_ends(whole, ">"))
		put_own(&text, &generics);
	if (text.full) {
		free(text.bytes);
		return NULL;
	}
	text.bytes[text.size] = '\0';
	return text.bytes;
}
