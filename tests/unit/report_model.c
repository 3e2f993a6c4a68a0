/* report_model.c: recordings and names made by hand; see report_model.h. Stands in for names/ when linked first. */
#include "report_model.h"

#include "heap/cpu.h"

#include <stdio.h>
#include <string.h>

#include "names/names.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define ONE_SITE(array) .sites = (array), .site_count = COUNT_OF(array)

/* ---- names --------------------------------------------------------------------------------------------------- */

#define LEAK "/srv/leak/leak"
#define LIBC "/lib/x86_64-linux-gnu/libc.so.6"
#define NODE "/usr/local/bin/node"
#define APP  "/srv/app/dist/leak.js"
#define ADDON "/srv/app/node_modules/vector/build/Release/vector.node"

#define FRAME(kind_, function_, file_, line_, column_, module_, address_, inlined_) \
	{.kind = (kind_), .function = (function_), .file = (file_), .line = (line_), .column = (column_), \
	 .module = (module_), .address = (address_), .inlined = (inlined_)}

static const struct {
	uint64_t address;         /* as in the call tree */
	struct frame frame;       /* further frames of the address follow */
} symbols[] = {
	{0x401101, FRAME(FRAME_NATIVE, "retain", "/srv/leak/leak.c", 12, 9, LEAK, 0x401100, false)},
	{0x401151, FRAME(FRAME_NATIVE, "copy_name", "/srv/leak/leak.c", 21, 0, LEAK, 0x401150, true)},
	{0x401151, FRAME(FRAME_NATIVE, "fill_table", "/srv/leak/leak.c", 34, 0, LEAK, 0x401150, false)},
	{0x401201, FRAME(FRAME_NATIVE, "main", "/srv/leak/leak.c", 48, 0, LEAK, 0x401200, false)},
	{0x7f0000001001, FRAME(FRAME_NATIVE, "__libc_start_call_main", NULL, 0, 0, LIBC, 0x7f0000001000, false)},
	{0x7f0000002001, FRAME(FRAME_NATIVE, "strdup", NULL, 0, 0, LIBC, 0x7f0000002000, false)},
	{0x800101, FRAME(FRAME_NATIVE, "__gnu_cxx::new_allocator<Vector>::allocate(unsigned long, void const*)",
	            "/usr/include/c++/12/bits/new_allocator.h", 137, 27, ADDON, 0x800100, true)},
	{0x800101, FRAME(FRAME_NATIVE, "std::allocator_traits<std::allocator<Vector> >::allocate(std::allocator<Vector>"
	            "&, unsigned long)", "/usr/include/c++/12/bits/alloc_traits.h", 464, 28, ADDON, 0x800100, true)},
	{0x800101, FRAME(FRAME_NATIVE, "std::_Vector_base<Vector, std::allocator<Vector> >::_M_allocate(unsigned long)",
	            "/usr/include/c++/12/bits/stl_vector.h", 378, 33, ADDON, 0x800100, true)},
	{0x800101, FRAME(FRAME_NATIVE, "geometry::Collection<geometry::Vector<double, 3>, geometry::Arena>::append("
	            "geometry::Vector<double, 3> const&)",
	            "/srv/app/node_modules/vector/src/geometry/collection.cc", 211, 5, ADDON, 0x800100, false)},
	{0x7f3300000301, FRAME(FRAME_JS, "retainBuffers", "/srv/app/leak.js", 12, 9, NULL, 0x7f3300000300, false)},
	{0x7f3300000401, FRAME(FRAME_JS, "retainBuffers", "/srv/app/leak.js", 12, 9, NULL, 0x7f3300000400, false)},
	{0x7f3400000101, {.kind = FRAME_JS, .function = "retainBuffers", .file = "/srv/app/src/leak.ts", .line = 5,
	                  .column = 22, .module = APP, .address = 0x7f3400000101, .tier = TIER_INTERPRETED}},
	{0x7f3400000201, {.kind = FRAME_JS, .function = "retainBuffers", .file = "/srv/app/src/leak.ts", .line = 3,
	                  .column = 9, .module = APP, .address = 0x7f3400000200, .tier = TIER_OPTIMIZED,
	                  .line_kind = LINE_FUNCTION}},
	{0x7f3400000301, {.kind = FRAME_JS, .function = "(anonymous)", .line = 2, .column = 7,
	                  .address = 0x7f3400000301, .tier = TIER_BASELINE}},
	{0x7f3400000a01, {.kind = FRAME_JS, .function = "(anonymous)", .file = "/srv/app/src/leak.ts", .line = 40,
	                  .column = 1, .module = APP, .address = 0x7f3400000a01, .tier = TIER_INTERPRETED}},
	{0x7f3400000401, {.kind = FRAME_WASM, .function = "kimchi::circuits::polynomial::Polynomial<F>::evaluate",
	                  .address = 0x7f3400000400, .tier = TIER_OPTIMIZED, .has_wasm_index = true, .wasm_index = 123,
	                  .has_wasm_offset = true, .wasm_offset = 69}},
	{0x7f3400000801, {.kind = FRAME_WASM, .function = "dlmalloc", .address = 0x7f3400000800, .tier = TIER_BASELINE,
	                  .has_wasm_index = true, .wasm_index = 7031, .has_wasm_offset = true, .wasm_offset = 20}},
	{0x7f3400000901, {.kind = FRAME_WASM, .function = "dlmalloc@probe", .address = 0x7f3400000900,
	                  .tier = TIER_BASELINE, .has_wasm_index = true, .wasm_index = 25}},
	{0x7f3400000501, {.kind = FRAME_JS, .function = "Module._compile", .file = "node:internal/modules/cjs/loader",
	                  .line = 1521, .column = 14, .module = "node:internal/modules/cjs/loader",
	                  .address = 0x7f3400000501, .tier = TIER_INTERPRETED, .line_kind = LINE_FUNCTION}},
	{0x7f3400000601, {.kind = FRAME_JS, .function = "RegExp /a(b+)c/", .address = 0x7f3400000600}},
	{0x7f3400000701, {.kind = FRAME_UNKNOWN, .address = 0x7f3400000700, .why = UNKNOWN_UNTOLD}},
	{0x501101, {.kind = FRAME_BUILTIN, .function = "ArrayForEach", .module = NODE, .address = 0x501100}},
	{0x501201, {.kind = FRAME_BUILTIN, .function = "CallProperty1Handler", .module = NODE, .address = 0x501200,
	            .machinery = true}},
	{0x501301, {.kind = FRAME_JS, .module = NODE, .address = 0x501300, .tier = TIER_INTERPRETED,
	            .why = UNKNOWN_INTERPRETED}},
	{0x500401, FRAME(FRAME_NATIVE, "node::Buffer::New(v8::Isolate*, unsigned long)", NULL, 0, 0, NODE, 0x500400,
	                 false)},
	{0x501401, FRAME(FRAME_NATIVE, "node::TaskQueue<v8::Task>::Push(std::unique_ptr<v8::Task>)", NULL, 0, 0, NODE,
	                 0x501400, false)},
	{0x500501, FRAME(FRAME_NATIVE, "node::InitializeOncePerProcess(std::vector<>)", NULL, 0, 0, NODE, 0x500500,
	                 false)},
	{0x500601, FRAME(FRAME_NATIVE, "node::LoadEnvironment(node::Environment*)", NULL, 0, 0, NODE, 0x500600, false)},
	{0x500701, FRAME(FRAME_NATIVE, "node::worker::Worker::StartThread()", NULL, 0, 0, NODE, 0x500700, false)},
	{0x500801, FRAME(FRAME_NATIVE, "OPENSSL_init_crypto", NULL, 0, 0, NODE, 0x500800, false)},
	{0x500901, FRAME(FRAME_NATIVE, "SSL_CTX_new", NULL, 0, 0, NODE, 0x500900, false)},
	{0x7f0000003001, FRAME(FRAME_NATIVE, "__GI_setlocale", NULL, 0, 0, LIBC, 0x7f0000003000, false)},
	{0x7f0000004001, FRAME(FRAME_NATIVE, "_IO_file_doallocate", NULL, 0, 0, LIBC, 0x7f0000004000, false)},
	{0x7f0000005001, FRAME(FRAME_NATIVE, "puts", NULL, 0, 0, LIBC, 0x7f0000005000, false)},
	{0x7f0000006001, FRAME(FRAME_NATIVE, "fwrite", NULL, 0, 0, LIBC, 0x7f0000006000, false)},
	{0x800301, FRAME(FRAME_NATIVE, "setlocale", NULL, 0, 0, ADDON, 0x800300, false)},
	{0x500101, FRAME(FRAME_NATIVE, "node::Start(int, char**)", NULL, 0, 0, NODE, 0x500100, false)},
	{0x500201, FRAME(FRAME_NATIVE, "node::BackingStore::取得\033[31m(\xff)", NULL, 0, 0, NODE, 0x500200, false)},
};

