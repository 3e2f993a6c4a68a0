/*
 * known.c: the names that allocators' functions have.
 */
#include <string.h>

#include "node/rewrite/find.h"

static const struct known table[] = {
	/* Rust: what the compiler makes of the global allocator, and the one that it is by default. */
	{"__rust_alloc", NULL, "sa", REWRITE_BORN, KNOWN_ALLOCATOR},
	{"__rust_alloc_zeroed", NULL, "sa", REWRITE_BORN, KNOWN_ALLOCATOR},
	{"__rust_dealloc", NULL, "p--", REWRITE_DIES, KNOWN_ALLOCATOR},
	{"__rust_realloc", NULL, "p-as", REWRITE_MOVED, KNOWN_ALLOCATOR},
	{"__rdl_alloc", NULL, "sa", REWRITE_BORN, KNOWN_ALLOCATOR},
	{"__rdl_alloc_zeroed", NULL, "sa", REWRITE_BORN, KNOWN_ALLOCATOR},
	{"__rdl_dealloc", NULL, "p--", REWRITE_DIES, KNOWN_ALLOCATOR},
	{"__rdl_realloc", NULL, "p-as", REWRITE_MOVED, KNOWN_ALLOCATOR},
	{"__rg_alloc", NULL, "sa", REWRITE_BORN, KNOWN_ALLOCATOR},
	{"__rg_alloc_zeroed", NULL, "sa", REWRITE_BORN, KNOWN_ALLOCATOR},
	{"__rg_dealloc", NULL, "p--", REWRITE_DIES, KNOWN_ALLOCATOR},
	{"__rg_realloc", NULL, "p-as", REWRITE_MOVED, KNOWN_ALLOCATOR},

	/* The crate dlmalloc: below them, and reached directly by what uses the System allocator. */
	{"malloc", "dlmalloc", "s", REWRITE_BORN, KNOWN_ALLOCATOR},
	{"malloc", "dlmalloc", "-s", REWRITE_BORN, KNOWN_ALLOCATOR},
	{"memalign", "dlmalloc", "as", REWRITE_BORN, KNOWN_ALLOCATOR},
	{"memalign", "dlmalloc", "-as", REWRITE_BORN, KNOWN_ALLOCATOR},
	{"realloc", "dlmalloc", "ps", REWRITE_MOVED, KNOWN_ALLOCATOR},
	{"realloc", "dlmalloc", "-ps", REWRITE_MOVED, KNOWN_ALLOCATOR},
	{"free", "dlmalloc", "p", REWRITE_DIES, KNOWN_ALLOCATOR},
	{"free", "dlmalloc", "-p", REWRITE_DIES, KNOWN_ALLOCATOR},

	/* C. */
	{"malloc", NULL, "s", REWRITE_BORN, KNOWN_ALLOCATOR},
	{"calloc", NULL, "ns", REWRITE_BORN, KNOWN_ALLOCATOR},
	{"realloc", NULL, "ps", REWRITE_MOVED, KNOWN_ALLOCATOR},
	{"reallocarray", NULL, "pns", REWRITE_MOVED, KNOWN_ALLOCATOR},
	{"free", NULL, "p", REWRITE_DIES, KNOWN_ALLOCATOR},
	{"memalign", NULL, "as", REWRITE_BORN, KNOWN_ALLOCATOR},
	{"aligned_alloc", NULL, "as", REWRITE_BORN, KNOWN_ALLOCATOR},
	{"posix_memalign", NULL, "oas", REWRITE_BORN, KNOWN_ALLOCATOR},
	{"valloc", NULL, "s", REWRITE_BORN, KNOWN_ALLOCATOR},
	{"pvalloc", NULL, "s", REWRITE_BORN, KNOWN_ALLOCATOR},
	{"internal_memalign", NULL, "as", REWRITE_BORN, KNOWN_ALLOCATOR},

	/* mimalloc. */
	{"malloc_small", "mi_", "s", REWRITE_BORN, KNOWN_ALLOCATOR},
	{"zalloc", "mi_", "s", REWRITE_BORN, KNOWN_ALLOCATOR},
	{"zalloc_small", "mi_", "s", REWRITE_BORN, KNOWN_ALLOCATOR},
	{"malloc_aligned", "mi_", "sa", REWRITE_BORN, KNOWN_ALLOCATOR},
	{"zalloc_aligned", "mi_", "sa", REWRITE_BORN, KNOWN_ALLOCATOR},
	{"realloc_aligned", "mi_", "psa", REWRITE_MOVED, KNOWN_ALLOCATOR},
	{"mallocn", "mi_", "ns", REWRITE_BORN, KNOWN_ALLOCATOR},
	{"reallocn", "mi_", "pns", REWRITE_MOVED, KNOWN_ALLOCATOR},
	{"free_size", "mi_", "p-", REWRITE_DIES, KNOWN_ALLOCATOR},
	{"free_aligned", "mi_", "p-", REWRITE_DIES, KNOWN_ALLOCATOR},
	{"free_size_aligned", "mi_", "p--", REWRITE_DIES, KNOWN_ALLOCATOR},
	{"heap_malloc", "mi_", "-s", REWRITE_BORN, KNOWN_ALLOCATOR},
	{"heap_malloc_small", "mi_", "-s", REWRITE_BORN, KNOWN_ALLOCATOR},
	{"heap_zalloc", "mi_", "-s", REWRITE_BORN, KNOWN_ALLOCATOR},
	{"heap_calloc", "mi_", "-ns", REWRITE_BORN, KNOWN_ALLOCATOR},
	{"heap_realloc", "mi_", "-ps", REWRITE_MOVED, KNOWN_ALLOCATOR},
	{"heap_malloc_aligned", "mi_", "-sa", REWRITE_BORN, KNOWN_ALLOCATOR},
	{"heap_zalloc_aligned", "mi_", "-sa", REWRITE_BORN, KNOWN_ALLOCATOR},
	{"heap_realloc_aligned", "mi_", "-psa", REWRITE_MOVED, KNOWN_ALLOCATOR},

	/* AssemblyScript. Its collector frees inside of __new, so what is counted lies below it. */
	{"allocateBlock", "rt/tlsf", "-s", REWRITE_BORN, KNOWN_BLOCKS},
	{"reallocateBlock", "rt/tlsf", "-ps", REWRITE_MOVED, KNOWN_BLOCKS},
	{"freeBlock", "rt/tlsf", "-p", REWRITE_DIES, KNOWN_BLOCKS},
	{"__alloc", NULL, "s", REWRITE_BORN, KNOWN_OBJECTS},
	{"__realloc", NULL, "ps", REWRITE_MOVED, KNOWN_OBJECTS},
	{"__free", NULL, "p", REWRITE_DIES, KNOWN_OBJECTS},

	/* TinyGo. */
	{"runtime.alloc", NULL, "s-", REWRITE_BORN, KNOWN_COLLECTED},
	{"runtime.alloc", NULL, "s", REWRITE_BORN, KNOWN_COLLECTED},
	{"runtime.free", NULL, "p", REWRITE_DIES, KNOWN_COLLECTED},

	/* wasm-bindgen. */
	{"__wbindgen_malloc", NULL, "s", REWRITE_BORN, KNOWN_BINDGEN},
	{"__wbindgen_malloc", NULL, "sa", REWRITE_BORN, KNOWN_BINDGEN},
	{"__wbindgen_realloc", NULL, "p-s", REWRITE_MOVED, KNOWN_BINDGEN},
	{"__wbindgen_realloc", NULL, "p-sa", REWRITE_MOVED, KNOWN_BINDGEN},
	{"__wbindgen_free", NULL, "p-", REWRITE_DIES, KNOWN_BINDGEN},
	{"__wbindgen_free", NULL, "p--", REWRITE_DIES, KNOWN_BINDGEN},
};

