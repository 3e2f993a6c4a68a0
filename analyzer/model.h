/*
 * model.h: what the analyzer knows of a recording, on one screen. trace/ fills in processes, modules, threads and
 * call trees; heap/ fills in sites, totals and mappings; names/ turns addresses into frames; commands/ print.
 *
 * Everything here is owned by struct recording and freed by recording_close. Ids are structs so that they cannot be
 * mixed up. Bytes are as requested; times are nanoseconds of the host's CLOCK_MONOTONIC unless said otherwise.
 */
#ifndef PROBE_MODEL_H
#define PROBE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probe/trace.h"

struct process_id { uint32_t index; };       /* index in recording.processes */
struct node_id    { uint32_t index; };       /* id of a node of one process's call tree, as in trace.h */
struct stream_id  { uint32_t index; };       /* id of a stream of one process, as in trace.h */

#define ADDRESSES_END (1ull << 47) /* of what the kernel gives a process that does not ask for more; so no sum is above it */

enum domain { DOMAIN_HEAP, DOMAIN_MAP, DOMAIN_WASM_MEMORY, DOMAIN_WASM_HEAP, DOMAIN_LOG, DOMAIN_POOL, DOMAINS };

/* A loaded ELF file, from load to unload. */
struct module {
	char     *path;           /* as the process saw it; "" for the vdso */
	uint8_t  *build_id;       /* NULL if it has none */
	uint32_t  build_id_size;  /* bytes */
	uint32_t  generation;     /* of its addresses; node_at() compares */
	uint64_t  bias;           /* runtime address − ELF virtual address */
	uint64_t  start, end;     /* runtime addresses, end exclusive */
	uint64_t  loaded, unloaded; /* ticks; unloaded is UINT64_MAX while it is there */
};

struct thread_info {
	struct stream_id stream;  /* whose events */
	uint32_t  tid;            /* kernel thread id */
	uint32_t  lane;           /* 0, or a signal handler's */
	char     *name;           /* comm when it began */
	struct node_id creator;   /* the stack that made it; index TRACE_STACK_NONE unknown */
};

struct child_note {           /* CHILD, WAITED and EXEC records, in order of time */
	uint16_t  type;           /* TRACE_RECORD_… */
	struct trace_child child; /* as recorded */
	char     *path;           /* EXEC: what was to run */
	uint64_t  tick;           /* when */
};

/* Code that a runtime generated, or told of. */
struct code {
	uint32_t  id;             /* of it in the process */
	uint32_t  size;           /* bytes */
	uint16_t  kind;           /* enum trace_code_kind */
	uint16_t  isolate;        /* number of it in the process, from 1; 0 all of them */
	uint32_t  lines_size;     /* bytes of lines */
	const char *name;         /* as the runtime gave it; in process_info.code_text, like … */
	const uint8_t *lines;     /* … its table as in trace.h, whole and checked (lines.h); NULL: it has none */
	uint64_t  tick;           /* when it was told */
};

/* Where code lies, from a generation of its addresses on. In the order in which it was told. */
struct code_place {
	uint64_t  address;        /* of the first byte */
	uint64_t  tick;           /* when it was told */
	uint32_t  generation;     /* TRACE_NODE_GENERATION bits */
	uint32_t  id;             /* of the code; of the parent's, if it was forked and has none of its own by it */
	const struct code *code;  /* it, or NULL: damage */
};

struct runtime_note {
	uint32_t  isolate;        /* number of it in the process, 0 all of them */
	uint32_t  state;          /* enum trace_runtime_state */
	char     *text;           /* the runtime, or what it lacks */
	uint64_t  tick;           /* when */
};

struct collected {            /* a full collection of a runtime's heap by the library, or that there was none */
	struct trace_collected record; /* as recorded */
	uint64_t  tick;           /* when it was done */
};

