/*
 * find.c: the candidates, in order. Names first; a module whose names say little is looked at closely (shape.c).
 */
#include "node/rewrite/find.h"

#include <string.h>

#include "node/rewrite/arena.h"
#include "node/rewrite/operators.h"
#include "node/rewrite/wrapper.h"

struct rewrite_candidate *candidate_new(struct rewrite *rewrite, const char *why)
{
	struct rewrite_candidate *candidate;

	if (rewrite->candidate_count == REWRITE_CANDIDATES)
		return NULL;
	candidate = arena_take(&rewrite->arena, 1, sizeof(*candidate));
	if (candidate)
		candidate->why = why;
	return candidate;
}

bool candidate_has(const struct rewrite_candidate *candidate, enum rewrite_action action)
{
	for (uint32_t i = 0; i < candidate->count; i++)
		if (candidate->watches[i].action == action)
			return true;
	return false;
}

void candidate_add(const struct rewrite_module *module, struct rewrite_candidate *candidate,
	const struct rewrite_watch *watch)
{
	for (uint32_t i = 0; i < candidate->count; i++)
		if (candidate->watches[i].function == watch->function)
			return;
	if (candidate->count < REWRITE_WATCHES && wrapper_fits(module, watch))
		candidate->watches[candidate->count++] = *watch;
}

/* ---- by name ---------------------------------------------------------------------------------------------------- */

struct named {
	struct rewrite_candidate *group[KNOWN_GROUPS];
	bool inside;                     /* some of KNOWN_ALLOCATOR have names of the name section: those have all */
};

static void look(struct rewrite *rewrite, struct named *named, uint32_t function, struct rewrite_text name,
	const char *why)
{
	const struct rewrite_module *module = &rewrite->module;
	struct rewrite_watch watch = {.function = function, .name = name, .why = why};
	const struct known *known;

	if (!name.text || function < module->imported_functions)
		return;
	known = known_find(name, module->types[module->functions[function].type].parameters);
	if (!known)
		return;
	watch.action = known->action;
	watch.role = known->name;
	known_parameters(&watch, known->parameters);
	if (!named->group[known->group])
		named->group[known->group] = arena_take(&rewrite->arena, 1, sizeof(struct rewrite_candidate));
	if (named->group[known->group])
		candidate_add(module, named->group[known->group], &watch);
}

static struct rewrite_text name_of(const struct rewrite_module *module, uint32_t function)
{
	return module->function_names ? module->function_names[function] : (struct rewrite_text){0};
}

static void look_at_names(struct rewrite *rewrite, struct named *named)
{
	const struct rewrite_module *module = &rewrite->module;

	for (uint32_t i = module->imported_functions; module->function_names && i < module->function_count; i++)
		look(rewrite, named, i, name_of(module, i), "its name");
	named->inside = named->group[KNOWN_ALLOCATOR] && named->group[KNOWN_ALLOCATOR]->count;
	for (uint32_t i = 0; i < module->export_count; i++)
		if (module->exports[i].kind == 0)
			look(rewrite, named, module->exports[i].index, module->exports[i].name, "its export");
}

/*
 * Newer wasm-bindgen numbers the exports of its allocator: __wbindgen_export_0 or __wbindgen_export, …. Which is
 * which their types tell.
 */
static void look_at_numbered(struct rewrite *rewrite, struct named *named)
{
	static const char prefix[] = "__wbindgen_export";
	static const struct { const char *parameters; uint32_t results; const char *role; } kinds[] = {
		{"sa", 1, "__wbindgen_malloc"}, {"p-sa", 1, "__wbindgen_realloc"}, {"p--", 0, "__wbindgen_free"},
	};
	static const uint8_t actions[] = {REWRITE_BORN, REWRITE_MOVED, REWRITE_DIES};
	const struct rewrite_module *module = &rewrite->module;
	struct rewrite_candidate *candidate = arena_take(&rewrite->arena, 1, sizeof(*candidate));

	for (uint32_t i = 0; candidate && i < module->export_count; i++) {
		const struct rewrite_export *export = &module->exports[i];
		const struct rewrite_type *type;

		if (export->kind != 0 || export->name.length < sizeof(prefix) - 1 ||
		    memcmp(export->name.text, prefix, sizeof(prefix) - 1) != 0 ||
		    export->index < module->imported_functions)
			continue;
		type = &module->types[module->functions[export->index].type];
		for (unsigned kind = 0; kind < 3; kind++) {
			struct rewrite_watch watch = {.function = export->index, .action = actions[kind],
				.name = export->name, .role = kinds[kind].role, .why = "its export's place among wasm-bindgen's"};

			if (type->parameters != strlen(kinds[kind].parameters) || type->results != kinds[kind].results)
				continue;
			known_parameters(&watch, kinds[kind].parameters);
			candidate_add(module, candidate, &watch);
		}
	}
	if (candidate && candidate->count == 3)
		named->group[KNOWN_BINDGEN] = candidate;
}

