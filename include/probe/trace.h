/*
 * trace.h: the format of a recording. The only header that libprobe.so (which writes it) and probe (which reads it)
 * share. All integers are little-endian, all structs are laid out without implicit padding and pinned by assertions.
 *
 * A recording is a directory. It holds
 *
 *   recording          struct trace_recording: who began it. Written once.
 *   STEM.shared        one per process image: extents, each a shared mapping of the recorded process. What is in it
 *                      survives SIGKILL, because the kernel owns the pages.
 *   STEM.log           one per process image, absent while nothing was drained: chunks, each a compressed run of
 *                      events that was moved out of a ring.
 *   STEM.perf-map      a copy of /tmp/perf-PID.map as it was when the image ended; absent if there was none
 *   STEM.jitdump       a copy of the image's jitdump (TRACE_RECORD_JITDUMP), likewise
 *   STEM.marks         marks that `probe mark` put from outside; absent if there were none. Appended to, a line each:
 *                      nanoseconds of the host's CLOCK_MONOTONIC in decimal, a space, the label, a newline; in the
 *                      label a newline is \n and a backslash \\
 *
 * STEM is "PID-START-HOST-IMAGE": pid in decimal; start time of the process in clock ticks since boot, hexadecimal;
 * a 32-bit hash of boot id and pid namespace, 8 hexadecimal digits; and the number of the image, from 0, one more at
 * each exec of the same process.
 *
 * Words: a *stream* is the events of one lane of one thread, numbered from 0 without gaps (their *sequence*). A
 * thread has one lane, and further ones for signal handlers that interrupted a lane in the middle of an event. A
 * *block id* is (STEM, stream, sequence of the birth).
 *
 * Writers may die at any instruction. x86-64 makes stores visible in program order, so a reader finds a prefix of
 * the stores of each thread; every structure below is published by its last store, which the comments name.
 *
 * Any bytes at all may stand in these files: a reader checks everything.
 */
#ifndef PROBE_TRACE_H
#define PROBE_TRACE_H

#include <stdint.h>

#define TRACE_VERSION 1u

#define TRACE_RECORDING_MAGIC 0x31434552424f5250ull /* "PROBREC1" */
#define TRACE_EXTENT_MAGIC    0x54584250u           /* "PBXT" */
#define TRACE_CHUNK_MAGIC     0x4b434250u           /* "PBCK" */

/* ---- the file "recording" ------------------------------------------------------------------------------------- */

struct trace_recording {
	uint64_t magic;          /* TRACE_RECORDING_MAGIC */
	uint32_t version;        /* TRACE_VERSION */
	uint32_t pid;            /* of the recording's first process, in its own pid namespace */
	uint64_t start_ticks;    /* its start time, clock ticks since boot (/proc/PID/stat, field 22) */
	uint64_t realtime_ns;    /* when, nanoseconds since 1970 */
	uint8_t  boot_id[16];    /* of its host, /proc/sys/kernel/random/boot_id */
	uint64_t pid_namespace;  /* inode of /proc/self/ns/pid */
	uint64_t reserved;       /* 0 */
};
_Static_assert(sizeof(struct trace_recording) == 64, "pinned");

/* ---- STEM.shared: extents ------------------------------------------------------------------------------------- */

/*
 * The file is a sequence of extents, each aligned to TRACE_EXTENT_ALIGN. A reader steps from one to the next by
 * `size`; where the header is damaged or zero it looks for the next one at each aligned offset: a valid one knows
 * its own offset. Space not yet used for anything is all zero. The last store into a new header is `magic`.
 */
#define TRACE_EXTENT_ALIGN 4096u

enum trace_extent_kind {
	TRACE_EXTENT_PROCESS = 1, /* struct trace_process, the first extent of every file */
	TRACE_EXTENT_META    = 2, /* struct trace_meta: records about modules, threads, children, marks */
	TRACE_EXTENT_TREE    = 3, /* struct trace_tree: nodes of the call tree */
	TRACE_EXTENT_RING    = 4, /* struct trace_ring: events of one stream that are not in the log yet */
};

struct trace_extent {
	uint32_t magic;          /* TRACE_EXTENT_MAGIC; stored last */
	uint32_t kind;           /* enum trace_extent_kind */
	uint64_t offset;         /* bytes from the start of the file to this header */
	uint64_t size;           /* bytes, header included; a multiple of TRACE_EXTENT_ALIGN */
	uint64_t reserved;       /* 0 */
};
_Static_assert(sizeof(struct trace_extent) == 32, "pinned");

/* ---- the process ---------------------------------------------------------------------------------------------- */

enum trace_clock {
	TRACE_CLOCK_NS  = 0,     /* a tick is a nanosecond of CLOCK_MONOTONIC */
	TRACE_CLOCK_TSC = 1,     /* a tick is a step of the invariant time stamp counter, the same on all cores */
};

enum trace_end {
	TRACE_END_NONE = 0,      /* not seen: the process runs, or was killed */
	TRACE_END_EXIT = 1,      /* exit, return from main, _exit, quick_exit; status is the exit status */
	TRACE_END_EXEC = 2,      /* replaced by its next image */
};

enum trace_lost {            /* why an event is not in the recording; indices of trace_process.lost */
	TRACE_LOST_NO_SPACE = 0, /* the disk or a limit gave no room for another ring */
	TRACE_LOST_NESTED   = 1, /* more signal handlers within each other than there are lanes */
	TRACE_LOST_NO_STATE = 2, /* no memory for a thread's state */
	TRACE_LOST_KINDS    = 4,
};

