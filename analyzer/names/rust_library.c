/*
 * rust_library.c: functions of Rust's standard library that allocate: methods of containers, and the few others; see
 * rust_library.h.
 */
#include "names/rust_library.h"

#include <ctype.h>
#include <stdlib.h>

#include "util.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* ---- containers ---------------------------------------------------------------------------------------------- */

/* The library's types whose methods allocate, by their last name. */
static const struct container {
	const char *name;
	enum rust_made made;
	unsigned   arguments;     /* types that make up what it holds */
	const char *of_text;      /* what it holds if that is always the same */
} containers[] = {
	{"RawVec", RUST_ELEMENTS, 1, NULL}, {"Vec", RUST_ELEMENTS, 1, NULL}, {"VecDeque", RUST_ELEMENTS, 1, NULL},
	{"BinaryHeap", RUST_ELEMENTS, 1, NULL}, {"Box", RUST_POINTEE, 1, NULL}, {"Rc", RUST_POINTEE, 1, NULL},
	{"Arc", RUST_POINTEE, 1, NULL}, {"RcBox", RUST_POINTEE, 1, NULL}, {"RcInner", RUST_POINTEE, 1, NULL},
	{"ArcInner", RUST_POINTEE, 1, NULL}, {"UniqueRc", RUST_POINTEE, 1, NULL},
	{"LinkedList", RUST_NODES, 1, NULL}, {"RawTable", RUST_ENTRIES, 1, NULL}, {"HashMap", RUST_ENTRIES, 2, NULL},
	{"HashSet", RUST_ENTRIES, 1, NULL}, {"HashTable", RUST_ENTRIES, 1, NULL},
	{"BTreeMap", RUST_NODES, 2, NULL}, {"BTreeSet", RUST_NODES, 1, NULL}, {"LeafNode", RUST_NODES, 2, NULL},
	{"InternalNode", RUST_NODES, 2, NULL}, {"String", RUST_ELEMENTS, 0, "u8"}, {"CString", RUST_ELEMENTS, 0, "u8"},
	{"OsString", RUST_ELEMENTS, 0, "u8"}, {"PathBuf", RUST_ELEMENTS, 0, "u8"},
	{"NodeRef", RUST_NODES, 2, NULL}, {"Handle", RUST_NODES, 2, NULL},
	{"VacantEntry", RUST_ENTRIES, 2, NULL}, {"Entry", RUST_ENTRIES, 2, NULL},
};

static const struct container *container_named(struct span name)
{
	for (size_t i = 0; i < COUNT(containers); i++)
		if (span_is(name, containers[i].name))
			return &containers[i];
	return NULL;
}

/* Methods that allocate for the container alone, never for what it holds: by name, and by a part of it. */
static bool is_growth(struct span method)
{
	static const char *const methods[] = {
		"push", "push_mut", "push_back", "push_front", "insert", "push_str", "insert_str", "append", "split", "into_boxed_slice",
		"insert_recursing", "insert_entry", "insert_unique", "insert_fit", "rustc_entry", "resize_table",
		"copy_from_slice", "from_box", "from_boxed_slice", "push_internal_level", "push_with_handle", "new_leaf",
		"new_internal", "extend_from_within", "write_str", "write_char", "write_fmt", "write_all", "write",
		"from_utf8_lossy", "from_utf16", "from_utf16_lossy",
	};
	static const char *const parts[] = {
		"with_capacity", "reserve", "grow", "shrink", "allocate", "uninit", "new_zeroed",
	};

	for (size_t i = 0; i < COUNT(parts); i++)
		for (size_t at = 0; at < method.size; at++)
			if (span_begins(span_from(method, at), parts[i]))
				return true;
	return span_in(method, methods, COUNT(methods));
}

/* … and those that make what they hold by code of the caller's, which may allocate as well. */
static bool runs_callers(struct span text)
{
	for (size_t i = 0; i + 1 < text.size; i++)
		if (text.at[i] == '{')
			return true;
	return false;
}

/* Could an element that is copied have parts of its own on the heap? Not known of a user's type, so yes. */
static bool is_plain(struct span type)
{
	struct span each[RUST_ARGUMENTS];
	size_t count;

	if (rust_primitive_size(type, 4) || (type.size && (*type.at == '&' || *type.at == '*')))
		return true;
	if (!type.size || *type.at != '(' || type.at[type.size - 1] != ')')
		return false;
	count = rust_arguments((struct span){type.at + 1, type.size - 2}, each);
	for (size_t i = 0; i < count; i++)
		if (!rust_primitive_size(each[i], 4))
			return false;
	return true;
}

