/*
 * rust_claim.c: what a Rust function claims of a block that was allocated under it; see rust_claim.h. From the allocator
 * outwards: what is the same for all types is passed over, the first function that is not decides, if it can have allocated
 * nothing else, or the one whose container it belongs to, if that knows better.
 */
#include "names/rust_claim.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util.h"

enum rust_doubt rust_doubt_of(const struct rust_walk *walk, const struct rust_nameds *names, size_t at)
{
	struct rust_outer outer = {&walk->frames[at + 1], walk->count - at - 1, walk->words};

	return walk->optimized ? rust_doubt(names, &outer) : RUST_CONFIRMED;
}

static const char *made_of(enum rust_made made)
{
	static const char *const words[] = {
		[RUST_ELEMENTS] = "elements", [RUST_POINTEE] = "an object", [RUST_ENTRIES] = "entries of a table",
		[RUST_NODES] = "nodes",
	};

	return words[made];
}

static bool is_sure(const struct rust_walk *walk, size_t at)
{
	return walk->frames[at]->sure || (walk->seen[at] && walk->frames[at]->sure_itself);
}

/* The function that has the one at `at` in it, or that itself. */
static size_t physical(const struct rust_walk *walk, size_t at)
{
	while (at + 1 < walk->count && walk->inlined[at])
		at++;
	return at;
}

/*
 * The methods of a container that call each other, and allocate nothing but the container's own, say of what it is. What
 * was inlined into its caller knows: Vec<f64>::push calls what is left of RawVec<_>::grow_one for all numbers of 8 bytes.
 * Where none was, and they differ, any of them may have another's name: then *differs is one of them.
 */
static size_t knower(const struct rust_walk *walk, size_t at, size_t *differs)
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

static void claim_container(const struct rust_walk *walk, struct rust_claim *claim)
{
	size_t differs = walk->count;
	const struct rust_frame *frame;

	if (is_sure(walk, claim->at))
		claim->at = knower(walk, claim->at, &differs);
	frame = walk->frames[claim->at];
	if (!is_sure(walk, claim->at))
		claim->because = xasprintf("%s may make its %s or their parts", frame->from,
		                           frame->made == RUST_POINTEE ? "object" : made_of(frame->made));
	else if (walk->merged[physical(walk, claim->at)])
		claim->because = xasprintf("%.200s is the same code for several types", walk->names[physical(walk, claim->at)]);
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
static bool is_called_by(const struct rust_walk *walk, size_t at, const char *type)
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
static bool claim_handed_over(const struct rust_walk *walk, struct rust_claim *claim, const struct rust_frame *frame)
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
static bool claim_collected(const struct rust_walk *walk, struct rust_claim *claim, const struct rust_frame *frame)
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
static void claim_object(const struct rust_walk *walk, struct rust_claim *claim, const struct rust_frame *frame)
{
	if (!frame->element)
		return;
	if (claim_handed_over(walk, claim, frame))
		return;
	if (!is_called_by(walk, claim->at, frame->element) &&
	    rust_doubt_of(walk, &frame->element_names, claim->at) != RUST_CONFIRMED) {
		claim->because = xasprintf("into_abi of %.200s may be that of any class of the same layout, or no class's",
		                           frame->element);
		return;
	}
	claim->because = xstrdup("the object of a class that into_abi hands to JavaScript");
	claim->type = frame->element;
	claim->names = &frame->element_names;
	claim->one_size = true;
}

struct rust_claim rust_claim_of(struct rust_walk *walk)
{
	struct rust_claim claim = {.at = walk->count};
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
enum rust_doubt rust_claim_doubt(const struct rust_walk *walk, const struct rust_claim *claim)
{
	size_t at = physical(walk, claim->at);

	if (at == claim->at || !walk->frames[at] || walk->frames[at]->role != RUST_USER)
		return rust_doubt_of(walk, claim->names, claim->inner);
	return walk->frames[at]->names.count ? rust_doubt_of(walk, &walk->frames[at]->names, at) : RUST_CONFIRMED;
}

bool rust_claim_allows(const struct rust_claim *claim, struct block_sizes sizes)
{
	if (claim->alive_only && !sizes.alive)
		return false;
	if (!sizes.blocks)
		return true;
	if (claim->one_size && sizes.bytes % sizes.blocks)
		return false;
	return !claim->unit || sizes.bytes % claim->unit == 0;
}
