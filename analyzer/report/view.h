/*
 * view.h: what a report shows of one or several recordings, before it becomes text or JSON. Built from the model, it
 * points into it: recordings and names must outlive a view.
 */
#ifndef PROBE_VIEW_H
#define PROBE_VIEW_H

#include "model.h"
#include "names/names.h"

struct suppression;
struct types;
struct suppressions;

#define NO_PROCESS SIZE_MAX

struct view_input {
	struct recording *recording; /* owned by whoever opened it */
	struct names *names;      /* the same; for this recording */
};

struct node_hash { uint64_t low, high; };

/* A process that was chosen. */
struct view_process {
	const struct view_input *input; /* where it comes from */
	const struct process_info *info;
	struct process_id id;     /* in its recording */
	size_t   parent;          /* index in view.processes; NO_PROCESS: unknown or not chosen */
	size_t   previous;        /* index of the image that became this one by exec, or NO_PROCESS */
	enum process_end end;     /* as the model says, or as `probe run` saw it */
	int      status;          /* exit status or signal number, by `end` */
	uint32_t threads;         /* that recorded something */
	bool     has_runtime;     /* a runtime that generates code was there, V8 */
	uint32_t *places;         /* by node: index of its module + 2, 1 if in none, 0 not looked up yet; owned */
	const struct process_info *suppressor; /* the first process that says the same in its own suppressions; NULL: it
	                           * says nothing */
	uint32_t *suppressed;     /* suppress.c's, by node: what matches; owned; NULL until needed */
	uint16_t *shipped;        /* suppress_shipped.c's, by node; owned; NULL until needed */
	struct node_hash *hashes; /* by node: of what joins stacks, {0,0} not made yet; owned; NULL until needed */
	struct types *types;      /* by_type.c's; owned; NULL until needed */
	uint64_t *class_least;    /* by_type.c's, by vtable: bytes of the smallest block that begins with one; likewise */
	struct verdict verdict;   /* on this image; reason is owned */
};

/* Blocks that are shown as one: one site, or the same stack's of several processes. */
struct view_site {
	size_t   process;         /* index in view.processes; where `stack` is valid */
	size_t   process_count;   /* how many processes are joined here */
	enum domain domain;
	struct node_id stack;
	struct claims claims;     /* as in struct site, by the same process; those of the others have the same names */
	bool     alive_only;      /* what died of the stack is in another row */
	uint64_t allocs, frees;   /* births and deaths, up to the leak instant */
	uint64_t live_blocks, live_bytes; /* at that instant, and after the mark */
	struct size_range range;  /* of the live ones */
	uint64_t temporary;
	struct growth growth;     /* of all of them */
	struct garbage_sum garbage;
	struct pending_sum pending; /* not among the live ones */
	struct worker_sum held;   /* of these: freed as a worker ended */
	const struct suppression *suppressed_by; /* owned by the suppressions; NULL: none */
};

/* Live sites by something else than their stack: a module, a process. */
struct view_group {
	const char *name;         /* path of the module or script, "" unknown; NULL where groups are processes */
	size_t   process;         /* index in view.processes; NO_PROCESS where groups are modules */
	uint64_t sites, allocs, frees, live_blocks, live_bytes; /* sums */
};

struct domain_sum { uint64_t sites, blocks, bytes; };

/* Allocations and live blocks by how the walk of their stack ended; indices are TRACE_STACK_NONE … LOST. */
struct stack_sum { uint64_t allocs, live_blocks; };

struct view {
	const struct view_input *inputs; size_t input_count; /* the caller's */
	struct suppressions *suppressions; /* the caller's, or NULL; counts what each one hides */
	const char *since;        /* the caller's: live blocks, here and in groups, are only those born after this mark */
	struct view_process *processes; size_t process_count; /* by recording, then by start */
	size_t   process_total;   /* chosen or not */
	struct totals totals;     /* sums over the chosen; peak_bytes is the largest peak of one of them … */
	size_t   peak_process;    /* … this one; NO_PROCESS: none */
	uint64_t events, lost, recovered; /* sums */
	uint64_t damaged, not_recorded; /* findings of these kinds: places in files, processes; of all recordings */
	struct domain_sum domains[DOMAINS]; /* of all live sites, suppressed or not */
	struct domain_sum suppressed[DOMAINS];
	struct stack_sum endings[TRACE_FIRST_NODE];
	struct view_site *sites; size_t site_count; /* with live blocks; by live_bytes, largest first */
	struct view_site *held; size_t held_count; /* of which workers held blocks until they ended; by bytes, largest first */
	struct view_site *pending; size_t pending_count; /* of which pending finalizers hold blocks; by bytes, largest first */
	struct view_site *garbage; size_t garbage_count; /* of which the collection at the end freed blocks; by what was
	                           * held of these, then by bytes, largest first */
	size_t   worst_process;   /* the one whose verdict leads; NO_PROCESS: there is none */
};

