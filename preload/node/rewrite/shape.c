/*
 * shape.c: allocators of modules without names, by what their functions do. Nearly all are dlmalloc, in C
 * (emscripten, WASI) or in Rust, whose state is a static variable, so that its parts are at addresses that stand in
 * the code.
 *
 *	malloc     [size] → [block], and the bounds of dlmalloc's small requests and the largest one, a tree index by clz,
 *	           bins found by ctz
 *	free       [block] → [], at the most of malloc's addresses of all such functions
 *	realloc    [block, …, size] → [block], calls malloc and free, or the inlined parts of both
 *	memalign   [alignment, size] → [block], calls malloc, and gives back what is beyond
 *
 * First all functions are looked at for a malloc, then, with its addresses, for the others. Where the state is handed
 * on, as in Rust when it is not inlined, it is a first parameter of all of them, and offsets in it serve as the
 * addresses.
 */
#include <string.h>

#include "node/rewrite/arena.h"
#include "node/rewrite/find.h"
#include "node/rewrite/operators.h"

#define MOST_MALLOCS   4             /* a module may have Rust's and C's */
#define MOST_ADDRESSES 512           /* of one malloc */
#define LOWEST_ADDRESS 1000
#define LOWEST_OFFSET  144           /* in the state: behind most of its bins */
#define HIGHEST_OFFSET 1000
#define LEAST_ADDRESSES 8            /* of a malloc */
#define LEAST_SHARED   5             /* addresses that a free shares with its malloc, */
#define LEAST_OF_PART  3             /* and other functions of the allocator */
#define LEAST_BYTES    900           /* of a malloc; */
#define MOST_BYTES     20000         /* what is larger has a bit of everything */
#define LEAST_TRAITS   4             /* of a malloc, TRAIT_SMALL among them */

enum trait {
	TRAIT_CLZ = 1, TRAIT_CTZ = 2,
	TRAIT_SMALL = 4,                 /* the largest small request */
	TRAIT_LARGE_C = 8,               /* the largest request, in C */
	TRAIT_LARGE_RUST = 16,           /* and in Rust */
	TRAIT_TREE = 32,                 /* the last tree bin */
	TRAIT_WIDE_BIN = 64,             /* the size from which on all is in that one */
	TRAIT_MAGIC = 128,               /* what C's state begins with */
	TRAIT_GROW = 256,
};

struct shape {
	const struct rewrite_module *module;
	uint32_t malloc;
	bool handed;                     /* the state is the first parameter */
	uint32_t large;                  /* the trait that is its largest request; 0 unknown */
	uint32_t count;
	uint32_t address[MOST_ADDRESSES]; /* sorted */
};

static const struct rewrite_type *type_of(const struct rewrite_module *module, uint32_t function)
{
	return &module->types[module->functions[function].type];
}

/* Parameters and results that are addresses and numbers of them: all i32, or all i64. */
static bool is_of(const struct rewrite_module *module, uint32_t function, uint32_t least, uint32_t most, uint32_t results)
{
	const struct rewrite_type *type = type_of(module, function);
	uint8_t value = module->memories[0].wide ? VALUE_I64 : VALUE_I32;

	if (!type->function || type->parameters < least || type->parameters > most || type->results != results)
		return false;
	for (uint32_t i = 0; i < type->parameters; i++)
		if (type->parameter[i] != value)
			return false;
	return !results || type->result[0] == value;
}

static bool is_constant(const struct operator *op)
{
	return op->code == OP_I32_CONST || op->code == OP_I64_CONST;
}

static uint32_t trait_of(const struct operator *op)
{
	if (op->code == OP_I32_CLZ || op->code == OP_I64_CLZ)
		return TRAIT_CLZ;
	if (op->code == OP_I32_CTZ || op->code == OP_I64_CTZ)
		return TRAIT_CTZ;
	if (op->code == OP_MEMORY_GROW)
		return TRAIT_GROW;
	if (!is_constant(op))
		return 0;
	switch (op->value) {
	case 31:
		return TRAIT_TREE;
	case 236: case 237: case 244: case 245: /* C's and Rust's, with blocks aligned to 16 and to 8 */
	case 252: case 253:
		return TRAIT_SMALL;
	case -64: case -65: case -128: case -129:
		return TRAIT_LARGE_C;
	case -65544: case -65587: case -65588:
		return TRAIT_LARGE_RUST;
	case 0xffffff:
		return TRAIT_WIDE_BIN;
	case 0x55555558: case 0x55555550:
		return TRAIT_MAGIC;
	default:
		return 0;
	}
}

