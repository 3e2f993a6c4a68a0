// What libprobe.so runs in each of node's isolates, for wasm.js: what linear memories are declared as, pages × 8 + flags
// (wasm.c). What would have to be asked in a way that a program could notice is not known.
(function (isProxy) {
	'use strict';
	const { getOwnPropertyDescriptor } = Reflect;
	const SHARED = 1, MAXIMUM = 2, WIDE = 4, UNKNOWN = -1;
	const PAGE_BITS = 8, MEMORY_SECTION = 5, HEAD = 8, LIMITS_MOST = 7;
	const toNumber = Number, { trunc } = Math;

	// A property, if to ask for it runs nothing of the program's; else throws.
	function peek(descriptor, key) {
		const property = getOwnPropertyDescriptor(descriptor, key);
		if (property ? property.get || property.set : key in descriptor)
			throw UNKNOWN;
		return property?.value;
	}

	// Of a memory's descriptor.
	function descriptor(descriptor) {
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

	// The same of the one memory that a module defines; V8 has found its bytes valid, or will.
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

	return { descriptor, ofBytes };
})
