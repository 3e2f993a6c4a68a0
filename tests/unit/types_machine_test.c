/* types_machine_test.c: what registers and the frame hold after a few instructions, assembled here. */
#include <check.h>
#include <string.h>

#include "suite.h"
#include "types/machine.h"

#define SNIPPET(name, text) \
	extern const uint8_t name[], name##_end[]; \
	__asm__(".pushsection .rodata\n.intel_syntax noprefix\n" #name ":\n" text "\n" #name "_end:\n.att_syntax prefix\n" \
	        ".popsection\n")

#define VADDR 0x1000 /* of a snippet's first instruction */

static const Dwarf_Die anything = {.addr = (void *)16};
static struct value stored[4];
static struct place_at places[4];
static size_t store_count;

/* The block is in rax, a pointer to something in r12, rsp is 64 below the CFA. */
static struct machine start(void)
{
	struct machine machine = {0};

	machine.registers[RAX].kind = VALUE_BLOCK;
	machine.registers[12] = (struct value){.kind = VALUE_TYPED, .type = anything};
	machine.registers[RSP] = (struct value){.kind = VALUE_FRAME, .offset = -64};
	return machine;
}

static void store(void *context, const struct machine *machine, const struct place_at *place, struct value value)
{
	(void)context, (void)machine;
	ck_assert_uint_lt(store_count, 4);
	places[store_count] = *place;
	stored[store_count++] = value;
}

/* Runs a snippet; the last instruction's step. */
static struct stepped run(struct machine *machine, const uint8_t *code, const uint8_t *end)
{
	const struct machine_world world = {NULL, NULL, store};
	struct stepped stepped = {0};
	uint64_t vaddr = VADDR;
	size_t size = (size_t)(end - code);
	cs_insn *instruction;
	csh handle;

	store_count = 0;
	ck_assert_int_eq(cs_open(CS_ARCH_X86, CS_MODE_64, &handle), CS_ERR_OK);
	cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON);
	instruction = cs_malloc(handle);
	while (cs_disasm_iter(handle, &code, &size, &vaddr, instruction))
		stepped = machine_step(machine, instruction, &world);
	ck_assert_uint_eq(size, 0);
	cs_free(instruction, 1);
	cs_close(&handle);
	return stepped;
}

#define RUN(name) run(&machine, name, name##_end)

static void is(const struct machine *machine, uint8_t reg, enum value_kind kind, int64_t offset)
{
	ck_assert_int_eq(machine->registers[reg].kind, kind);
	if (kind != VALUE_UNKNOWN)
		ck_assert_int_eq(machine->registers[reg].offset, offset);
}

SNIPPET(moves, "mov rbx, rax; mov [rsp+8], rbx; mov rcx, [rsp+8]; lea rdx, [rcx+16]; mov esi, ebx; mov rdi, [rsp+16]");
SNIPPET(pushes, "push rax; pop rbp; add rbp, 8; sub rbp, 24; push 1; pop rdx");

START_TEST(what_is_moved_is_followed)
{
	struct machine machine = start();

	RUN(moves);
	is(&machine, RBX, VALUE_BLOCK, 0);
	is(&machine, RCX, VALUE_BLOCK, 0);
	is(&machine, RDX, VALUE_BLOCK, 16);
	is(&machine, RSI, VALUE_UNKNOWN, 0); /* half of a pointer is none */
	is(&machine, RDI, VALUE_UNKNOWN, 0);
	machine = start();
	RUN(pushes);
	is(&machine, RBP, VALUE_BLOCK, -16);
	is(&machine, RDX, VALUE_NUMBER, 1);
	is(&machine, RSP, VALUE_FRAME, -64);
}
END_TEST

SNIPPET(pair, "movq xmm1, rax; movq xmm0, r12; punpcklqdq xmm0, xmm1; movups [rsp+16], xmm0; mov rcx, [rsp+24];"
              "mov rdx, [rsp+16]; movaps xmm2, [rsp+16]; movhps [rsp+32], xmm2; mov rbx, [rsp+32]");
SNIPPET(high, "movq xmm0, r12; mov [rsp], rax; movhps xmm0, [rsp]; movups [r12+24], xmm0");

START_TEST(pairs_in_vectors_are_followed)
{
	struct machine machine = start();

	RUN(pair);
	is(&machine, RCX, VALUE_BLOCK, 0);
	is(&machine, RDX, VALUE_TYPED, 0);
	is(&machine, RBX, VALUE_BLOCK, 0);
	machine = start();
	RUN(high);
	ck_assert_uint_eq(store_count, 2); /* to the frame, and the high half */
	ck_assert_int_eq(places[1].base.kind, VALUE_TYPED);
	ck_assert_int_eq(places[1].base.offset, 32);
	ck_assert_int_eq(stored[1].kind, VALUE_BLOCK);
}
END_TEST