struct unfinalized {          /* objects of one registry that were gone, and whose callback had no turn */
	uint32_t  isolate;        /* number of it in the process, from 1 */
	struct node_id registry;  /* where the registry was made */
	struct node_id stack;     /* where the objects were registered, TRACE_STACK_NONE unknown */
	uint64_t  count;          /* of objects */
	uint64_t *held;           size_t held_count; /* the held values that are whole numbers from 0; owned */
	uint64_t  tick;           /* when they were told: their program ended */
	uint32_t  memory;         /* id of the linear memory that these point into, 0 unknown; and … */
	uint64_t  blocks, bytes;  /* … the live blocks there that they stand for */
};

struct runtime_heap {         /* what a runtime said of its heap */
	struct trace_runtime_heap record; /* as recorded */
	uint64_t  tick;           /* when */
};

struct usage {                /* of CPU, memory and the like */
	bool      told;
	struct trace_usage record; /* as recorded */
	uint64_t  tick;           /* when */
};

struct limits {               /* how much memory it may have, as it was told last; bytes */
	bool      told;
	uint64_t  address_space, address_space_used; /* as in struct trace_limits … */
	uint64_t  group;          /* … TRACE_LIMIT_NONE: none; group 0: not known */
	char     *group_path;     /* of the control group that has it, "" none */
};

struct mark {
	char     *label;
	uint64_t  tick;           /* of the process's clock */
};

/* ---- growth: what a site, or a memory, keeps from mark to mark (heap/growth.c) ---- */

enum trend {
	TREND_UNKNOWN,            /* too few marks to say */
	TREND_STEADY,             /* comes and goes, and stays within what it was */
	TREND_ONCE,               /* filled once and kept */
	TREND_GROWING,            /* more from mark to mark, up to the end */
};

struct growth {
	enum trend trend;
	double    bytes_per_mark; /* slope, robust against single marks; 0 unless growing */
	double    blocks_per_mark;
	double    confidence;     /* 0 to 1: how sure the trend is */
	uint32_t  marks;          /* that it was judged by */
	uint32_t  from;           /* GROWING: the number of the mark from which on */
};

/* Where growth is measured: marks of the program, or times. From the last to the first: what is taken if there is none. */
enum instants_kind {
	INSTANTS_SLICES,          /* equal slices of the time up to the leak instant, for want of marks */
	INSTANTS_PERIODIC,        /* marks that the library made every so often */
	INSTANTS_COLLECTIONS,     /* marks at garbage collections */
	INSTANTS_MARKS,           /* marks of the user's, of one label but for its numbers, or all of them */
};

struct instants {
	enum instants_kind kind;
	uint64_t *ticks;          /* in order of time; none is after the leak instant */
	uint32_t *numbers;        /* of the mark or slice, from 0; they have gaps where marks were very many */
	size_t    count;          /* 0: nothing is known of time */
	size_t    marks;          /* that there are, measured at or not */
	size_t    first, last;    /* index of the first and of the last mark in process_info.marks; not of slices */
	uint64_t  end;            /* tick of the leak instant, UINT64_MAX if it is that of the last event */
};

struct block_watch;
struct history;                  /* what sites had at the instants (heap/history.h) */

/* ---- wasm memories (heap/wasm.c) ---- */

#define WASM_BYTES_MOST (65536ull * 65536) /* of a memory with 32-bit addresses: V8's limit, if it declares none */

enum known { KNOWN_NOT, KNOWN_NO, KNOWN_YES };

struct wasm_declared {           /* what a program said of a memory that it made */
	uint64_t  tick;           /* just after its MAP */
	uint64_t  address;        /* where its reservation begins */
	uint64_t  maximum_bytes;  /* 0 unknown */
	bool      shared;
};

struct wasm_growth {              /* all growths of a memory from one stack; the first allocation is none */
	struct node_id stack;
	uint64_t  grows, bytes;
};

struct table;

/* ---- blocks inside them (heap/wasm_heap.c) ---- */

struct wasm_watched {             /* a function of a module's allocator that tells what it does */
	uint32_t  index;          /* in its module */
	char     *role;           /* "malloc", "free", …: what it is taken for */
	char     *name;           /* NULL: it has none */
	char     *why;            /* it was chosen; NULL unknown */
};

