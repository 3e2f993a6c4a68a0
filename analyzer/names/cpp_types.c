/*
 * cpp_types.c: the rules for C++, by demangled names alone; see types.h. What an allocator or a container of the standard
 * library allocates is told by its type arguments; what a constructor allocates is a part of its object.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "names/span.h"
#include "names/types_rules.h"
#include "util.h"

#define OWN_OPERATOR "frame: its own operator new"
#define FOLDED "frame: no type: functions of other types are the same code"
#define CPP_LONGEST 4096      /* bytes of a type that is shown */

/* Index behind the bracket that closes the one at `open`; size if none does. The < of an operator< is none. */
static size_t behind(struct span text, size_t open)
{
	size_t depth = 0;

	for (size_t at = open; at < text.size; at++) {
		char byte = text.at[at];

		if (byte == '<' || byte == '(' || byte == '[' || byte == '{')
			depth++;
		else if (byte == '>' && at && text.at[at - 1] == '-')
			continue;
		else if ((byte == '>' || byte == ')' || byte == ']' || byte == '}') && !--depth)
			return at + 1;
	}
	return text.size;
}

/* A function's name before its parameters, and without a return type before it. None if it is no C++ name. */
static struct span function_part(const char *name)
{
	struct span text = span_of(name);
	size_t at = 0, from = 0;

	while (at < text.size) {
		if (span_begins(span_from(text, at), "(anonymous namespace)"))
			at += 21;
		else if (text.at[at] == '(')
			break;
		else if (text.at[at] == '<' && !(at >= 8 && !memcmp(text.at + at - 8, "operator", 8)))
			at = behind(text, at);
		else if (span_begins(span_from(text, at), "operator "))
			at += 9;
		else if (text.at[at++] == ' ')
			from = at;
	}
	if (at >= text.size || memchr(name, '/', at))
		return (struct span){0};
	return (struct span){name + from, at - from};
}

/* Splits "std::vector<int, A>::reserve" before its last "::". False if there is none. */
static bool split_last(struct span function, struct span *class, struct span *method)
{
	size_t at = 0, last = function.size;

	while (at < function.size) {
		if (function.at[at] == '<' && !(at >= 8 && !memcmp(function.at + at - 8, "operator", 8))) {
			at = behind(function, at);
			continue;
		}
		if (span_begins(span_from(function, at), "::"))
			last = at;
		at++;
	}
	if (last == function.size)
		return false;
	*class = (struct span){function.at, last};
	*method = span_from(function, last + 2);
	return true;
}

/* The first type argument of the last name of a class, and the class without arguments. */
static struct span first_argument(struct span class, struct span *bare)
{
	size_t at = 0, open = class.size, depth = 0;

	*bare = class;
	while (at < class.size) { /* the last < at the top */
		if (class.at[at] == '<') {
			open = at;
			at = behind(class, at);
		} else {
			at++;
		}
	}
	if (open == class.size)
		return (struct span){0};
	bare->size = open;
	for (at = open + 1; at < class.size; at++) {
		char byte = class.at[at];

		if (!depth && (byte == ',' || byte == '>'))
			return span_trim((struct span){class.at + open + 1, at - open - 1});
		depth += byte == '<' || byte == '(' || byte == '[';
		depth -= byte == '>' || byte == ')' || byte == ']';
	}
	return (struct span){0};
}

/* "std::__cxx11::list" and "std::__2::list" are "list"; none if it is not the library's. */
static struct span library_name(struct span bare)
{
	static const char *const spaces[] = {
		"std::", "__gnu_cxx::", "__cxx11::", "__1::", "__2::", "__detail::", "pmr::", "__ndk1::",
	};
	bool library = span_begins(bare, "std::") || span_begins(bare, "__gnu_cxx::"), more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < sizeof(spaces) / sizeof(*spaces); i++)
			if (span_begins(bare, spaces[i])) {
				bare = span_from(bare, strlen(spaces[i]));
				more = true;
			}
	}
	return library ? bare : (struct span){0};
}

static bool is_builtin(struct span type)
{
	static const char *const names[] = {
		"bool", "char", "signed char", "unsigned char", "short", "unsigned short", "int", "unsigned int", "long",
		"unsigned long", "long long", "unsigned long long", "float", "double", "long double", "wchar_t", "char8_t",
		"char16_t", "char32_t",
	};

	return span_ends(type, "*") || span_in(type, names, sizeof(names) / sizeof(*names));
}