size_t model_resolved;
const char *model_problems[4];

struct names { const struct recording *recording; };

struct names *names_open(const struct recording *recording)
{
	static struct names names[4];
	static size_t used;

	names[used % 4].recording = recording;
	return &names[used++ % 4];
}

struct names *names_open_beside(const struct recording *recording, const struct names *other)
{
	(void)other;
	return names_open(recording);
}

struct binary *names_binary(struct names *names, struct process_id process, struct node_id node, uint64_t *vaddr,
                            bool *exact)
{
	(void)names, (void)process, (void)node, (void)vaddr, (void)exact;
	return NULL;
}

void names_close(struct names *names)
{
	(void)names;
}

size_t names_problems(struct names *names, const char *const **sentences)
{
	size_t count = 0;

	(void)names;
	while (model_problems[count])
		count++;
	*sentences = model_problems;
	return count;
}

size_t names_resolve(struct names *names, struct process_id process, struct node_id node, const struct frame **frames)
{
	static struct frame known[COUNT_OF(symbols)], unknown[64];
	const struct process_info *info = &names->recording->processes[process.index];
	uint64_t address = info->nodes[node.index - TRACE_FIRST_NODE].address;
	struct frame *made;
	size_t first, count = 0;

	model_resolved++;
	for (first = 0; first < COUNT_OF(symbols) && symbols[first].address != address;)
		first++;
	for (; first + count < COUNT_OF(symbols) && symbols[first + count].address == address; count++)
		known[first + count] = symbols[first + count].frame;
	if (count) {
		*frames = &known[first];
		return count;
	}
	for (made = unknown; made->address && made->address != address - 1;)
		made++;
	*made = (struct frame){.kind = FRAME_UNKNOWN, .address = address - 1, .why = UNKNOWN_MODULE};
	for (size_t i = 0; i < info->module_count; i++)
		if (address > info->modules[i].start && address <= info->modules[i].end)
			made->module = info->modules[i].path, made->why = UNKNOWN_SYMBOL;
	*frames = made;
	return 1;
}