struct wasm_told {                /* an instance whose allocator tells of its blocks */
	struct trace_wasm_heap record; /* as recorded */
	uint64_t  tick;           /* when */
	uint32_t  memory;         /* id of its memory, 0: of none that is known */
	uint64_t  text;           /* a hash of what follows, which is the same for all instances of a module */
	bool      repeats;        /* it is owned by an earlier one */
	char     *why;            /* these functions were chosen; "" unknown */
	struct wasm_watched *watched; size_t watched_count;
};

struct wasm_refused {             /* memory.grow failed, once or several times in a row from one stack */
	struct trace_wasm_refused record; /* as recorded, the first */
	uint64_t  count;          /* in a row */
	uint64_t  tick;           /* of the first */
	uint32_t  memory;         /* id, 0: of none that is known */
};

struct wasm_unwatched {           /* an instance that does not tell of its blocks, or several in a row */
	struct trace_wasm_unwatched record; /* as recorded, the first */
	uint64_t  count;          /* in a row */
	uint64_t  tick;           /* of the first */
	uint32_t  memory;         /* id, 0: of none that is known */
	char     *why;            /* a sentence's middle */
};

/* How an allocator lays out its blocks: what each takes besides its bytes (heap/wasm_parts.c). */
enum wasm_layout { WASM_LAYOUT_UNKNOWN, WASM_LAYOUT_DLMALLOC, WASM_LAYOUT_EMMALLOC, WASM_LAYOUT_TLSF };

/* A memory's bytes at the leak instant or its death, told apart: all of these together. */
struct wasm_parts {
	uint64_t  static_bytes;   /* the module's data and zeroed variables, and what pads them */
	uint64_t  stack_bytes;    /* of the first thread */
	uint64_t  live_bytes;     /* blocks that are alive; what several of them claim counts once */
	uint64_t  overhead_bytes; /* that the allocator adds to each of them */
	uint64_t  free_bytes;     /* holes: free, or blocks that nobody told of */
	uint64_t  unused_bytes;   /* above the highest block that there ever was */
	uint64_t  unattributed_bytes;
	enum wasm_layout layout;
	bool      heap_known;     /* where the heap begins was told: else it is where the lowest block is */
	bool      stack_known;    /* so was the stack: else it is in static_bytes */
};

struct wasm_dropped {             /* what was told of a memory by functions that are not its allocator */
	uint64_t  until;          /* tick until which; 0: nothing was */
	uint64_t  allocs, frees, unknown_frees;
	bool      all;            /* nothing was told since */
};

struct wasm_heap {
	uint64_t  allocs, frees;  /* births and deaths; not those that went with the memory */
	uint64_t  live_blocks, live_bytes; /* at the leak instant, or when the memory died */
	uint64_t  unknown_frees;  /* of what was never seen born */
	uint64_t  replaced;       /* births where a block was alive */
	uint64_t  overlapping;    /* live blocks that begin within another one */
	uint64_t  outside;        /* live blocks that end behind the memory */
	uint64_t  lowest, highest; /* pointers: the first block's, and one past the last's, of all that there were */
	uint64_t  used;           /* tick of the last birth or death */
	uint32_t  module;         /* its first instance's: number of the rewritten module; 0 unknown */
	bool      no_deaths;      /* a collector in it frees, which is not told: nothing counts as alive */
	struct wasm_dropped dropped; /* what counts nowhere else */
	struct table *wrong;      /* like live, of what was dropped */
	struct table *live;       /* until the matching is done; owned; NULL: nothing is alive */
	struct wasm_parts parts;  /* at the same time */
};

