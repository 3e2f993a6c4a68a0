/* receiver.c: chooses among the claims of calls; see receiver.h. */
#include "types/receiver.h"

#include <stdlib.h>
#include <string.h>

#include "probe/trace.h"
#include "types/amount.h"
#include "util.h"

#define MOST_CALLS   12       /* that hand a pointer on */
#define MOST_FURTHER 3        /* asked once there is a weak answer */

struct choice {
	bool      found;
	struct claim claim;
	struct shapes *shapes;    /* whose type it is */
	Dwarf_Die element;        /* of the block: the type, or of an array what it consists of */
	uint64_t  size;           /* of the element, 0 unknown */
	struct shape_traits traits;
	bool      is_exact;       /* all blocks are one of it */
	bool      fits;           /* … or some of it, without a remainder */
	bool      is_open;        /* the blocks are larger, and it is not known whether by more of it or by something else */
	unsigned  score;          /* lower is better */
};

/* "vtable for ns::A" and "ns::A::A(int)": ns::A. */
static char *class_of(struct demangler *demangler, const char *symbol)
{
	const char *text = demangle(demangler, symbol), *begin = "vtable for ";
	size_t end, depth = 0;

	if (!strncmp(text, begin, strlen(begin)))
		return xstrdup(text + strlen(begin));
	for (end = 0; text[end] && (depth || text[end] != '('); end++) {
		depth += text[end] == '<';
		depth -= text[end] == '>' && depth;
	}
	while (end > 1 && !(text[end] == ':' && text[end - 1] == ':'))
		end--;
	return end > 1 ? xasprintf("%.*s", (int)(end - 1), text) : NULL;
}

/* ---- one claim ------------------------------------------------------------------------------------------------ */

/* How well a type's size goes with the blocks'. */
static bool judge_size(struct choice *choice, uint64_t smallest, uint64_t largest)
{
	const struct shape_traits *traits = &choice->traits;

	choice->fits = true;
	if (!largest || !choice->size)
		return true;
	if (choice->size > smallest && !(traits->has_tail && traits->tail && traits->tail <= smallest))
		return false;
	choice->is_exact = choice->size == smallest && choice->size == largest;
	choice->fits = choice->is_exact || traits->has_tail ||
	               (smallest % choice->size == 0 && largest % choice->size == 0);
	return true;
}

/* Lower is better: by kind, and what speaks for or against it. */
static unsigned score_of(const struct choice *choice, int64_t into, bool is_sized)
{
	unsigned score = 10u * (unsigned)choice->claim.why + 20;

	score += into ? 40 : 0;
	score += choice->fits ? 0 : 100;
	/* Anything is cast to bytes. */
	score += choice->traits.is_text ? 25 : 0;
	/* A constructor may be that of what the block begins with. */
	if (choice->claim.why == CLAIM_CONSTRUCTOR && is_sized && !choice->is_exact)
		score += 15;
	/* A class of just the right size is better than the next kind of evidence. */
	if (choice->traits.is_class && choice->is_exact)
		score -= choice->claim.why < CLAIM_MEMBER ? 10 : 15;
	return score;
}

/* What begins with an object of this class, and is of another size, is something that has it for a member. */
static bool is_part(struct program *program, struct demangler *demangler, const char *symbol, uint64_t smallest,
                    uint64_t largest)
{
	char *name = class_of(demangler, symbol);
	uint64_t size = name && largest ? shape_size_of_class(&program->shapes, name) : 0;

	free(name);
	return size && (size != smallest || size != largest);
}

/* What the calls up to this one ask for; only the last one knows of headers. */
static enum amount_how amount_of(const struct receiver_call *calls, size_t last, uint64_t one, uint64_t size)
{
	enum amount_how how = amount_of_call(program_of(calls[last].binary), calls[last].vaddr, one, size);

	for (size_t i = 0; i < last && how != AMOUNT_TIMES; i++) {
		struct program *program = calls[i].binary ? program_of(calls[i].binary) : NULL;

		if (program && amount_of_call(program, calls[i].vaddr, one, size) == AMOUNT_TIMES)
			return AMOUNT_TIMES;
	}
	return how;
}

static bool is_named(const Dwarf_Die *type, const char *wanted)
{
	Dwarf_Die die = *type;
	const char *name = dwarf_diename(&die);

	return name && !strcmp(name, wanted);
}

/*
 * The block is larger than the class. False: then it is something else, or it cannot be told what. A number of bytes that
 * stands in the code is none of objects: a header is asked for in the same way, with room behind it.
 */
