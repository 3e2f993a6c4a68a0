/* rust_name.c: names of Rust functions and types; see rust_name.h. Nothing here recurses. */
#include "names/rust_name.h"

#include "names/rust_text.h"

/* ---- brackets ------------------------------------------------------------------------------------------------ */

/* Index of what closes the bracket at `open`; text.size if nothing does. */
static size_t closing(struct span text, size_t open)
{
	size_t depth = 0;

	for (size_t at = open; at < text.size; at++) {
		int step = bracket(text, at);

		depth += (size_t)step;
		if (step < 0 && !depth)
			return at;
	}
	return text.size;
}

/* Index of `what` outside of brackets; text.size if it is not there. */
static size_t outside(struct span text, const char *what)
{
	size_t size = strlen(what), depth = 0;

	for (size_t at = 0; at + size <= text.size; at++) {
		int step = bracket(text, at);

		if (!depth && !memcmp(text.at + at, what, size))
			return at;
		if (step < 0 && !depth)
			return text.size;
		depth += (size_t)step;
	}
	return text.size;
}

/* ---- paths --------------------------------------------------------------------------------------------------- */

struct span rust_name_trim(struct span name)
{
	static const char *const tails[] = {" multivalue shim", "@probe"};
	size_t at;

	name = span_trim(name);
	for (size_t i = 0; i < sizeof(tails) / sizeof(*tails); i++)
		if (span_ends(name, tails[i]))
			name.size -= strlen(tails[i]);
	at = outside(name, ".llvm.");
	if (at < name.size)
		name.size = at;
	if (name.size > 19 && !memcmp(name.at + name.size - 19, "::h", 3)) {
		for (at = name.size - 16; at < name.size && is_hex(name.at[at]); at++)
			;
		if (at == name.size)
			name.size -= 19;
	}
	return name;
}

static bool take(struct span *text, const char *what)
{
	if (!span_begins(*text, what))
		return false;
	*text = span_from(*text, strlen(what));
	return true;
}

/* Takes "<…>" off the front. */
static bool take_angle(struct span *text, struct span *inside)
{
	size_t end = closing(*text, 0);

	if (end >= text->size || text->at[end] != '>')
		return false;
	*inside = (struct span){text->at + 1, end - 1};
	*text = span_from(*text, end + 1);
	return true;
}

static bool take_segment(struct span *text, struct rust_segment *segment)
{
	size_t size = 0;

	*segment = (struct rust_segment){0};
	if (text->size && *text->at == '{') {
		size = closing(*text, 0);
		if (size >= text->size)
			return false;
		size++;
	} else if (text->size && *text->at == '<') { /* legacy: "alloc::slice::<impl [T]>::to_vec" */
		return take_angle(text, &segment->name);
	} else {
		while (size < text->size && is_word(text->at[size]))
			size++;
	}
	if (!size)
		return false;
	segment->name = (struct span){text->at, size};
	*text = span_from(*text, size);
	*text = span_from(*text, hash_size(*text, 0));
	if (span_begins(*text, "::<") && !span_begins(*text, "::<impl "))
		*text = span_from(*text, 2);
	return !text->size || *text->at != '<' || take_angle(text, &segment->arguments);
}

bool rust_path_parse(struct span text, struct rust_path *path)
{
	path->count = 0;
	path->type = path->trait = (struct span){0};
	if (text.size && *text.at == '<') {
		struct span inside;
		size_t as;

		if (!take_angle(&text, &inside))
			return false;
		as = outside(inside, " as ");
		path->type = (struct span){inside.at, as};
		if (as < inside.size)
			path->trait = span_from(inside, as + 4);
		if (!text.size)
			return path->type.size;
		if (!take(&text, "::"))
			return false;
	}
	do {
		if (path->count == RUST_SEGMENTS || !take_segment(&text, &path->segments[path->count]))
			return false;
		path->count++;
	} while (take(&text, "::"));
	return !text.size;
}

size_t rust_arguments(struct span arguments, struct span *each)
{
	size_t count = 0;

	while (arguments.size && count < RUST_ARGUMENTS) {
		size_t comma = outside(arguments, ",");
		struct span one = span_trim((struct span){arguments.at, comma});

		if (one.size && *one.at != '\'')
			each[count++] = one;
		arguments = comma < arguments.size ? span_from(arguments, comma + 1) : (struct span){0};
	}
	return count;
}

/* ---- types --------------------------------------------------------------------------------------------------- */

struct span rust_pointee(struct span type)
{
	bool more;

	do {
		more = take(&type, "&mut ") || take(&type, "&") || take(&type, "*const ") || take(&type, "*mut ");
		if (more && type.size && *type.at == '\'') {
			while (type.size && *type.at != ' ')
				type = span_from(type, 1);
			type = span_trim(type);
			take(&type, "mut ");
		}
	} while (more);
	return type;
}

static const struct { const char *name; unsigned size; } primitives[] = { /* size 0: a pointer's */
	{"u8", 1}, {"i8", 1}, {"bool", 1}, {"u16", 2}, {"i16", 2}, {"u32", 4}, {"i32", 4}, {"f32", 4}, {"char", 4},
	{"u64", 8}, {"i64", 8}, {"f64", 8}, {"u128", 16}, {"i128", 16}, {"usize", 0}, {"isize", 0},
};

unsigned rust_primitive_size(struct span type, unsigned word)
{
	for (size_t i = 0; i < sizeof(primitives) / sizeof(*primitives); i++)
		if (span_is(type, primitives[i].name))
			return primitives[i].size ? primitives[i].size : word;
	return 0;
}

bool rust_is_parameter(struct span type)
{
	for (size_t i = 0; i < type.size; i++)
		if (!is_word(type.at[i]))
			return false;
	return type.size && !rust_primitive_size(type, 4) && !span_is(type, "str");
}

bool rust_is_named(struct span type)
{
	struct rust_path path;

	if (!type.size || !is_word(*type.at) || !rust_path_parse(type, &path) || path.count < 2)
		return false;
	for (size_t i = 0; i < path.count; i++)
		if (*path.segments[i].name.at == '{')
			return false;
	return true;
}

bool rust_is_std(struct span path)
{
	static const char *const crates[] = {
		"alloc", "core", "std", "hashbrown", "dlmalloc", "__rustc", "compiler_builtins", "proc_macro", "test",
		"panic_unwind", "std_detect", "rustc_demangle",
	};

	return span_in(first_word(path), crates, sizeof(crates) / sizeof(*crates));
}

/* ---- of whole names ------------------------------------------------------------------------------------------- */

const struct rust_segment *rust_function_of(const struct rust_path *path)
{
	size_t at = path->count;

	while (at > 1 && *path->segments[at - 1].name.at == '{')
		at--;
	return &path->segments[at - 1];
}

struct span rust_last_name(struct span path)
{
	struct rust_path parsed;

	return rust_path_parse(path, &parsed) && parsed.count ? parsed.segments[parsed.count - 1].name
	                                                      : (struct span){0};
}

bool rust_in_module(const struct rust_path *path, const char *crate, const char *module)
{
	return path->count > 2 && span_is(path->segments[0].name, crate) &&
	       span_is(path->segments[1].name, module);
}

bool rust_has_parameters(struct span arguments)
{
	struct span each[RUST_ARGUMENTS];
	size_t count = rust_arguments(arguments, each);

	for (size_t i = 0; i < count; i++)
		if (rust_is_parameter(each[i]) && !isdigit((unsigned char)*each[i].at))
			return true;
	return false;
}