enum trace_process_flags {
	TRACE_PROCESS_FORKED    = 1, /* born by fork or clone: it inherited its parent's blocks */
	TRACE_PROCESS_UNSHARED  = 2, /* the file system cannot map shared files: rings died with the process */
	TRACE_PROCESS_OWN_HEAP  = 4, /* the program brings its own malloc: its heap is not seen */
	TRACE_PROCESS_IMPORTED  = 8, /* no process: what somebody else logged (TRACE_RECORD_LOG). A tick is a line of the log */
};

/* Two readings of both clocks; a reader takes the widest pair that it finds among processes of the same boot. */
struct trace_anchor {
	uint64_t tick;           /* of the trace's clock */
	uint64_t monotonic_ns;   /* CLOCK_MONOTONIC, nanoseconds; 0: this anchor is not there; stored last */
};

struct trace_process {
	struct trace_extent extent;
	uint32_t version;        /* TRACE_VERSION */
	uint32_t flags;          /* set of enum trace_process_flags */
	uint8_t  boot_id[16];    /* of the host */
	uint64_t pid_namespace;  /* inode of /proc/self/ns/pid, 0 unknown */
	uint32_t pid;            /* in that namespace */
	uint32_t parent_pid;     /* in that namespace, 0 if outside */
	uint64_t start_ticks;    /* start time, clock ticks since boot */
	uint64_t parent_start_ticks; /* the parent's, 0 unknown */
	uint32_t image;          /* 0, 1, … : execs of this process before */
	uint32_t uid;            /* effective user at the start */
	uint32_t clock;          /* enum trace_clock */
	uint32_t end;            /* enum trace_end; stored after end_status and end_tick */
	int32_t  end_status;     /* of exit */
	uint32_t stack_depth;    /* PROBE_STACK_DEPTH in force, frames */
	uint64_t fork_before;    /* FORKED: tick before the fork, in the parent; */
	uint64_t fork_after;     /* and the child's first: what lived in between was inherited */
	uint64_t ending_tick;    /* when the program began to end: leaks are taken here; 0: it did not */
	uint64_t end_tick;       /* when `end` was set */
	uint64_t realtime_ns;    /* nanoseconds since 1970 at anchor[0] */
	struct trace_anchor anchor[4]; /* [0], [1] at the start, [2], [3] by turns, now and then and at the end */
	uint64_t lost[TRACE_LOST_KINDS]; /* events, by reason; added to atomically */
	uint32_t streams;        /* streams given out so far */
	uint32_t sampling_us;    /* CPU time that samples took so far, microseconds, by the clocks of their threads */
};
_Static_assert(sizeof(struct trace_process) == 256, "pinned");

/* ---- meta: records about what is not an event ----------------------------------------------------------------- */

struct trace_meta {
	struct trace_extent extent;
	uint64_t used;           /* bytes of records after this header; stored after the record that it covers */
	uint64_t reserved;       /* 0 */
	/* records follow, each aligned to 8 */
};
_Static_assert(sizeof(struct trace_meta) == 48, "pinned");

enum trace_record_type {
	TRACE_RECORD_EXE     = 1,  /* payload: path of the executable */
	TRACE_RECORD_ARGV    = 2,  /* payload: the arguments, each ended by NUL (may be cut at 3072 bytes) */
	TRACE_RECORD_MODULE  = 3,  /* struct trace_module, build-id, path: something was loaded */
	TRACE_RECORD_UNLOAD  = 4,  /* struct trace_module without build-id and path: it is gone */
	TRACE_RECORD_THREAD  = 5,  /* struct trace_thread, name: a stream began */
	TRACE_RECORD_CHILD   = 6,  /* struct trace_child: a child was made */
	TRACE_RECORD_WAITED  = 7,  /* struct trace_child: a wait told how a child ended; status as from waitpid */
	TRACE_RECORD_EXEC    = 8,  /* struct trace_child (pid, follow in `how`), path: an exec or spawn was tried */
	TRACE_RECORD_MARK    = 9,  /* payload: the label */
	TRACE_RECORD_WARNING = 10, /* payload: a sentence without full stop, for the report */
	TRACE_RECORD_CODE    = 11, /* struct trace_code, name: a runtime generated code, or told of code it has */
	TRACE_RECORD_MOVED   = 12, /* struct trace_code_moved: the same code lies elsewhere now */
	TRACE_RECORD_LINES   = 13, /* struct trace_code_lines, entries: where in its source a code comes from */
	TRACE_RECORD_RUNTIME = 14, /* struct trace_runtime: a runtime began to name its code, or cannot */
	TRACE_RECORD_JITDUMP = 15, /* payload: path of a jitdump that the program writes */
	TRACE_RECORD_SUPPRESSIONS = 16, /* payload: lines that the program's __lsan_default_suppressions returned; the
	                            * next record has the next lines */
	TRACE_RECORD_SAMPLE  = 17, /* struct trace_sample, …: where the process's memory is, at this instant */
	TRACE_RECORD_WASM_MEMORY = 18, /* struct trace_wasm_memory: what a linear memory's own declaration says */
	TRACE_RECORD_COLLECTED = 19, /* struct trace_collected: an isolate was collected in full */
	TRACE_RECORD_RUNTIME_HEAP = 20, /* struct trace_runtime_heap: what a runtime says of its own heap */
	TRACE_RECORD_WASM_HEAP = 21, /* struct trace_wasm_heap, text: from now on blocks inside a linear memory are told */
	TRACE_RECORD_WASM_REFUSED = 22, /* struct trace_wasm_refused: a memory.grow failed */
	TRACE_RECORD_WASM_UNWATCHED = 23, /* struct trace_wasm_unwatched, text: blocks of an instance are not told */
	TRACE_RECORD_PENDING = 24, /* struct trace_pending, held values: objects that are gone, and whose finalizers did
	                            * not run before the program ended */
	TRACE_RECORD_LIMITS  = 25, /* struct trace_limits, group: how much memory the process may have; the last one holds */
	TRACE_RECORD_LOG     = 26, /* struct trace_log: what an imported log holds */
	TRACE_RECORD_LOG_SITE = 27, /* struct trace_log_site, file, type: what a node of the call tree stands for in a log */
	TRACE_RECORD_FINDING = 28, /* struct trace_finding, kind, examples, each ended by NUL: what is wrong with a log */
	TRACE_RECORD_TYPE    = 29, /* struct trace_type, name: what the program calls a type; before the first event that
	                            * names it, and maybe again */
	TRACE_RECORD_VTABLE  = 30, /* struct trace_vtable, name: a table of virtual functions, before the first word that … */
	TRACE_RECORD_VTABLES = 31, /* struct trace_vtables, words: … points to it; what memory held that looks like objects */
	TRACE_RECORD_USAGE   = 32, /* struct trace_usage: what the process took until this instant; the last one holds */
	TRACE_RECORD_CPU     = 33, /* struct trace_cpu_sampling: CPU samples are taken from now on */
};

