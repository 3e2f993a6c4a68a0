/*
 * interrupted.c: see interrupted.h. A walk out of the handler passes the kernel's frame, and knows what was interrupted to
 * the instruction, where call frame information describes it. V8's code has none, and goes by the frame pointer: that is
 * the caller's still (or again) where a function has no frame yet, has left it, or never makes one (many builtins). Then
 * the return address is looked for: it lies above the stack pointer, behind what was pushed, and the call before it leads
 * to where the thread was.
 */
#include "stack/interrupted.h"

#include "stack.h"

#define SEARCHED       24u           /* words above the stack pointer: what a function without a frame may have pushed */
#define FUNCTION_BYTES 16384u        /* how far from its entry such a function may be interrupted */
#define ENTRY_BYTES    48u           /* from the entry, in which a frame is made: a few checks come before */
#define CODE_LOWEST    0x10000u

static const uint8_t make_frame[4] = {0x55, 0x48, 0x89, 0xe5}; /* push %rbp; mov %rsp,%rbp */

static bool makes_frame(const uint8_t *code)
{
	return __builtin_memcmp(code, make_frame, sizeof(make_frame)) == 0;
}

static bool is_readable(uintptr_t start, size_t bytes)
{
	return bounds_readable(start) && ((start ^ (start + bytes - 1)) >> 12 == 0 || bounds_readable(start + bytes - 1));
}

