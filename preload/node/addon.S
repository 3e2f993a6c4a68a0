/* addon.S: the texts of addon.js, wasm.js and finalizers.js, for the files of these names, of declared.js and streams.js,
 * for wasm.c, of watch.js and hooks.wat, for watch.c, and of libprobe.cjs, for hook.c. */
	.section .rodata
	.globl	addon_script, addon_script_end
	.hidden	addon_script, addon_script_end
addon_script:
	.incbin "node/addon.js"
addon_script_end:
	.globl	hook_script, hook_script_end
	.hidden	hook_script, hook_script_end
hook_script:
	.incbin "node/libprobe.cjs"
hook_script_end:
	.globl	wasm_script, wasm_script_end
	.hidden	wasm_script, wasm_script_end
wasm_script:
	.incbin "node/wasm.js"
wasm_script_end:
	.globl	declared_script, declared_script_end
	.hidden	declared_script, declared_script_end
declared_script:
	.incbin "node/declared.js"
declared_script_end:
	.globl	streams_script, streams_script_end
	.hidden	streams_script, streams_script_end
streams_script:
	.incbin "node/streams.js"
streams_script_end:
	.globl	watch_script, watch_script_end
	.hidden	watch_script, watch_script_end
watch_script:
	.incbin "node/watch.js"
watch_script_end:
	.globl	hooks_module, hooks_module_end
	.hidden	hooks_module, hooks_module_end
hooks_module:
	.incbin "hooks.wasm"
hooks_module_end:
	.globl	finalizers_script, finalizers_script_end
	.hidden	finalizers_script, finalizers_script_end
finalizers_script:
	.incbin "node/finalizers.js"
finalizers_script_end:
	.section .note.GNU-stack, "", @progbits