struct trace_record {
	uint32_t size;           /* bytes, this header and padding to 8 included */
	uint16_t type;           /* enum trace_record_type */
	uint16_t padding;        /* bytes of padding at the end, 0 to 7 */
	uint64_t tick;           /* when */
	/* payload follows; strings are not NUL-terminated unless said */
};
_Static_assert(sizeof(struct trace_record) == 16, "pinned");

struct trace_module {
	uint64_t bias;           /* load bias: runtime address − ELF virtual address */
	uint64_t start;          /* first address of its mappings */
	uint64_t end;            /* one past the last */
	uint32_t generation;     /* of the addresses in it: how many modules were unloaded there before */
	uint32_t build_id_size;  /* bytes of build-id that follow; then the path to the end of the record */
};
_Static_assert(sizeof(struct trace_module) == 32, "pinned");

struct trace_thread {
	uint32_t stream;         /* id of the stream */
	uint32_t tid;            /* kernel thread id, in the process's pid namespace */
	uint32_t lane;           /* 0 the thread itself, 1 and up: signal handlers within an event */
	uint32_t creator;        /* node id: who made the thread; TRACE_STACK_NONE unknown, or of another lane than 0 */
	/* name (comm) follows */
};
_Static_assert(sizeof(struct trace_thread) == 16, "pinned");

enum trace_how {             /* how a child was made, or what becomes of a program that is started */
	TRACE_HOW_FORK   = 1,
	TRACE_HOW_VFORK  = 2,
	TRACE_HOW_CLONE  = 3,
	TRACE_HOW_SPAWN  = 4,
	TRACE_FOLLOWED   = 16,   /* it will record itself */
	TRACE_STATIC     = 17,   /* statically linked: cannot be preloaded */
	TRACE_SETUID     = 18,   /* setuid, setgid or file capabilities: the loader ignores LD_PRELOAD */
	TRACE_OTHER_LIBC = 19,   /* its loader is not the one libprobe.so was made for */
	TRACE_OTHER_CLASS = 20,  /* 32-bit, or another machine */
	TRACE_UNREACHABLE = 21,  /* libprobe.so cannot be reached from there (chroot, permissions) */
	TRACE_NOT_ASKED  = 22,   /* PROBE_FOLLOW=0 */
	TRACE_FILTERED   = 23,   /* it inherits a seccomp filter, which may kill for a system call of ours */
	TRACE_SANITIZED  = 24,   /* built with a sanitizer whose runtime must come first */
};

struct trace_child {
	uint32_t pid;            /* of the child (CHILD, WAITED) or of the process that tries to exec (EXEC); 0
	                          * unknown */
	uint32_t how;            /* enum trace_how */
	int32_t  status;         /* WAITED: wait status; EXEC: 0 tried, else the errno it failed with */
	uint32_t reserved;       /* 0 */
};
_Static_assert(sizeof(struct trace_child) == 16, "pinned");

enum trace_usage_flags {
	TRACE_USAGE_CHILD = 1,   /* of the child `pid`, as wait told its parent: the child's ended children are in it */
};

struct trace_usage {         /* getrusage(2) */
	uint64_t user_us;        /* CPU time, microseconds, of threads that are gone, too */
	uint64_t system_us;
	uint64_t peak_rss;       /* bytes: the most that was in memory */
	uint64_t minor_faults;
	uint64_t major_faults;   /* that had to read from a disk */
	uint64_t voluntary;      /* context switches: it waited */
	uint64_t involuntary;    /* it was to go on, and another had its turn */
	uint32_t flags;          /* set of enum trace_usage_flags */
	uint32_t pid;            /* CHILD: whose; else 0 */
};
_Static_assert(sizeof(struct trace_usage) == 64, "pinned");

struct trace_cpu_sampling {
	uint64_t period_ns;      /* of a thread's CPU time from sample to sample; the kernel may see to it less often */
	uint32_t counters;       /* set of 1 << enum trace_cpu: what is told of each sample */
	uint32_t reserved;       /* 0 */
};
_Static_assert(sizeof(struct trace_cpu_sampling) == 16, "pinned");

struct trace_type {
	uint32_t id;             /* of it in the process, from 1 to TRACE_TYPES_MOST */
	uint32_t reserved;       /* 0 */
	/* its name follows, as in the source: "Connection", "struct packet" */
};
_Static_assert(sizeof(struct trace_type) == 8, "pinned");

#define TRACE_TYPES_MOST 65535u

