/* rust_frame.c: one Rust function's name; see rust_frame.h. */
#include "names/rust_frame.h"

#include <ctype.h>
#include <stdlib.h>

#include "names/rust_library.h"
#include "trace/array.h"
#include "util.h"

#define MENTIONS_MOST 256
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* ---- interning ----------------------------------------------------------------------------------------------- */

/* A path without hashes. */
static const char *intern_path(struct cache *strings, struct span path)
{
	char *text = rust_render(path, RUST_TYPE_LONGEST);
	const char *key = text ? cache_at(strings, text, strlen(text))->key : NULL;

	free(text);
	return key;
}

void rust_words(struct span text, struct cache *strings, struct rust_words *words)
{
	char word[32];
	size_t size = 0;

	for (size_t i = 0; i <= text.size; i++) {
		char byte = i < text.size ? text.at[i] : '_';
		bool letter = isalnum((unsigned char)byte);
		/* "WasmFpSrs": a capital begins a word unless it follows another. */
		bool begins = isupper((unsigned char)byte) && i && !isupper((unsigned char)text.at[i - 1]);

		if (size && (!letter || begins)) {
			if (size < sizeof(word)) {
				array_room(words->all, words->count);
				words->all[words->count++] = cache_at(strings, word, size)->key;
			}
			size = 0;
		}
		if (letter) {
			if (size < sizeof(word))
				word[size] = (char)tolower((unsigned char)byte);
			size++;
		}
	}
}

static void add_words(struct rust_named *named, struct cache *strings)
{
	const char *last = strrchr(named->name, ':');
	size_t modules = last ? (size_t)(last + 1 - named->name) : 0, crate = strcspn(named->name, ":");

	/* Not the crate: all of its names have that. */
	if (crate < modules)
		rust_words((struct span){named->name + crate, modules - crate}, strings, &named->modules);
	rust_words(span_of(named->name + modules), strings, &named->own);
}

void rust_frame_add(struct rust_nameds *names, struct span text, bool whole, struct cache *strings)
{
	struct rust_mention *found = xmalloc(MENTIONS_MOST * sizeof(*found));
	size_t count = rust_mentions(text, found, MENTIONS_MOST);

	for (size_t i = 0; i < count; i++) {
		struct rust_named named = {
			.name = intern_path(strings, found[i].path), .argument = found[i].argument,
			.within = found[i].within.size && !rust_is_std(found[i].within)
			              ? intern_path(strings, found[i].within) : NULL,
			.direct = whole ? found[i].depth && found[i].users <= 1 : !found[i].users,
		};
		size_t at = 0;

		while (at < names->count && (names->all[at].name != named.name || names->all[at].within != named.within ||
		                             names->all[at].argument != named.argument ||
		                             names->all[at].direct != named.direct))
			at++;
		if (!named.name || at < names->count)
			continue;
		add_words(&named, strings);
		array_room(names->all, names->count);
		names->all[names->count++] = named;
	}
	free(found);
}

void rust_frame_from(struct rust_frame *frame, struct span type, struct span function)
{
	if (type.size)
		frame->from = xasprintf("%.*s::%.*s", (int)type.size, type.at, (int)function.size, function.at);
	else
		frame->from = xasprintf("%.*s", (int)function.size, function.at);
}

/* ---- allocators ----------------------------------------------------------------------------------------------- */

