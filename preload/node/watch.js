// What libprobe.so runs in each of node's isolates to watch the blocks inside linear memories. It gives back, for
// those who compile and instantiate (wasm.js), functions that throw nothing:
//
//	rewrite(bytes)     bytes: a Uint8Array. A module for V8 in place of them: { buffer, id, hooks, state, start, memory,
//	                   names, wide, ticket }, or undefined: it is to be left alone; why was recorded. hooks, state, start,
//	                   memory: names of the added exports, '' if there is none; names: of the custom section that says how
//	                   "name" differs, '' if that is as it was
//	release(module)    V8 has a copy of its buffer, which is detached
//	lookup(hooks)      the same without buffer and ticket, by the name of an export: a Module came from another thread
//	attach(module, exports, memory)
//	                   a new instance's added exports begin to report; memory: its memory 0
//	unwatched(bytes, why)
//	                   an instance of so large a module is not watched; why: a sentence's middle
(function (native) {
	'use strict';
	const { apply, getOwnPropertyDescriptor } = Reflect;
	const { Module, Instance, Memory, Table, Global } = WebAssembly, Bytes = Uint8Array;
	const bufferOf = getOwnPropertyDescriptor(Memory.prototype, 'buffer').get;
	const setEntry = Table.prototype.set, { get: getValue, set: setValue } =
		getOwnPropertyDescriptor(Global.prototype, 'value');
	const { born, dies, moves, moved, refused, tried } = native;
	const { add, has } = WeakSet.prototype, memories = new WeakSet();
	const sharedSizeOf = getOwnPropertyDescriptor(SharedArrayBuffer.prototype, 'byteLength').get;
	const NAMES = ['born', 'dies', 'moves', 'moved', 'refused'];

	if (native.attempt(-2, 0x12345678) !== 0x1234 || !native.readable())
		return undefined;
	const trampoline = new Module(native.hooks);

	// (module (import "" "" (func)) (func (export "") (try (do (call 0)) (catch_all (rethrow 0)))) (func (try_table)))
	const RETHROWS = Bytes.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 2, 5, 1, 0, 0, 0, 0, 3, 3, 2, 0, 0, 7, 4, 1, 0, 0, 1,
		10, 19, 2, 10, 0, 6, 0x40, 0x10, 0, 0x19, 9, 0, 0x0b, 0x0b, 6, 0, 0x1f, 0x40, 0, 0x0b, 0x0b);
	// May wrappers catch what is thrown, in modules of any kind? V8 11 throws no null again, and some refuse a module that has
	// both the old instructions for exceptions and the new.
	let catches;

	function canCatch() {
		try {
			const { exports } = new Instance(new Module(RETHROWS), { '': { '': () => { throw null; } } });
			exports['']();
		} catch (error) {
			return error === null;
		}
		return false;
	}

	function rewrite(bytes) {
		try {
			catches ??= canCatch();
			return native.rewrite(bytes, catches);
		} catch {
			return undefined;
		}
	}

	function release(module) {
		try {
			native.release(module.buffer, module.ticket);
		} catch {
			// the collector does it
		}
	}

	function isShared(buffer) {
		try {
			apply(sharedSizeOf, buffer, []);
			return true;
		} catch {
			return false;
		}
	}

	function attach(module, exports, memory) {
		try {
			const buffer = apply(bufferOf, memory, []), alone = !apply(has, memories, [memory]);
			apply(add, memories, [memory]);
			const told = native.begin(module.id, new Bytes(buffer), alone, isShared(buffer));
			if (told === undefined)
				return;
			const { base, trial, first } = told, table = exports[module.hooks], state = exports[module.state];
			const { exports: hooks } = new Instance(trampoline,
				{ p: { born, dies, moves, moved, refused, tried, base, trial, state, first } });
			for (let i = 0; i < NAMES.length; i++)
				apply(setEntry, table, [i, hooks[module.wide ? `${NAMES[i]}_wide` : NAMES[i]]]);
			apply(setValue, state, [first]);
			native.keep(state, hooks.wanted);
		} catch {
			// it stays silent
		}
	}

	// No function of the instance runs (revive.c). True: a trap had left it silent.
	function heal(state, wanted) {
		const value = apply(getValue, wanted, []), silent = apply(getValue, state, []) !== value;
		if (silent)
			apply(setValue, state, [value]);
		return silent;
	}

	native.heal(heal);
	return { rewrite, release, lookup: native.lookup, attach, unwatched: native.unwatched };
})