/*
 * Do its parts, if it has any, come about in functions that are no container's methods? A user's type's do: in its own. A
 * vector's or a box's may not.
 */
static bool has_frames(struct span type)
{
	struct span each[RUST_ARGUMENTS];
	size_t count;

	if (is_plain(type) || (rust_is_named(type) && !rust_is_std(type)))
		return true;
	if (!type.size || *type.at != '(' || type.at[type.size - 1] != ')')
		return false;
	count = rust_arguments((struct span){type.at + 1, type.size - 2}, each);
	for (size_t i = 0; i < count; i++)
		if (!is_plain(each[i]) && !(rust_is_named(each[i]) && !rust_is_std(each[i])))
			return false;
	return count;
}

/* What the library's own type holds, into which it puts the caller's: "LeafNode<K, V>", "RcInner<T>". 0 of all else. */
static size_t inner_arguments(struct span type, struct span *each, enum rust_made *made)
{
	static const struct { const char *name; enum rust_made made; size_t arguments; } inners[] = {
		{"LeafNode", RUST_NODES, 2}, {"InternalNode", RUST_NODES, 2}, {"Node", RUST_NODES, 1},
		{"RcBox", RUST_POINTEE, 1}, {"RcInner", RUST_POINTEE, 1}, {"ArcInner", RUST_POINTEE, 1},
	};
	struct rust_path path;

	if (!rust_is_std(type) || !rust_path_parse(type, &path) || !path.count)
		return 0;
	for (size_t i = 0; i < COUNT(inners); i++) {
		const struct rust_segment *last = &path.segments[path.count - 1];

		if (!span_is(last->name, inners[i].name) || rust_arguments(last->arguments, each) < inners[i].arguments)
			continue;
		*made = inners[i].made;
		return inners[i].arguments;
	}
	return 0;
}

/* What a container holds: of [T] a T, of "K, V" a "(K, V)". False if it is erased. */
static bool set_element(struct rust_frame *frame, const struct span *arguments, size_t count, struct cache *strings)
{
	struct span pair[RUST_ARGUMENTS];
	size_t inner;
	char *one, *two;

	if (!count || rust_is_parameter(arguments[0]) || (count > 1 && rust_is_parameter(arguments[1])))
		return false;
	if (count == 1 && frame->made == RUST_POINTEE && (inner = inner_arguments(arguments[0], pair, &frame->made))) {
		arguments = pair;
		count = inner;
	}
	if (count > 1 && (span_is(arguments[1], "()") || span_ends(arguments[1], "::SetValZST")))
		count = 1;
	if (count == 1) {
		struct span type = arguments[0];

		if (frame->made == RUST_ENTRIES && type.size > 6 && *type.at == '(' && span_ends(type, ", ())")) /* a set's */
			type = (struct span){type.at + 1, type.size - 6};
		if (type.size > 2 && *type.at == '[' && type.at[type.size - 1] == ']' &&
		    !memchr(type.at, ';', type.size)) {
			type = (struct span){type.at + 1, type.size - 2};
			frame->made = RUST_ELEMENTS;
		} else if (span_is(type, "str")) {
			type = span_of("u8");
			frame->made = RUST_ELEMENTS;
		}
		if (span_begins(type, "dyn ") || rust_is_parameter(type))
			return false;
		frame->element = rust_render(type, RUST_TYPE_LONGEST);
		frame->element_size = rust_primitive_size(type, 0);
		rust_frame_add(&frame->element_names, type, false, strings);
		return frame->element;
	}
	one = rust_render(arguments[0], RUST_TYPE_LONGEST);
	two = rust_render(arguments[1], RUST_TYPE_LONGEST);
	if (one && two && strlen(one) + strlen(two) < RUST_TYPE_LONGEST)
		frame->element = xasprintf("(%s, %s)", one, two);
	free(one);
	free(two);
	rust_frame_add(&frame->element_names, arguments[0], false, strings);
	rust_frame_add(&frame->element_names, arguments[1], false, strings);
	return frame->element;
}

/* Of B-trees' "Handle<NodeRef<…, K, V, …>, …>" the NodeRef, and of that K and V. */
static size_t tree_arguments(struct span name, struct span arguments, struct span *each)
{
	size_t count = rust_arguments(arguments, each);
	struct rust_path node;

	if (span_is(name, "Handle") && count && rust_path_parse(each[0], &node) && node.count) {
		name = node.segments[node.count - 1].name;
		count = rust_arguments(node.segments[node.count - 1].arguments, each);
	}
	if (!span_is(name, "NodeRef") || count < 3)
		return count;
	each[0] = each[1];
	each[1] = each[2];
	return 2;
}