static bool is_allocator(struct span name, const struct rust_path *path, const struct rust_path *type)
{
	static const char *const prefixes[] = {
		"__rust_alloc", "__rust_realloc", "__rust_no_alloc", "__rdl_", "__rg_", "__rustc[", "__rustc::", "dlmalloc",
		"<dlmalloc",
	};
	static const char *const whole[] = {
		"malloc", "calloc", "realloc", "aligned_alloc", "posix_memalign", "memalign", "valloc", "reallocarray",
	};
	struct span trait;

	for (size_t i = 0; i < COUNT(prefixes); i++)
		if (span_begins(name, prefixes[i]))
			return true;
	if (span_in(name, whole, COUNT(whole)) || rust_in_module(path, "alloc", "alloc") ||
	    rust_in_module(path, "std", "alloc") || rust_in_module(path, "core", "alloc"))
		return true;
	trait = rust_last_name(path->trait);
	if (span_is(trait, "GlobalAlloc") || span_is(trait, "Allocator"))
		return true;
	for (size_t i = 0; i < path->count; i++) /* the older scheme's, of another's type */
		if (span_begins(path->segments[i].name, "impl core::alloc::global::GlobalAlloc for "))
			return true;
	return type && type->count == 3 && span_is(type->segments[0].name, "alloc") &&
	       span_is(type->segments[1].name, "alloc");
}

/* ---- users' functions ---------------------------------------------------------------------------------------- */

static struct span crate_of(struct span path)
{
	size_t size = 0;

	while (size < path.size && (isalnum((unsigned char)path.at[size]) || path.at[size] == '_'))
		size++;
	return (struct span){path.at, size};
}

/* Crates that run what belongs to others. */
static bool is_plumbing(struct span path)
{
	static const char *const crates[] = {
		"rayon", "rayon_core", "crossbeam_epoch", "crossbeam_deque", "crossbeam_utils", "crossbeam_channel",
		"wasm_bindgen", "wasm_bindgen_rayon", "js_sys", "once_cell", "lazy_static", "spin", "futures", "tokio",
		"itertools", "either",
	};

	return span_in(crate_of(path), crates, COUNT(crates));
}

/* … and those that write and read it: nothing is theirs. */
static bool is_encoder(struct span path)
{
	static const char *const crates[] = {
		"serde", "serde_core", "serde_json", "serde_with", "rmp_serde", "rmp", "bcs", "bincode", "ciborium", "postcard",
		"toml", "serde_yaml", "ron",
	};

	return span_in(crate_of(path), crates, COUNT(crates));
}

/* The user's type whose method it is. */
static void read_self(struct rust_frame *frame, struct span type, struct cache *strings)
{
	struct rust_path path;
	struct span bare;

	type = rust_pointee(type);
	if (!rust_is_named(type) || !rust_path_parse(type, &path) || rust_is_std(type) || is_encoder(type))
		return;
	bare = type;
	if (path.segments[path.count - 1].arguments.size)
		bare.size = (size_t)(path.segments[path.count - 1].arguments.at - type.at) - 1;
	if (span_ends(bare, "::"))
		bare.size -= 2;
	if (rust_has_parameters(path.segments[path.count - 1].arguments))
		type = bare;
	frame->self = rust_render(type, RUST_TYPE_LONGEST);
	frame->self_bare = rust_render(bare, RUST_TYPE_LONGEST);
	frame->self_is_plumbing = is_plumbing(type);
	rust_frame_add(&frame->self_names, type, false, strings);
}

/* Of "kimchi::Poly<F>::repeat" "kimchi::Poly<F>": the older scheme's methods. */
static struct span old_self(struct span name, const struct rust_path *path)
{
	const struct rust_segment *type = rust_function_of(path) - 1;
	const char *end;

	while (type > path->segments && !isupper((unsigned char)*type->name.at)) /* a function inside a method */
		type--;
	if (type <= path->segments)
		return (struct span){0};
	end = type->arguments.size ? type->arguments.at + type->arguments.size + 1 : type->name.at + type->name.size;
	return (struct span){name.at, (size_t)(end - name.at)};
}

/* "<T as wasm_bindgen::convert::traits::IntoWasmAbi>::into_abi" of a class: classes have no type arguments. */
static bool is_object(const struct rust_path *path)
{
	struct rust_path type;

	return span_begins(path->trait, "wasm_bindgen") && span_is(rust_last_name(path->trait), "IntoWasmAbi") &&
	       rust_is_named(path->type) && !rust_is_std(path->type) && rust_path_parse(path->type, &type) &&
	       !type.segments[type.count - 1].arguments.size && path->count == 1;
}