/* ---- one process --------------------------------------------------------------------------------------------- */

static struct module leak_modules[] = {
	{.path = LEAK, .start = 0x401000, .end = 0x402000, .unloaded = UINT64_MAX},
	{.path = LIBC, .bias = 0x7f0000000000, .start = 0x7f0000000000, .end = 0x7f0000100000,
	 .unloaded = UINT64_MAX},
};

static struct trace_node leak_nodes[] = {
	[0] = {0x7f0000001001, TRACE_STACK_ROOT, 0}, /* 4 */
	[1] = {0x401201, 4, 0},                      /* 5: main */
	[2] = {0x401101, 5, 0},                      /* 6: retain, main */
	[3] = {0x401151, 5, 0},                      /* 7: copy_name, fill_table, main */
	[4] = {0x7f0000002001, 7, 0},                /* 8: strdup, copy_name, … */
};

static struct thread_info leak_threads[] = {{{0}, 4711, 0, "leak", {0}}, {{1}, 4711, 1, "leak", {0}}, {{2}, 4712, 0, "leak", {0}}};

static struct site leak_sites[] = {
	{.stack = {6}, .allocs = 1, .live_blocks = 1, .live_bytes = 98304, .bytes_allocated = 98304},
	{.stack = {8}, .allocs = 500, .frees = 489, .live_blocks = 11, .live_bytes = 57651,
	 .bytes_allocated = 2621440},
	{.stack = {7}, .allocs = 4, .live_blocks = 4, .live_bytes = 512, .bytes_allocated = 512},
	{.stack = {5}, .allocs = 1203000, .frees = 1203000, .temporary = 963201, .bytes_allocated = 1288490188},
};

static char *leak_argv[] = {"/srv/leak/leak", "--loop", "3", NULL};