struct wasm_memory {
	uint32_t  id;             /* in its process, from 1, by birth */
	uint64_t  base;           /* address of byte 0 */
	uint64_t  born, died;     /* ticks; died is UINT64_MAX while it is there */
	struct node_id stack;     /* that made it */
	uint64_t  initial_bytes, bytes; /* accessible at birth, and at the leak instant or its death */
	uint64_t  maximum_bytes;  /* 0 unknown */
	uint64_t  grows;
	enum known shared;
	struct wasm_growth *growth; size_t growth_count; /* by bytes, largest first */
	struct wasm_step { uint64_t tick, bytes; struct stream_id stream; struct node_id stack; } *steps;
	size_t    step_count;     /* each growth in order of time: the bytes that it added; of some that are gone and grew: 0 */
	struct growth trend;      /* of `bytes` from mark to mark */
	struct wasm_heap *heap;   /* owned; NULL: no block inside it was told, nor will be */
	bool      let_go;         /* the collection at the program's end freed it, and it counts as alive: see wasm_collecting */
};

/* ---- the ledger: where the resident memory of a process was at an instant (heap/ledger.c) ---- */

enum ledger_kind {
	LEDGER_LIVE,              /* live malloc blocks, as large as malloc makes them; without array buffers */
	LEDGER_ARRAY_BUFFERS,     /* live malloc blocks that back ArrayBuffers */
	LEDGER_RETAINED,          /* malloc's: free, and not given back; one part per arena */
	LEDGER_RUNTIME_HEAP,      /* V8's heap */
	LEDGER_RUNTIME_CODE,      /* … and its code */
	LEDGER_WASM,              /* linear memories */
	LEDGER_STACKS,            /* of threads */
	LEDGER_FILE,              /* mapped from one file */
	LEDGER_MAPPED,            /* mapped by one site of the program */
	LEDGER_INHERITED,         /* malloc's in a forked process: its parent's blocks, or free */
	LEDGER_PROBE,             /* libprobe's own */
	LEDGER_KINDS,
};

struct ledger_part {
	enum ledger_kind kind;
	char     *name;           /* of the arena, file, site …: what the report shows */
	uint64_t  bytes;          /* resident */
	uint64_t  trimmable;      /* RETAINED, of the last ledger: whole pages that malloc_trim would give back */
	struct node_id stack;     /* MAPPED, RUNTIME_…, WASM: a site; else TRACE_STACK_NONE */
	bool      executable;
};

/*
 * As the events alone tell it; names_ledgers() (names/ledgers.h) tells apart what only the names of functions do: until
 * then array buffers are LIVE, one part a call of malloc, and what a runtime mapped is MAPPED.
 */
struct ledger {
	uint64_t  tick;           /* when */
	uint16_t  reason;         /* enum trace_sample_reason */
	char     *at;             /* "exit", "killed", "last", a mark's label, "peak", or "": now and then */
	uint64_t  rss_bytes;
	uint64_t  unexplained_bytes; /* rss_bytes − the parts */
	struct ledger_part *parts; size_t part_count; /* by bytes, largest first */
	uint64_t  runtime_used;   /* bytes of live JavaScript objects as the runtime said last before; 0 unknown */
};

/* ---- the verdict (heap/verdict.c) ---- */

enum verdict_kind { VERDICT_UNKNOWN, VERDICT_NONE, VERDICT_LEAK, VERDICT_RETAINED, VERDICT_CACHE, VERDICT_RUNTIME_HEAP };

struct verdict {
	enum verdict_kind kind;
	char     *reason;         /* a sentence or more, with its evidence */
	enum domain domain;       /* LEAK, CACHE: of which domain … */
	struct node_id stack;     /* … and which site; index TRACE_STACK_NONE: none */
	double    weight;         /* bytes that it is about: the larger of two processes' is the worse */
};

/* ---- an imported log (heap/logged.c), which is a process here ---- */

struct log_site {             /* where a log says that a block is allocated, and what it is */
	char     *file;           /* NULL unknown */
	char     *type;           /* NULL unknown */
	uint32_t  line, column;   /* 0 unknown */
};

struct logged {
	struct trace_log record;  /* as recorded */
	struct log_site *sites;   size_t site_count; /* by address − 1 of the nodes */
	uint64_t  allocs, drops;  /* that make sense together */
	uint64_t  bytes_allocated, live_blocks, live_bytes, peak_bytes; /* of these */
};

