/*
 * rust_types.c: the rules for Rust; see types.h. From the allocator outwards: what is the same for all types is passed
 * over, the first function that is not decides what lies in the block, if it can have allocated nothing else, or the one
 * whose container it belongs to, if that knows better; the outermost method of a user's type says whose it is.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "names/rust_doubt.h"
#include "names/types_rules.h"
#include "trace/array.h"
#include "util.h"

#define FRAMES_MOST 256       /* of one stack that are looked at, the innermost */

static struct rust_frame *frame_of(struct types *types, const char *function)
{
	struct cache_entry *entry = cache_at(&types->frames, &function, sizeof(function));
	char *clean;

	if (entry->value)
		return entry->value;
	/* A name section may have them mangled, with an ending behind. */
	clean = xstrdup(function);
	if (is_mangled(clean) && strchr(clean, '@'))
		*strchr(clean, '@') = '\0';
	entry->value = rust_frame_read(demangle(&types->demangler, clean), &types->strings);
	free(clean);
	return entry->value;
}

struct walk {
	struct types *types;
	struct rust_frame *frames[FRAMES_MOST]; size_t count; /* of the module; by position in the stack */
	const char *names[FRAMES_MOST]; /* as they were given */
	bool      seen[FRAMES_MOST]; /* what was inlined into the function has frames of its own: there is debug information */
	bool      inlined[FRAMES_MOST]; /* into the next */
	bool      merged[FRAMES_MOST]; /* for sure: the name is one of several */
	bool      optimized;      /* as far as is known: functions of the same code may have been merged */
	const char *script;       /* the function of the script that called the module, NULL unknown … */
	struct rust_words words;  /* … and its words; owned */
};

/* Of what the frame at `at` mentions. */
static enum rust_doubt doubt_of(const struct walk *walk, const struct rust_nameds *names, size_t at)
{
	struct rust_outer outer = {&walk->frames[at + 1], walk->count - at - 1, walk->words};

	return walk->optimized ? rust_doubt(names, &outer) : RUST_CONFIRMED;
}

/* ---- type ---------------------------------------------------------------------------------------------------- */

struct claim {
	size_t    at;             /* index of the frame that makes it; walk.count: none does */
	size_t    inner;          /* … of the innermost of its container, whose word that frame's overrules */
	const char *type;         /* NULL: none */
	const struct rust_nameds *names; /* that it mentions; NULL none */
	const char *holder;       /* the container, if it is that of text */
	char     *because;        /* owned; a clause, "elements of a vector, by RawVec::grow_one" */
	bool      alive_only;     /* where none is alive it could be something else */
	bool      one_size;       /* blocks of it are of one size … */
	unsigned  unit;           /* … or of multiples of it; 0 unknown */
};

static const char *made_of(enum rust_made made)
{
	static const char *const words[] = {
		[RUST_ELEMENTS] = "elements", [RUST_POINTEE] = "an object", [RUST_ENTRIES] = "entries of a table",
		[RUST_NODES] = "nodes",
	};

	return words[made];
}

static bool is_sure(const struct walk *walk, size_t at)
{
	return walk->frames[at]->sure || (walk->seen[at] && walk->frames[at]->sure_itself);
}

/*
 * The methods of a container that call each other, and allocate nothing but the container's own, say of what it is. What
 * was inlined into its caller knows: Vec<f64>::push calls what is left of RawVec<_>::grow_one for all numbers of 8 bytes.
 * Where none was, and they differ, any of them may have another's name: then *differs is one of them.
 */
static size_t knower(const struct walk *walk, size_t at, size_t *differs)
{
	size_t found = at;

	*differs = walk->count;
	for (size_t i = at + 1; i < walk->count && walk->frames[i]; i++) {
		const struct rust_frame *frame = walk->frames[i];

		if (frame->role == RUST_ERASED || frame->role == RUST_ALLOCATOR)
			continue;
		if (frame->role != RUST_CONTAINER || !is_sure(walk, i))
			break;
		if (walk->inlined[i] || (walk->merged[found] && !walk->merged[i])) {
			found = i;
			*differs = walk->count;
		} else if (strcmp(frame->element, walk->frames[found]->element)) {
			*differs = i;
		}
	}
	return found;
}

