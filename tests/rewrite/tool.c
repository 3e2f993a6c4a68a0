/*
 * tool.c: rewrites a wasm file, and says in JSON what was found and done.
 *
 *	rewrite_tool [option…] IN.wasm [OUT.wasm]
 *	rewrite_tool [option…] --many        lines "IN.wasm OUT.wasm" on standard input; one line each on standard output
 *
 *	--said TEXT        PROBE_WASM_ALLOC
 *	--candidate N      which one OUT.wasm watches; 0
 *	--all              all candidates, as when one was dropped
 *	--hold-start       REWRITE_HOLD_START
 *	--any              watches whatever functions can be watched, as if they were allocators
 *	--stripped         as if the module had no name section
 *	--time N           does it N times and tells the fastest, in seconds of CPU
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "node/rewrite/module.h"
#include "node/rewrite/operators.h"
#include "node/rewrite/rewrite.h"
#include "node/rewrite/wrapper.h"
#include "old_names.h"

static size_t mapped, most_mapped;

static void *map(void *context, size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)context;
	if (memory == MAP_FAILED)
		return NULL;
	madvise(memory, bytes, MADV_HUGEPAGE);
	mapped += bytes;
	if (mapped > most_mapped)
		most_mapped = mapped;
	return memory;
}

static void unmap(void *context, void *memory, size_t bytes)
{
	(void)context;
	mapped -= bytes;
	munmap(memory, bytes);
}

static uint8_t *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes;

	if (!file || fseek(file, 0, SEEK_END) != 0)
		err(1, "%s", path);
	*size = (size_t)ftell(file);
	rewind(file);
	bytes = malloc(*size + 1);
	if (!bytes || fread(bytes, 1, *size, file) != *size)
		err(1, "%s", path);
	fclose(file);
	return bytes;
}

static void put_text(struct rewrite_text text)
{
	putchar('"');
	for (uint32_t i = 0; i < text.length; i++) {
		unsigned char c = (unsigned char)text.text[i];

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 32 || c > 126)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void put_candidate(const struct rewrite_candidate *candidate)
{
	static const char *const actions[] = {"born", "dies", "moved"};

	printf("{\"why\": \"%s\", \"no_deaths\": %s, \"watches\": [", candidate->why,
		candidate->no_deaths ? "true" : "false");
	for (uint32_t i = 0; i < candidate->count; i++) {
		const struct rewrite_watch *watch = &candidate->watches[i];

		printf("%s{\"function\": %u, \"action\": \"%s\", \"role\": \"%s\", \"why\": \"%s\", \"name\": ",
			i ? ", " : "", watch->function, actions[watch->action], watch->role, watch->why);
		put_text(watch->name);
		printf("}");
	}
	printf("]}");
}

static void put_module(const struct rewrite_module *module)
{
	printf("\"functions\": %u, \"memories\": [", module->function_count);
	for (uint32_t i = 0; i < module->memory_count; i++) {
		const struct rewrite_linear *memory = &module->memories[i];

		printf("%s{\"imported\": %d, \"shared\": %d, \"wide\": %d, \"minimum\": %llu, \"maximum\": %lld}",
			i ? ", " : "", memory->imported, memory->shared, memory->wide,
			(unsigned long long)memory->minimum,
			memory->bounded ? (long long)memory->maximum : -1);
	}
	printf("], \"data\": [%llu, %llu], \"data_bytes\": %llu, \"passive_bytes\": %llu, \"heap_base\": %llu, "
		"\"data_end\": %llu, \"stack_top\": %llu", (unsigned long long)module->data_low,
		(unsigned long long)module->data_high, (unsigned long long)module->data_bytes,
		(unsigned long long)module->passive_bytes, (unsigned long long)module->heap_base,
		(unsigned long long)module->data_end, (unsigned long long)module->stack_top);
}

/* Every function that looks as if it could be an allocator's, a different kind each time where it could be several. */
static void watch_any(struct rewrite *rewrite)
{
	static struct rewrite_candidate any = {.why = "any function"};
	const struct rewrite_module *module = &rewrite->module;

	any.count = 0;
	for (uint32_t i = module->imported_functions; i < module->function_count && any.count < REWRITE_WATCHES; i++) {
		struct rewrite_watch watch = {.function = i, .role = "any", .why = "any", .pointer = -1, .size = -1,
			.count = -1, .alignment = -1};
		const struct rewrite_type *type = &module->types[module->functions[i].type];
		int8_t number[3] = {-1, -1, -1}; /* parameters that could be an address or a size */

		for (uint32_t j = 0, found = 0; j < type->parameters && j < 99 && found < 3; j++)
			if (type->parameter[j] == VALUE_I32 || type->parameter[j] == VALUE_I64)
				number[found++] = (int8_t)j;
		watch.action = type->results == 0 ? REWRITE_DIES : number[1] >= 0 && i % 2 ? REWRITE_MOVED : REWRITE_BORN;
		watch.pointer = watch.action == REWRITE_BORN ? -1 : number[0];
		watch.size = number[watch.action == REWRITE_MOVED];
		watch.alignment = number[2];
		if (watch.action == REWRITE_BORN && i % 3 == 0)
			watch.count = number[1];
		if (!wrapper_fits(module, &watch))
			watch.count = -1;
		if (module->function_names)
			watch.name = module->function_names[i];
		if (wrapper_fits(module, &watch))
			any.watches[any.count++] = watch;
	}
	rewrite->candidates[0] = &any;
	rewrite->candidate_count = any.count > 0;
}

