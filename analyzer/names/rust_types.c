/*
 * rust_types.c: the rules for Rust; see types.h. What lies in the block is told from the allocator outwards
 * (rust_claim.h); the outermost method of a user's type says whose it is.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "names/rust_claim.h"
#include "names/rust_twins.h"
#include "names/types_rules.h"
#include "util.h"

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

/* ---- owner --------------------------------------------------------------------------------------------------- */

struct owner {
	const char *name;         /* NULL: there is none */
	bool      doubted;        /* frames further out contradict its arguments, so it has none */
};

static struct owner owner_at(struct rust_walk *walk, size_t at)
{
	const struct rust_frame *frame = walk->frames[at];
	struct rust_nameds bare = {frame->self_names.all, frame->self_names.count ? 1 : 0};

	if (walk->merged[at])
		return (struct owner){NULL, true};
	if (rust_doubt_of(walk, &frame->self_names, at) != RUST_CONTRADICTED)
		return (struct owner){frame->self, false};
	if (rust_doubt_of(walk, &bare, at) != RUST_CONTRADICTED)
		return (struct owner){frame->self_bare, true};
	return (struct owner){NULL, true};
}

/* The class whose constructor in JavaScript called "<class>_new". */
static const char *constructed(const struct rust_walk *walk)
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
static struct owner owner_of(struct rust_walk *walk, const struct rust_claim *claim)
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

		if (frame && frame->container && rust_doubt_of(walk, &frame->element_names, i) != RUST_CONTRADICTED)
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

static void fill_walk(struct rust_walk *walk, const struct frame *const *frames, size_t count)
{
	size_t at = 0;

	walk->optimized = true;
	for (; at < count && (frames[at]->kind == FRAME_WASM || frames[at]->kind == FRAME_NATIVE ||
	                      frames[at]->kind == FRAME_UNKNOWN); at++) {
		if (walk->count < RUST_FRAMES_MOST && frames[at]->literal) { /* as if that allocated it */
			walk->seen[walk->count] = walk->inlined[walk->count] = true;
			walk->frames[walk->count++] = frame_of(walk->types, frames[at]->literal);
		}
		if (walk->count == RUST_FRAMES_MOST)
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
static bool is_rust(const struct rust_walk *walk)
{
	for (size_t i = 0; i < walk->count; i++)
		if (walk->frames[i] && (walk->frames[i]->role > RUST_ALLOCATOR && walk->frames[i]->role != RUST_USER))
			return true;
	for (size_t i = 0; i < walk->count; i++)
		if (walk->frames[i] && (walk->frames[i]->is_rust || walk->frames[i]->self))
			return true;
	return constructed(walk);
}

static char *evidence(const struct rust_walk *walk, const struct rust_claim *claim, const char *type, enum rust_doubt doubt,
                      bool has_twin, const struct owner *owner)
{
	char *text, *whole;

	if (type && !walk->optimized)
		text = xstrdup(claim->because);
	else if (type)
		text = doubt == RUST_CONFIRMED ? xasprintf("%s; confirmed by a function further out", claim->because)
		       : claim->names && claim->names->count
		           ? xasprintf("%s; unconfirmed, functions of one layout may be merged", claim->because)
		           : xstrdup(claim->because);
	else if (claim->type && has_twin)
		text = xasprintf("no type: %s, says %.200s, but functions of types of the same layout may be merged", claim->because,
		                 claim->type);
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

bool rust_types(struct types *types, const struct frame *const *frames, size_t count, const struct stack_nodes *stack,
                struct block_sizes sizes, struct block_type *answer)
{
	struct rust_walk walk = {.types = types};
	enum rust_doubt doubt = RUST_SILENT;
	struct rust_claim claim;
	struct owner owner;
	bool any, has_twin;

	fill_walk(&walk, frames, count);
	if (!is_rust(&walk)) {
		free(walk.words.all);
		return false;
	}
	claim = rust_claim_of(&walk);
	if (claim.names)
		doubt = rust_claim_doubt(&walk, &claim);
	has_twin = claim.type && rust_has_twin(&walk, &claim, stack);
	owner = owner_of(&walk, &claim);
	/* What the owner's name bears out, is in doubt with it. */
	if (has_twin || (owner.doubted && claim.names && claim.names->count))
		doubt = RUST_CONTRADICTED;
	if (claim.type && doubt != RUST_CONTRADICTED && rust_claim_allows(&claim, sizes))
		answer->type = types_keep(types, xstrdup(claim.type));
	if (owner.name && (!answer->type || strcmp(owner.name, answer->type)))
		answer->owner = types_keep(types, xstrdup(owner.name));
	any = answer->type || answer->owner;
	if (any)
		answer->evidence = types_keep(types, evidence(&walk, &claim, answer->type, doubt, has_twin, &owner));
	free(claim.because);
	free(walk.words.all);
	return any;
}