/*
 * C++ objects begin with the address of their class's table of virtual functions. At marks where a sample is taken, and at the
 * end, the process's private memory is looked through for such addresses, whatever lies there: a block, a part of one, or
 * what was left of one. A reader takes those that begin a block which was alive all the while.
 */
struct trace_vtable {
	uint64_t address;        /* that objects have: of its first function, behind the offset and the typeinfo */
	uint32_t id;             /* of it in the process, from 1 */
	uint32_t reserved;       /* 0 */
	/* the name in its typeinfo follows, mangled ("3Foo", "*N1aIiE"); nothing: there is none, or it cannot be read */
};
_Static_assert(sizeof(struct trace_vtable) == 16, "pinned");

enum trace_vtables_flags {
	TRACE_VTABLES_MORE = 1,  /* the next record goes on with the same look */
	TRACE_VTABLES_CUT  = 2,  /* it took too long: not all of memory was looked at, */
	TRACE_VTABLES_MALLOC = 4, /* but all that malloc has, except for blocks with a mapping of their own. In the last record */
	TRACE_VTABLES_NONE = 8,  /* with CUT: there was no look. Text follows instead of words: why, a sentence's middle */
};

/*
 * Words follow, in order of address within a mapping, each three varints: zigzag of address / 8 − the previous one's in this record (the first:
 * − 0); id of the table; and the word before it if that is less than 2^32, else 0: the number of an array's elements.
 */
struct trace_vtables {           /* tick: when it was over */
	uint64_t began;          /* tick */
	uint64_t bytes;          /* looked at in this record */
	uint32_t count;          /* words */
	uint16_t flags;          /* set of enum trace_vtables_flags */
	uint8_t  reason;         /* enum trace_sample_reason: MARK or END */
	uint8_t  one_of;         /* only one word in 1 << this was taken, by a hash of address / 16: they were too many */
};
_Static_assert(sizeof(struct trace_vtables) == 24, "pinned");

#define TRACE_LIMIT_NONE UINT64_MAX

/* The directory of the control group that has the limit follows, under /sys/fs/cgroup; nothing if none has. */
struct trace_limits {            /* bytes */
	uint64_t address_space;  /* RLIMIT_AS; TRACE_LIMIT_NONE: there is none */
	uint64_t address_space_used; /* when this was recorded: at the start, and when the program began to end; 0 unknown */
	uint64_t group;          /* the least limit of its control group and of those above it; TRACE_LIMIT_NONE: there is
	                          * none, 0: not known */
};
_Static_assert(sizeof(struct trace_limits) == 24, "pinned");

/* ---- generated code ------------------------------------------------------------------------------------------- */

/*
 * What V8 (or another runtime) generated, and where it lies. Frames of its interpreter are recorded by the address of
 * the bytecode that they stand at, with TRACE_NODE_EXACT; the code is then the bytecode array.
 *
 * Addresses are used again. A node of the call tree (address, generation) is in the code that covers the address with
 * the highest generation that is not above the node's; of equal ones in the one that was recorded last. A process that
 * was forked has its parent's code as it was at fork_before, too.
 */
enum trace_code_kind {
	TRACE_CODE_BYTECODE = 1, /* of the interpreter */
	TRACE_CODE_MACHINE  = 2, /* from JavaScript, in any tier; stubs; regular expressions */
	TRACE_CODE_BUILTIN  = 3, /* of the runtime itself */
	TRACE_CODE_WASM     = 4, /* from WebAssembly, or glue to it */
	TRACE_CODE_GONE     = 5, /* none any more: what lay there is gone, and what comes was not told yet */
};

struct trace_code {
	uint64_t address;        /* of the first byte */
	uint32_t size;           /* bytes */
	uint32_t id;             /* of this code in the process, from 1, never used again */
	uint32_t generation;     /* of its addresses, from which on it is there; TRACE_NODE_GENERATION bits */
	uint16_t kind;           /* enum trace_code_kind */
	uint16_t isolate;        /* number of the isolate in the process, from 1; 0 all of them */
	/* the name follows, as the runtime gave it: V8's "JS:~fn file:line:column", … */
};
_Static_assert(sizeof(struct trace_code) == 24, "pinned");

struct trace_code_moved {
	uint64_t address;        /* of the first byte now */
	uint32_t id;             /* of the code */
	uint32_t generation;     /* as in struct trace_code */
};
_Static_assert(sizeof(struct trace_code_moved) == 16, "pinned");

/*
 * Entries follow each other in order of offset, each three varints: offset − the previous entry's; zigzag of line − the
 * previous line; zigzag of column − the previous column. The first: − 0. An entry holds from its offset to the next
 * one's. Lines and columns count from 1, column 0 is unknown. In WASM code `line` is the byte offset in the function's
 * body. MACHINE code has none: V8 tells none of its baseline code (tier ^), and entries of optimized code (+ and *) would
 * be inlined functions' too.
 */
struct trace_code_lines {
	uint32_t id;             /* of the code */
	uint32_t count;          /* entries */
};
_Static_assert(sizeof(struct trace_code_lines) == 8, "pinned");

enum trace_runtime_state {
	TRACE_RUNTIME_NAMED   = 1, /* from now on all code of this isolate is told */
	TRACE_RUNTIME_ENDED   = 2, /* the isolate is gone */
	TRACE_RUNTIME_MISSING = 3, /* a V8 that lacks what is needed; the text says what */
};

struct trace_runtime {
	uint32_t isolate;        /* its number in the process, from 1; 0: all of them */
	uint32_t state;          /* enum trace_runtime_state */
	/* text follows: the runtime's name and version if known */
};
_Static_assert(sizeof(struct trace_runtime) == 8, "pinned");