static struct process_info leak_process = {
	.stem = "4711-1a2b-0badcafe-0", .exe = LEAK, .argv = leak_argv, .end = END_EXIT,
	.header = {.pid = 4711, .parent_pid = 4700, .ending_tick = 900, .stack_depth = 128,
	           .anchor = {{1000, 5000000000}}},
	.modules = leak_modules, .module_count = COUNT_OF(leak_modules), .threads = leak_threads, .thread_count = 3,
	.nodes = leak_nodes, .node_count = COUNT_OF(leak_nodes), .parent = {UINT32_MAX}, .ns_per_tick = 0.5,
	.events = 2407022, .recovered = 311, ONE_SITE(leak_sites),
	.totals = {.allocs = 1203505, .frees = 1203489, .bytes_allocated = 1291210444, .peak_bytes = 3355443,
	           .live_blocks = 16, .live_bytes = 156467, .temporary = 963201, .teardown_allocs = 1,
	           .teardown_frees = 27},
};

struct recording *model_leak(void)
{
	static struct recording recording = {
		.dir = "probe-1a2b-4711",
		.header = {.magic = TRACE_RECORDING_MAGIC, .realtime_ns = 1795157737123456789},
		.processes = &leak_process, .process_count = 1, .bytes_on_disk = 9730000,
	};
	return &recording;
}

struct recording *model_clean(void)
{
	static struct process_info process;
	static struct recording recording = {.dir = "clean", .processes = &process, .process_count = 1};

	process = leak_process;
	process.site_count = 0;
	process.totals = (struct totals){.allocs = 12, .frees = 12, .bytes_allocated = 480, .peak_bytes = 96};
	return &recording;
}

/* ---- a tree of processes ------------------------------------------------------------------------------------- */

static struct module node_modules[] = {
	{.path = NODE, .start = 0x500000, .end = 0x600000, .unloaded = UINT64_MAX},
	{.path = ADDON, .bias = 0x800000, .start = 0x800000, .end = 0x900000, .unloaded = UINT64_MAX},
	{.path = LIBC, .bias = 0x7f0000000000, .start = 0x7f0000000000, .end = 0x7f0000100000,
	 .unloaded = UINT64_MAX},
};

static struct trace_node node_nodes[] = {
	[0] = {0x500101, TRACE_STACK_ROOT, 0},       /* 4: node::Start */
	[1] = {0x7f3300000101, 4, 0},                /* 5: generated code, … */
	[2] = {0x7f3300000201, 5, 0},                /* 6: …, … */
	[3] = {0x500301, 6, 0},                      /* 7: node without symbol, 2 in no module, node::Start */
	[4] = {0x800101, 7, 0},                      /* 8: C++ with three inlined frames, … */
	[5] = {0x500201, TRACE_STACK_LOST, 0},       /* 9: a name that must not reach a terminal */
	[6] = {0x800201, TRACE_STACK_CUT, 0},        /* 10: addon without symbol, cut */
	[7] = {0x500101, 10, 0},                     /* 11 */
	[8] = {0x7f3300000301, 4, 0},                /* 12: retainBuffers, node::Start; */
	[9] = {0x7f3300000401, 4, 0},                /* 13: the same in another process */
};

static struct site npm_sites[] = {
	{.stack = {9}, .process = {0}, .allocs = 20, .frees = 10, .live_blocks = 10, .live_bytes = 10240},
	{.stack = {12}, .process = {0}, .domain = DOMAIN_WASM_HEAP, .allocs = 1, .live_blocks = 1, .live_bytes = 300},
};
static struct site sh_sites[] = {
	{.stack = {4}, .process = {1}, .allocs = 2, .live_blocks = 2, .live_bytes = 64},
};
static struct site node_sites[] = {
	{.stack = {8}, .process = {2}, .allocs = 1204, .live_blocks = 1204, .live_bytes = 1204 * 1024},
	{.stack = {9}, .process = {2}, .allocs = 5, .frees = 2, .live_blocks = 3, .live_bytes = 3072},
	{.stack = {8}, .process = {2}, .domain = DOMAIN_MAP, .allocs = 3, .live_blocks = 3, .live_bytes = 67108864},
	{.stack = {13}, .process = {2}, .domain = DOMAIN_WASM_HEAP, .allocs = 1, .live_blocks = 1, .live_bytes = 400},
	{.stack = {11}, .process = {2}, .allocs = 7, .live_blocks = 1, .frees = 6, .live_bytes = 100},
	{.stack = {TRACE_STACK_NONE}, .process = {2}, .allocs = 1, .live_blocks = 1, .live_bytes = 8},
};
static struct site worker_sites[] = {
	{.stack = {8}, .process = {3}, .allocs = 100, .live_blocks = 100, .live_bytes = 102400},
	{.stack = {9}, .process = {3}, .allocs = 9, .frees = 9},
};

