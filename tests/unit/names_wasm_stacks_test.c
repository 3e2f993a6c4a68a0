/* names_wasm_stacks_test.c: where the stacks of blocks inside linear memories begin. */
#include <stdlib.h>

#include "names/wasm_stacks.h"
#include "names_recording.h"
#include "suite.h"

#define AT 0x7f3300000000ull

static struct recording *recording;
static struct process_id first;
static struct wasm_watched watched[] = {{25, "malloc", "malloc", "its name"}, {9, "calloc", NULL, "its shape"}};
static struct wasm_told told = {.watched = watched, .watched_count = 2};

/* Of generated code, from the outermost to the innermost: who leads to the hooks, and what they call. */
enum { WORK, KEEP, OTHER, WRAPPER, INNER_WRAPPER, GROWS, HOOK, GLUE, BUILTIN, CODES };

static const struct { enum trace_code_kind kind; const char *name; } codes[CODES] = {
	[WORK] = {TRACE_CODE_BYTECODE, "JS:~work /srv/leak.js:3:14"},
	[KEEP] = {TRACE_CODE_WASM, "JS:keep-2-liftoff"},
	[OTHER] = {TRACE_CODE_WASM, "JS:helper-9-liftoff"},
	[WRAPPER] = {TRACE_CODE_WASM, "JS:malloc@probe-25-liftoff"},
	[INNER_WRAPPER] = {TRACE_CODE_WASM, "JS:wasm-function[9]-9-turbofan"},
	[GROWS] = {TRACE_CODE_WASM, "JS:wasm-function[31]-31-liftoff"},
	[HOOK] = {TRACE_CODE_WASM, "JS:probe.hook.born-4-liftoff"},
	[GLUE] = {TRACE_CODE_WASM, "JS:wasm-to-js:i:i-imp-0-turbofan"},
	[BUILTIN] = {TRACE_CODE_BUILTIN, "Builtin:HandleApiCallOrConstruct"},
};

/* A stack of these codes, the outermost first, up to −1. */
static struct node_id stack_of(const int *path)
{
	struct node_id node = {TRACE_STACK_ROOT};

	for (; *path >= 0; path++)
		node = made_node(recording, first, (struct trace_node){AT + 0x1000 * (uint64_t)*path + 9, node.index, 0});
	return node;
}

#define STACK(...) stack_of((const int[]){__VA_ARGS__, -1})

static void set_up(void)
{
	struct process_info *process;

	recording = made_recording();
	process = &recording->processes[first.index];
	made_codes(recording, first, CODES);
	for (size_t i = 0; i < CODES; i++)
		made_code(recording, first, codes[i].kind, codes[i].name, AT + 0x1000 * i, 100, 0);
	process->wasm_told = &told;
	process->wasm_told_count = 1;
}

/* Where the stack of a site of this domain, and of a growth that was refused, begins. */
static struct node_id begins(enum domain domain, struct node_id stack, struct node_id *refused)
{
	struct process_info *process = &recording->processes[first.index];
	struct site site = {.domain = domain, .stack = stack};
	struct wasm_refused row = {.record = {.stack = stack.index}};
	struct names *names = names_open(recording);

	process->sites = &site;
	process->site_count = 1;
	process->wasm_refused = &row;
	process->wasm_refused_count = 1;
	names_wasm_stacks(recording, names);
	names_close(names);
	process->sites = NULL;
	process->wasm_refused = NULL;
	process->site_count = process->wasm_refused_count = 0;
	if (refused)
		*refused = (struct node_id){row.record.stack};
	return site.stack;
}

static void check(struct node_id stack, struct node_id wanted)
{
	ck_assert_uint_eq(begins(DOMAIN_WASM_HEAP, stack, NULL).index, wanted.index);
	/* Other stacks stay as they are. */
	ck_assert_uint_eq(begins(DOMAIN_HEAP, stack, NULL).index, stack.index);
}

/* `inner` frames more than the first `outer` of a stack: the node that they hang on. */
static struct node_id outwards(struct node_id node, int frames)
{
	while (frames--)
		node.index = recording->processes[first.index].nodes[node.index - TRACE_FIRST_NODE].parent;
	return node;
}

START_TEST(at_who_asked)
{
	struct node_id named, stripped, nested, inlined, none;

	set_up();
	named = STACK(WORK, KEEP, WRAPPER, HOOK, HOOK, GLUE, BUILTIN);
	check(named, outwards(named, 5));
	stripped = STACK(WORK, KEEP, INNER_WRAPPER, HOOK, GLUE, BUILTIN);
	check(stripped, outwards(stripped, 4));
	/* A caller that has the index of some other module's allocator stays. */
	nested = STACK(WORK, OTHER, WRAPPER, HOOK, GLUE, BUILTIN);
	check(nested, outwards(nested, 4));
	/* The wrapper has no frame. */
	inlined = STACK(WORK, KEEP, HOOK, GLUE, BUILTIN);
	check(inlined, outwards(inlined, 3));
	none = STACK(WORK, KEEP);
	check(none, none);
	/* Nobody called the wrapper that could be seen. */
	none = STACK(WRAPPER, HOOK, GLUE, BUILTIN);
	ck_assert_uint_eq(begins(DOMAIN_WASM_HEAP, none, NULL).index, TRACE_STACK_ROOT);
	made_recording_free(recording);
}
END_TEST

START_TEST(what_grows_the_memory_is_left_out)
{
	struct node_id stack, refused;

	set_up();
	stack = STACK(WORK, KEEP, GROWS, HOOK, GLUE, BUILTIN);
	begins(DOMAIN_HEAP, stack, &refused);
	ck_assert_uint_eq(refused.index, outwards(stack, 4).index);
	made_recording_free(recording);
}
END_TEST

SUITE_MAIN("wasm_stacks", at_who_asked, what_grows_the_memory_is_left_out)