/* Other names of C's allocator have one of these before the usual one. */
static const char *const prefixes[] = {"", "dl", "__libc_", "emscripten_builtin_", "emmalloc_", "mi_", "__builtin_", "je_"};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool contains(struct rewrite_text text, const char *word)
{
	size_t length = strlen(word);

	return text.text && text.length >= length && memmem(text.text, text.length, word, length);
}

/*
 * Cuts off what compilers put behind a name: Rust's hash ("::h0123456789abcdef", "17h0123456789abcdefE"), LLVM's
 * ".llvm.123", a number of a copy (".1").
 */
static struct rewrite_text without_ends(struct rewrite_text name)
{
	uint32_t length = name.length;

	while (length && is_digit(name.text[length - 1]))
		length--;
	if (length && length < name.length && name.text[length - 1] == '.') {
		name.length = length - 1;
		if (name.length >= 5 && memcmp(name.text + name.length - 5, ".llvm", 5) == 0)
			name.length -= 5;
	}
	if (name.length > 20 && memcmp(name.text, "_ZN", 3) == 0 && name.text[name.length - 1] == 'E') {
		name.length--;
		if (memcmp(name.text + name.length - 19, "17h", 3) == 0)
			name.length -= 19;
	} else if (name.length > 19 && memcmp(name.text + name.length - 19, "::h", 3) == 0) {
		name.length -= 19;
	}
	return name;
}

