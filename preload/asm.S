/*
 * asm.S: the few things that C cannot say. x86-64, System V psABI.
 */
	.text

/*
 * long root_call(void *fn, long a, long b, long c): calls fn(a, b, c). Its frame is the root of a thread's stack: the
 * return address root_return, which every complete walk ends at, whether by frame pointers or by unwind rows.
 */
	.globl	root_call
	.hidden	root_call
	.globl	root_return
	.hidden	root_return
	.type	root_call, @function
root_call:
	.cfi_startproc
	pushq	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	movq	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	movq	%rdi, %rax
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	movq	%rcx, %rdx
	call	*%rax
root_return:
	popq	%rbp
	.cfi_def_cfa %rsp, 8
	ret
	.cfi_endproc
	.size	root_call, .-root_call

/*
 * long drain_clone(flags, stack_top, parent_tid, child_tid, tls, fn, argument): the raw clone; the child calls
 * fn(argument), which does not return. The stack is the child's own, so nothing of this frame is shared.
 */
	.globl	drain_clone
	.hidden	drain_clone
	.type	drain_clone, @function
drain_clone:
	.cfi_startproc
	movq	%rcx, %r10		/* child_tid: the kernel's fourth argument */
	movq	8(%rsp), %r11		/* argument: the seventh, on the stack; r11 does not survive a system call */
	andq	$-16, %rsi
	leaq	-16(%rsi), %rsi
	movq	%r9, 0(%rsi)		/* handed over on the new stack */
	movq	%r11, 8(%rsi)
	movl	$56, %eax		/* SYS_clone */
	syscall
	testq	%rax, %rax
	jz	1f
	ret
1:
	.cfi_undefined %rip
	xorl	%ebp, %ebp
	popq	%rax
	popq	%rdi
	call	*%rax
	hlt
	.cfi_endproc
	.size	drain_clone, .-drain_clone

	.section .note.GNU-stack, "", @progbits
