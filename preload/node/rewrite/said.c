/*
 * said.c: PROBE_WASM_ALLOC, which says which functions are a module's allocator:
 *
 *	malloc:func[25],free:func[31],posix_memalign:func[40],alloc:func[7](sa),…
 *
 * A role is a name that known.c knows, with the parameters that it has there; or alloc, free, realloc with the
 * parameters behind the function, in the letters of struct known. `func[25]` is the function with index 25,
 * `func[name]` the one with that name in the name section or among the exports.
 */
#include <string.h>

#include "node/rewrite/find.h"

#define MOST_PARAMETERS 15

static struct rewrite_text text_until(const char **at, const char *ends)
{
	size_t length = strcspn(*at, ends);
	struct rewrite_text text = {.text = *at, .length = (uint32_t)length};

	*at += length;
	return text;
}

static bool same(struct rewrite_text a, struct rewrite_text b)
{
	return a.text && a.length == b.length && memcmp(a.text, b.text, a.length) == 0;
}

static uint32_t function_of(const struct rewrite_module *module, struct rewrite_text said)
{
	uint64_t number = 0;
	bool digits = said.length > 0 && said.length < 10;

	for (uint32_t i = 0; i < said.length && digits; i++) {
		digits = said.text[i] >= '0' && said.text[i] <= '9';
		number = number * 10 + (uint64_t)(said.text[i] - '0');
	}
	if (digits)
		return number < module->function_count ? (uint32_t)number : REWRITE_NONE;
	for (uint32_t i = 0; module->function_names && i < module->function_count; i++)
		if (same(module->function_names[i], said))
			return i;
	for (uint32_t i = 0; i < module->export_count; i++)
		if (module->exports[i].kind == 0 && same(module->exports[i].name, said))
			return module->exports[i].index;
	return REWRITE_NONE;
}

static bool take_role(struct rewrite_watch *watch, struct rewrite_text role, struct rewrite_text parameters,
	uint32_t count)
{
	static const struct { const char *name; uint8_t action; } plain[] = {
		{"alloc", REWRITE_BORN}, {"malloc", REWRITE_BORN}, {"free", REWRITE_DIES}, {"realloc", REWRITE_MOVED},
	};
	char letters[MOST_PARAMETERS + 1] = "";
	const struct known *known;

	if (!parameters.text) {
		known = known_find(role, count);
		if (!known)
			return false;
		watch->action = known->action;
		watch->role = known->name;
		known_parameters(watch, known->parameters);
		return true;
	}
	if (parameters.length > MOST_PARAMETERS || parameters.length != count)
		return false;
	memcpy(letters, parameters.text, parameters.length);
	for (unsigned i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		if (!text_is(role, plain[i].name))
			continue;
		watch->action = plain[i].action;
		watch->role = plain[i].name;
		known_parameters(watch, letters);
		return true;
	}
	return false;
}

/* One of the list. False: it cannot be read, or is not so in this module. */
static bool read_one(const struct rewrite_module *module, const char **at, struct rewrite_candidate *candidate)
{
	struct rewrite_watch watch = {.why = "PROBE_WASM_ALLOC"};
	struct rewrite_text role = text_until(at, ":"), function, parameters = {0};
	uint32_t before = candidate->count;

	if (strncmp(*at, ":func[", 6) != 0)
		return false;
	*at += 6;
	function = text_until(at, "]");
	if (**at != ']')
		return false;
	++*at;
	if (**at == '(') {
		++*at;
		parameters = text_until(at, ")");
		if (**at != ')')
			return false;
		++*at;
	}
	watch.function = function_of(module, function);
	if (watch.function == REWRITE_NONE ||
	    !take_role(&watch, role, parameters, module->types[module->functions[watch.function].type].parameters))
		return false;
	if (module->function_names)
		watch.name = module->function_names[watch.function];
	candidate_add(module, candidate, &watch);
	return candidate->count > before;
}

bool find_said(struct rewrite *rewrite, const char *said)
{
	struct rewrite_candidate *candidate = candidate_new(rewrite, "PROBE_WASM_ALLOC says so");

	if (!candidate) {
		rewrite->reason = "there is no memory";
		return false;
	}
	while (*said) {
		if (!read_one(&rewrite->module, &said, candidate) || (*said && *said != ',')) {
			rewrite->reason = "it has no such functions as PROBE_WASM_ALLOC says";
			return false;
		}
		said += *said == ',';
	}
	candidate->no_deaths = !candidate_has(candidate, REWRITE_DIES);
	rewrite->candidates[rewrite->candidate_count++] = candidate;
	return true;
}