/* Its own part of a name: of a path the last word, mangled or not. */
static bool ends_with(struct rewrite_text name, const char *word)
{
	size_t length = strlen(word), digits = length, end;
	const char *text = name.text;

	if (name.length < length || memcmp(text + name.length - length, word, length) != 0)
		return false;
	end = name.length - length;
	if (!end)
		return true;
	if (end > 2 && memcmp(text, "_R", 2) == 0 && text[end - 1] == '_')
		end--; /* v0 parts a number from a word that begins with _ */
	if (end > 2 && text[0] == '_' && (text[1] == 'R' || text[1] == 'Z') && is_digit(text[end - 1])) {
		/* its length stands before it */
		for (; digits && end && text[end - 1] == (char)('0' + digits % 10); digits /= 10)
			end--;
		return !digits;
	}
	return text[end - 1] == ':' || text[end - 1] == '/';
}

static bool is_path(struct rewrite_text name)
{
	return contains(name, "::") || contains(name, "/") || (name.length > 2 && name.text[0] == '_' &&
		(name.text[1] == 'R' || name.text[1] == 'Z'));
}

/* C's names stand alone; `malloc` as a method of some class is another thing. */
static bool fits(const struct known *known, struct rewrite_text name)
{
	if (known->within && known->within[strlen(known->within) - 1] == '_') /* a prefix */
		return name.length > strlen(known->within) && !is_path(name) &&
			memcmp(name.text, known->within, strlen(known->within)) == 0 &&
			text_is((struct rewrite_text){name.text + strlen(known->within),
				name.length - (uint32_t)strlen(known->within)}, known->name);
	if (known->within)
		return ends_with(name, known->name) && contains(name, known->within) && is_path(name);
	if (known->name[0] == '_')
		return ends_with(name, known->name);
	for (unsigned i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t length = strlen(prefixes[i]);

		if (name.length > length && memcmp(name.text, prefixes[i], length) == 0 &&
		    text_is((struct rewrite_text){name.text + length, name.length - (uint32_t)length}, known->name))
			return true;
	}
	return false;
}

/* A quick no, since a module has thousands of names. */
static bool is_likely(struct rewrite_text name)
{
	static const char *const words[] = {"lloc", "free", "Block", "memalign"};
	uint32_t tail = name.length < 20 ? name.length : 20;
	struct rewrite_text end = {name.text + name.length - tail, tail};

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (contains(end, words[i]))
			return true;
	return false;
}

const struct known *known_find(struct rewrite_text name, uint32_t parameters)
{
	name = without_ends(name);
	if (!is_likely(name))
		return NULL;
	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strlen(table[i].parameters) == parameters && fits(&table[i], name))
			return &table[i];
	return NULL;
}

void known_parameters(struct rewrite_watch *watch, const char *parameters)
{
	watch->pointer = watch->size = watch->count = watch->alignment = -1;
	for (int8_t i = 0; parameters[i]; i++) {
		switch (parameters[i]) {
		case 's': watch->size = i; break;
		case 'n': watch->count = i; break;
		case 'a': watch->alignment = i; break;
		case 'o': watch->out = true; /* fall through */
		case 'p': watch->pointer = i; break;
		default: break;
		}
	}
}