/*
 * What a function writes to, if its name says so: "…::serialize::<&mut Vec<u8>>". Only if that is the same in all the
 * places where the name mentions a vector by reference.
 */
static void read_sink(struct rust_frame *frame, struct span name)
{
	static const char reference[] = "&mut ";
	struct span sink = {0};

	for (size_t i = 0; i + sizeof(reference) - 1 < name.size; i++) {
		struct span rest = span_from(name, i), each[RUST_ARGUMENTS];
		struct rust_path path;
		size_t depth = 0, end = 0;

		if (!span_begins(rest, reference) || !rust_is_std(rest = rust_pointee(rest)))
			continue;
		for (; end < rest.size && (depth || !memchr(",>)];", rest.at[end], 5)); end++) {
			depth += rest.at[end] == '<' || rest.at[end] == '[';
			depth -= rest.at[end] == '>' || rest.at[end] == ']';
		}
		rest.size = end;
		if (!rust_path_parse(rest, &path) || !path.count || !span_is(path.segments[path.count - 1].name, "Vec") ||
		    rust_arguments(path.segments[path.count - 1].arguments, each) != 1)
			continue;
		if (sink.size && !span_same(sink, each[0]))
			return;
		sink = each[0];
	}
	if (sink.size && rust_primitive_size(sink, 4))
		frame->sink = rust_render(sink, RUST_TYPE_LONGEST);
}

/* What an object is written as is another's: text, an encoding. So is what an adapter or a visitor reads. */
static bool is_writing(struct span trait)
{
	static const char *const traits[] = {
		"Debug", "Display", "LowerHex", "UpperHex", "Serialize", "SerializeAs", "CanonicalSerialize",
		"CanonicalSerializeWithFlags", "Hash", "Hasher", "ToBytes", "DeserializeAs", "DeserializeSeed", "Visitor",
	};

	return span_in(rust_last_name(trait), traits, COUNT(traits));
}

static void read_held(struct rust_frame *frame, struct span type)
{
	struct span each[RUST_ARGUMENTS];
	struct rust_path path, held;

	if (rust_path_parse(type, &path) && path.count &&
	    rust_arguments(path.segments[path.count - 1].arguments, each) == 1 && rust_is_named(each[0]) &&
	    !rust_is_std(each[0]) && rust_path_parse(each[0], &held) && !held.segments[held.count - 1].arguments.size)
		frame->holds = rust_render(each[0], RUST_TYPE_LONGEST);
}

static void read_user(struct rust_frame *frame, struct span name, struct span trait, struct span type,
                      struct cache *strings)
{
	frame->role = RUST_USER;
	if (type.size && !is_writing(trait))
		read_self(frame, type, strings);
	read_sink(frame, name);
	if (span_begins(trait, "wasm_bindgen") && span_is(rust_last_name(trait), "IntoWasmAbi"))
		read_held(frame, type);
}

/* OnceCell, LazyLock, thread_local and their kin, where they run what makes their value. A Once is in objects as well. */
static bool sets_up(const struct rust_path *path, const struct rust_path *type)
{
	static const char *const types[] = {"OnceCell", "OnceLock", "LazyLock", "LazyCell", "Lazy"};
	static const char *const functions[] = {
		"initialize", "get_or_init", "get_or_try_init", "force", "get",
	};
	static const char *const locals[] = {"get_or_init_slow", "initialize", "register"};
	struct span function = rust_function_of(path)->name;

	if (type && span_in(type->segments[type->count - 1].name, types, COUNT(types)))
		return span_in(function, functions, COUNT(functions));
	for (size_t i = 0; type && i < type->count; i++)
		if (span_is(type->segments[i].name, "thread_local"))
			return span_in(function, locals, COUNT(locals));
	for (size_t i = 0; !type && i < path->count; i++)
		if (span_is(path->segments[i].name, "thread_local"))
			return span_in(function, locals, COUNT(locals));
	return false;
}