static void claim_container(const struct walk *walk, struct claim *claim)
{
	size_t differs = walk->count;
	const struct rust_frame *frame;

	if (is_sure(walk, claim->at))
		claim->at = knower(walk, claim->at, &differs);
	frame = walk->frames[claim->at];
	if (!is_sure(walk, claim->at))
		claim->because = xasprintf("%s may make its %s or their parts", frame->from,
		                           frame->made == RUST_POINTEE ? "object" : made_of(frame->made));
	else if (walk->merged[claim->at])
		claim->because = xasprintf("%s is the same code for several types", frame->from);
	else if (differs < walk->count)
		claim->because = xasprintf("%s is of another type than %s, which calls it", frame->from, walk->frames[differs]->from);
	if (claim->because)
		return;
	claim->because = xasprintf("%s, by %s", made_of(frame->made), frame->from);
	claim->type = frame->element;
	claim->names = &frame->element_names;
	claim->one_size = frame->made == RUST_POINTEE;
	claim->unit = frame->made == RUST_ELEMENTS ? frame->element_size : 0;
}

/* Is a frame further out, or the script, called by the class's name? "wasmfpsrs_new", "new WasmFpSrs" */
static bool is_called_by(const struct walk *walk, size_t at, const char *type)
{
	const char *last = strrchr(type, ':'), *name = last ? last + 1 : type;
	size_t size = strlen(name);

	if (walk->script && strstr(walk->script, name))
		return true;
	for (size_t i = at + 1; i < walk->count; i++)
		if (walk->names[i] && !strncasecmp(walk->names[i], name, size) && walk->names[i][size] == '_')
			return true;
	return false;
}

/*
 * A vector's into_abi hands over its elements one by one: "WasmVector<WasmGVesta>" calls what is left of their into_abi, be
 * that WasmGPallas's. They are of one module: the vector's word is taken.
 */
static bool claim_handed_over(const struct walk *walk, struct claim *claim, const struct rust_frame *frame)
{
	const struct rust_frame *outer = claim->at + 1 < walk->count ? walk->frames[claim->at + 1] : NULL;
	const char *inner = strrchr(frame->element, ':'), *held = outer ? outer->holds : NULL;
	const char *after = held ? strrchr(held, ':') : NULL;

	if (!inner || !after || !strcmp(held, frame->element) || after - held != inner - frame->element ||
	    memcmp(held, frame->element, (size_t)(after - held)))
		return false;
	claim->because = xasprintf("an element that a vector's into_abi hands to JavaScript; %.200s::into_abi is the same code",
	                           frame->element);
	claim->type = held;
	claim->one_size = true;
	return true;
}

/*
 * The same, where each element's into_abi was inlined into what collects the pointers: "Vec<u32>::from_iter" makes the vector
 * of these as well, which the script lets go as soon as it has read it. So what is alive are elements.
 */
static bool claim_collected(const struct walk *walk, struct claim *claim, const struct rust_frame *frame)
{
	const struct rust_frame *outer = claim->at + 1 < walk->count ? walk->frames[claim->at + 1] : NULL;

	if (!frame->element || strcmp(frame->element, "u32") || strcmp(frame->from, "Vec::from_iter") ||
	    is_sure(walk, claim->at) || !outer || !outer->holds)
		return false;
	claim->because = xstrdup("elements that a vector's into_abi hands to JavaScript, as long as any is alive");
	claim->type = outer->holds;
	claim->one_size = claim->alive_only = true;
	return true;
}

/*
 * into_abi of all classes of one layout is the same code, so it takes another's word for which class it is. Also for that
 * it is one: a type may have an into_abi of its own.
 */
static void claim_object(const struct walk *walk, struct claim *claim, const struct rust_frame *frame)
{
	if (!frame->element)
		return;
	if (claim_handed_over(walk, claim, frame))
		return;
	if (!is_called_by(walk, claim->at, frame->element) &&
	    doubt_of(walk, &frame->element_names, claim->at) != RUST_CONFIRMED) {
		claim->because = xasprintf("into_abi of %.200s may be that of any class of the same layout, or no class's",
		                           frame->element);
		return;
	}
	claim->because = xstrdup("the object of a class that into_abi hands to JavaScript");
	claim->type = frame->element;
	claim->names = &frame->element_names;
	claim->one_size = true;
}

/* The innermost frame that is not the same for all types. */
static struct claim claim_of(struct walk *walk)
{
	struct claim claim = {.at = walk->count};
	bool erased = false, writes = false;

