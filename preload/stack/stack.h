/*
 * stack.h: what the files of stack/ share. A capture goes
 *
 *	capture.c ─▶ walk.c (rules.c on a cache miss; full.c where three registers are not enough) ─▶ tree.c
 *
 * Everything that changes lies in wiped memory and belongs to one lane, but for the call tree (lock-free) and the
 * history of modules (modules.c, ordinary memory, so that a forked child inherits it). A capture can be left at any
 * instruction (a signal handler that jumps out of it), and another signal's capture can run in the middle of it on a
 * lane of its own: whatever is stored here is stored in an order that stands both.
 */
#ifndef PROBE_STACK_H
#define PROBE_STACK_H

#include "library.h"
#include "stack/proof.h"

#define STACK_DEPTH_MAX 1024u             /* frames; library.stack_depth is at most this */
#define STACK_EXACT     (1ull << 63)      /* in a frame word: the address is of the instruction itself */
#define ADDRESS_BITS    47                /* user addresses are below 2^47 */

/* DWARF's numbers of the registers that matter by name. */
enum { DWARF_RBX = 3, DWARF_RBP = 6, DWARF_RSP = 7, DWARF_RA = 16, REGISTERS = 17 };

/* ---- bounds.c: which words a walk may read --------------------------------------------------------------------- */

struct bounds {
	uintptr_t low;               /* words in [low, high) may be read; low only rises but at a signal frame */
	uintptr_t high;
	uintptr_t limit;             /* not the thread's own stack: high may be moved up to here, page by page */
};

/* The bounds of the stack that `sp` lies in; it is the current stack, so the page below sp exists. */
void bounds_enter(struct bounds *bounds, const struct thread *thread, uintptr_t sp) HIDDEN;
/* The same for a stack that a signal interrupted, where sp may lie in a guard page. False: nothing there. */
bool bounds_interrupted(struct bounds *bounds, const struct thread *thread, uintptr_t sp) HIDDEN;
/* True if the word that `address` lies in can be read: asks the kernel. */
bool bounds_readable(uintptr_t address) HIDDEN;
/* True if the word at `address` may be read now: slow, for what is not within [low, high) as it stands. */
bool bounds_extend(struct bounds *bounds, uintptr_t address) HIDDEN;

static inline bool bounds_has(const struct bounds *bounds, uintptr_t address)
{
	return address - bounds->low < bounds->high - bounds->low && (address & 7) == 0;
}

/* A word of somebody's stack: an address sanitizer (in unit tests) knows those as out of bounds. */
static inline __attribute__((no_sanitize("address"))) uintptr_t word_at(uintptr_t address)
{
	return *(const uintptr_t *)address;
}

/* Reads the word at `address` if the walk may. */
static inline bool bounds_word(struct bounds *bounds, uintptr_t address, uintptr_t *word)
{
	if (unlikely(!bounds_has(bounds, address)) && !bounds_extend(bounds, address))
		return false;
	*word = word_at(address);
	return true;
}

/* ---- find.c: the frame description of an address --------------------------------------------------------------- */

/* A bounded reader over mapped bytes. `bad` stays set; reads after the end give 0. */
struct reader {
	const uint8_t *at, *end;
	bool bad;
};

/* One FDE and its CIE, taken apart. */
struct description {
	struct reader common;        /* the CIE's instructions */
	struct reader own;           /* the FDE's instructions */
	uintptr_t start, end;        /* the code that it covers */
	uint64_t  code_align;
	int64_t   data_align;
	uint64_t  return_register;   /* must be DWARF_RA */
	uint8_t   encoding;          /* of code pointers: DW_CFA_set_loc needs it */
	bool      signal;            /* augmentation S */
};

enum found {
	FOUND,
	FOUND_NO_MODULE,             /* generated code, or no code at all */
	FOUND_NO_FDE,                /* in a module that does not describe it */
	FOUND_END,                   /* cfi_row: a place that functions return to but that nobody called from */
	FOUND_BAD,                   /* the description makes no sense */
};
enum found find_description(uintptr_t lookup, struct description *description) HIDDEN;

uint64_t read_fixed(struct reader *reader, unsigned bytes) HIDDEN;
uint64_t read_uleb(struct reader *reader) HIDDEN;
int64_t  read_sleb(struct reader *reader) HIDDEN;
/* A DW_EH_PE encoded pointer; `data` is the base of datarel. */
uintptr_t read_encoded(struct reader *reader, uint8_t encoding, uintptr_t data) HIDDEN;
/* A block: its length as uleb, then so many bytes. */
struct reader read_block(struct reader *reader) HIDDEN;

/* ---- cfi.c: the row of an address ------------------------------------------------------------------------------ */