/*
 * What a runtime's garbage collector did, and what the runtime says of its heap. An isolate's blocks outside that heap
 * (Buffers) are freed when the collector finds nobody who needs them, so leaks are taken after a full collection of each.
 */
enum trace_collected_why {
	TRACE_COLLECTED_ENDING = 1, /* the program is about to end: leaks are taken next */
	TRACE_COLLECTED_WORKER = 2, /* the isolate's thread has ended its program, and the process has not */
	TRACE_COLLECTED_BUSY   = 3, /* it was not collected when the program ended: it did not answer in time */
};

struct trace_collected {         /* tick: when it was done */
	uint32_t isolate;        /* its number in the process, from 1 */
	uint32_t why;            /* enum trace_collected_why */
	uint32_t tid;            /* kernel id of its thread */
	uint32_t stream;         /* id of its thread's stream */
	uint64_t began;          /* tick when it began */
	uint64_t found_alive;    /* what was born before this tick and was there when it began, was found alive by an
	                          * earlier full collection; 0: there was none to tell by */
	uint64_t held_from;      /* deaths of what was found alive count from this tick on: that at which it began, or at which
	                          * the only full collection since the script's top level had run began by itself */
};
_Static_assert(sizeof(struct trace_collected) == 40, "pinned");

struct trace_runtime_heap {      /* all but isolate and collected are bytes */
	uint32_t isolate;        /* its number in the process, from 1 */
	uint32_t collected;      /* 1: just after a full collection, so `used` is what is alive; 0: garbage is in it */
	uint64_t used;           /* of objects */
	uint64_t total;          /* committed for objects and code */
	uint64_t executable;     /* of total: for code */
	uint64_t physical;       /* of total: resident, as the runtime believes */
	uint64_t external;       /* outside the heap, kept by objects in it, as far as the runtime was told */
	uint64_t malloced;       /* allocated by the runtime itself with malloc */
	uint64_t limit;          /* total may not exceed it */
};
_Static_assert(sizeof(struct trace_runtime_heap) == 64, "pinned");

/* ---- samples: where the memory is ------------------------------------------------------------------------------ */

/*
 * A sample is one record or several that follow each other, all but the last with TRACE_SAMPLE_MORE. Each holds areas;
 * their addresses and sizes are in pages of TRACE_PAGE bytes. Areas are the mappings that have anything resident, in
 * order of address (consecutive ones of a file are one area), and after them claims: ranges whose use the library
 * knows, in any order. An area:
 *
 *   a byte   kind | protection << TRACE_AREA_PROTECTION (PROT_ bits) | TRACE_AREA_RUNS
 *   varint   zigzag of start − end of the previous area in this record, in pages; of the first: start
 *   varint   size, pages
 *   varint   resident pages; not in a claim
 *   varints  if TRACE_AREA_RUNS: their number; then for each the pages to skip and the resident pages that follow.
 *            Without, all is resident, or it is not known where
 *   name     of kind FILE: varint length, and the path as /proc/self/maps has it
 */
#define TRACE_PAGE 4096u

enum trace_area_kind {
	TRACE_AREA_ANONYMOUS = 0,
	TRACE_AREA_FILE      = 1, /* or what has a name in maps: [vdso], /memfd:… */
	TRACE_AREA_BREAK     = 2, /* [heap]: from the program's end to its break */
	TRACE_AREA_MAIN      = 3, /* [stack]: of the first thread */
	TRACE_CLAIM_OWN      = 4, /* libprobe.so's */
	TRACE_CLAIM_STACK    = 5, /* a thread's stack, with its guard and what libc keeps at its upper end, */
	TRACE_CLAIM_OLD      = 6, /* or that of a thread which has ended: libc keeps some for the next ones */
	TRACE_AREA_KINDS     = 7,
};
#define TRACE_AREA_KIND       7u
#define TRACE_AREA_PROTECTION 3
#define TRACE_AREA_RUNS       64u

enum trace_sample_reason {
	TRACE_SAMPLE_RATE = 0,   /* now and then */
	TRACE_SAMPLE_PEAK = 1,   /* more was resident than ever before */
	TRACE_SAMPLE_MARK = 2,   /* the MARK record before it */
	TRACE_SAMPLE_END  = 3,   /* the program begins to end */
};

enum { TRACE_SAMPLE_MORE = 1 };

struct trace_sample {
	uint64_t rss;            /* bytes resident, as the kernel counts them */
	uint64_t cpu_ns;         /* CPU time of the process so far, and … */
	uint64_t cost_ns;        /* … what of it went into the samples before this one, by their threads' own clocks */
	uint16_t reason;         /* enum trace_sample_reason */
	uint16_t flags;          /* TRACE_SAMPLE_MORE */
	uint32_t count;          /* areas and claims in this record */
};
_Static_assert(sizeof(struct trace_sample) == 32, "pinned");

/* A linear memory that V8 is about to make at this address, as its program declared it. */
enum trace_wasm_flags {
	TRACE_WASM_SHARED = 1,   /* between threads */
};

struct trace_wasm_memory {
	uint64_t address;        /* where its reservation begins, rounded up to 65536, or its first byte */
	uint64_t maximum_bytes;  /* that it may have; V8's limit if it declares none; 0 unknown */
	uint32_t flags;          /* set of enum trace_wasm_flags */
	uint32_t reserved;       /* 0 */
};
_Static_assert(sizeof(struct trace_wasm_memory) == 24, "pinned");