/* ---- behind exports --------------------------------------------------------------------------------------------- */

/* Which argument a parameter of the caller becomes; −1 none. */
static int8_t moved_to(int8_t parameter, const int64_t *arguments, uint32_t count)
{
	for (uint32_t i = 0; parameter >= 0 && i < count; i++)
		if (arguments[i] == parameter)
			return (int8_t)i;
	return -1;
}

#define MOST_ARGUMENTS 8

/* A function that does nothing but call another: that one may be called by others as well. False: it is none such. */
static bool follow(const struct rewrite_module *module, const struct rewrite_watch *watch, struct rewrite_watch *inner)
{
	struct scan scan = operators_of(module, watch->function);
	int64_t arguments[MOST_ARGUMENTS];
	struct operator op;
	uint32_t count = 0;

	while (operator_next(&scan, &op) && (op.code == OP_LOCAL_GET || op.code == OP_I32_CONST) && count < MOST_ARGUMENTS)
		arguments[count++] = op.code == OP_LOCAL_GET ? op.value : -2;
	if (scan.bad || (op.code != OP_CALL && op.code != OP_RETURN_CALL) || op.value >= module->function_count ||
	    module->types[module->functions[op.value].type].parameters != count || watch->out)
		return false;
	*inner = *watch;
	inner->function = (uint32_t)op.value;
	inner->pointer = moved_to(watch->pointer, arguments, count);
	inner->size = moved_to(watch->size, arguments, count);
	inner->count = moved_to(watch->count, arguments, count);
	inner->alignment = moved_to(watch->alignment, arguments, count);
	inner->why = "all that an exported one does is to call it";
	return operator_next(&scan, &op) && (op.code == OP_END || op.code == OP_RETURN);
}

static void follow_exports(const struct rewrite_module *module, struct rewrite_candidate *candidate)
{
	struct rewrite_watch inner;

	for (uint32_t i = 0; candidate && i < candidate->count; i++)
		if (follow(module, &candidate->watches[i], &inner))
			candidate_add(module, candidate, &inner);
}

/* Makes it a candidate if it is more than a part of an allocator. */
static bool take(struct rewrite *rewrite, struct rewrite_candidate *candidate, const char *why, bool collected)
{
	if (!candidate || rewrite->candidate_count == REWRITE_CANDIDATES)
		return false;
	candidate->no_deaths = !candidate_has(candidate, REWRITE_DIES);
	if (!candidate_has(candidate, REWRITE_BORN) || (candidate->no_deaths && !collected))
		return false;
	candidate->why = why;
	rewrite->candidates[rewrite->candidate_count++] = candidate;
	return true;
}

static void take_shape(struct rewrite *rewrite, const struct rewrite_candidate *start, const char *why)
{
	static const struct rewrite_candidate none;
	struct rewrite_candidate *candidate = candidate_new(rewrite, why);

	if (!candidate)
		return;
	find_shape(rewrite, start ? start : &none, candidate);
	take(rewrite, candidate, why, false);
}

bool rewrite_find(struct rewrite *rewrite, const char *said, bool all)
{
	struct named named = {0};
	bool found = false;

	rewrite->candidate_count = 0;
	rewrite->named = false;
	rewrite->reason = NULL;
	if (said && *said)
		return find_said(rewrite, said);
	if (!rewrite->module.memory_count) {
		rewrite->reason = "it has no memory";
		return false;
	}
	look_at_names(rewrite, &named);
	if (!named.group[KNOWN_BINDGEN])
		look_at_numbered(rewrite, &named);
	if (named.inside)
		found |= take(rewrite, named.group[KNOWN_ALLOCATOR], "functions named like an allocator's", false);
	found |= take(rewrite, named.group[KNOWN_BLOCKS], "AssemblyScript's allocator, by name", false);
	if (!found)
		found |= take(rewrite, named.group[KNOWN_OBJECTS], "AssemblyScript's allocator, by name", false);
	rewrite->named = found;
	if (!named.inside)
		follow_exports(&rewrite->module, named.group[KNOWN_ALLOCATOR]);
	if (!found || all)
		take_shape(rewrite, named.inside ? NULL : named.group[KNOWN_ALLOCATOR],
			"functions that do what dlmalloc's do");
	if (!named.inside)
		take(rewrite, named.group[KNOWN_ALLOCATOR], "functions exported as an allocator's", false);
	take(rewrite, named.group[KNOWN_COLLECTED], "a collector's allocation, by name", true);
	take(rewrite, named.group[KNOWN_BINDGEN], "what wasm-bindgen exports for JavaScript", false);
	if (!rewrite->candidate_count)
		rewrite->reason = "no allocator was found in it";
	return rewrite->candidate_count > 0;
}
