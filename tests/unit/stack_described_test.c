/*
 * stack_described_test.c: frames by their descriptions: code that has none, broken chains of frame pointers, and
 * descriptions that take more than the stack and the frame pointer.
 */
#include <check.h>
#include <string.h>
#include <sys/mman.h>

#include "stack/stack.h"
#include "stack_look.h"
#include "suite.h"

/* ---- code without descriptions ---- */

typedef void generated_function(uintptr_t bp, uint32_t (*function)(void));

/* push rbp; [mov rsp, rbp | mov rdi, rbp]; push rbx; mov rsp, rbx; and -16, rsp; call *rsi; … restore; ret */
static generated_function *generate(bool framed)
{
	static const uint8_t with[] = {0x55, 0x48, 0x89, 0xe5, 0x53, 0x48, 0x83, 0xec, 0x08, 0xff, 0xd6, 0x48, 0x83,
	                               0xc4,
		0x08, 0x5b, 0x5d, 0xc3};
	static const uint8_t without[] = {0x55, 0x48, 0x89, 0xfd, 0x53, 0x48, 0x83, 0xec, 0x08, 0xff, 0xd6, 0x48,
	                                  0x83,
		0xc4, 0x08, 0x5b, 0x5d, 0xc3};
	uint8_t *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (framed)
		memcpy(code, with, sizeof(with));
	else
		memcpy(code, without, sizeof(without));
	return (generated_function *)code;
}

START_TEST(generated_code)
{
	generated_function *function;

	setup();
	function = generate(true);
	function(0, look_here);
	/* libunwind has to guess here, and is wrong where the caller keeps no frame pointer. */
	ck_assert(within(last.pc[0], look_here) && within(last.pc[1], (void *)function));
	ck_assert(within(last.pc[2], generated_code_fn) && !within(last.pc[3], generated_code_fn));
	ck_assert_uint_eq(last.end, TRACE_STACK_ROOT);
}
END_TEST

/* As in ld.so, which clears rbp before it calls constructors: no description, but a module's word for the root. */
void outermost(uint32_t (*)(void));
__asm__(".globl outermost\noutermost:\n"
        "push %rbp\nxor %ebp, %ebp\ncall *%rdi\npop %rbp\nret\n");

START_TEST(marked_root)
{
	setup();
	outermost(look_here);
	ck_assert_uint_eq(last.count, 2);
	ck_assert_uint_eq(last.end, TRACE_STACK_ROOT);
}
END_TEST

START_TEST(broken_chain)
{
	generated_function *function;
	uintptr_t here = (uintptr_t)&function;
	uintptr_t loop[4] = {(uintptr_t)loop, (uintptr_t)look_here + 1, 0, 0};
	uintptr_t wrong[9];

	setup();
	/* Nothing, misaligned, below sp, beyond the stack, not an address, at itself, into text. */
	memcpy(wrong, (uintptr_t[9]){0, 1, here + 1, here - 100000, mine.stack_high + 4096, ~0ul - 7, 1ul << 62,
		(uintptr_t)loop, (uintptr_t)look_here}, sizeof(wrong));
	function = generate(false);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		function(wrong[i], look_here);
		ck_assert(within(last.pc[0], look_here) && within(last.pc[1], (void *)function));
		ck_assert_msg(last.end == TRACE_STACK_LOST, "bp %#lx: ended %u after %u", (unsigned long)wrong[i],
		              last.end,
			last.count);
	}
	function(mine.stack_high - 8, look_here);
	ck_assert_uint_eq(last.end, TRACE_STACK_LOST);
	/* The same frames, cut and lost in turns: they are not the same stack. */
	library.stack_depth = 2;
	for (int i = 0; i < 4; i++) {
		function(i & 1 ? 1 : (uintptr_t)loop, look_here);
		ck_assert_uint_eq(last.count, 2);
		ck_assert_uint_eq(last.end, i & 1 ? TRACE_STACK_LOST : TRACE_STACK_CUT);
	}
	library.stack_depth = 1024;
	function((mine.stack_high & ~7ul) - 16, look_here);
	ck_assert_uint_ne(last.end, TRACE_STACK_CUT);
}
END_TEST

/* ---- descriptions that take more than sp and bp ---- */