/*
 * Blocks inside linear memories are events of TRACE_FAMILY_WASM; their addresses are those of the process: base of the
 * memory + pointer. An instance whose module's allocator reports is told by a WASM_HEAP record; there may be several of
 * one memory (workers, each with an instance). Its text is lines: why these functions were chosen; then one for each
 * watched function: its role ("malloc", …), its index, its name or "?", and why, with a tab between each two. Empty: it is
 * that of the module's last record.
 */
enum trace_wasm_heap_flags {
	TRACE_WASM_HEAP_WIDE = 1,      /* 64-bit addresses */
	TRACE_WASM_HEAP_NO_DEATHS = 2, /* a collector inside the module frees: no death is told */
};

struct trace_wasm_heap {
	uint64_t base;           /* address of the memory's byte 0 */
	uint64_t data_bytes;     /* of active data segments; of passive ones too, if there are no others */
	uint64_t data_end;       /* pointer: one past the data, as far as the module tells; 0 unknown */
	uint64_t heap_base;      /* pointer: where the heap begins, as far as the module tells; 0 unknown */
	uint64_t stack_top;      /* pointer: from which the first thread's stack grows downwards; 0 unknown */
	uint32_t module;         /* number of the rewritten module in the process, from 1 */
	uint32_t flags;          /* set of enum trace_wasm_heap_flags */
};
_Static_assert(sizeof(struct trace_wasm_heap) == 48, "pinned");

struct trace_wasm_refused {
	uint64_t base;           /* of the memory */
	uint64_t pages;          /* by which it was to grow */
	uint32_t stack;          /* node id */
	uint32_t tid;            /* kernel id of the thread */
};
_Static_assert(sizeof(struct trace_wasm_refused) == 24, "pinned");

struct trace_wasm_unwatched {
	uint64_t bytes;          /* of the module; 0 unknown */
	uint64_t base;           /* of the memory whose blocks were told until now, wrongly: they are no blocks; 0: none
	                          * was told of it */
	/* text follows: why, a sentence's middle: "it has no allocator that could be found" */
};
_Static_assert(sizeof(struct trace_wasm_unwatched) == 16, "pinned");

/*
 * JavaScript objects that were registered with one FinalizationRegistry from one place, which a full collection at the
 * program's end found gone, and whose callback had no turn of the event loop. Their held values follow, 8 bytes each, as
 * many as fit (the next record of the same stacks has more): a number's value (wasm-bindgen: the block's pointer in its
 * linear memory), or UINT64_MAX if it is no whole number from 0.
 */
struct trace_pending {
	uint32_t isolate;        /* its number in the process, from 1 */
	uint32_t count;          /* held values that follow */
	uint32_t registry;       /* node id: where the registry was made */
	uint32_t stack;          /* node id: where they were registered; TRACE_STACK_NONE: several places or not known */
};
_Static_assert(sizeof(struct trace_pending) == 16, "pinned");

/* ---- imported logs -------------------------------------------------------------------------------------------- */

/*
 * A log that a program wrote of its own blocks. Its events are of kind LOG, and a node of its call tree is a
 * place in a source file with the type of what is allocated there.
 */
enum trace_log_flags {
	TRACE_LOG_GROWTH_GIVEN = 1, /* growth is what the user said */
	TRACE_LOG_GROWTH_LOGGED = 2, /* growth is that from the first to the last size of memory in the log */
};

struct trace_log {
	uint64_t lines;          /* of all its files */
	uint64_t records;        /* of these, lines that were to tell something */
	uint64_t allocs, drops;  /* of these; unmatched drops are no events */
	uint64_t memory_lines;   /* of these, too: how large memory was */
	uint64_t late_allocs;    /* that stand in the log after their drop */
	int64_t  growth;         /* bytes by which memory grew, if a flag says that this is known */
	uint32_t flags;          /* set of enum trace_log_flags */
	uint32_t files;          /* that it was read from */
};
_Static_assert(sizeof(struct trace_log) == 64, "pinned");

struct trace_log_site {
	uint64_t address;        /* that nodes of the call tree have; it means nothing else */
	uint32_t line, column;   /* 0 unknown */
	uint32_t file_size;      /* bytes of the file's name that follow; "" unknown. Then the type to the end; "" unknown */
	uint32_t reserved;       /* 0 */
};
_Static_assert(sizeof(struct trace_log_site) == 24, "pinned");

struct trace_finding {
	uint64_t count;          /* how often; the examples are the first */
};
_Static_assert(sizeof(struct trace_finding) == 8, "pinned");

/* ---- the call tree -------------------------------------------------------------------------------------------- */

/*
 * A stack is a node: its address, and through `parent` those of its callers, outwards. Addresses are return
 * addresses (one past the call), but for frames that a signal interrupted, where TRACE_NODE_EXACT is set. The
 * outermost frame's parent is one of the first four ids, which says how the stack ended; these four are not stored.
 * A node whose address is 0 was never used.
 */
enum {
	TRACE_STACK_NONE  = 0,   /* no stack was taken */
	TRACE_STACK_ROOT  = 1,   /* complete: it reached the thread's root */
	TRACE_STACK_CUT   = 2,   /* PROBE_STACK_DEPTH frames, then cut */
	TRACE_STACK_LOST  = 3,   /* the walk could not go on */
	TRACE_FIRST_NODE  = 4,
};

#define TRACE_NODE_EXACT      0x80000000u /* the address is that of the instruction itself */
#define TRACE_NODE_GENERATION 0x7fffffffu

struct trace_node {
	uint64_t address;        /* return address; stored last */
	uint32_t parent;         /* node id of the caller */
	uint32_t generation;     /* TRACE_NODE_GENERATION bits, and TRACE_NODE_EXACT */
};
_Static_assert(sizeof(struct trace_node) == 16, "pinned");