static bool judge_count(const struct receiver_call *calls, size_t call, int64_t into, struct receiver_sizes sizes,
                        struct choice *choice)
{
	struct program *program = program_of(calls[call].binary);
	uint64_t size = sizes.smallest - (uint64_t)choice->claim.at;
	enum amount_how how = amount_of(calls, call, choice->size, sizes.smallest);
	bool is_array = sizes.is_array || sizes.family == TRACE_FAMILY_NEW_ARRAY;

	choice->is_open = !choice->fits;
	if (how == AMOUNT_TIMES || (is_array && how <= AMOUNT_EITHER))
		return true;
	/* No number of objects stands before what is no array. */
	if ((into && sizes.family == TRACE_FAMILY_NEW && !sizes.is_array) || is_named(&choice->element, "sockaddr"))
		return false;
	choice->is_open = true;
	if (how >= AMOUNT_VARIES || sizes.smallest != sizes.largest)
		return true;
	return sizes.family != TRACE_FAMILY_NEW && !shape_has_larger(&program->shapes, &choice->element, size);
}

/*
 * The pointer that a function was given points to `at`; what a claim is about may begin behind an array's count. False:
 * the claim cannot be right.
 */
static bool judge(const struct receiver_call *calls, size_t call, struct demangler *demangler,
                  const struct claim *claim, int64_t at, struct receiver_sizes sizes, struct choice *choice)
{
	struct program *program = program_of(calls[call].binary);
	int64_t into = claim->at - at;
	uint64_t smallest = sizes.smallest, largest = sizes.largest;

	*choice = (struct choice){.claim = *claim, .shapes = &program->shapes, .found = true};
	if (claim->at < 0 || (into && into != 8 && into != 16) || (sizes.largest && (uint64_t)claim->at >= smallest))
		return false;
	if (sizes.largest) {
		smallest -= (uint64_t)claim->at;
		largest -= (uint64_t)claim->at;
	}
	if (claim->symbol) {
		choice->fits = choice->traits.is_class = true;
		choice->score = score_of(choice, into, false);
		return into == 0 && !(claim->why == CLAIM_VTABLE && is_part(program, demangler, claim->symbol, smallest, largest));
	}
	choice->element = shape_element(&program->shapes, &claim->type);
	choice->size = shape_size(&program->shapes, &choice->element);
	choice->traits = shape_traits(&program->shapes, &choice->element);
	if (!judge_size(choice, smallest, largest))
		return false;
	if (into && (!choice->fits || !choice->size || !choice->traits.is_class))
		return false;
	if (choice->traits.is_class && choice->size && largest && !choice->is_exact && !choice->traits.has_tail &&
	    !judge_count(calls, call, into, sizes, choice))
		return false;
	/* What has virtual functions and not the block's size may be a base of what the block is. */
	if (choice->traits.is_polymorphic && largest && !choice->is_exact && !into && choice->is_open &&
	    claim->why != CLAIM_CONSTRUCTOR)
		return false;
	choice->score = score_of(choice, into, largest != 0);
	return true;
}

/* Are both classes of one size, and that of the blocks as far as it is known? Or elements of one array? */
static bool are_as_large(const struct choice *a, const struct choice *b, struct receiver_sizes sizes)
{
	if (a->claim.symbol || b->claim.symbol || !a->traits.is_class || !b->traits.is_class || !a->size || !b->size)
		return false;
	if (sizes.family == TRACE_FAMILY_NEW_ARRAY && a->claim.at == b->claim.at && a->fits && b->fits)
		return true;
	return a->size == b->size && (a->is_exact || !sizes.largest);
}

/* Does the table of virtual functions that is stored belong to the member with which an object of the class begins? */
static bool has_for_member(struct demangler *demangler, const struct choice *choice, const struct choice *table)
{
	char *first = NULL, *class = NULL;
	bool same;

	if (choice->claim.symbol || !choice->is_exact || !choice->traits.is_class || choice->claim.why > CLAIM_RETURN)
		return false;
	first = shape_first_table(choice->shapes, &choice->element);
	class = first ? class_of(demangler, table->claim.symbol) : NULL;
	same = class && !strcmp(first, class);
	free(first);
	free(class);
	return same;
}