struct totals {               /* of domain heap, up to the leak instant (ending_tick, else the end) */
	uint64_t  allocs, frees;  /* of its own blocks, not inherited ones; a realloc is one of each */
	uint64_t  bytes_allocated; /* sum of all births */
	uint64_t  peak_bytes;     /* most bytes alive at once */
	uint64_t  live_blocks, live_bytes; /* alive at the leak instant */
	uint64_t  temporary;      /* blocks freed with no other allocation of their thread in between */
	uint64_t  teardown_allocs, teardown_frees; /* after the leak instant */
	uint64_t  inherited_frees; /* frees of blocks that a parent allocated before the fork */
	uint64_t  unmatched_frees; /* of blocks that nobody was seen to allocate */
	uint64_t  repaired;       /* deaths or births that were put in order or implied because an address was
	                           * reused */
};

/* Of a site, what the collection at the program's end freed (heap/garbage.h). */
struct garbage_sum {
	uint64_t  blocks, bytes;
	uint64_t  looked_at;      /* blocks of the site that an earlier collection looked at */
	uint64_t  held_blocks, held_bytes; /* of those that were freed: found alive by it */
	uint64_t  kept_blocks, kept_bytes; /* of these: held, or so young that no collection had looked at them, but of a
	                           * site of which nearly all was held */
};

/* Of a site, what workers still held as they ended before the process did, and freed then (heap/workers.h). */
struct worker_sum {
	uint64_t  blocks, bytes;
};

/* Of a site, what only a pending finalizer held at the leak instant (heap/pending.h): not among the live ones. */
struct pending_sum {
	uint64_t  blocks, bytes;
};

/* The smallest and the largest of some blocks, bytes; 0: there are none, or not known. */
struct size_range { uint64_t smallest, largest; };

static inline void size_range_join(struct size_range *range, struct size_range other)
{
	if (!other.largest)
		return;
	if (!range->largest || other.smallest < range->smallest)
		range->smallest = other.smallest;
	if (other.largest > range->largest)
		range->largest = other.largest;
}

/* ---- tables of virtual functions (heap/objects.h) ---- */

#define VTABLES_MOST   65535u
#define VTABLE_SEVERAL UINT32_MAX

struct vtable {
	uint64_t  address;        /* that objects have */
	uint64_t  tick;           /* when it was told */
	char     *name;           /* in its typeinfo, "": none; NULL: there is no such table */
};

struct look {                 /* a record of what memory held */
	struct trace_vtables head; /* as recorded */
	uint64_t  tick;
	uint8_t  *words;          uint32_t size; /* as in trace.h; owned */
};

/* What a process told of its types and pools, and could not be followed (heap/told.h). */
struct told_sum {
	uint64_t  misplaced;      /* types of blocks that were not there */
	uint64_t  unknown_frees;  /* in pools: of blocks that were never told of */
};

/* What is known of blocks of one stack besides that: numbers of their process. */
struct claims {
	uint32_t  told;           /* what the process says that they are: in type_names; 0: it says nothing */
	uint32_t  vtable;         /* their class, by their table of virtual functions: in vtables; 0 unknown */
	uint32_t  elements;       /* of each block; VTABLE_SEVERAL: they differ; 0: it is no array of that class */
	bool      among;          /* others of the stack are of other classes: what asked for memory need not know the class's size */
	uint8_t   family;         /* enum trace_family: of the function that was called for the first of its blocks */
	bool      mixed;          /* others of the stack are of classes of their own: what its code says is not of these */
};

/*
 * All blocks that one stack of one process allocated in one domain, and that the process calls the same. Counts are up to
 * the leak instant.
 */