static char *npm_argv[] = {"npm", "test", NULL};
static char *sh_argv[] = {"sh", "-c", "node --test 'test/*.js' && echo \"gut\tgemacht\"", NULL};
static char *node_argv[] = {"node", "--test", "test/*.js", NULL};
static char *worker_argv[] = {
	"/usr/local/bin/node", "/srv/app/test/ルーター/very/long/path/to/a/worker/script.js", "", "", NULL,
};
static char *tree_warnings[] = {"PROBE_STACK_DEPTH=many makes no sense: 128 is used"};
static char *worker_warnings[] = {"the drain could not be started"};
static struct mark node_marks[] = {{"proof 1 \xfe done", 3000}};

#define NODE_PROCESS .modules = node_modules, .module_count = COUNT_OF(node_modules), .nodes = node_nodes, \
	.node_count = COUNT_OF(node_nodes), .ns_per_tick = 1, .exe = NODE

static struct process_info tree_processes[] = {
	{.stem = "100-10-cafe0001-0", NODE_PROCESS, .argv = npm_argv, .end = END_EXIT, .status = 1, .events = 30,
	 .header = {.pid = 100, .parent_pid = 1, .start_ticks = 10, .ending_tick = 9}, .parent = {UINT32_MAX},
	 .threads = leak_threads, .thread_count = 3, ONE_SITE(npm_sites),
	 .totals = {.allocs = 20, .frees = 10, .bytes_allocated = 20480, .peak_bytes = 10240, .live_blocks = 10,
	            .live_bytes = 10240}},
	{.stem = "101-11-cafe0001-0", NODE_PROCESS, .argv = sh_argv, .end = END_EXEC, .events = 2,
	 .header = {.pid = 101, .parent_pid = 100, .start_ticks = 11}, .parent = {0}, .threads = leak_threads,
	 .thread_count = 1, ONE_SITE(sh_sites),
	 .totals = {.allocs = 2, .bytes_allocated = 64, .peak_bytes = 64, .live_blocks = 2, .live_bytes = 64}},
	{.stem = "101-11-cafe0001-1", NODE_PROCESS, .argv = node_argv, .end = END_KILLED, .events = 4000, .lost = 12,
	 .header = {.pid = 101, .parent_pid = 100, .start_ticks = 11, .image = 1, .lost = {7, 2}, .stack_depth = 2,
	            .anchor = {{1000, 5000000000}}}, .parent = {0},
	 .threads = leak_threads, .thread_count = 3, ONE_SITE(node_sites), .marks = node_marks, .mark_count = 1,
	 .totals = {.allocs = 1217, .frees = 8, .bytes_allocated = 1240000, .peak_bytes = 1236200,
	            .live_blocks = 1209, .live_bytes = 1236076, .unmatched_frees = 3, .repaired = 1,
	            .inherited_frees = 2}},
	{.stem = "102-12-cafe0001-0", NODE_PROCESS, .argv = worker_argv, .end = END_SIGNAL, .status = 11,
	 .events = 118,
	 .header = {.pid = 102, .parent_pid = 101, .start_ticks = 12, .flags = TRACE_PROCESS_OWN_HEAP}, .parent = {2},
	 .threads = leak_threads, .thread_count = 1, ONE_SITE(worker_sites), .warnings = worker_warnings,
	 .warning_count = 1,
	 .totals = {.allocs = 109, .frees = 9, .bytes_allocated = 102500, .peak_bytes = 102400, .live_blocks = 100,
	            .live_bytes = 102400}},
	{.stem = "103-13-cafe0001-0", NODE_PROCESS, .argv = worker_argv, .end = END_RUNNING, .events = 118,
	 .header = {.pid = 103, .parent_pid = 101, .start_ticks = 13}, .parent = {2},
	 .threads = leak_threads, .thread_count = 1, ONE_SITE(worker_sites), .warnings = worker_warnings,
	 .warning_count = 1,
	 .totals = {.allocs = 109, .frees = 9, .bytes_allocated = 102500, .peak_bytes = 102400, .live_blocks = 100,
	            .live_bytes = 102400}},
};

static char *not_followed[] = {"/usr/bin/busybox: statically linked", "/bin/\033]0;evil\007su: setuid"};
static char *damage[] = {"101-11-cafe0001-1.log: chunk at 8192: wrong hash"};
static struct finding tree_findings[] = {{"not-followed", 3, not_followed, 2}, {"damage", 1, damage, 1}};