/* The number of a register in machine code, as index into what the kernel saved. */
static uintptr_t register_of(const ucontext_t *context, unsigned number)
{
	static const uint8_t saved[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
		REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

	return (uintptr_t)context->uc_mcontext.gregs[saved[number]];
}

static int32_t displacement(const uint8_t *at)
{
	int32_t value;

	__builtin_memcpy(&value, at, sizeof(value));
	return value;
}

static uintptr_t word_in_memory(uintptr_t address)
{
	return (address & 7) == 0 && is_readable(address, 8) ? word_at(address) : 0;
}

/*
 * Where the call led that returns to `address`, if one does: call rel32, call *%reg, call *disp(%reg), call *disp(%rip),
 * with the registers as they are now. 0: it cannot be told.
 */
static uintptr_t called_from(uintptr_t address, const ucontext_t *context)
{
	const uint8_t *end = (const uint8_t *)address;
	unsigned extended;

	if (address < CODE_LOWEST || address >> ADDRESS_BITS || !is_readable(address - 7, 7))
		return 0;
	if (end[-5] == 0xe8)
		return address + (uintptr_t)(intptr_t)displacement(end - 4);
	if (end[-6] == 0xff && end[-5] == 0x15)
		return word_in_memory(address + (uintptr_t)(intptr_t)displacement(end - 4));
	extended = end[-3] == 0x41 ? 8 : 0;
	if (end[-2] == 0xff && (end[-1] & 0xf8) == 0xd0)
		return register_of(context, (end[-1] & 7) + extended);
	extended = end[-7] == 0x41 ? 8 : 0;
	if (end[-6] == 0xff && (end[-5] & 0xf8) == 0x90 && (end[-5] & 7) != 4)
		return word_in_memory(register_of(context, (end[-5] & 7) + extended) +
		                      (uintptr_t)(intptr_t)displacement(end - 4));
	extended = end[-4] == 0x41 ? 8 : 0;
	if (end[-3] == 0xff && (end[-2] & 0xf8) == 0x50 && (end[-2] & 7) != 4)
		return word_in_memory(register_of(context, (end[-2] & 7) + extended) + (uintptr_t)(intptr_t)(int8_t)end[-1]);
	return 0;
}

/* Whether at pc the function that is entered at `entry` has no frame, and its caller's return address is next to `words`
 * pushed words. */
static bool has_no_frame(uintptr_t entry, uintptr_t pc, unsigned words)
{
	uintptr_t bytes = pc - entry;

	if (bytes >= FUNCTION_BYTES || !is_readable(entry, ENTRY_BYTES + sizeof(make_frame)))
		return false;
	for (uintptr_t at = entry; at < entry + ENTRY_BYTES; at++)
		if (makes_frame((const uint8_t *)at))
			return pc == at + 1 ? words == 1 : pc <= at; /* the frame may be the next function's */
	return true;
}

/* The slot of the return address where pc's function has no frame; 0: it has one. */
static uintptr_t return_slot(const ucontext_t *context, struct bounds *bounds)
{
	const greg_t *registers = context->uc_mcontext.gregs;
	uintptr_t pc = (uintptr_t)registers[REG_RIP], sp = (uintptr_t)registers[REG_RSP];
	uintptr_t bp = (uintptr_t)registers[REG_RBP], word;
	const uint8_t *code = (const uint8_t *)pc;

	if (sp & 7)
		return 0;
	if (is_readable(pc, 4) && (makes_frame(code) || code[0] == 0xc3 || code[0] == 0xc2))
		return sp;
	if (is_readable(pc - 1, 4) && makes_frame(code - 1))
		return sp + 8;
	for (unsigned i = 0; i < SEARCHED && sp + i * 8 != bp; i++) {
		if (!bounds_word(bounds, sp + i * 8, &word))
			return 0;
		/* What lies on the stack itself is no code. */
		if (word - (sp - 4096) < (1u << 20))
			continue;
		word = called_from(word, context);
		if (word && pc >= word && has_no_frame(word, pc, i))
			return sp + i * 8;
	}
	return 0;
}

static uint32_t generation_of(uintptr_t address)
{
	bool known = __atomic_load_n(&modules_unloaded, __ATOMIC_RELAXED) | __atomic_load_n(&code_epoch, __ATOMIC_ACQUIRE);

	return known ? stack_generation(address) : 0;
}

/* Where births have no stacks, samples have whole ones all the same. A walk is not left in the middle: signals are blocked. */
static uint32_t capture(struct thread *thread, struct lane *owner, struct stack_start at, uint32_t more)
{
	uint32_t deeper = more + (library.block_stacks ? 0 : STACK_DEPTH_STANDARD - library.stack_depth), node;

	if (!owner->stack)
		stack_capture(thread, owner, at);
	if (!owner->stack)
		return TRACE_STACK_NONE;
	if (deeper > STACK_DEPTH_MAX - library.stack_depth)
		deeper = STACK_DEPTH_MAX - library.stack_depth;
	owner->stack->deeper = deeper;
	node = stack_capture(thread, owner, at);
	owner->stack->deeper = 0;
	return node;
}

uint32_t stack_interrupted(struct thread *thread, struct lane *owner, struct stack_start handler,
                           const ucontext_t *context)
{
	uintptr_t pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP], slot = 0, word = 0;
	struct description description;
	struct stack_process *tree;
	struct bounds bounds;
	uint32_t node;

	if (find_description(pc, &description) != FOUND && !interpreter_has(pc) &&
	    bounds_interrupted(&bounds, thread, (uintptr_t)context->uc_mcontext.gregs[REG_RSP]))
		slot = return_slot(context, &bounds);
	if (slot && bounds_word(&bounds, slot, &word) && word - 1 < (1ull << ADDRESS_BITS) - 1) {
		struct stack_start caller = {word, slot + 8, (uintptr_t)context->uc_mcontext.gregs[REG_RBP]};

		node = capture(thread, owner, caller, 0);
		tree = __atomic_load_n(&process->stack, __ATOMIC_ACQUIRE);
		return node == TRACE_STACK_NONE ? node : tree_intern(tree, owner->stack, node, pc,
		                                                     generation_of(pc) | TRACE_NODE_EXACT);
	}
	node = capture(thread, owner, handler, 1);
	tree = __atomic_load_n(&process->stack, __ATOMIC_ACQUIRE);
	/* The innermost frame is the restorer's, to which the handler returns. */
	return node < TRACE_FIRST_NODE ? node : tree_parent(tree, node);
}
