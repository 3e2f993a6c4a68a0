// What libprobe.so runs in each of node's isolates, in strict ignorance of the program: what is to be seen of it is
// globalThis.probe, and that `emit` is an accessor of process's prototype. It returns to the addon (addon.c), which handed
// over its functions.
//
// node emits 'exit' by process.emit: at the natural end, in process.exit, after an uncaught exception. By then
// process._exiting is set, so it is given an emit that tells of the end when the last handler has run or thrown. At all
// other times process.emit is what it would be. Where a program puts its own there, process.exit and the end of the
// environment tell of the end.
(function (mark, ending, alloc, drop, isMain) {
	'use strict';
	const { apply, defineProperty, getOwnPropertyDescriptor, getPrototypeOf } = Reflect;
	const self = process, prototype = getPrototypeOf(self);

	function last() {
		let thread = 0;
		try {
			// Loaded in workers, and costly where it is not.
			thread = isMain ? 0 : self.getBuiltinModule('worker_threads').threadId;
		} catch {
			// node before 20.16
		}
		ending(thread);
	}
	function emitLast(event) {
		try {
			return apply(getPrototypeOf(prototype).emit, this, arguments);
		} finally {
			if (event === 'exit')
				last();
		}
	}
	defineProperty(emitLast, 'name', { value: 'emit', configurable: true });
	defineProperty(prototype, 'emit', {
		configurable: true,
		enumerable: false,
		get() {
			return this === self && self._exiting ? emitLast : getPrototypeOf(prototype).emit;
		},
		set(value) {
			defineProperty(this, 'emit', { value, configurable: true, enumerable: true, writable: true });
		},
	});

	// process.exit in a handler of 'exit'.
	const leave = getOwnPropertyDescriptor(self, 'reallyExit');
	if (typeof leave?.value === 'function' && leave.configurable) {
		const original = leave.value;
		leave.value = { reallyExit() {
			last();
			return apply(original, this, arguments);
		} }.reallyExit;
		defineProperty(leave.value, 'length', { value: original.length, configurable: true });
		defineProperty(self, 'reallyExit', leave);
	}
	defineProperty(globalThis, 'probe', { value: { mark, alloc, drop }, configurable: true, enumerable: false, writable: true });
})