SNIPPET(nonnull, "test rax, rax; cmove rax, rdi; cmovne rbx, rax; cmovb rcx, rax");
SNIPPET(never, "cmp rax, 0; je never_end");
SNIPPET(always, "mov [rsp], rax; cmp qword ptr [rsp], 0; jne always_end");
SNIPPET(either, "cmp rdi, 0; je either_end");
SNIPPET(flags_gone, "test rax, rax; add rdi, 1; je flags_gone_end");

START_TEST(the_block_is_not_null)
{
	struct machine machine = start();
	struct stepped stepped;

	RUN(nonnull);
	is(&machine, RAX, VALUE_BLOCK, 0);
	is(&machine, RBX, VALUE_BLOCK, 0);
	is(&machine, RCX, VALUE_UNKNOWN, 0);
	stepped = RUN(never);
	ck_assert(stepped.step == STEP_BRANCH && stepped.never && !stepped.always);
	stepped = RUN(always);
	ck_assert(stepped.step == STEP_BRANCH && stepped.always && !stepped.never);
	stepped = RUN(either);
	ck_assert(stepped.step == STEP_BRANCH && !stepped.always && !stepped.never);
	ck_assert_uint_eq(stepped.target, VADDR + (uint64_t)(either_end - either));
	stepped = RUN(flags_gone);
	ck_assert(!stepped.never);
}
END_TEST

SNIPPET(overwritten, "mov [rsp+8], rax; mov dword ptr [rsp+12], 0; mov rcx, [rsp+8]; xchg rax, rbx; mov rdx, rbx;"
                     "imul rbx, rbx, 3");
SNIPPET(anywhere, "mov [rsp+8], rax; mov [rsp+rcx*8+64], rdx; mov rbx, [rsp+8]");
SNIPPET(repeated, "mov rdi, rax; rep stosq; mov rsi, rdi; cdqe");

START_TEST(what_is_overwritten_is_unknown)
{
	struct machine machine = start();

	RUN(overwritten);
	is(&machine, RCX, VALUE_UNKNOWN, 0);
	is(&machine, RDX, VALUE_BLOCK, 0);
	is(&machine, RBX, VALUE_UNKNOWN, 0);
	is(&machine, RAX, VALUE_UNKNOWN, 0);
	machine = start();
	RUN(anywhere);
	is(&machine, RBX, VALUE_UNKNOWN, 0);
	machine = start();
	RUN(repeated);
	is(&machine, RSI, VALUE_UNKNOWN, 0);
	is(&machine, RAX, VALUE_UNKNOWN, 0);
	ck_assert(!machine_has_block(&machine));
	machine = start();
	machine.registers[RBX] = machine.registers[RAX];
	machine_called(&machine);
	is(&machine, RAX, VALUE_UNKNOWN, 0);
	is(&machine, RBX, VALUE_BLOCK, 0);
}
END_TEST

SNIPPET(table, "lea rcx, [rbx+3]; shl rcx, 3; lea rdx, [rip+0x500]; mov [rdx+rcx], rax; mov [rcx+r12+8], rax; mov rdi, [r12+rcx*2]");
SNIPPET(within, "lea rdi, [rax+rcx*8]; add rax, rcx");
SNIPPET(vtable, "lea rsi, [rip+0x2000]; mov [rax], rsi; mov qword ptr [rax+8], 77");
SNIPPET(indirect, "call qword ptr [rip+0x100]");
SNIPPET(segment, "mov rdx, fs:[0x28]; mov fs:[0x28], rax");

START_TEST(places_have_bases)
{
	struct machine machine = start();
	struct stepped stepped;

	RUN(table);
	ck_assert_uint_eq(store_count, 2);
	ck_assert(places[0].base.kind == VALUE_ADDRESS && places[0].base.indexed);
	/* Three elements of eight bytes behind the third instruction's end and 0x500. */
	ck_assert_int_eq(places[0].base.offset, VADDR + 4 + 4 + 7 + 0x500 + 24);
	ck_assert(places[1].base.kind == VALUE_TYPED && places[1].base.indexed);
	ck_assert_int_eq(places[1].base.offset, 32);
	machine = start();
	RUN(within);
	is(&machine, RDI, VALUE_UNKNOWN, 0);
	is(&machine, RAX, VALUE_UNKNOWN, 0);
	machine = start();
	RUN(vtable);
	ck_assert_uint_eq(store_count, 1);
	ck_assert(places[0].base.kind == VALUE_BLOCK && stored[0].kind == VALUE_ADDRESS);
	ck_assert_int_eq(stored[0].offset, VADDR + 7 + 0x2000);
	stepped = RUN(indirect);
	ck_assert(stepped.step == STEP_CALL && !stepped.target && stepped.through == VADDR + 6 + 0x100);
	RUN(segment);
	ck_assert_int_eq(places[0].base.kind, VALUE_UNKNOWN);
	ck_assert_uint_eq(places[0].reg, NO_REGISTER);
}
END_TEST

SUITE_MAIN("types_machine", what_is_moved_is_followed, pairs_in_vectors_are_followed, the_block_is_not_null,
           what_is_overwritten_is_unknown, places_have_bases)