struct recording *model_tree(void)
{
	static struct recording recording = {
		.dir = "probe-10-100", .header = {.magic = TRACE_RECORDING_MAGIC, .realtime_ns = 1795157737000000001},
		.processes = tree_processes, .process_count = COUNT_OF(tree_processes), .bytes_on_disk = 43210,
		.warnings = tree_warnings, .warning_count = 1, .findings = tree_findings, .finding_count = 2,
	};
	return &recording;
}

/* ---- a script ------------------------------------------------------------------------------------------------ */

static struct trace_node script_nodes[] = {
	[0] = {0x500101, TRACE_STACK_ROOT, 0},       /* 4: node::Start */
	[1] = {0x501301, 4, 0},                      /* 5: a function that node's interpreter ran early on */
	[2] = {0x7f3400000501, 5, TRACE_NODE_EXACT}, /* 6: Module._compile */
	[3] = {0x7f3400000101, 6, TRACE_NODE_EXACT}, /* 7: retainBuffers, interpreted */
	[4] = {0x501201, 7, 0},                      /* 8: a bytecode handler of it */
	[5] = {0x500401, 8, 0},                      /* 9: node::Buffer::New */
	[6] = {0x7f0000002001, 9, 0},                /* 10: strdup */
	[7] = {0x7f3400000301, 6, TRACE_NODE_EXACT}, /* 11: eval */
	[8] = {0x501101, 11, 0},                     /* 12: ArrayForEach */
	[9] = {0x7f3400000201, 12, 0},               /* 13: retainBuffers, optimized */
	[10] = {0x500401, 13, 0},                    /* 14: node::Buffer::New */
	[11] = {0x7f3400000401, 13, 0},              /* 15: wasm */
	[12] = {0x7f3400000701, 15, 0},              /* 16: generated code that nobody told of */
	[13] = {0x7f3400000601, 4, 0},               /* 17: a regular expression */
	[14] = {0x500401, 17, 0},                    /* 18: node::Buffer::New */
	[15] = {0x7f3400000101, 6, TRACE_NODE_EXACT}, /* 19: retainBuffers again, as if it had moved, and … */
	[16] = {0x501201, 19, 0},                    /* 20: … a handler of it, */
	[17] = {0x500401, 20, 0},                    /* 21: node::Buffer::New */
	[18] = {0x7f3400000901, 15, 0},              /* 22: the wrapper of an allocator's function, … */
	[19] = {0x7f3400000801, 22, 0},              /* 23: … and what it wraps */
	[20] = {0x7f3400000a01, 6, TRACE_NODE_EXACT}, /* 24: a callback without a name */
};

static struct site script_sites[] = {
	{.stack = {10}, .allocs = 900, .live_blocks = 900, .live_bytes = 921600},
	{.stack = {14}, .allocs = 300, .frees = 200, .live_blocks = 100, .live_bytes = 102400},
	{.stack = {15}, .allocs = 3, .live_blocks = 3, .live_bytes = 65536},
	{.stack = {16}, .allocs = 1, .live_blocks = 1, .live_bytes = 4096},
	{.stack = {9}, .allocs = 1, .live_blocks = 1, .live_bytes = 2000},
	{.stack = {21}, .allocs = 1, .live_blocks = 1, .live_bytes = 1000},
	{.stack = {18}, .allocs = 1, .live_blocks = 1, .live_bytes = 512},
};

static char *script_argv[] = {"node", "dist/leak.js", NULL};
static struct runtime_note script_runtimes[] = {{1, TRACE_RUNTIME_NAMED, "V8 12.4", 5}};

struct recording *model_script(void)
{
	static struct process_info process = {
		NODE_PROCESS, .stem = "4712-1a2c-0badcafe-0", .argv = script_argv, .end = END_EXIT,
		.header = {.pid = 4712, .parent_pid = 4700, .ending_tick = 900, .stack_depth = 128},
		.threads = leak_threads, .thread_count = 3, .parent = {UINT32_MAX}, .events = 1407,
		ONE_SITE(script_sites),
		.runtimes = script_runtimes, .runtime_count = 1,
		.totals = {.allocs = 1207, .frees = 200, .bytes_allocated = 1300000, .peak_bytes = 1200000,
		           .live_blocks = 1007, .live_bytes = 1097144},
	};
	static struct recording recording = {
		.dir = "probe-1a2c-4712",
		.header = {.magic = TRACE_RECORDING_MAGIC, .realtime_ns = 1795157737123456789},
		.processes = &process, .process_count = 1, .bytes_on_disk = 40000,
	};