enum cfi_kind {
	CFI_SAME,                    /* unchanged: also what no instruction speaks of */
	CFI_UNDEFINED,
	CFI_OFFSET,                  /* saved at CFA + value */
	CFI_VAL_OFFSET,              /* is CFA + value */
	CFI_REGISTER,                /* is in register `value`; for the CFA: register number in `from`, + value */
	CFI_EXPRESSION,              /* saved at the address that the block gives */
	CFI_VAL_EXPRESSION,          /* is what the block gives */
};

struct cfi_place {
	union {
		int64_t value;
		const uint8_t *block;    /* length as uleb, then the expression; lies in the module */
	};
	uint8_t kind;                /* enum cfi_kind */
	uint8_t from;                /* see CFI_REGISTER */
};

struct cfi_row {
	struct cfi_place cfa;        /* CFI_REGISTER or CFI_VAL_EXPRESSION */
	struct cfi_place registers[REGISTERS];
	bool signal;                 /* of a signal frame */
};

#define CFI_REMEMBERED 6             /* nested remember_state; compilers nest one or two */

/* Scratch, too large for small stacks: it lies in the lane. */
struct cfi {
	struct cfi_row row;          /* the result */
	struct cfi_row initial;      /* after the CIE's instructions */
	struct cfi_row remembered[CFI_REMEMBERED];
};

enum found cfi_row(struct cfi *cfi, uintptr_t lookup) HIDDEN;

/* ---- expression.c ---------------------------------------------------------------------------------------------- */

/* What an expression comes to. With BASE and MEMORY it stays a formula over a register that is not known. */
struct value {
	enum { VALUE_NONE, VALUE_NUMBER, VALUE_BASE, VALUE_MEMORY } kind;
	uint8_t base;                /* register */
	int64_t n;                   /* NUMBER: n. BASE: base + n. MEMORY: *(base + n) + k */
	int64_t k;
};

struct registers {
	uintptr_t value[REGISTERS];  /* by DWARF number; DWARF_RA is the pc */
	uint32_t  known;             /* bit n: value[n] is right */
};

/*
 * Evaluates a block. With `registers` NULL the result is symbolic, over `pc`; else a number, and memory is read
 * within `bounds`. `push`, if not NULL, is on the stack at the start (the CFA, for registers' expressions).
 */
struct value expression(const uint8_t *block, const struct registers *registers, struct bounds *bounds, uintptr_t pc,
	const uintptr_t *push) HIDDEN;

/* ---- rules.c: what one step of a walk is, in eight bytes ------------------------------------------------------- */

enum rule_kind {
	RULE_SP,                     /* CFA = sp + n */
	RULE_BP,                     /* CFA = bp + n */
	RULE_FRAME,                  /* nothing is known: CFA = bp + 16 if bp looks like a frame pointer */
	RULE_INTERPRETED,            /* the same, and the frame tells which bytecode runs in it: interpreter_frame() */
	RULE_MEMORY_SP,              /* CFA = *(sp + n) + k */
	RULE_MEMORY_BP,              /* CFA = *(bp + n) + k */
	RULE_REALIGNED,              /* CFA = *(bp + n) + k, and bp is saved at bp + 8 × saved: gcc's DRAP */
	RULE_SIGNAL,                 /* the caller is what the signal interrupted: its registers lie at sp */
	RULE_ROOT,                   /* there is no caller */
	RULE_FULL,                   /* needs other registers: full.c */
};

struct rule {
	uint8_t kind;                /* enum rule_kind */
	int8_t  k;                   /* bytes */
	int16_t saved;               /* the caller's bp is at CFA + 8 × saved; RULE_KEPT: it is bp itself */
	int32_t n;                   /* bytes */
};
_Static_assert(sizeof(struct rule) == 8, "a cache slot is 16 bytes");
#define RULE_KEPT (-1)               /* CFA − 8 holds the return address, so nothing else is there */

struct rule_slot {
	uint64_t key;                /* epoch_key(); 0 none */
	struct rule rule;
};

/* A lane begins with few slots, most threads are small; a table that misses often is replaced by a larger one. */
#define RULE_FIRST_BITS 9
#define RULE_LAST_BITS  15

/* ---- capture.c: a lane's memory of the stack ------------------------------------------------------------------- */

struct stack_counts {                /* what was met on this lane; for tests and tuning */
	uint64_t rules;              /* made, that is, misses of the cache */
	uint64_t full;               /* walks that full.c had to do */
	uint64_t unreadable;         /* descriptions that made no sense or need what expression.c cannot do */
	uint64_t lost;               /* walks that ended before the root */
	uint64_t refused;            /* stacks for which the call tree had no room */
};

