// What libprobe.so runs in each of node's isolates to learn what linear memories are declared as (wasm.c): those that
// JavaScript makes by their descriptor, those of a module by its bytes. A wrapper that `wrap` makes takes the place of
// WebAssembly's own function in everything that a program can see of it. What would have to be asked in a way that a
// program could notice is not known, nor what is instantiated later (instantiate of bytes, compile): nobody calls then.
(function (wrap, watch) {
	'use strict';
	const { apply, defineProperty, getOwnPropertyDescriptor, ownKeys, setPrototypeOf } = Reflect;
	const SHARED = 1, MAXIMUM = 2, WIDE = 4, UNKNOWN = -1;
	const PAGE_BITS = 8, MEMORY_SECTION = 5, HEAD = 8, LIMITS_MOST = 7;
	const toNumber = Number, { trunc } = Math, { isView } = ArrayBuffer, Bytes = Uint8Array;
	const { get: getModule, set: setModule } = WeakMap.prototype, modules = new WeakMap();
	let isProxy = () => false;

	try {
		({ isProxy } = process.getBuiltinModule('util').types);
	} catch {
		// node before 20.16
	}

	// A property, if to ask for it runs nothing of the program's; else throws.
	function peek(descriptor, key) {
		const property = getOwnPropertyDescriptor(descriptor, key);
		if (property ? property.get || property.set : key in descriptor)
			throw UNKNOWN;
		return property?.value;
	}

	// Of a memory's descriptor: pages × 8 + flags (wasm.c).
	function ofDescriptor(descriptor) {
		try {
			if (typeof descriptor !== 'object' || descriptor === null || isProxy(descriptor))
				return UNKNOWN;
			const maximum = peek(descriptor, 'maximum');
			const wide = peek(descriptor, 'address') === 'i64' || peek(descriptor, 'index') === 'i64';
			const flags = (peek(descriptor, 'shared') ? SHARED : 0) | (wide ? WIDE : 0);
			if (maximum === undefined)
				return flags;
			if (typeof maximum !== 'number' && typeof maximum !== 'bigint')
				return UNKNOWN;
			return (flags | MAXIMUM) + trunc(toNumber(maximum)) * PAGE_BITS;
		} catch {
			return UNKNOWN;
		}
	}

	// The same of the one memory that a module defines; V8 has found its bytes valid.
	function ofBytes(bytes) {
		let at = HEAD;
		function leb() {
			let value = 0, factor = 1, byte;
			do {
				byte = bytes[at++];
				value += (byte & 127) * factor;
				factor *= 128;
			} while (byte & 128);
			return value;
		}
		while (at < bytes.length) {
			const id = bytes[at++], size = leb(), next = at + size;
			if (id === MEMORY_SECTION) {
				const count = leb(), limits = bytes[at++];
				if (count !== 1 || limits > LIMITS_MOST)
					return UNKNOWN;
				leb();
				const flags = (limits & 2 ? SHARED : 0) | (limits & 4 ? WIDE : 0);
				return limits & 1 ? (flags | MAXIMUM) + leb() * PAGE_BITS : flags;
			}
			at = next;
		}
		return UNKNOWN;
	}

	// A module was made of these bytes.
	function remember(module, source) {
		try {
			const view = isView(source);
			const declared = ofBytes(view ? new Bytes(source.buffer, source.byteOffset, source.byteLength)
				: new Bytes(source));
			if (declared !== UNKNOWN)
				apply(setModule, modules, [module, declared]);
		} catch {
			// never known
		}
	}

	// A module is about to be instantiated; or something else, which is not known.
	function ofModule(module) {
		try {
			return apply(getModule, modules, [module]) ?? UNKNOWN;
		} catch {
			return UNKNOWN;
		}
	}

	const space = globalThis.WebAssembly;
	void watch; // watch.js

	function replace(name, before, after) {
		const slot = getOwnPropertyDescriptor(space, name), original = slot?.value;
		if (typeof original !== 'function' || !slot.configurable)
			return;
		const wrapper = wrap([original, before, after, setPrototypeOf], name);
		if (typeof wrapper !== 'function')
			return;
		defineProperty(wrapper, 'length', { value: original.length });
		defineProperty(wrapper, 'prototype', { value: original.prototype, writable: false });
		for (const key of ownKeys(original))
			if (!getOwnPropertyDescriptor(wrapper, key))
				defineProperty(wrapper, key, getOwnPropertyDescriptor(original, key));
		defineProperty(original.prototype, 'constructor', { value: wrapper });
		slot.value = wrapper;
		defineProperty(space, name, slot);
	}

	if (typeof space !== 'object')
		return;
	replace('Memory', ofDescriptor);
	replace('Module', undefined, remember);
	replace('Instance', ofModule);
})