struct view_options {
	const char *const *processes; size_t process_count; /* --process; none: all */
	struct suppressions *suppressions; /* NULL: none, the processes' own neither; those are added to it */
	bool shipped;             /* so is the list that comes with probe */
	const char *since;        /* only blocks that were born after this mark, which the recordings know; NULL: all */
	bool join;                /* one row for the same stack of several processes */
	bool waited;              /* the recording's first process was waited for: */
	uint32_t waited_pid;      /* this one, */
	int  wait_status;         /* with this result of waitpid */
};

/* NULL if an entry of `processes` matches none: a message has been printed. */
struct view *view_build(const struct view_input *inputs, size_t input_count, const struct view_options *options);
void view_free(struct view *view);

/* Groups of live sites that are not suppressed, of one domain; largest first. To be freed. */
struct view_group *view_by_module(const struct view *view, enum domain domain, size_t *count);
struct view_group *view_by_process(const struct view *view, enum domain domain, size_t *count);

/* What of a site is alive, and younger than the mark. */
static inline uint64_t view_blocks(const struct view *view, const struct site *site)
{
	return view->since ? site->since_blocks : site->live_blocks;
}

static inline uint64_t view_bytes(const struct view *view, const struct site *site)
{
	return view->since ? site->since_bytes : site->live_bytes;
}

const char *domain_name(enum domain domain);
const char *end_name(enum process_end end); /* the JSON report's word */

/* ---- view_sites.c, for view.c ----------------------------------------------------------------------------------- */

/* Sites, garbage, held and their sums, of the chosen processes; `join`: one row for the same stack of several. */
void view_collect(struct view *view, bool join);

/* ---- place.c: which module an address belongs to ---------------------------------------------------------------- */

/* The module that `node` lies in, or NULL. */
const struct module *place_module(struct view_process *process, struct node_id node);
/*
 * The module to hold responsible for a stack: the innermost that is not the C or C++ library, nor the runtime if a
 * script called it; then that script. "" unknown. Names are asked for only where an address is in no module.
 */
const char *place_owner(struct view_process *process, struct node_id stack);
/* Is it the file of the runtime: the program itself, or a library with nothing else in it? */
bool place_is_engine_file(const struct view_process *process, const char *path);
/* Is it a frame of the runtime that runs the program's scripts: of node itself, its builtins, its own scripts? */
bool place_is_engine(const struct view_process *process, const struct frame *frame);
/* Is it of libprobe.so: a wrapper that others are called through, or what it does in node itself? Never shown. */
bool place_is_probe(const struct frame *frame);
/* Is it the C or C++ library or the loader, by its file name? */
bool place_is_runtime(const char *module_path);
/* How the walk ended: TRACE_STACK_NONE … TRACE_STACK_LOST. */
uint32_t place_ending(const struct process_info *process, struct node_id stack);

static inline bool node_is_frame(const struct process_info *process, struct node_id node)
{
	return node.index >= TRACE_FIRST_NODE && node.index - TRACE_FIRST_NODE < process->node_count;
}

/* ---- join.c: the same stack in several processes ------------------------------------------------------------- */

/*
 * Equal for stacks that a person would call the same. `by_symbol` compares function, file and line (builds may
 * differ); else the place in the module.
 */
struct node_hash join_hash(struct view_process *process, struct node_id stack, bool by_symbol);
/* … for blocks of this type alone; NULL: none is claimed. */
struct node_hash join_type(struct node_hash hash, const char *type);

#endif