/* A frame as the walk under way met it. */
struct walked {
	uint64_t  frame;             /* address, STACK_EXACT */
	uintptr_t sp, bp;            /* the state of the walk here */
	struct rule rule;            /* by which it went on to the caller */
	bool      plain;             /* that step read the return address, and bp if it was saved, and nothing else */
};

/* A frame of the last capture; what its step and those further out read is in the lane's lists (proof.h). */
struct memo {
	uint64_t  frame;             /* address, STACK_EXACT */
	uintptr_t sp, bp;            /* the state here */
	uint64_t  interned;          /* the address that the node has: the frame, or a bytecode's */
	uint32_t  node;
	struct proof_count end;      /* of the lists: one past what its step read */
	bool      bp_live;
};

/*
 * The newest frames of an earlier capture, which joined the memo further out: where programs go back and forth between
 * a few stacks, the memo has only the last one. Equal state, unchanged words, and the memo's frame `join` − 1 the very
 * one that it was: then the node is known, if the rest of the memo can be proved too.
 */
#define LEAF_BITS   6                /* sets, by the newest frame's pc and sp; */
#define LEAF_WAYS   4                /* and in each so many ways that led there */
#define LEAF_FRAMES 8
#define LEAF_PAIRS  12               /* of each list */

struct leaf {
	uint64_t  frame;             /* the state of the newest frame */
	uintptr_t sp, bp;
	uintptr_t high;              /* memo_high when it was made */
	uint64_t  join_frame;        /* the frame that it joins */
	uintptr_t join_sp, join_bp;
	uint32_t  join_node;
	uint32_t  join;              /* frames from there outwards */
	uint32_t  renewal;           /* the lane's, when it was made */
	uint32_t  node;              /* of the newest frame; 0: nothing is here; stored last */
	bool      bp_live, join_bp_live;
	struct proof_count end;      /* of the lists */
	pair_bits pair[LEAF_PAIRS];
	uintptr_t pair_at[LEAF_PAIRS];
	struct proof_word word[LEAF_PAIRS];
	uintptr_t tag_at[LEAF_FRAMES];
};

struct leaf_set {
	uint32_t hints[LEAF_WAYS];   /* of the leaves' pc and sp: which ones to look at */
	uint32_t next;               /* to be replaced */
};

/* A node that this lane met lately: spares the call tree's index, which lies far away in the caches. */
struct child {
	uint64_t frame;              /* address, STACK_EXACT through epoch_key() */
	uint32_t parent;             /* node id */
	uint32_t node;               /* 0: nothing is here; stored last */
};

#define CHILD_BITS 12

struct stack_lane {
	struct rule_slot *rules;     /* 2^rule_bits slots, at least; */
	uint32_t rule_bits;
	uint32_t misses;             /* since this table was taken */
	uint64_t epoch;              /* modules_epoch that the rules belong to */
	uint32_t code_epoch;         /* that the memo and the children belong to */
	uint32_t deeper;             /* frames beyond library.stack_depth that the capture under way may have */
	uint32_t renewal;            /* changes when nodes and rules are to be asked for again */
	uint32_t count;              /* frames in `walked`; */
	uint32_t same;               /* outer frames that follow them, from the memo; 0: the walk went to the end */
	uintptr_t end_sp;            /* the state's sp when it ended at the root trampoline; 0: by a rule */
	uint32_t memo_count;         /* frames of the memo that are right */
	uint32_t memo_plain;         /* of these, how many can be proved: all steps from there outwards are plain */
	uintptr_t memo_high;         /* bounds.high of the stack that they lie on */
	uint32_t memo_end;           /* how that stack ended: TRACE_STACK_* */
	uint8_t *tables, *tables_end; /* tree.c: room for tables of the call tree, owned by this lane */
	uint8_t *spare;              /* a table that could not be used after all */
	struct stack_counts counts;
	struct cfi cfi;
	struct registers full;       /* full.c */
	struct memo memo[STACK_DEPTH_MAX] __attribute__((aligned(64))); /* the last capture's, outermost first */
	/* What the steps of the memo read, outermost first; memo[i].end says how far frame i's goes. */
	pair_bits pair[2 * STACK_DEPTH_MAX];
	uintptr_t pair_at[2 * STACK_DEPTH_MAX];
	struct proof_word word[2 * STACK_DEPTH_MAX];
	uintptr_t tag_at[STACK_DEPTH_MAX];
	struct walked walked[STACK_DEPTH_MAX];   /* innermost first */
	struct rule_slot first_rules[1 << RULE_FIRST_BITS];
	struct child children[1 << CHILD_BITS];
	struct leaf_set leaf_sets[1 << LEAF_BITS];
	struct leaf leaves[1 << LEAF_BITS][LEAF_WAYS];
};

static inline struct proof_lists lane_lists(const struct stack_lane *lane)
{
	return (struct proof_lists){lane->pair_at, lane->pair, lane->word, lane->tag_at};
}