/* A method of a container. `type` is its type, last segment with arguments. */
static void read_container(struct rust_frame *frame, const struct container *container,
                           const struct rust_segment *type, bool in_tree, const struct rust_path *path,
                           struct span name, struct cache *strings)
{
	const struct rust_segment *function = rust_function_of(path);
	struct span arguments[RUST_ARGUMENTS];
	size_t count = tree_arguments(type->name, type->arguments, arguments);

	frame->made = in_tree ? RUST_NODES : container->made;
	rust_frame_from(frame, type->name, function->name);
	frame->role = RUST_ERASED;
	if (container->of_text) {
		arguments[0] = span_of(container->of_text);
		count = 1;
	} else if (!count || rust_is_parameter(arguments[0])) { /* "RawVec<_, _>::reserve::do_reserve_and_handle::<T, A>" */
		count = rust_arguments(function->arguments, arguments);
	}
	if (count > container->arguments + !!container->of_text)
		count = container->arguments + !!container->of_text;
	if (!set_element(frame, arguments, count, strings))
		return;
	frame->role = RUST_CONTAINER;
	if (container->of_text || is_growth(function->name))
		frame->sure = !runs_callers(function->arguments) || is_growth(function->name);
	else if (span_is(function->name, "new") || span_is(function->name, "pin"))
		frame->sure = container->made == RUST_POINTEE || container->made == RUST_NODES;
	else
		frame->sure = ((container->made == RUST_ELEMENTS || container->made == RUST_ENTRIES) &&
		               is_plain(arguments[0]) && (count < 2 || is_plain(arguments[1])) && !runs_callers(name)) ||
		              (frame->element_size && !runs_callers(name));
	frame->sure_itself = frame->sure || (has_frames(arguments[0]) && (count < 2 || has_frames(arguments[1])));
	if (container->of_text && !span_is(type->name, "String"))
		frame->container = xasprintf("%.*s", (int)type->name.size, type->name.at);
	else if (container->of_text)
		frame->container = xstrdup("String");
}

/* ---- functions of the library that are no methods of a container ----------------------------------------------- */

/* "alloc::vec::from_elem::<T>": what makes a vector of T's. Which argument T is. */
static const struct { const char *module, *function; size_t argument; bool copies; } makers[] = {
	{"vec", "from_elem", 0, true}, {"hack", "to_vec", 0, true}, {"hack", "into_vec", 0, false}, {"str", "join_generic_copy", 1, false},
	{"alloc", "box_new", 0, false}, {"boxed", "box_new", 0, false},
};

static bool read_maker(struct rust_frame *frame, const struct rust_path *path, struct cache *strings)
{
	const struct rust_segment *function = rust_function_of(path);
	struct span arguments[RUST_ARGUMENTS];

	for (size_t i = 0; i < COUNT(makers); i++) {
		if (path->count < 2 || !span_is(function->name, makers[i].function) ||
		    !span_is(path->segments[path->count - 2].name, makers[i].module))
			continue;
		frame->made = span_is(function->name, "box_new") ? RUST_POINTEE : RUST_ELEMENTS;
		rust_frame_from(frame, (struct span){0}, function->name);
		frame->role = RUST_ERASED;
		if (rust_arguments(function->arguments, arguments) > makers[i].argument &&
		    set_element(frame, &arguments[makers[i].argument], 1, strings)) {
			frame->role = RUST_CONTAINER;
			frame->sure = !makers[i].copies || is_plain(arguments[makers[i].argument]);
			frame->sure_itself = frame->sure || has_frames(arguments[makers[i].argument]);
			if (frame->made == RUST_ELEMENTS)
				frame->container = xasprintf("Vec<%s>", frame->element);
		}
		return true;
	}
	return false;
}

/* Is it a segment of the path, hashes or not? */
static bool mentions(struct span path, const char *segment)
{
	struct rust_path parsed;

	if (rust_path_parse(path, &parsed))
		for (size_t i = 0; i < parsed.count; i++)
			if (span_is(parsed.segments[i].name, segment))
				return true;
	return false;
}

/* Is it of a trait whose methods make a vector of what they are called for? */
static bool makes_vector(const struct rust_path *path)
{
	static const char *const traits[] = {"ConvertVec", "SpecFromElem"};

	return span_in(rust_last_name(path->trait), traits, COUNT(traits));
}