struct trace_tree {
	struct trace_extent extent;
	uint32_t first;          /* node id of the first node here */
	uint32_t capacity;       /* nodes that have room here */
	uint64_t reserved;       /* 0 */
	/* nodes follow */
};
_Static_assert(sizeof(struct trace_tree) == 48, "pinned");

/* ---- events --------------------------------------------------------------------------------------------------- */

enum trace_event_kind {
	TRACE_EVENT_ALLOC       = 1, /* a block was born: address, size, stack */
	TRACE_EVENT_FREE        = 2, /* a block is about to die: address */
	TRACE_EVENT_REALLOC_OUT = 3, /* a realloc ended this block: address (always followed by REALLOC_IN, or alone
	                              * …) */
	TRACE_EVENT_REALLOC_IN  = 4, /* … if it freed), and began this one: address, size, stack */
	TRACE_EVENT_MAP         = 5, /* mmap: address, size; detail: PROT_ bits; extra: enum trace_map */
	TRACE_EVENT_UNMAP       = 6, /* munmap: address, size */
	TRACE_EVENT_PROTECT     = 7, /* mprotect: address, size; detail: PROT_ bits; stack */
	TRACE_EVENT_REMAP_OUT   = 8, /* mremap: the old range; followed by REMAP_IN */
	TRACE_EVENT_REMAP_IN    = 9, /* the new one; protection and kind go with it */
	TRACE_EVENT_ADVISE      = 10, /* madvise: address, size; extra: the advice */
	TRACE_EVENT_BREAK       = 11, /* brk, sbrk: address is the new break, size the old one; stack */
	TRACE_EVENT_LOG         = 12, /* of an imported log: detail: enum trace_log_op; address is the block's id there, any
	                              * number; size, stack: a drop's are those of its block's birth, which comes before */
	TRACE_EVENT_CPU         = 13, /* a sample of where CPU time goes: detail: enum trace_cpu, stack */
	TRACE_EVENT_TOLD        = 14, /* what the program said: detail: enum trace_told, which says what address and size are */
	TRACE_EVENT_TOLD_ALLOC  = 15, /* … that a block was born in a pool of its own: address, size, stack; always after
	                              * its TOLD_POOL, with the same tick, or something is missing */
	TRACE_EVENT_KINDS       = 16,
};

/*
 * A pool is named by any number of the program's, its address mostly; 0 is that of what its scripts tell. A block in it has
 * an address of its own, or a handle; only within its pool it is that of one block at a time, and it says nothing of the heap.
 */
enum trace_told {
	TRACE_TOLD_TYPE      = 1, /* the heap's block at `address` is of the type with the id `size` */
	TRACE_TOLD_POOL      = 2, /* of the TOLD_ALLOC that follows: `address` is its pool, `size` its type's id, 0 none */
	TRACE_TOLD_FREE      = 3, /* the block at `address` of the pool `size` is about to die */
	TRACE_TOLD_POOL_FREE = 4, /* … all blocks of the pool `address` are */
};

enum trace_log_op {          /* detail of LOG */
	TRACE_LOG_ALLOC = 0,
	TRACE_LOG_DROP  = 1,
};

/*
 * Detail of CPU: what `size` is the amount of, in this thread, since its sample before or since its timer was set. One
 * sample is an event CPU_TIME and, where the kernel counts them, one of each of the others, with its tick and stack. The
 * innermost frame is where the thread was interrupted, EXACT.
 */
enum trace_cpu {
	TRACE_CPU_TIME         = 0, /* CPU time, nanoseconds; address: what taking the sample before took of it, too */
	TRACE_CPU_INSTRUCTIONS = 1,
	TRACE_CPU_CYCLES       = 2,
	TRACE_CPU_CACHE_MISSES = 3,
	TRACE_CPU_PAGE_FAULTS  = 4,
	TRACE_CPU_KINDS        = 5,
};

enum trace_family {          /* detail of ALLOC, FREE and REALLOC: which family of functions was called */
	TRACE_FAMILY_MALLOC    = 0, /* malloc, calloc, realloc, free, cfree, free_sized … */
	TRACE_FAMILY_ALIGNED   = 1, /* posix_memalign, aligned_alloc, memalign, valloc, pvalloc */
	TRACE_FAMILY_NEW       = 2, /* operator new, operator delete */
	TRACE_FAMILY_NEW_ARRAY = 3, /* operator new[], operator delete[] */
	TRACE_FAMILY_WASM      = 4, /* the allocator inside a linear memory, and the highest: 4 + n, n from 1, is the same
	                             * with an alignment of 1 << (n − 1) asked for, or more for the highest */
};

#define TRACE_DETAIL_MOST 15u

static inline int trace_detail_is_wasm(unsigned detail)
{
	return detail >= TRACE_FAMILY_WASM;
}

enum trace_map {             /* extra of MAP */
	TRACE_MAP_ANONYMOUS = 1,
	TRACE_MAP_SHARED    = 2,
	TRACE_MAP_STACK     = 4, /* MAP_STACK or MAP_GROWSDOWN */
	TRACE_MAP_RUNTIME   = 8, /* V8 called, on a thread that runs an isolate */
};

/* One event as it lies in a ring. Births are stamped after the real call, deaths before it. */
struct trace_event {
	uint64_t tick;           /* of the process's clock */
	uint64_t address;        /* first byte of the block or range */
	uint64_t size;           /* bytes, as requested; 0 for FREE and REALLOC_OUT */
	uint32_t stack;          /* node id; TRACE_STACK_NONE for FREE, REALLOC_OUT, UNMAP, REMAP_OUT, ADVISE */
	uint8_t  kind;           /* enum trace_event_kind */
	uint8_t  detail;         /* by kind, see there */
	uint16_t extra;          /* by kind, see there */
};
_Static_assert(sizeof(struct trace_event) == 32, "pinned");

