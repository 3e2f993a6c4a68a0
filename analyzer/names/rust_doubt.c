/*
 * rust_doubt.c: claims held against the frames further out; see rust_doubt.h. A frame speaks against a claim if it has
 * a sibling of what is claimed, and nobody has that itself: Poly<Fq> calls RawVec<Fp>::grow_one; Affine<Pallas> and
 * Affine<Vesta>; caml_fq_srs_create calls SRS<fp::Field>::create.
 */
#include "names/rust_doubt.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "trace/array.h"

/* ---- types --------------------------------------------------------------------------------------------------- */

static bool same_module(const char *a, const char *b)
{
	const char *after_a = strrchr(a, ':'), *after_b = strrchr(b, ':');

	return after_a && after_b && after_a - a == after_b - b && !memcmp(a, b, (size_t)(after_a - a));
}

/* Where `claimed` is not mentioned: could `other` be what it should have been? */
static bool is_sibling(const struct rust_named *claimed, const struct rust_named *other)
{
	if (claimed->name == other->name)
		return false;
	if (claimed->within && claimed->within == other->within && claimed->argument == other->argument)
		return true;
	return claimed->direct && other->direct && same_module(claimed->name, other->name);
}

/* ---- words --------------------------------------------------------------------------------------------------- */

/* Words of two letters that are just that. */
static bool is_common(const char *word)
{
	static const char *const common[] = {
		"as", "at", "be", "by", "do", "fn", "fs", "go", "id", "if", "in", "io", "is", "it", "my", "no", "of", "ok", "on",
		"op", "or", "os", "so", "to", "up", "us",
	};

	return span_in(span_of(word), common, sizeof(common) / sizeof(*common));
}

/* A word by which siblings are told apart, by its looks. */
static bool can_have_twin(const char *word)
{
	size_t size = strlen(word);

	return size > 1 && isalpha((unsigned char)*word) &&
	       ((size == 2 && !is_common(word)) || isdigit((unsigned char)word[size - 1]));
}

/* "fp" and "fq", "g1" and "g2", "bls377" and "bls381": one is the other but for its end. */
static bool are_twins(const char *a, const char *b)
{
	size_t size = strlen(a), same = 0;

	if (a == b || size != strlen(b) || !can_have_twin(a) || !can_have_twin(b))
		return false;
	while (a[same] == b[same])
		same++;
	if (size == 2)
		return same == 1;
	while (same && isdigit((unsigned char)a[same - 1]))
		same--;
	return same && strspn(a + same, "0123456789") == size - same && strspn(b + same, "0123456789") == size - same;
}

static bool has_word(const struct rust_words *words, const char *word)
{
	for (size_t i = 0; i < words->count; i++)
		if (words->all[i] == word)
			return true;
	return false;
}

static bool outer_has(const struct rust_outer *outer, const char *word)
{
	for (size_t i = 0; i < outer->count; i++)
		if (outer->frames[i] && has_word(&outer->frames[i]->words, word))
			return true;
	return has_word(&outer->words, word);
}

/* Does a frame further out say a twin of the word, which is none of the claim's own? */
static bool outer_has_twin(const struct rust_outer *outer, const char *word, const struct rust_words *own)
{
	for (size_t i = 0; i <= outer->count; i++) {
		const struct rust_words *said = i == outer->count ? &outer->words
		                                : outer->frames[i] ? &outer->frames[i]->words : NULL;

		for (size_t n = 0; said && n < said->count; n++)
			if (are_twins(said->all[n], word) && !has_word(own, said->all[n]))
				return true;
	}
	return false;
}

/* What the words of the frames further out say of a type's, `own` being those of the whole claim. */
static enum rust_doubt words_say(const struct rust_words *words, const struct rust_outer *outer,
                                 const struct rust_words *own)
{
	enum rust_doubt said = RUST_SILENT;

	for (size_t i = 0; i < words->count; i++) {
		if (!can_have_twin(words->all[i]))
			continue;
		if (outer_has(outer, words->all[i]))
			said = RUST_CONFIRMED;
		else if (outer_has_twin(outer, words->all[i], own))
			return RUST_CONTRADICTED;
	}
	return said;
}

/*
 * The words of the modules decide, if they can: fp::FqConfig is what it is by its module. A module that all of several
 * types have is of the claim's own: ark::fp::Fp<mina::fq::FrConfig> is right under caml_fq_srs_create.
 */
static enum rust_doubt words_doubt(const struct rust_nameds *claim, const struct rust_named *named,
                                   const struct rust_outer *outer)
{
	struct rust_words own = {0};
	enum rust_doubt said;

	for (size_t i = 0; i < claim->count; i++)
		for (size_t n = 0; n < claim->all[i].modules.count; n++) {
			array_room(own.all, own.count);
			own.all[own.count++] = claim->all[i].modules.all[n];
		}
	said = words_say(&named->modules, outer, &own);
	for (size_t n = 0; n < named->own.count && said == RUST_SILENT; n++) {
		array_room(own.all, own.count);
		own.all[own.count++] = named->own.all[n];
	}
	if (said == RUST_SILENT)
		said = words_say(&named->own, outer, &own);
	free(own.all);
	return said;
}

/* ---- both ---------------------------------------------------------------------------------------------------- */

/* Who mentions what is claimed, and who its sibling: users' functions, and the library's. */
struct said { bool mentioned, sibling; };

static void hear(const struct rust_named *claimed, const struct rust_outer *outer, struct said *user,
                 struct said *library)
{
	for (size_t at = 0; at < outer->count && !user->mentioned; at++) {
		const struct rust_frame *frame = outer->frames[at];
		struct said *by = frame && frame->role >= RUST_OBJECT ? user : library;

		for (size_t n = 0; frame && n < frame->names.count; n++) {
			by->mentioned |= frame->names.all[n].name == claimed->name;
			by->sibling |= is_sibling(claimed, &frame->names.all[n]);
		}
	}
}

enum rust_doubt rust_doubt(const struct rust_nameds *claim, const struct rust_outer *outer)
{
	bool all = claim->count;

	for (size_t i = 0; i < claim->count; i++) {
		struct said user = {0}, library = {0};

		hear(&claim->all[i], outer, &user, &library);
		if (user.mentioned)
			continue;
		all = false;
		/* The library's own frames may have been merged as well: for a claim they count only against each other. */
		if (user.sibling || (library.sibling && !library.mentioned) ||
		    words_doubt(claim, &claim->all[i], outer) == RUST_CONTRADICTED)
			return RUST_CONTRADICTED;
	}
	return all ? RUST_CONFIRMED : RUST_SILENT;
}