/* "<T as alloc::slice::hack::ConvertVec>::to_vec": a vector of T's. "<T as ToString>::to_string": text. */
bool rust_trait_read(struct rust_frame *frame, const struct rust_path *path, struct cache *strings)
{
	static const char *const texts[] = {"ToString", "SpecToString"};
	struct span trait = rust_last_name(path->trait), type = rust_pointee(path->type);

	if (span_in(trait, texts, COUNT(texts)) || (span_is(type, "str") && span_is(trait, "ToOwned")) ||
	    (span_is(trait, "Write") && mentions(path->trait, "fmt") && (rust_is_parameter(type) || rust_is_std(type)))) {
		frame->role = RUST_TEXT;
		rust_frame_from(frame, trait, rust_function_of(path)->name);
		return true;
	}
	if (!makes_vector(path) && !(span_is(trait, "ToOwned") && path->type.size && *path->type.at == '['))
		return false;
	frame->made = RUST_ELEMENTS;
	frame->role = RUST_ERASED;
	rust_frame_from(frame, trait, rust_function_of(path)->name);
	if (set_element(frame, &path->type, 1, strings)) {
		frame->role = RUST_CONTAINER;
		frame->sure = is_plain(path->type);
		frame->sure_itself = has_frames(path->type);
		frame->container = xasprintf("Vec<%s>", frame->element);
	}
	return true;
}

/* ---- all of them --------------------------------------------------------------------------------------------- */

/* A map to nothing is what a set is made of. Takes the text over. */
static char *as_set(char *container)
{
	static const struct { const char *map, *set, *nothing; } sets[] = {
		{"HashMap<", "HashSet<", ", ()>"},
		{"BTreeMap<", "BTreeSet<", ", alloc::collections::btree::set_val::SetValZST>"},
	};

	for (size_t i = 0; container && i < COUNT(sets); i++) {
		size_t size = strlen(container), before = strlen(sets[i].map), after = strlen(sets[i].nothing);

		if (size <= before + after || strncmp(container, sets[i].map, before) ||
		    strcmp(container + size - after, sets[i].nothing))
			continue;
		memcpy(container, sets[i].set, before);
		strcpy(container + size - after, ">");
	}
	return container;
}

void rust_library_read(struct rust_frame *frame, struct span name, const struct rust_path *path,
                         const struct rust_path *type, struct span type_text, struct cache *strings)
{
	/* What is the same for all types, and what makes text. */
	static const char *const erased[] = {"RawVecInner", "RawTableInner"};
	static const struct { const char *crate, *module; enum rust_role role; } modules[] = {
		{"alloc", "raw_vec", RUST_ERASED}, {"hashbrown", "raw", RUST_ERASED}, {"alloc", "boxed", RUST_ERASED},
		{"alloc", "fmt", RUST_TEXT}, {"core", "fmt", RUST_TEXT}, {"std", "fmt", RUST_TEXT}, {"alloc", "str", RUST_TEXT},
	};
	const struct rust_segment *last = type ? &type->segments[type->count - 1] : NULL;
	const struct container *container = last ? container_named(last->name) : NULL;

	frame->role = RUST_LIBRARY;
	if (last && makes_vector(path) && rust_trait_read(frame, path, strings))
		return;
	if (last && span_in(last->name, erased, COUNT(erased))) {
		frame->role = RUST_ERASED;
		frame->writes = span_is(rust_function_of(path)->name, "do_reserve_and_handle");
	} else if (container) {
		read_container(frame, container, last, type->count > 2 && span_is(type->segments[2].name, "btree"), path, name,
		               strings);
		if (!frame->container && frame->element && !rust_has_parameters(last->arguments) &&
		    !span_begins(last->name, "Raw") && !span_ends(last->name, "Inner") && !span_is(last->name, "RcBox"))
			frame->container = as_set(rust_render(type_text, RUST_TYPE_LONGEST));
	} else if (!last && !rust_trait_read(frame, path, strings) && !read_maker(frame, path, strings)) {
		for (size_t i = 0; i < COUNT(modules) && frame->role == RUST_LIBRARY; i++)
			if (rust_in_module(path, modules[i].crate, modules[i].module))
				frame->role = modules[i].role;
	}
	if (frame->role == RUST_TEXT && !frame->from)
		rust_frame_from(frame, (struct span){0}, rust_function_of(path)->name);
}