/* Its traits, if they are a malloc's; else 0. */
static uint32_t malloc_traits(const struct rewrite_module *module, uint32_t function)
{
	struct scan scan = operators_of(module, function);
	struct operator op;
	uint32_t traits = 0;

	while (operator_next(&scan, &op))
		traits |= trait_of(&op);
	return !scan.bad && (traits & TRAIT_SMALL) && __builtin_popcount(traits) >= LEAST_TRAITS ? traits : 0;
}

/* ---- addresses -------------------------------------------------------------------------------------------------- */

/* The address in memory that an operator names; 0 none. */
static uint32_t address_of(const struct shape *shape, const struct operator *op)
{
	bool access = op->code >= OP_I32_LOAD && op->code <= OP_I64_STORE32;

	if (shape->handed)
		return access && op->value >= LOWEST_OFFSET && op->value < HIGHEST_OFFSET ? (uint32_t)op->value : 0;
	if (!is_constant(op) && !access)
		return 0;
	return op->value >= LOWEST_ADDRESS && op->value < INT32_MAX ? (uint32_t)op->value : 0;
}

/* Its place among those of the shape, or where it would be. */
static uint32_t place_of(const struct shape *shape, uint32_t address)
{
	uint32_t low = 0, high = shape->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (shape->address[middle] < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void read_addresses(struct shape *shape)
{
	struct scan scan = operators_of(shape->module, shape->malloc);
	struct operator op;

	while (shape->count < MOST_ADDRESSES && operator_next(&scan, &op)) {
		uint32_t address = address_of(shape, &op), place = place_of(shape, address);

		if (!address || (place < shape->count && shape->address[place] == address))
			continue;
		memmove(&shape->address[place + 1], &shape->address[place], (shape->count - place) * sizeof(uint32_t));
		shape->address[place] = address;
		shape->count++;
	}
}

/* ---- the others ------------------------------------------------------------------------------------------------- */

/* As is_of, with one parameter more where the state is handed on. */
static bool is_part(const struct shape *shape, uint32_t function, uint32_t parameters, uint32_t results)
{
	parameters += shape->handed;
	return is_of(shape->module, function, parameters, parameters, results);
}

/* What a function has to do with a malloc. */
struct relation {
	uint32_t shared;                 /* how many of its addresses */
	uint32_t mallocs, frees;         /* calls of them */
	uint32_t parts;                  /* calls of other functions that share addresses */
	bool large;                      /* it has malloc's largest request, */
	bool trims;                      /* and numbers of a free: of its release of whole segments, of its tree */
	uint32_t passed;                 /* set of parameters that it passes to malloc as they are */
};

static struct relation relation_of(const struct shape *shape, uint32_t function, uint32_t free, const bool *part)
{
	uint8_t seen[MOST_ADDRESSES / 8] = {0};
	struct scan scan = operators_of(shape->module, function);
	uint32_t parameters = type_of(shape->module, function)->parameters;
	struct relation relation = {0};
	struct operator op, before = {0};

	for (; operator_next(&scan, &op); before = op) {
		uint32_t address = address_of(shape, &op), place;

		if (op.code == OP_CALL || op.code == OP_RETURN_CALL) {
			uint32_t called = (uint32_t)op.value;

			if (called == shape->malloc) {
				relation.mallocs++;
				if (before.code == OP_LOCAL_GET && before.value < parameters)
					relation.passed |= 1u << before.value;
			}
			relation.frees += called == free;
			relation.parts += part && called < shape->module->function_count && called != free && part[called];
		}
		relation.trims |= is_constant(&op) && (op.value == 4095 || op.value == 0xffffff || op.value == -65544);
		relation.large |= shape->large && trait_of(&op) == shape->large;
		if (!address)
			continue;
		place = place_of(shape, address);
		if (place == shape->count || shape->address[place] != address || seen[place / 8] >> place % 8 & 1)
			continue;
		seen[place / 8] |= (uint8_t)(1u << place % 8);
		relation.shared++;
	}
	return relation;
}

static void add(const struct shape *shape, struct rewrite_candidate *candidate, uint32_t function,
	enum rewrite_action action, const char *role, const char *parameters, const char *why)
{
	struct rewrite_watch watch = {.function = function, .action = (uint8_t)action, .role = role, .why = why};
	char with_state[8] = "-";

	if (type_of(shape->module, function)->parameters > strlen(parameters))
		parameters = strcat(with_state, parameters);
	known_parameters(&watch, parameters);
	candidate_add(shape->module, candidate, &watch);
}

/* The free of a malloc; REWRITE_NONE. *part: which other functions of the allocator there are. */
static uint32_t find_free(const struct shape *shape, bool *part)
{
	const struct rewrite_module *module = shape->module;
	uint32_t found = REWRITE_NONE, most = 0;

	for (uint32_t i = module->imported_functions; i < module->function_count; i++) {
		bool frees = is_part(shape, i, 1, 0) || (is_part(shape, i, 3, 0) && !shape->handed);
		struct relation relation;

		if (i == shape->malloc || module->functions[i].size > MOST_BYTES ||
		    (!frees && !is_part(shape, i, 2, 0) && !is_part(shape, i, 2, 1)))
			continue;
		relation = relation_of(shape, i, REWRITE_NONE, NULL);
		part[i] = relation.shared >= LEAST_OF_PART && !relation.mallocs;
		if (frees && (relation.trims || !shape->handed) && relation.shared >= LEAST_SHARED && part[i] &&
		    relation.shared > most) {
			most = relation.shared;
			found = i;
		}
	}
	return found;
}

static void find_others(const struct shape *shape, uint32_t free, const bool *part, struct rewrite_candidate *candidate)
{
	const struct rewrite_module *module = shape->module;

	for (uint32_t i = module->imported_functions; i < module->function_count; i++) {
		bool two = is_part(shape, i, 2, 1), four = is_of(module, i, 4, 4, 1);
		struct relation relation;

		if (i == shape->malloc || (!two && !four))
			continue;
		relation = relation_of(shape, i, free, part);
		if (!relation.mallocs || !relation.large || (!relation.parts && relation.shared < LEAST_OF_PART))
			continue;
		/* A realloc that is inlined in a function with another notion of a block calls malloc with another size. */
		if (relation.frees && relation.passed & 1u << (type_of(module, i)->parameters - 1))
			add(shape, candidate, i, REWRITE_MOVED, "realloc", two ? "ps" : "p-as",
				"calls malloc and free, and has the largest request of malloc");
		else if (two && !relation.frees)
			add(shape, candidate, i, REWRITE_BORN, "memalign", relation.passed & 1 ? "sa" : "as",
				"calls malloc, gives back what is beyond, and has the largest request of malloc");
	}
}

static void find_of(struct rewrite *rewrite, struct shape *shape, struct rewrite_candidate *candidate)
{
	bool *part = arena_take(&rewrite->arena, shape->module->function_count, sizeof(*part));
	uint32_t free;

	read_addresses(shape);
	if (shape->count < LEAST_ADDRESSES && type_of(shape->module, shape->malloc)->parameters == 2) {
		shape->handed = true;
		shape->count = 0;
		read_addresses(shape);
	}
	free = part && shape->count >= LEAST_ADDRESSES ? find_free(shape, part) : REWRITE_NONE;
	if (free == REWRITE_NONE)
		return;
	add(shape, candidate, shape->malloc, REWRITE_BORN, "malloc",
		shape->handed || type_of(shape->module, shape->malloc)->parameters == 1 ? "s" : "sa",
		"has dlmalloc's limits, and finds bins as it does");
	add(shape, candidate, free, REWRITE_DIES, "free", is_part(shape, free, 1, 0) ? "p" : "p--",
		"works on the same static variable as malloc");
	find_others(shape, free, part, candidate);
}

void find_shape(struct rewrite *rewrite, const struct rewrite_candidate *start, struct rewrite_candidate *candidate)
{
	const struct rewrite_module *module = &rewrite->module;
	unsigned mallocs = 0;

	for (uint32_t i = module->imported_functions; i < module->function_count && mallocs < MOST_MALLOCS; i++) {
		struct shape *shape;
		uint32_t traits;

		if (module->functions[i].size < LEAST_BYTES || module->functions[i].size > MOST_BYTES ||
		    !is_of(module, i, 1, 2, 1))
			continue;
		traits = malloc_traits(module, i);
		if (!traits)
			continue;
		shape = arena_take(&rewrite->arena, 1, sizeof(*shape));
		if (!shape)
			return;
		shape->module = module;
		shape->malloc = i;
		shape->large = traits & TRAIT_LARGE_RUST ? TRAIT_LARGE_RUST : traits & TRAIT_LARGE_C;
		find_of(rewrite, shape, candidate);
		mallocs++;
	}
	for (uint32_t i = 0; candidate->count && i < start->count; i++)
		candidate_add(module, candidate, &start->watches[i]);
}
