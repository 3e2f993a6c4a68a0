/* rust_render.c: Rust types as a person writes them; see rust_name.h. */
#include <stdlib.h>

#include "names/rust_name.h"
#include "names/rust_text.h"
#include "util.h"

/* Types of the library that everyone knows without their modules. */
static bool is_wellknown(struct span name)
{
	static const char *const names[] = {
		"Vec", "String", "Box", "Rc", "Arc", "Weak", "Option", "Result", "HashMap", "HashSet", "BTreeMap", "BTreeSet",
		"VecDeque", "BinaryHeap", "LinkedList", "RefCell", "Cell", "UnsafeCell", "OnceCell", "Mutex", "RwLock",
		"PhantomData", "Cow", "Range", "PathBuf", "OsString", "CString", "ManuallyDrop", "MaybeUninit", "NonNull",
		"AtomicBool", "AtomicUsize", "AtomicU32", "AtomicU64", "RandomState", "Pin", "Reverse", "Wrapping",
	};

	return span_in(name, names, sizeof(names) / sizeof(*names));
}

/* An argument that is a default: ", alloc::alloc::Global". Bytes of it, hashes and all. */
static size_t default_size(struct span text)
{
	static const char *const defaults[] = {
		"alloc::alloc::Global", "std::alloc::System", "std::hash::random::RandomState",
		"std::collections::hash::map::RandomState",
	};
	size_t at = 0;

	if (text.size < 2 || text.at[at++] != ',')
		return 0;
	at += text.at[at] == ' ';
	for (size_t i = 0; i < sizeof(defaults) / sizeof(*defaults); i++) {
		const char *want = defaults[i];
		size_t to = at;

		while (*want && to < text.size) {
			size_t hash = hash_size(text, to);

			if (hash)
				to += hash;
			else if (text.at[to] == *want)
				to++, want++;
			else
				break;
		}
		if (!*want && to < text.size && (text.at[to] == '>' || text.at[to] == ','))
			return to;
	}
	return 0;
}

/* "4usize" and "4: usize" are 4. */
static size_t number_size(struct span word)
{
	size_t digits = 0;

	while (digits < word.size && isdigit((unsigned char)word.at[digits]))
		digits++;
	return digits && rust_primitive_size(span_from(word, digits), 4) ? digits : word.size;
}

struct writer {
	char     *text;
	size_t    size, most;     /* most is also its room */
	bool      full;
};

static void put(struct writer *writer, struct span text)
{
	if (text.size > writer->most - writer->size) {
		writer->full = true;
		return;
	}
	memcpy(writer->text + writer->size, text.at, text.size);
	writer->size += text.size;
}

static void put_path(struct writer *writer, struct span path, struct span last, size_t segments)
{
	if (segments > 1 && rust_is_std(path) && is_wellknown(last)) {
		put(writer, last);
		return;
	}
	while (path.size) {
		struct span word = first_word(path);

		put(writer, (struct span){word.at, segments == 1 ? number_size(word) : word.size});
		path = span_from(path, word.size);
		path = span_from(path, hash_size(path, 0));
		if (path.size) {
			put(writer, span_of("::"));
			path = span_from(path, 2);
		}
	}
}

char *rust_render(struct span type, size_t most)
{
	struct writer writer = {.most = most < type.size * 2 + 1 ? most : type.size * 2 + 1};

	writer.text = xmalloc(writer.most + 1);
	while (type.size && !writer.full) {
		struct span last;
		size_t segments, size = path_size(type, &last, &segments);

		if (size) {
			put_path(&writer, (struct span){type.at, size}, last, segments);
		} else if ((size = default_size(type))) {
			; /* goes without saying */
		} else if (span_begins(type, "::<")) {
			size = 2;
		} else if (*type.at == ',' && type.size > 1 && type.at[1] != ' ') {
			size = 1;
			put(&writer, span_of(", "));
		} else {
			size = 1;
			put(&writer, (struct span){type.at, 1});
		}
		type = span_from(type, size);
		if (span_begins(type, ": usize")) /* after an array's length */
			type = span_from(type, 7);
	}
	if (writer.full) {
		free(writer.text);
		return NULL;
	}
	writer.text[writer.size] = '\0';
	return writer.text;
}