/* What a node of a container holds: of "std::_List_node<Foo>" Foo; else the type itself. */
static struct span held(struct span type, const char **what)
{
	static const struct { const char *name, *what; } nodes[] = {
		{"_Rb_tree_node", "a node of a tree"}, {"_List_node", "a node of a list"}, {"_Hash_node", "a node of a table"},
		{"_Fwd_list_node", "a node of a list"}, {"_Sp_counted_ptr_inplace", "a shared object"},
		{"__tree_node", "a node of a tree"}, {"__list_node", "a node of a list"},
		{"__hash_node", "a node of a table"}, {"__shared_ptr_emplace", "a shared object"},
	};
	struct span bare, argument = first_argument(type, &bare), name = library_name(bare);

	for (size_t i = 0; argument.size && i < sizeof(nodes) / sizeof(*nodes); i++)
		if (span_is(name, nodes[i].name)) {
			*what = nodes[i].what;
			return argument;
		}
	return type;
}

static const char *keep(struct types *types, struct span text)
{
	static const char *const strings[] = {
		"std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >",
		"std::__2::basic_string<char, std::__2::char_traits<char>, std::__2::allocator<char> >",
		"std::__2::basic_string<char, std::__2::char_traits<char>, std::__2::allocator<char>>",
	};
	char *readable;
	size_t size = 0;

	if (!text.size || text.size > CPP_LONGEST)
		return NULL;
	readable = xmalloc(text.size + 1);
	while (text.size) {
		size_t i = 0, count = sizeof(strings) / sizeof(*strings);

		while (i < count && !span_begins(text, strings[i]))
			i++;
		if (i < count) {
			memcpy(readable + size, "std::string", 11);
			size += 11;
			text = span_from(text, strlen(strings[i]));
			if (span_begins(text, " >"))
				text = span_from(text, 1); /* it parted two brackets */
			continue;
		}
		readable[size++] = *text.at;
		text = span_from(text, 1);
	}
	readable[size] = '\0';
	return types_keep(types, readable);
}

struct cpp_claim {
	struct span type, holder;
	const char *what;
	bool folded;              /* a frame further out is of another type, and does not tell which */
	bool settled;             /* what is further out holds the container, and says nothing of its elements */
};

/* A method of the library: sets the claim if that tells. */
static void read_method(struct span class, struct span method, struct cpp_claim *claim)
{
	static const char *const allocators[] = {
		"allocator", "new_allocator", "__new_allocator", "malloc_allocator", "polymorphic_allocator",
	};
	struct span bare, argument = first_argument(class, &bare), name = library_name(bare);
	struct span plain = method;

	first_argument(method, &plain);
	if (span_is(name, "allocator_traits") && span_begins(plain, "allocate"))
		argument = first_argument(argument, &bare), name = library_name(bare);
	if (span_in(name, allocators, sizeof(allocators) / sizeof(*allocators)) && span_begins(plain, "allocate")) {
		claim->what = "by its allocator";
		claim->type = held(argument, &claim->what);
		return;
	}
	if (span_is(name, "basic_string")) {
		claim->type = argument;
		claim->holder = span_is(argument, "char") ? span_of("std::string") : class;
		claim->what = "text";
		return;
	}
	if (span_is(name, "vector") || span_is(name, "_Vector_base") || span_is(name, "deque")) {
		if (span_is(name, "vector"))
			claim->holder = class;
		if (is_builtin(argument) || span_is(plain, "_M_allocate") || span_is(plain, "_M_create_storage")) {
			claim->type = argument;
			claim->what = "elements of a vector";
		}
	}
}

/* Is it one of the class's arguments, or of theirs? */
static bool mentions(struct span class, struct span type)
{
	for (size_t at = 1; at + type.size < class.size; at++) {
		char before = class.at[at - 1], behind = class.at[at + type.size];

		if ((before == '<' || (before == ' ' && at > 1 && class.at[at - 2] == ',')) &&
		    (behind == ',' || behind == '>' || behind == ' ') && !memcmp(class.at + at, type.at, type.size))
			return true;
	}
	return false;
}

/*
 * Of functions that are the same code for several types the compiler keeps one, with the name of one of them; most often that
 * is how a container asks for memory, which depends on nothing but the size. A container's frame further out is of the type
 * that it really is.
 */
