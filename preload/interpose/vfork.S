/*
 * vfork.S: pid_t vfork(void): the child returns first, on its parent's stack; a wrapper's frame would be overwritten
 * by what the child calls next, and the parent would return into it. So no frame: note it, then go to the real vfork
 * as if it had been called directly.
 */
	.text
	.globl	vfork
	.type	vfork, @function
vfork:
	.cfi_startproc
	subq	$8, %rsp
	.cfi_adjust_cfa_offset 8
	call	vfork_next
	addq	$8, %rsp
	.cfi_adjust_cfa_offset -8
	jmp	*%rax
	.cfi_endproc
	.size	vfork, .-vfork

	.section .note.GNU-stack, "", @progbits