struct site {
	struct process_id process;
	enum domain domain;
	struct node_id stack;
	struct claims claims;
	bool      alive_only;     /* all rows of this stack together have allocs and frees; what died is not in this one's */
	uint64_t  allocs, frees;  /* births and deaths of its blocks */
	uint64_t  bytes_allocated; /* sum of births */
	uint64_t  live_blocks, live_bytes; /* at the leak instant */
	uint64_t  temporary;      /* see totals */
	uint64_t  peak_bytes;     /* what was alive of it when the process's heap was largest */
	struct growth growth;
	uint32_t  history;        /* its number in process_info.history */
	struct garbage_sum garbage;
	struct worker_sum held;
	struct pending_sum pending;
	struct size_range range;  /* of the live ones */
	uint64_t  since_blocks, since_bytes; /* of the live ones: born after the mark that was asked for */
};

struct finding {              /* damage, contradictions, what could not be followed */
	char     *kind;           /* a word, "damage", "not-followed", … */
	uint64_t  count;
	char    **examples;       size_t example_count; /* a few */
};

enum process_end { END_EXIT, END_EXEC, END_SIGNAL, END_KILLED, END_RUNNING };

struct process_info {
	char     *stem;           /* file name without ending; the id that users see */
	struct trace_process header; /* as recorded */
	char     *exe;            /* path, "" unknown */
	char    **argv;           /* NULL-terminated */
	enum process_end end;
	int       status;         /* END_EXIT: exit status; END_SIGNAL: signal number */
	struct module *modules;   size_t module_count;
	struct thread_info *threads; size_t thread_count; /* by stream */
	struct child_note *children; size_t child_count;
	struct mark *marks;       size_t mark_count; /* by time */
	struct code *codes;       size_t code_count; /* by id; each id once */
	struct code_place *places; size_t place_count; /* its own; it has its parent's as of fork_before, too */
	char     *code_text;      /* names and lines of codes */
	struct runtime_note *runtimes; size_t runtime_count;
	struct collected *collections; size_t collection_count; /* in the order in which they were recorded */
	struct runtime_heap *runtime_heaps; size_t runtime_heap_count; /* by time */
	struct unfinalized *unfinalized; size_t unfinalized_count;
	struct limits limits;
	struct usage usage;       /* what it took, as it was told last */
	struct usage *child_usages; size_t child_usage_count; /* what ended children took that it waited for */
	char    **warnings;       size_t warning_count;
	char    **jitdumps;       size_t jitdump_count; /* paths, as the process saw them */
	char    **suppressions;   size_t suppression_count; /* texts of whole lines, from its __lsan_default_suppressions;
	                           * a forked child goes by those of the process it was forked from */
	struct trace_node *nodes; size_t node_count; /* nodes[id − TRACE_FIRST_NODE]; every parent id is smaller than
	                                              * its child's or a TRACE_STACK_ value: checked, no cycles */
	bool      forked;         /* parent is where its inherited blocks come from */
	struct process_id parent; /* the process that made it, index UINT32_MAX unknown */
	double    ns_per_tick;    /* of its clock */
	uint64_t  events;         /* read, from log and rings */
	uint64_t  lost;           /* counted as lost by the library, or missing from the sequence */
	uint64_t  recovered;      /* events that came from a ring, not from the log */
	struct totals totals;
	struct site *sites;       size_t site_count; /* sorted by live_bytes, largest first */
	struct instants instants; /* where growth is measured */
	struct history *history;  /* NULL: nothing was measured */
	struct churn *churn;      /* what was counted block by block (heap/churn.h); NULL: nothing was asked for */
	struct cpu *cpu;          /* samples of its CPU time (heap/cpu.h); NULL before events were read */
	uint64_t  since;          /* blocks born after this tick count as since_…; UINT64_MAX: none was asked for */
	char    **type_names;     size_t type_name_count; /* what the process calls its types, by number; NULL: not told */
	struct told_sum told;
	const struct block_watch *watch; /* who wants each block (heap/watch.h); NULL nobody; not owned */
	struct logged *logged;    /* NULL: it is a process, and no log */
	struct finding *findings; size_t finding_count; /* of who recorded it, until they move to the recording */
	struct vtable *vtables;   size_t vtable_count; /* by number; owned */
	struct look *looks;       size_t look_count; /* in the order of time; owned */
	char     *unlooked;       /* a clause (trace/unlooked.h); NULL: nothing is missing; owned */
	bool      has_rows_by_class; /* a stack may have several sites in domain heap, by the class of their blocks */
	struct wasm_memory *wasm_memories; size_t wasm_memory_count; /* by birth */
	struct wasm_declared *declared; size_t declared_count; /* by address, then tick */
	size_t    wasm_memories_left_off; /* memories beyond these: too many were made and freed */
	struct wasm_told *wasm_told; size_t wasm_told_count; /* by base, then tick */
	struct wasm_refused *wasm_refused; size_t wasm_refused_count;
	struct wasm_unwatched *wasm_unwatched; size_t wasm_unwatched_count;
	struct wasm_heap *wasm_stray; /* blocks at addresses of no memory that is known; owned; NULL: there are none */
	struct node_id *wasm_stacks; size_t wasm_stack_count; /* that made a memory or let one grow; by index */
	struct sample *samples;   size_t sample_count; /* by time (trace/sample.h) */
	struct ledger *ledgers;   size_t ledger_count; /* by time; the last is that of the end, if there is one */
};