static void hold_against(struct span class, struct span method, struct cpp_claim *claim)
{
	/* Whose methods touch no element, and so call nothing of what elements may hold. */
	static const char *const bases[] = {"_Vector_base", "_Deque_base", "_List_base", "_Fwd_list_base"};
	static const char *const lists[] = {"vector", "deque", "list", "forward_list"};
	static const char *const others[] = {"_Rb_tree", "_Hashtable", "_Hashtable_alloc"};
	struct span bare, argument = first_argument(class, &bare), name = library_name(bare);
	struct cpp_claim own = {0};
	bool is_base = span_in(name, bases, sizeof(bases) / sizeof(*bases));
	bool is_list = span_in(name, lists, sizeof(lists) / sizeof(*lists));
	bool is_vector = span_is(name, "_Vector_base") || span_is(name, "vector");

	/* A deque's and a table's own arrays are of pointers; std::vector<bool> has words; text is in everything. */
	if (!claim->type.size || claim->settled || span_is(claim->type, "char") || !argument.size ||
	    span_is(argument, "bool") || (span_ends(claim->type, "*") && !is_vector))
		return;
	if (!is_base && !is_list && !span_in(name, others, sizeof(others) / sizeof(*others))) {
		if (span_begins(method, "allocate"))
			read_method(class, method, &own);
		if (own.type.size)
			claim->type = own.type;
	} else if (mentions(class, claim->type)) {
		claim->settled = is_list && !is_vector;
	} else if (is_base || (is_list && is_builtin(argument))) {
		claim->type = argument;
	} else {
		claim->folded = true;
	}
}

static bool is_function(struct span function, const char *name, struct span *argument)
{
	struct span bare;

	*argument = first_argument(function, &bare);
	return span_is(library_name(bare), name);
}

/* "Foo::Foo", "ns::Foo<int>::Foo" */
static bool is_constructor(struct span class, struct span method)
{
	struct span bare, outer, own;

	first_argument(class, &bare);
	if (!split_last(bare, &outer, &own))
		own = bare;
	return span_same(own, method);
}

const char *cpp_type(struct types *types, const char *text)
{
	const char *what = NULL;

	return keep(types, held(span_of(text), &what));
}

/* A class's own operator new is its derived classes', too. */
bool cpp_is_sure(const struct block_type *answer)
{
	return answer->type && strcmp(answer->evidence, OWN_OPERATOR);
}

bool cpp_is_folded(const struct block_type *answer)
{
	return answer->evidence && !strcmp(answer->evidence, FOLDED);
}

bool cpp_types(struct types *types, const struct frame *const *frames, size_t count, struct block_sizes sizes,
               struct block_type *answer)
{
	struct cpp_claim claim = {0};
	bool one_size = false, decided = false;

	for (size_t i = 0; i < count && (frames[i]->kind == FRAME_NATIVE || frames[i]->kind == FRAME_WASM); i++) {
		struct span function, class, method, argument;

		if (!frames[i]->function)
			return false;
		function = function_part(frames[i]->function);
		if (!function.size) {
			static const char *const plain[] = {"malloc", "calloc", "realloc", "aligned_alloc", "posix_memalign"};

			if (!i && span_in(span_of(frames[i]->function), plain, sizeof(plain) / sizeof(*plain)))
				continue;
			break;
		}
		if (span_is(function, "operator new") || span_is(function, "operator new[]"))
			continue;
		if (!decided && is_function(function, "make_unique", &argument) && !span_ends(argument, "]")) {
			claim.type = argument;
			claim.what = "made by std::make_unique";
			one_size = true;
		} else if (!split_last(function, &class, &method)) {
			break;
		} else if (!decided && span_is(method, "operator new")) {
			claim.type = class;
			claim.what = &OWN_OPERATOR[strlen("frame: ")];
		} else if (!library_name(class).size) {
			if (is_constructor(class, method)) {
				answer->owner = keep(types, class);
				claim.what = claim.what ? claim.what : "in a constructor";
			}
			break;
		} else if (!decided) {
			read_method(class, method, &claim);
		} else {
			hold_against(class, method, &claim);
		}
		decided = true; /* the innermost does; what is further out may own */
	}
	if (claim.folded) {
		answer->evidence = FOLDED;
		return true;
	}
	if (claim.type.size && !(one_size && sizes.blocks && sizes.bytes % sizes.blocks))
		answer->type = keep(types, claim.type);
	if (!answer->owner)
		answer->owner = keep(types, claim.holder);
	if (answer->type && answer->owner && answer->type == answer->owner)
		answer->owner = NULL;
	if (!answer->type && !answer->owner)
		return false;
	answer->evidence = types_keep(types, xasprintf("frame: %s%s", answer->type ? "" : "no type: ",
	                                               claim.what ? claim.what : "by the container's method"));
	return true;
}