	process.nodes = script_nodes;
	process.node_count = COUNT_OF(script_nodes);
	return &recording;
}

/* ---- what node keeps of its start ---------------------------------------------------------------------------- */

static struct trace_node startup_nodes[] = {
	[0] = {0x500101, TRACE_STACK_ROOT, 0},       /* 4: node::Start */
	[1] = {0x500501, 4, 0},                      /* 5: InitializeOncePerProcess */
	[2] = {0x7f0000002001, 5, 0},                /* 6: strdup */
	[3] = {0x500601, 4, 0},                      /* 7: LoadEnvironment */
	[4] = {0x7f3400000501, 7, TRACE_NODE_EXACT}, /* 8: Module._compile of node */
	[5] = {0x500401, 8, 0},                      /* 9: node::Buffer::New */
	[6] = {0x7f3400000101, 8, TRACE_NODE_EXACT}, /* 10: retainBuffers of the program */
	[7] = {0x500401, 10, 0},                     /* 11: node::Buffer::New */
	[8] = {0x500301, 8, 0},                      /* 12: node without symbol */
	[9] = {0x501301, 7, 0},                      /* 13: a function that node's interpreter ran, whose is unknown */
	[10] = {0x500401, 13, 0},                    /* 14: node::Buffer::New */
	[11] = {0x500701, TRACE_STACK_ROOT, 0},      /* 15: a worker */
	[12] = {0x500601, 15, 0},                    /* 16: LoadEnvironment of it */
	[13] = {0x500801, 10, 0},                    /* 17: OPENSSL_init_crypto, called by the program */
	[14] = {0x7f0000002001, 17, 0},              /* 18: strdup */
	[15] = {0x800101, 17, 0},                    /* 19: an addon that OpenSSL called */
	[16] = {0x500901, 10, 0},                    /* 20: SSL_CTX_new */
	[17] = {0x7f0000003001, 4, 0},               /* 21: setlocale */
	[18] = {0x800301, 4, 0},                     /* 22: another's function of this name */
	[19] = {0x7f0000005001, 4, 0},               /* 23: puts */
	[20] = {0x7f0000004001, 23, 0},              /* 24: the buffer of standard output */
	[21] = {0x7f0000006001, 4, 0},               /* 25: fwrite */
	[22] = {0x7f0000004001, 25, 0},              /* 26: the buffer of some stream */
	[23] = {0x800101, 8, 0},                     /* 27: an addon, loaded at the start */
	[24] = {0x800101, 10, 0},                    /* 28: the addon deep inside, called by retainBuffers: 4 frames */
	[25] = {0x800101, 28, 0},                    /* 29 */
	[26] = {0x800101, 29, 0},                    /* 30 */
	[27] = {0x501401, 10, 0},                    /* 31: a task that V8 posts in the middle of retainBuffers */
};

#define STARTUP(node, bytes) {.stack = {node}, .allocs = 1, .live_blocks = 1, .live_bytes = (bytes)}

static struct site startup_sites[] = {
	STARTUP(6, 2000), STARTUP(9, 1800), STARTUP(11, 1701), STARTUP(12, 1600), STARTUP(14, 1501), STARTUP(16, 1401),
	STARTUP(18, 1300), STARTUP(19, 1201), STARTUP(20, 1101), STARTUP(21, 1000), STARTUP(22, 901), STARTUP(24, 800),
	STARTUP(26, 701), STARTUP(27, 601), STARTUP(30, 501),
};

struct recording *model_startup(void)
{
	static struct process_info process = {
		NODE_PROCESS, .stem = "4713-1a2c-0badcafe-0", .argv = script_argv, .end = END_EXIT,
		.header = {.pid = 4713, .ending_tick = 900}, .threads = leak_threads, .thread_count = 3,
		.parent = {UINT32_MAX}, ONE_SITE(startup_sites), .runtimes = script_runtimes, .runtime_count = 1,
	};
	static struct recording recording = {.dir = "startup", .processes = &process, .process_count = 1};

	process.nodes = startup_nodes;
	process.node_count = COUNT_OF(startup_nodes);
	return &recording;
}

