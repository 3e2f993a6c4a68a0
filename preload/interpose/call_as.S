/*
 * call_as.S: calls a function so that it takes somebody else for its caller.
 *
 *	void *call_as(void *function, const void *a, const void *b, const void *c, const void *ret)
 *
 * returns function(a, b, c). `ret` is the address of a return instruction in the module that the function shall find
 * at its return address: the function returns to it, and it returns here.
 */
	.text
	.globl	call_as
	.hidden	call_as
	.type	call_as, @function
call_as:
	.cfi_startproc
	endbr64
	pushq	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	movq	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	movq	%rdi, %rax
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	movq	%rcx, %rdx
	leaq	1f(%rip), %rcx
	/* With these three the function finds the stack aligned as after a call. */
	subq	$8, %rsp
	pushq	%rcx
	pushq	%r8
	jmpq	*%rax
1:	leave
	.cfi_def_cfa %rsp, 8
	ret
	.cfi_endproc
	.size	call_as, . - call_as
	.section .note.GNU-stack, "", @progbits