enum trace_ring_state {
	TRACE_RING_FREE   = 0,   /* holds nothing that is not in the log */
	TRACE_RING_OPEN   = 1,   /* its stream is being written here */
	TRACE_RING_SEALED = 2,   /* full, or its thread has ended: waits for the drain */
};

/*
 * A run of events of one stream. `head` is published (release) after the events below it are written; `tail` after
 * the chunk that holds the events below it is in the log. Events [tail, head) have no other home. A reader that
 * finds an event both here and in the log (killed between the chunk and the tail) knows it by stream and sequence.
 * Reuse for another stream stores state = FREE, head = tail = 0, stream and first, then state = OPEN, in this order.
 */
struct trace_ring {
	struct trace_extent extent;
	uint32_t stream;         /* whose events */
	uint32_t state;          /* enum trace_ring_state */
	uint64_t first;          /* sequence of event 0 here */
	uint32_t capacity;       /* events that have room here */
	uint32_t reserved;       /* 0 */
	uint64_t head;           /* events written */
	uint64_t tail;           /* events that are in the log too */
	uint8_t  pad[56];        /* 0: events begin on a cache line */
	/* events follow */
};
_Static_assert(sizeof(struct trace_ring) == 128, "pinned");

/* ---- STEM.log: chunks ----------------------------------------------------------------------------------------- */

/*
 * Each chunk decodes on its own. Chunks begin at multiples of 8; a reader that meets damage looks for the next header
 * (magic and a right header_hash) from there on. Different streams' chunks stand in any order. A chunk of count 0 is
 * a gap: the disk was full, and its payload means nothing. So are zeros.
 */
enum trace_codec {
	TRACE_CODEC_NONE = 0,    /* the payload is the columns */
	TRACE_CODEC_ZSTD = 1,    /* one zstd frame of them */
};

struct trace_chunk {
	uint32_t magic;          /* TRACE_CHUNK_MAGIC */
	uint16_t version;        /* TRACE_VERSION */
	uint16_t codec;          /* enum trace_codec */
	uint32_t stream;         /* whose events */
	uint32_t count;          /* events, at most TRACE_CHUNK_EVENTS; 0: a gap */
	uint64_t first;          /* sequence of the first */
	uint64_t first_tick;     /* tick of the first event */
	uint64_t last_tick;      /* and of the last: chunks can be skipped by time */
	uint32_t raw_size;       /* bytes of the columns, at most TRACE_CHUNK_RAW */
	uint32_t stored_size;    /* bytes of payload that follow (then padding to 8) */
	uint64_t payload_hash;   /* XXH3_64bits of the payload */
	uint64_t header_hash;    /* XXH3_64bits of this header up to here */
};
_Static_assert(sizeof(struct trace_chunk) == 64, "pinned");

#define TRACE_CHUNK_EVENTS 65536u
#define TRACE_CHUNK_RAW    (4u * 6 + TRACE_CHUNK_EVENTS * 44u) /* no event needs more than 44 bytes of columns */

/*
 * The columns, one after the other, preceded by their sizes in bytes as TRACE_COLUMNS × uint32_t. A varint is
 * LEB128; zigzag(x) = (x << 1) ^ (x >> 63); deltas wrap around at 2^64. The sizes of TICK and ADDRESS hold, above
 * TRACE_COLUMN_SHIFT, how many low bits all their deltas have as 0: these are left out of them.
 *
 *   KIND     a byte an event: kind | detail << 4                    (detail ≤ 15, kind ≤ 15)
 *   TICK     varint of tick − the previous event's tick; the first: 0 (it is first_tick). A tick may stand a
 *            little before its predecessor's (a thread that changed cores): a reader goes by sequence
 *   ADDRESS  zigzag varint of address − the previous event's address; the first: − 0
 *   SIZE     varint of size; only of kinds other than FREE and REALLOC_OUT
 *   STACK    zigzag varint of stack − the previous such; the first: − 0; only of the kinds that have a stack:
 *            ALLOC, REALLOC_IN, MAP, PROTECT, REMAP_IN, BREAK, LOG, CPU, TOLD_ALLOC
 *   EXTRA    varint of extra; only of kinds MAP and ADVISE
 */
enum trace_column {
	TRACE_COLUMN_KIND, TRACE_COLUMN_TICK, TRACE_COLUMN_ADDRESS, TRACE_COLUMN_SIZE, TRACE_COLUMN_STACK,
	TRACE_COLUMN_EXTRA, TRACE_COLUMNS
};

#define TRACE_COLUMN_SHIFT      28u  /* a column is shorter than 2^28 bytes */
#define TRACE_COLUMN_SHIFT_MOST 15u

static inline int trace_kind_has_size(unsigned kind)
{
	return kind != TRACE_EVENT_FREE && kind != TRACE_EVENT_REALLOC_OUT;
}

static inline int trace_kind_has_stack(unsigned kind)
{
	return kind == TRACE_EVENT_ALLOC || kind == TRACE_EVENT_REALLOC_IN || kind == TRACE_EVENT_MAP ||
	       kind == TRACE_EVENT_PROTECT || kind == TRACE_EVENT_REMAP_IN || kind == TRACE_EVENT_BREAK ||
	       kind == TRACE_EVENT_LOG || kind == TRACE_EVENT_CPU || kind == TRACE_EVENT_TOLD_ALLOC;
}

static inline int trace_kind_has_extra(unsigned kind)
{
	return kind == TRACE_EVENT_MAP || kind == TRACE_EVENT_ADVISE;
}

#endif