	for (size_t i = 0; i < walk->count; i++) {
		const struct rust_frame *frame = walk->frames[i];

		if (!frame || frame->role == RUST_NONE)
			return claim;
		if (frame->role == RUST_ALLOCATOR || frame->role == RUST_ERASED) {
			erased = erased || frame->role == RUST_ERASED;
			writes = writes || frame->writes;
			continue;
		}
		claim.at = claim.inner = i;
		if (frame->role == RUST_CONTAINER && !erased && claim_collected(walk, &claim, frame)) {
			return claim;
		} else if (frame->role == RUST_CONTAINER) {
			claim_container(walk, &claim);
		} else if (frame->role == RUST_TEXT) {
			claim.type = "u8";
			claim.holder = "String";
			claim.because = xasprintf("text, by %s", frame->from ? frame->from : "core::fmt");
		} else if (frame->role == RUST_OBJECT && !erased) {
			claim_object(walk, &claim, frame);
		} else if (frame->role == RUST_USER && writes && frame->sink) {
			claim.type = frame->sink;
			claim.holder = types_keep(walk->types, xasprintf("Vec<%s>", frame->sink));
			claim.because = xstrdup("elements of the vector that the caller of its growth is given to write to");
		}
		return claim;
	}
	return claim;
}

/*
 * What was inlined into a user's function is as right as that function's name, which may be what is left of several: then it
 * is its own types that the frames further out contradict.
 */
static enum rust_doubt doubt_of_claim(const struct walk *walk, const struct claim *claim)
{
	size_t at = claim->at;

	while (at < walk->count && walk->inlined[at])
		at++;
	if (at == claim->at || at == walk->count || !walk->frames[at] || walk->frames[at]->role != RUST_USER)
		return doubt_of(walk, claim->names, claim->inner);
	return walk->frames[at]->names.count ? doubt_of(walk, &walk->frames[at]->names, at) : RUST_CONFIRMED;
}

/* Do the sizes of the blocks allow it? */
static bool sizes_allow(const struct claim *claim, struct block_sizes sizes)
{
	if (claim->alive_only && !sizes.alive)
		return false;
	if (!sizes.blocks)
		return true;
	if (claim->one_size && sizes.bytes % sizes.blocks)
		return false;
	return !claim->unit || sizes.bytes % claim->unit == 0;
}

/* ---- owner --------------------------------------------------------------------------------------------------- */

struct owner {
	const char *name;         /* NULL: there is none */
	bool      doubted;        /* frames further out contradict its arguments, so it has none */
};

static struct owner owner_at(struct walk *walk, size_t at)
{
	const struct rust_frame *frame = walk->frames[at];
	struct rust_nameds bare = {frame->self_names.all, frame->self_names.count ? 1 : 0};

	if (walk->merged[at])
		return (struct owner){NULL, true};
	if (doubt_of(walk, &frame->self_names, at) != RUST_CONTRADICTED)
		return (struct owner){frame->self, false};
	if (doubt_of(walk, &bare, at) != RUST_CONTRADICTED)
		return (struct owner){frame->self_bare, true};
	return (struct owner){NULL, true};
}

/* The class whose constructor in JavaScript called "<class>_new". */
static const char *constructed(const struct walk *walk)
{
	const char *class = walk->script;
	size_t size;

	if (!class || !isupper((unsigned char)*class))
		return NULL;
	size = strlen(class);
	for (size_t i = 0; i < walk->count; i++)
		if (walk->names[i] && !strncasecmp(walk->names[i], class, size) && walk->names[i][size] == '_')
			return class;
	return NULL;
}

/* The outermost method of a user's type, else the outermost container, else the innermost of what runs others' code. */
static struct owner owner_of(struct walk *walk, const struct claim *claim)
{
	size_t end = 0;

	while (end < walk->count && !(walk->frames[end] && walk->frames[end]->sets_up))
		end++;
	if (end == walk->count && constructed(walk))
		return (struct owner){constructed(walk), false};
	for (size_t i = end; i-- > 0; )
		if (walk->frames[i] && walk->frames[i]->self && !walk->frames[i]->self_is_plumbing &&
		    (walk->frames[i]->role != RUST_OBJECT || claim->type))
			return owner_at(walk, i);
	if (claim->holder)
		return (struct owner){claim->holder, false};
	for (size_t i = end; i-- > 0; ) {
		struct rust_frame *frame = walk->frames[i];

		if (frame && frame->container && doubt_of(walk, &frame->element_names, i) != RUST_CONTRADICTED)
			return (struct owner){frame->container, false};
	}
	for (size_t i = 0; i < end; i++)
		if (walk->frames[i] && walk->frames[i]->self && walk->frames[i]->self_is_plumbing &&
		    walk->frames[i]->constructs)
			return owner_at(walk, i);
	return (struct owner){0};
}

/* ---- both ---------------------------------------------------------------------------------------------------- */

/* The library's smallest functions are inlined wherever anything is: where one has a frame, no functions were merged. */
static bool is_unoptimized(const struct frame *frame)
{
	static const char *const functions[] = {
		"alloc::alloc::alloc", "alloc::alloc::alloc_zeroed", "alloc::alloc::realloc", "alloc::alloc::exchange_malloc",
	};

	return frame->kind == FRAME_NATIVE && !frame->inlined && frame->function &&
	       span_in(span_of(frame->function), functions, sizeof(functions) / sizeof(*functions));
}