void by_rbx(uint32_t (*)(void)), by_memory(uint32_t (*)(void)), by_value(uint32_t (*)(void));
void by_many(uint32_t (*)(void)), by_remembered(uint32_t (*)(void)), by_last(uint32_t (*)(void));
__asm__(
	/* As in ld.so's lazy binding: sp is realigned, rbx keeps the frame. */
	".globl by_rbx\nby_rbx:\n.cfi_startproc\n"
	"push %rbx\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset %rbx, 0\n"
	"mov %rsp, %rbx\n.cfi_def_cfa_register %rbx\n"
	"push %rbp\n.cfi_offset %rbp, -24\n"
	"xor %ebp, %ebp\n"
	"and $-64, %rsp\ncall *%rdi\n"
	"mov -8(%rbx), %rbp\nmov %rbx, %rsp\n.cfi_def_cfa_register %rsp\n"
	"pop %rbx\nret\n.cfi_endproc\n"
	/* As in OpenSSL: the old sp is kept on the stack: CFA = *(rsp + 16) + 8; rbp is at CFA − 16. */
	".globl by_memory\nby_memory:\n.cfi_startproc\n"
	"mov %rsp, %rax\n.cfi_def_cfa_register %rax\n"
	"push %rbp\n.cfi_offset %rbp, -16\n"
	"sub $64, %rsp\nand $-64, %rsp\nmov %rax, 16(%rsp)\n"
	".cfi_escape 0x0f, 0x05, 0x77, 0x10, 0x06, 0x23, 0x08\n"
	"xor %ebp, %ebp\ncall *%rdi\n"
	"mov 16(%rsp), %rax\n.cfi_def_cfa %rax, 8\n"
	"mov -8(%rax), %rbp\nmov %rax, %rsp\n.cfi_def_cfa_register %rsp\nret\n.cfi_endproc\n"
	/* rbp's value by expression: rbp = *(rsp + 8) − 5; and a constant folded into the CFA. */
	".globl by_value\nby_value:\n.cfi_startproc\n"
	"sub $24, %rsp\n.cfi_def_cfa_offset 32\n"
	"lea 5(%rbp), %rax\nmov %rax, 8(%rsp)\n"
	".cfi_escape 0x16, 0x06, 0x06, 0x77, 0x08, 0x06, 0x35, 0x1c, 0x96\n"
	".cfi_escape 0x0f, 0x06, 0x77, 0x10, 0x32, 0x33, 0x24, 0x22\n"
	"mov $77, %ebp\ncall *%rdi\n"
	"mov 8(%rsp), %rbp\nsub $5, %rbp\nadd $24, %rsp\n.cfi_def_cfa %rsp, 8\nret\n.cfi_endproc\n"
	/* CFA from r12 after a detour through r13; both saved. */
	".globl by_many\nby_many:\n.cfi_startproc\n"
	"push %r12\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset %r12, 0\n"
	"push %r13\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset %r13, 0\n"
	"lea 24(%rsp), %r12\n.cfi_def_cfa %r12, 0\n"
	"sub $104, %rsp\nand $-32, %rsp\n"
	"call *%rdi\n"
	"lea -24(%r12), %rsp\n.cfi_def_cfa %rsp, 24\n"
	"pop %r13\npop %r12\n.cfi_def_cfa_offset 8\nret\n.cfi_endproc\n"
	/* The call is the last instruction: its return address belongs to another function, with another CFA. */
	".globl by_last\nby_last:\n.cfi_startproc\n"
	"sub $40, %rsp\n.cfi_def_cfa_offset 48\ncall *%rdi\n.cfi_endproc\n"
	".cfi_startproc\nadd $40, %rsp\nret\n.cfi_endproc\n"
	/* remember_state within remember_state, and an early way out before the call. */
	".globl by_remembered\nby_remembered:\n.cfi_startproc\n"
	"push %rbp\n.cfi_def_cfa_offset 16\n.cfi_offset %rbp, -16\n"
	"test %rdi, %rdi\njnz 1f\n"
	".cfi_remember_state\npop %rbp\n.cfi_def_cfa_offset 8\n.cfi_restore %rbp\n"
	".cfi_remember_state\nret\n.cfi_restore_state\nret\n"
	"1:\n.cfi_restore_state\n"
	"sub $16, %rsp\n.cfi_def_cfa_offset 32\n"
	"mov $3, %ebp\ncall *%rdi\n"
	"add $16, %rsp\n.cfi_def_cfa_offset 16\npop %rbp\n.cfi_restore %rbp\n.cfi_def_cfa_offset 8\n"
	"ret\n.cfi_endproc\n");

static void (*const odd[])(uint32_t (*)(void)) = {by_memory, by_remembered, by_value, by_rbx, by_many};

static unsigned nested;

static uint32_t nest(void)
{
	unsigned mine_now = nested++;

	if (mine_now == sizeof(odd) / sizeof(*odd))
		check();
	else
		odd[mine_now](nest);
	BARRIER();
	return 0;
}

START_TEST(odd_descriptions)
{
	setup();
	for (unsigned i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		uint64_t full = mine.lanes[0].stack ? mine.lanes[0].stack->counts.full : 0;

		odd[i](check_here);
		ck_assert_uint_eq(last.end, TRACE_STACK_ROOT);
		/* The first two are rules; the others need all registers. */
		ck_assert_msg((mine.lanes[0].stack->counts.full > full) == (i >= 2), "case %u", i);
	}
	by_last((uint32_t (*)(void))check);
	ck_assert_uint_eq(last.end, TRACE_STACK_ROOT);
	nest();
	ck_assert_uint_ge(last.count, 2 * sizeof(odd) / sizeof(*odd));
	ck_assert_uint_eq(mine.lanes[0].stack->counts.unreadable, 0);
}
END_TEST

int main(void)
{
	TCase *test = tcase_create("described");

	tcase_add_test(test, generated_code);
	tcase_add_test(test, marked_root);
	tcase_add_test(test, broken_chain);
	tcase_add_test(test, odd_descriptions);
	return suite_run("stack described", test);
}