/* The set is in the upper bits, the hint in the lower half. */
static inline uint64_t leaf_hash(uint64_t frame, uintptr_t sp)
{
	uint64_t mixed = (frame ^ sp << 20) * 0x9e3779b97f4a7c15ull;

	return mixed ^ mixed >> 32;
}

/* The rule for a step from `lookup` (a return address − 1, or an exact address), from the cache or made. */
struct rule rule_make(struct stack_lane *lane, uintptr_t lookup) HIDDEN;

/* Bit 63 is STACK_EXACT's, so a key holds 15 bits of the epoch. */
#define EPOCH_BITS 15

static inline uint64_t epoch_key(const struct stack_lane *lane, uint64_t address)
{
	return address ^ (lane->epoch << (64 - EPOCH_BITS)) >> 1;
}

static inline struct rule_slot *rule_slot(struct stack_lane *lane, uintptr_t lookup)
{
	return &lane->rules[lookup * 0x9e3779b97f4a7c15ull >> (64 - lane->rule_bits)];
}

/* ---- walk.c, full.c -------------------------------------------------------------------------------------------- */

/* Fill lane->walked, count, same and end_sp; return how the stack ended: TRACE_STACK_ROOT, _CUT or _LOST. */
uint32_t walk_fast(struct stack_lane *lane, const struct thread *thread, struct stack_start at) HIDDEN;
uint32_t walk_full(struct stack_lane *lane, const struct thread *thread, struct stack_start at) HIDDEN;

/* Where a step found no caller: is that the root of the stack? */
static inline bool walk_is_root(const struct bounds *bounds, bool in_module, uintptr_t bp)
{
	/* By the ABI bp = 0 marks the outermost frame. Generated code uses bp as it likes, so on a thread's own
	 * stack, which has a root we know, only a module's word is taken for it (ld.so's, for constructors). */
	return bp == 0 && (in_module || bounds->limit != 0);
}

/* Registers in a signal frame: byte offsets from the ucontext that sp points to, by DWARF number. */
extern const uint8_t signal_offset[REGISTERS] HIDDEN;

/* ---- interpreter.c --------------------------------------------------------------------------------------------- */

/* True if the frame of a function that runs at `lookup` is one of the interpreter's. */
bool interpreter_has(uintptr_t lookup) HIDDEN;

/*
 * The bytecode at which the interpreter's frame with frame pointer bp stands, as a frame word; 0 if there is none. The
 * bytecode array is a tagged pointer at bp − 32, and the offset in it, the array's header included, a Smi at bp − 40
 * (V8 11.3 to 13.6 without pointer compression; src/execution/frame-constants.h). A frame with a type marker (a Smi) at
 * bp − 8 is a bytecode handler's own.
 */
static inline uint64_t interpreter_frame(uintptr_t array, uintptr_t offset, uintptr_t context)
{
	uint64_t address = array + (offset >> 32);

	if ((array & 3) != 1 || (context & 1) != 1 || (uint32_t)offset || offset >> 32 > INT32_MAX ||
	    address >> ADDRESS_BITS)
		return 0;
	return address | STACK_EXACT;
}

/* ---- tree.c ---------------------------------------------------------------------------------------------------- */

#define TREE_ROOT_BITS 14            /* slots of a part of the index's root; */
#define TREE_ROOTS     2048          /* and parts: as many slots as there can be nodes */
#define TREE_EXTENTS   2048

struct stack_process {
	uint64_t next;               /* next free slot of the node space; node id = slot + 1 */
	uint64_t retry;              /* captures to let pass before asking for an extent again, after one was
	                              * refused */
	struct trace_tree *extents[TREE_EXTENTS];
	uint64_t *roots[TREE_ROOTS]; /* the root of the index over the nodes: tree.c */
};

/* The node of (parent, address, generation | TRACE_NODE_EXACT), made if need be; TRACE_STACK_NONE: no room. */
uint32_t tree_intern(struct stack_process *tree, struct stack_lane *lane, uint32_t parent, uint64_t address,
	uint32_t generation) HIDDEN;
/* The parent of a node that tree_intern returned. */
uint32_t tree_parent(struct stack_process *tree, uint32_t node) HIDDEN;

/* ---- modules.c ------------------------------------------------------------------------------------------------- */

extern uint64_t modules_epoch HIDDEN;        /* changes when a module comes or goes */
extern uint32_t modules_unloaded HIDDEN;     /* entries of the list of unloaded ranges; 0 nearly always */

/* ---- generations.c --------------------------------------------------------------------------------------------- */

#define CODE_GRANULE 4096u

extern uint32_t code_epoch HIDDEN;           /* changes when other code may lie at an address; 0: none ever did */

#endif