static void fill_walk(struct walk *walk, const struct frame *const *frames, size_t count)
{
	size_t at = 0;

	walk->optimized = true;
	for (; at < count && (frames[at]->kind == FRAME_WASM || frames[at]->kind == FRAME_NATIVE ||
	                      frames[at]->kind == FRAME_UNKNOWN); at++) {
		if (walk->count < FRAMES_MOST && frames[at]->literal) { /* as if that allocated it */
			walk->seen[walk->count] = walk->inlined[walk->count] = true;
			walk->frames[walk->count++] = frame_of(walk->types, frames[at]->literal);
		}
		if (walk->count == FRAMES_MOST)
			continue;
		walk->optimized = walk->optimized && !is_unoptimized(frames[at]);
		walk->names[walk->count] = frames[at]->function;
		walk->inlined[walk->count] = frames[at]->inlined;
		walk->merged[walk->count] = frames[at]->merged;
		walk->seen[walk->count] = frames[at]->kind == FRAME_NATIVE && frames[at]->file;
		walk->frames[walk->count++] = !frames[at]->function ? NULL
		                              : frame_of(walk->types, frames[at]->generic ? frames[at]->generic
		                                                                          : frames[at]->function);
	}
	while (at < count && frames[at]->kind != FRAME_JS)
		at++;
	walk->script = at < count ? frames[at]->function : NULL;
	if (walk->script)
		rust_words(span_of(walk->script), &walk->types->strings, &walk->words);
}

/* Is any of it Rust at all? A C function's name is a path of one segment. */
static bool is_rust(const struct walk *walk)
{
	for (size_t i = 0; i < walk->count; i++)
		if (walk->frames[i] && (walk->frames[i]->role > RUST_ALLOCATOR && walk->frames[i]->role != RUST_USER))
			return true;
	for (size_t i = 0; i < walk->count; i++)
		if (walk->frames[i] && (walk->frames[i]->is_rust || walk->frames[i]->self))
			return true;
	return constructed(walk);
}

static char *evidence(const struct walk *walk, const struct claim *claim, const char *type, enum rust_doubt doubt,
                      const struct owner *owner)
{
	char *text, *whole;

	if (type && !walk->optimized)
		text = xstrdup(claim->because);
	else if (type)
		text = doubt == RUST_CONFIRMED ? xasprintf("%s; confirmed by a function further out", claim->because)
		       : claim->names && claim->names->count
		           ? xasprintf("%s; unconfirmed, functions of one layout may be merged", claim->because)
		           : xstrdup(claim->because);
	else if (claim->type && doubt == RUST_CONTRADICTED)
		text = xasprintf("no type: %s, says %.200s, but functions further out say otherwise", claim->because, claim->type);
	else if (claim->type)
		text = xasprintf("no type: the blocks' sizes speak against %.200s, %s", claim->type, claim->because);
	else if (claim->because)
		text = xasprintf("no type: %s", claim->because);
	else
		text = xstrdup("no type from the names; the owner is whose method is the outermost");
	if (!owner->doubted || !owner->name)
		return text;
	whole = xasprintf("%s; the owner's type arguments are in doubt", text);
	free(text);
	return whole;
}

bool rust_types(struct types *types, const struct frame *const *frames, size_t count, struct block_sizes sizes,
                struct block_type *answer)
{
	struct walk walk = {.types = types};
	enum rust_doubt doubt = RUST_SILENT;
	struct claim claim;
	struct owner owner;
	bool any;

	fill_walk(&walk, frames, count);
	if (!is_rust(&walk)) {
		free(walk.words.all);
		return false;
	}
	claim = claim_of(&walk);
	if (claim.names)
		doubt = doubt_of_claim(&walk, &claim);
	owner = owner_of(&walk, &claim);
	if (owner.doubted && claim.names && claim.names->count) /* what the owner's name bears out, is in doubt with it */
		doubt = RUST_CONTRADICTED;
	if (claim.type && doubt != RUST_CONTRADICTED && sizes_allow(&claim, sizes))
		answer->type = types_keep(types, xstrdup(claim.type));
	if (owner.name && (!answer->type || strcmp(owner.name, answer->type)))
		answer->owner = types_keep(types, xstrdup(owner.name));
	any = answer->type || answer->owner;
	if (any)
		answer->evidence = types_keep(types, evidence(&walk, &claim, answer->type, doubt, &owner));
	free(claim.because);
	free(walk.words.all);
	return any;
}