static struct choice choose(const struct receiver_call *calls, size_t call, struct demangler *demangler,
                            const struct followed *followed, int64_t at, struct receiver_sizes sizes)
{
	struct program *program = program_of(calls[call].binary);
	struct choice best = {0}, one;

	for (size_t i = 0; i < followed->count; i++) {
		if (!judge(calls, call, demangler, &followed->claims[i], at, sizes, &one))
			continue;
		/* What begins with the other one, and is as large, is the whole. */
		if (best.found && are_as_large(&best, &one, sizes)) {
			if (shape_begins_with(&program->shapes, &one.element, &best.element)) {
				best = one;
				continue;
			}
			if (shape_begins_with(&program->shapes, &best.element, &one.element))
				continue;
		}
		/* Where no size tells, the larger one has room for the other. */
		if (best.found && !sizes.largest && one.traits.is_class && best.size && one.size > best.size &&
		    best.claim.why == CLAIM_CONSTRUCTOR && one.claim.why <= CLAIM_RETURN) {
			best = one;
			continue;
		}
		if (!best.found || one.score < best.score ||
		    (one.score == best.score && (one.claim.inlined < best.claim.inlined || one.claim.why == CLAIM_VTABLE)))
			best = one;
	}
	for (size_t i = 0; i < followed->count && best.found && best.claim.why == CLAIM_VTABLE; i++)
		if (judge(calls, call, demangler, &followed->claims[i], at, sizes, &one) && has_for_member(demangler, &one, &best))
			best = one;
	return best;
}

/* ---- all calls ------------------------------------------------------------------------------------------------ */

static const struct followed *followed_at(struct program *program, uint64_t vaddr, int64_t at, uint8_t through)
{
	const uint64_t key[] = {vaddr, (uint64_t)at, through};
	struct cache_entry *entry = cache_at(&program->answers, key, sizeof(key));

	if (!entry->value) {
		entry->value = xmalloc(sizeof(struct followed));
		follow(program, vaddr, at, through, entry->value);
	}
	return entry->value;
}

static struct received answer(struct demangler *demangler, const struct choice *choice, size_t call)
{
	struct received received = {.why = choice->claim.why, .call = call};

	if (!choice->found)
		return received;
	/* What ends in an array of any length is no element of one. */
	received.size = choice->traits.has_tail || choice->is_open ? 0 : choice->size;
	received.is_open = choice->is_open;
	received.before = (uint64_t)choice->claim.at;
	if (!choice->claim.symbol && choice->traits.is_class && choice->fits && choice->claim.why <= CLAIM_RETURN)
		received.first = shape_first_table(choice->shapes, &choice->element);
	received.type = choice->claim.symbol ? class_of(demangler, choice->claim.symbol)
	                                     : shape_name(choice->shapes, &choice->element);
	return received;
}

struct received receive(struct demangler *demangler, const struct receiver_call *calls, size_t count,
                        struct receiver_sizes sizes)
{
	struct choice weak = {0};
	size_t weak_call = 0;
	int64_t at = 0;
	uint8_t through = 0;

	for (size_t i = 0; i < count && i < MOST_CALLS && (!weak.found || i <= weak_call + MOST_FURTHER); i++) {
		struct program *program = calls[i].binary ? program_of(calls[i].binary) : NULL;
		const struct followed *followed;
		struct choice choice;
		bool is_handed_on;

		if (!program)
			break;
		followed = followed_at(program, calls[i].vaddr, at, through);
		choice = choose(calls, i, demangler, followed, at, sizes);
		is_handed_on = (followed->returned || followed->stored_through) &&
		               (!followed->is_typed || choice.traits.is_text || !choice.found);
		if (choice.found) {
			bool is_sure = choice.traits.is_class && choice.fits && choice.claim.why <= CLAIM_RETURN &&
			               (choice.is_exact || !sizes.largest) && followed->returned_at == choice.claim.at;

			if (weak.found && (choice.traits.is_text || !choice.fits || choice.claim.why > CLAIM_RETURN))
				break;
			if (!is_handed_on || is_sure)
				return answer(demangler, &choice, i);
			if (!weak.found) {
				weak = choice;
				weak_call = i;
			}
		}
		if (!followed->returned && !followed->stored_through)
			break;
		through = followed->returned ? 0 : followed->stored_through;
		at = followed->returned_at;
	}
	return answer(demangler, &weak, weak_call);
}

uint64_t class_size(struct binary *binary, const char *name)
{
	struct program *program = binary->dwarf ? program_of(binary) : NULL;

	return program ? shape_size_of_class(&program->shapes, name) : 0;
}

bool class_has_twin(struct binary *binary, const char *name)
{
	struct program *program = binary->dwarf ? program_of(binary) : NULL;

	return program && shape_has_twin(&program->shapes, name);
}