struct recording {
	char     *dir;            /* as given */
	struct trace_recording header; /* magic 0 if the file was missing or damaged */
	struct process_info *processes; size_t process_count; /* by start time, then image */
	char    **warnings;       size_t warning_count; /* sentences for a person */
	struct finding *findings; size_t finding_count;
	uint64_t  bytes_on_disk;  /* of all its files */
	bool      since_unknown;  /* no process has the mark that was asked for */
	const char *instant_unknown; /* nor this, which is no time either; NULL; not owned */
};

/* One line of a resolved stack. An address gives one frame, or several where functions were inlined. */
enum frame_kind { FRAME_NATIVE, FRAME_JS, FRAME_WASM, FRAME_BUILTIN, FRAME_LOG, FRAME_UNKNOWN };

/* What a runtime made of a function. */
enum tier { TIER_NONE, TIER_INTERPRETED, TIER_BASELINE, TIER_OPTIMIZED };

/* What the line of a frame is that of. */
enum line_kind { LINE_CALL, LINE_FUNCTION };

enum unknown {                /* why a frame has no function */
	UNKNOWN_SYMBOL,           /* its module has no symbol there */
	UNKNOWN_MODULE,           /* it is in no module, and no runtime generated code in this process */
	UNKNOWN_SILENT,           /* in no module; a runtime was there, and none told names */
	UNKNOWN_UNTOLD,           /* generated code that was gone before it could be told, or never was */
	UNKNOWN_TWICE,            /* a runtime's own file names the address twice */
	UNKNOWN_INTERPRETED,      /* a runtime's interpreter: what it ran could not be seen */
	UNKNOWN_KINDS,
};

struct frame {
	enum frame_kind kind;
	const char *function;     /* demangled; NULL unknown. Strings are owned by struct names */
	const char *generic;      /* of Rust: the function with types for its parameters; NULL: function has them, or none */
	const char *literal;      /* of Rust: what is handed the block that it calls for; NULL unknown (names/rust_literal.h) */
	const char *file;         /* source file; NULL unknown */
	uint32_t  line, column;   /* 0 unknown */
	const char *type;         /* LOG: of what is allocated there; NULL unknown */
	const char *module;       /* path of the module, or of the script as it ran; NULL if the address is in none */
	uint64_t  address;        /* runtime address of the call (return address − 1, or exact) */
	bool      inlined;        /* inlined into the next frame */
	bool      merged;         /* of Rust: several functions are the same code, and this is the name of one */
	bool      machinery;      /* of a runtime's interpreter, beside the frame of what it runs: not to be shown */
	enum tier tier;
	enum line_kind line_kind; /* of line, if there is one */
	enum unknown why;         /* if function is NULL */
	uint32_t  own_line, own_column; /* where a script's function begins in the script as it ran; 0 unknown */
	bool      has_wasm_index, has_wasm_offset; /* these are there: */
	uint32_t  wasm_index;     /* of the function in its module */
	uint32_t  wasm_offset;    /* bytes into the function's body */
};

#endif