static bool constructs(const struct rust_path *path)
{
	static const char *const functions[] = {"default", "create", "build", "init", "alloc", "register", "spawn"};
	struct span function = rust_function_of(path)->name;

	return span_begins(function, "new") || span_in(function, functions, COUNT(functions));
}

static void read_words(struct rust_frame *frame, const struct rust_path *path, struct cache *strings)
{
	for (size_t i = 0; i < path->count; i++)
		if (*path->segments[i].name.at != '{' && *path->segments[i].name.at != '<')
			rust_words(path->segments[i].name, strings, &frame->words);
}

/* V8 cuts long names: "<Index<Affine> as Serialize>::serialize::<&mut serde_". Whose method it is may still be there. */
static void read_cut(struct rust_frame *frame, struct span name, const struct rust_path *path, struct cache *strings)
{
	struct span type = rust_pointee(path->type);

	rust_frame_add(&frame->names, name, true, strings);
	frame->is_rust = true;
	if (rust_is_std(type) || !rust_is_named(type))
		frame->role = RUST_LIBRARY;
	else
		read_user(frame, (struct span){0}, path->trait, type, strings);
}

struct rust_frame *rust_frame_read(const char *function, struct cache *strings)
{
	struct rust_frame *frame = xcalloc(1, sizeof(*frame));
	struct span name = rust_name_trim(span_of(function)), type_text;
	struct rust_path path, type;
	bool has_type;

	if (!rust_path_parse(name, &path) || !path.count) {
		if (path.type.size)
			read_cut(frame, name, &path, strings);
		return frame;
	}
	type_text = path.type.size ? rust_pointee(path.type) : old_self(name, &path);
	has_type = type_text.size && rust_path_parse(type_text, &type) && type.count;
	if (is_allocator(name, &path, has_type ? &type : NULL)) {
		frame->role = RUST_ALLOCATOR;
		return frame;
	}
	frame->is_rust = *name.at == '<' || strstr(function, "::{{closure}}") || strstr(function, "::{closure#") ||
	                 strlen(function) != name.size;
	rust_frame_add(&frame->names, name, true, strings);
	read_words(frame, &path, strings);
	frame->sets_up = sets_up(&path, has_type ? &type : NULL);
	frame->constructs = constructs(&path);
	if (is_object(&path)) {
		frame->role = RUST_OBJECT;
		frame->element = rust_render(path.type, RUST_TYPE_LONGEST);
		rust_frame_add(&frame->element_names, path.type, false, strings);
		rust_frame_from(frame, (struct span){0}, span_of("into_abi"));
		read_self(frame, path.type, strings);
		return frame;
	}
	if (has_type && rust_is_named(type_text) ? rust_is_std(type_text) : rust_is_std(path.trait.size ? path.trait : name))
		rust_library_read(frame, name, &path, has_type && rust_is_std(type_text) ? &type : NULL, type_text, strings);
	else if (!path.trait.size || !rust_trait_read(frame, &path, strings))
		read_user(frame, name, path.trait, type_text, strings);
	return frame;
}

static void free_names(struct rust_nameds *names)
{
	for (size_t i = 0; i < names->count; i++) {
		free(names->all[i].modules.all);
		free(names->all[i].own.all);
	}
	free(names->all);
}

void rust_frame_free(void *opaque)
{
	struct rust_frame *frame = opaque;

	free(frame->element);
	free_names(&frame->element_names);
	free(frame->container);
	free(frame->from);
	free(frame->self);
	free(frame->self_bare);
	free_names(&frame->self_names);
	free_names(&frame->names);
	free(frame->sink);
	free(frame->holds);
	free(frame->words.all);
	free(frame);
}