/* How many bodies the decoder of instructions loses its way in: the last `end` must be the last byte. */
static uint32_t count_lost(const struct rewrite_module *module)
{
	uint32_t lost = 0;

	for (uint32_t i = module->imported_functions; i < module->function_count; i++) {
		struct scan scan = operators_of(module, i);
		struct operator op;
		long depth = 1;

		while (depth > 0 && operator_next(&scan, &op)) {
			depth += op.code == OP_BLOCK || op.code == OP_LOOP || op.code == OP_IF || op.code == OP_TRY ||
				op.code == OP_TRY_TABLE;
			depth -= op.code == OP_END || op.code == OP_DELEGATE;
		}
		lost += scan.bad || depth || scan.at != scan.end;
	}
	return lost;
}

struct options {
	const char *said;
	unsigned candidate, times;
	bool all, hold_start, any, stripped;
};

static bool work(struct rewrite *rewrite, const struct options *options, const uint8_t *bytes, size_t size,
	struct rewrite_result *result)
{
	if (!rewrite_read(rewrite, bytes, size))
		return false;
	if (options->stripped) {
		rewrite->module.function_names = NULL;
		rewrite->module.name_section = NULL;
	}
	if (options->any)
		watch_any(rewrite);
	else if (!rewrite_find(rewrite, options->said, options->all))
		return false;
	if (options->candidate >= rewrite->candidate_count) {
		rewrite->reason = "there is no such candidate";
		return false;
	}
	return rewrite_make(rewrite, rewrite->candidates[options->candidate],
		REWRITE_CATCH | (options->hold_start ? REWRITE_HOLD_START : 0), result);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time); /* whatever else runs on the machine */
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* False: the module is left alone. */
static bool one(const char *in, const char *out, const struct options *options)
{
	struct rewrite rewrite = {.arena.memory = {.map = map, .unmap = unmap}};
	struct rewrite_result result = {0};
	double best = 1e9;
	bool done = false;
	size_t size;
	uint8_t *bytes = read_file(in, &size);

	for (unsigned i = 0; i < options->times; i++) {
		double start = now();

		rewrite_free(&rewrite);
		done = work(&rewrite, options, bytes, size, &result);
		if (now() - start < best)
			best = now() - start;
	}
	if (done && !options->stripped && !names_come_back(&rewrite.module, &result))
		errx(1, "%s: its names do not come back", in);
	printf("{\"lost\": %u, ", rewrite.module.exports ? count_lost(&rewrite.module) : 0);
	put_module(&rewrite.module);
	printf(", \"seconds\": %.6f, \"memory\": %zu, \"candidates\": [", best, most_mapped);
	for (uint32_t i = 0; i < rewrite.candidate_count; i++) {
		printf("%s", i ? ", " : "");
		put_candidate(rewrite.candidates[i]);
	}
	if (done) {
		printf("], \"wide\": %s, \"hooks\": \"%s\", \"state\": \"%s\", \"start\": \"%s\", \"ranges\": [",
			result.wide ? "true" : "false", result.hooks, result.state, result.start);
		for (uint32_t i = 0; i < result.range_count; i++) {
			const struct rewrite_range *range = &result.ranges[i];

			printf("%s[%u, %u, %lld]", i ? ", " : "", range->at, range->size,
				range->original == REWRITE_NONE ? -1ll : (long long)range->original);
		}
		printf("]}\n");
	} else {
		printf("], \"reason\": \"%s\"}\n", rewrite.reason);
	}
	if (done && out) {
		FILE *file = fopen(out, "wb");

		if (!file || fwrite(result.bytes, 1, result.size, file) != result.size || fclose(file) != 0)
			err(1, "%s", out);
	}
	rewrite_free(&rewrite);
	free(bytes);
	return done;
}

int main(int argc, char **argv)
{
	struct options options = {.times = 1};
	char line[8192], *in = NULL, *out = NULL;
	bool many = false;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--said") && argv[i + 1])
			options.said = argv[++i];
		else if (!strcmp(argv[i], "--candidate") && argv[i + 1])
			options.candidate = (unsigned)atoi(argv[++i]);
		else if (!strcmp(argv[i], "--time") && argv[i + 1])
			options.times = (unsigned)atoi(argv[++i]);
		else if (!strcmp(argv[i], "--all"))
			options.all = true;
		else if (!strcmp(argv[i], "--hold-start"))
			options.hold_start = true;
		else if (!strcmp(argv[i], "--any"))
			options.any = true;
		else if (!strcmp(argv[i], "--stripped"))
			options.stripped = true;
		else if (!strcmp(argv[i], "--many"))
			many = true;
		else if (!in)
			in = argv[i];
		else
			out = argv[i];
	}
	if (!many && !in)
		errx(2, "usage: rewrite_tool [option...] IN.wasm [OUT.wasm]");
	if (!many)
		return one(in, out, &options) ? 0 : 3;
	while (fgets(line, sizeof(line), stdin)) {
		in = strtok(line, " \n");
		out = strtok(NULL, " \n");
		if (in)
			one(in, out, &options);
	}
	return 0;
}