struct recording *model_crowd(void)
{
	static char stems[63][24];
	static struct site sites[63];
	static struct process_info processes[63];
	static struct recording recording = {.dir = "crowd", .processes = processes, .process_count = 63};

	for (uint32_t i = 0; i < 63; i++) {
		snprintf(stems[i], sizeof(stems[i]), "%u-%x-cafe0001-0", 100 + i, i);
		sites[i] = (struct site){
			.process = {i}, .stack = {5}, .allocs = 1, .live_blocks = 1, .live_bytes = i};
		processes[i] = (struct process_info){
			.stem = stems[i], .exe = LEAK, .end = i == 50 ? END_SIGNAL : END_EXIT,
			.status = i == 50 ? 6 : 0,
			.header = {.pid = 100 + i, .start_ticks = i}, .parent = {i ? 0 : UINT32_MAX}, .events = 1,
			.modules = leak_modules, .module_count = COUNT_OF(leak_modules), .nodes = leak_nodes,
			.node_count = COUNT_OF(leak_nodes), .threads = leak_threads, .thread_count = 1,
			.sites = &sites[i], .site_count = 1,
			.totals = {.allocs = 1, .live_blocks = 1, .live_bytes = i,
			           .bytes_allocated = i, .peak_bytes = i},
		};
	}
	processes[61].parent.index = 62;
	processes[62].parent.index = 61;
	return &recording;
}

static char *empty_files[] = {"pid 7: its file holds nothing"};
static struct finding damaged_findings[] = {{"damage", 2, damage, 1}, {"not-recorded", 1, empty_files, 1}};

static struct recording model_with(struct finding *findings, size_t count)
{
	struct recording recording = *model_clean();

	recording.findings = findings;
	recording.finding_count = count;
	return recording;
}

struct recording *model_damaged(void)
{
	static struct recording recording;

	recording = model_with(damaged_findings, 2);
	return &recording;
}

struct recording *model_not_recorded(void)
{
	static struct recording recording;

	recording = model_with(damaged_findings + 1, 1);
	return &recording;
}

const char *names_class(struct names *names, struct process_id process, uint32_t vtable)
{
	(void)names, (void)process, (void)vtable;
	return NULL;
}

bool names_class_size(struct names *names, struct process_id process, uint32_t vtable, uint64_t *size)
{
	(void)names, (void)process, (void)vtable;
	*size = 0;
	return true;
}

struct recording *model_sampled(struct recording *of)
{
	enum { ROWS = 12, SAMPLES = 20 };
	static struct recording recording;
	static struct process_info process;
	static struct thread_info threads[2] = {{.tid = 4711, .name = "node"}, {.stream = {1}, .tid = 4712, .name = "worker"}};
	static struct cpu_row rows[ROWS];
	static struct cpu_sample samples[ROWS * SAMPLES];
	static struct cpu cpu;

	recording = *of;
	process = recording.processes[0];
	recording.processes = &process;
	recording.process_count = 1;
	cpu = (struct cpu){.sampling = {.period_ns = 5025125, .counters = 1 << TRACE_CPU_CYCLES | 1 << TRACE_CPU_INSTRUCTIONS},
	                   .rows = rows, .handlers_ns = 300000, .samples = samples};
	for (uint32_t i = 0; i < process.site_count && i < ROWS; i++, cpu.row_count++) {
		uint64_t time = 5000000 * (uint64_t)(SAMPLES - i);

		rows[i] = (struct cpu_row){.thread = i % 3 == 2, .stack = process.sites[i].stack, .samples = SAMPLES - i,
		                           .amounts = {[TRACE_CPU_TIME] = time, [TRACE_CPU_CYCLES] = 3 * time, [TRACE_CPU_INSTRUCTIONS] = 4 * time}};
		for (uint64_t n = 0; n < rows[i].samples; n++, cpu.sample_count++)
			samples[cpu.sample_count] = (struct cpu_sample){process.header.anchor[0].tick + 7000000 * (cpu.sample_count + 1), 5000000, i};
		cpu.taken += rows[i].samples;
		for (int kind = 0; kind < TRACE_CPU_KINDS; kind++)
			cpu.amounts[kind] += rows[i].amounts[kind];
	}
	process.cpu = &cpu;
	process.threads = threads;
	process.thread_count = 2;
	process.usage = (struct usage){
		.told = true, .record = {.user_us = cpu.amounts[TRACE_CPU_TIME] / 1000 + 20000, .system_us = 5000},
	};
	return &recording;
}
