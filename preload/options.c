/* options.c: see options.h. One table: name, how to read it, default. */
#include "options.h"

#include <string.h>

#include "text.h"

#define ARGUMENTS_MOST (1u << 22)        /* the kernel gives fewer: anything else is no count */

#define DAY_NS        86400000000000u

extern char **environ;
extern void *__libc_stack_end;           /* the loader's: the count of arguments, then they */

static bool read_switch(const char *text, bool *value)
{
	if ((text[0] != '0' && text[0] != '1') || text[1])
		return false;
	*value = text[0] == '1';
	return true;
}

static bool read_follow(const char *text)
{
	return read_switch(text, &library.follow);
}

static bool read_quiet(const char *text)
{
	return read_switch(text, &library.quiet);
}

static bool read_gc(const char *text)
{
	return read_switch(text, &library.collect);
}

static bool read_stack_depth(const char *text)
{
	const char *end;
	uint64_t depth = text_number(text, &end);

	if (*end || end == text || depth > 1024)
		return false;
	library.block_stacks = depth > 0;
	library.stack_depth = depth ? (uint32_t)depth : 1;
	return true;
}

/* Samples a second of CPU time; the kernel sees to it at its own ticks, of which there are 100 to 1000. */
static bool read_cpu(const char *text)
{
	const char *end;
	uint64_t rate = text_number(text, &end);

	if (*end || end == text || rate > 1000)
		return false;
	library.cpu_period = rate ? 1000000000u / rate : 0;
	return true;
}

/* off, memory, heap: `heap` has all that `memory` has. */
static bool read_wasm(const char *text)
{
	library.wasm = strcmp(text, "off") != 0;
	library.wasm_heap = library.wasm && strcmp(text, "memory") != 0;
	return !library.wasm || !library.wasm_heap || strcmp(text, "heap") == 0;
}

/* What makes no sense in it is told of each module (rewrite/said.c). */
static bool read_wasm_alloc(const char *text)
{
	size_t length = strlen(text);

	if (length >= sizeof(library.wasm_alloc))
		return false;
	memcpy(library.wasm_alloc, text, length + 1);
	return true;
}

/* "500ms", "2s" */
static bool read_mark_every(const char *text)
{
	const char *unit;
	uint64_t count = text_number(text, &unit), nanoseconds = strcmp(unit, "s") == 0 ? 1000000000u : 1000000u;

	if (unit == text || unit - text > 8 || (strcmp(unit, "s") != 0 && strcmp(unit, "ms") != 0) || count < 1 ||
	    count > DAY_NS / nanoseconds)
		return false;
	library.mark_every = count * nanoseconds;
	return true;
}

static const struct option {
	const char *name;                /* of the variable */
	bool (*read)(const char *text);  /* into `library`; false: it makes no sense */
	const char *expected;            /* for the complaint */
} options[] = {
	{"PROBE_CPU", read_cpu, "a number from 0 to 1000"},
	{"PROBE_FOLLOW", read_follow, "0 or 1"},
	{"PROBE_GC", read_gc, "0 or 1"},
	{"PROBE_MARK_EVERY", read_mark_every, "a time from 1ms to 86400s, such as 500ms or 2s"},
	{"PROBE_QUIET", read_quiet, "0 or 1"},
	{"PROBE_STACK_DEPTH", read_stack_depth, "a number from 0 to 1024"},
	{"PROBE_WASM", read_wasm, "off, memory or heap"},
	{"PROBE_WASM_ALLOC", read_wasm_alloc, "shorter than 512 bytes"},
};

static void hand_on(const char *variable, size_t *used)
{
	size_t size = strlen(variable) + 1;

	if (*used + size < sizeof(library.handed_on)) {
		memcpy(library.handed_on + *used, variable, size);
		*used += size;
	}
}

void options_read(char *const *environment)
{
	const char *loaded = text_variable(environment, "LD_PRELOAD");
	size_t used = 0;

	library.follow = true;
	library.collect = true;
	library.wasm = library.wasm_heap = true;
	library.stack_depth = STACK_DEPTH_STANDARD;
	library.block_stacks = true;
	/* valgrind knows no thread that libc has not made, and ends the program. */
	library.no_drain = loaded && strstr(loaded, "/vgpreload_");
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		const char *value = text_variable(environment, options[i].name);

		if (value && !options[i].read(value))
			text_format(library.complaint, sizeof(library.complaint),
			            "%s is '%s', but must be %s: the default is used", options[i].name, value,
			            options[i].expected);
	}
	for (; environment && *environment; environment++)
		if (strncmp(*environment, "PROBE_", 6) == 0 && strncmp(*environment, "PROBE_OUT=", 10) != 0)
			hand_on(*environment, &used);
}

char *const *options_environment(void)
{
	char *const *start = __libc_stack_end;
	uintptr_t argc = (uintptr_t)start[0];

	/* Before libc starts, in preinit functions (sanitizers have them), it stands on the stack alone. */
	if (!environ && argc < ARGUMENTS_MOST && !start[1 + argc])
		return start + 1 + argc + 1;
	return environ;
}
