// What libprobe.so runs in each of node's isolates. A wrapper that native.wrap makes takes the place of WebAssembly's own
// function in everything that a program can see of it, and asks the functions that are given back (wasm.c, compile.c,
// exports.c). They learn what linear memories are declared as (declared.js): those that JavaScript makes by their descriptor,
// those of a module by its bytes. With `watch` (watch.js) modules are rewritten before V8 compiles them, and what is shown
// of them is what the original has.
//
// Nothing here is called by its name on an object of the program's world, which may change what such a name finds.
(function (native) {
	'use strict';
	const { apply, construct: create, defineProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys, setPrototypeOf } =
		Reflect;
	const { freeze, is } = Object, { isPrototypeOf } = Object.prototype, { startsWith } = String.prototype;
	const HOOKS = '__probe_hooks', ADDED_MOST = 4, UNKNOWN = -1;
	const Bytes = Uint8Array;
	const { get, set } = WeakMap.prototype;
	const arrays = getPrototypeOf(Bytes.prototype);
	const getter = (object, key) => getOwnPropertyDescriptor(object, key).get;
	const kindOf = getter(arrays, Symbol.toStringTag), bufferOf = getter(arrays, 'buffer');
	const offsetOf = getter(arrays, 'byteOffset'), lengthOf = getter(arrays, 'byteLength');
	const sizeOf = getter(ArrayBuffer.prototype, 'byteLength');
	const space = globalThis.WebAssembly, { Module, validate } = space, listOf = Module.exports;
	const exportsOf = getter(space.Instance.prototype, 'exports'), dataOf = getter(space.Memory.prototype, 'buffer');
	const modules = new WeakMap();       // module → { declared, rewritten }
	const instances = new WeakMap();     // instance → { rewritten, shown }
	const pending = new WeakMap();       // promise → call
	const worlds = new WeakMap();        // what compiles → the prototypes { failure, module } of its world
	let calls;                           // that are under way, the innermost first: { outer, … }
	let isProxy = () => false;

	try {
		({ isProxy } = process.getBuiltinModule('util').types);
	} catch {
		// node before 20.16
	}
	const { descriptor, ofBytes } = native.declarations(isProxy), { watch } = native;
	const streams = watch && native.streams(isProxy, bytesOf, ofBytes, watch.rewrite, watch.release);

	// What the program's Object.prototype has is no part of it.
	function descriptorOf(object, key) {
		const found = getOwnPropertyDescriptor(object, key);
		if (found)
			setPrototypeOf(found, null);
		return found;
	}

	// ---- modules

	// What V8 takes for the bytes of a module, undefined where it throws. A copy, if another thread could change it.
	function bytesOf(source) {
		try {
			if (typeof source !== 'object' || source === null)
				return undefined;
			if (apply(kindOf, source, []) === undefined)
				return apply(sizeOf, source, []) ? new Bytes(source) : undefined;
			const buffer = apply(bufferOf, source, []);
			const bytes = new Bytes(buffer, apply(offsetOf, source, []), apply(lengthOf, source, []));
			return isShared(buffer) ? new Bytes(bytes) : bytes;
		} catch {
			return undefined;
		}
	}

	function isShared(buffer) {
		try {
			apply(sizeOf, buffer, []);
			return false;
		} catch {
			return true;
		}
	}

	function keep(module, declared, rewritten) {
		apply(set, modules, [module, { declared, rewritten }]);
		if (rewritten)
			native.rewritten();
	}

	// What is known of a module; undefined: it is none. One that came from another thread says by its exports what it is.
	function known(module) {
		if (typeof module !== 'object' || module === null)
			return undefined;
		let found = apply(get, modules, [module]);
		if (found === undefined && watch && apply(kindOf, module, []) === undefined) {
			try {
				keep(module, UNKNOWN, rewrittenBefore(apply(listOf, Module, [module])));
				found = apply(get, modules, [module]);
			} catch {
				// no module
			}
		}
		return found;
	}

	function rewrittenBefore(list) {
		for (let i = list.length - 1; i >= 0 && i >= list.length - ADDED_MOST; i--)
			if (apply(startsWith, list[i].name, [HOOKS])) {
				const rewritten = watch.lookup(list[i].name);
				if (rewritten)
					return rewritten;
			}
		return undefined;
	}

	// new original(source, options): a rewritten module, if one can be made of these bytes that V8 takes.
	function construct(original, source, options) {
		const bytes = watch && bytesOf(source), rewritten = bytes && watch.rewrite(bytes);
		let module;
		if (!rewritten)
			return undefined;
		try {
			module = create(original, arguments.length > 2 ? [rewritten.buffer, options] : [rewritten.buffer]);
			keep(module, ofBytes(bytes), rewritten);
		} catch {
			// V8 shall say it of the original
		}
		watch.release(rewritten);
		return module;
	}

	// A module was made of these bytes, as they are.
	function remember(module, source) {
		try {
			keep(module, ofBytes(bytesOf(source)));
		} catch {
			// never known
		}
	}

	function declared(module) {
		try {
			return known(module)?.declared ?? UNKNOWN;
		} catch {
			return UNKNOWN;
		}
	}

	// ---- instances

	// The memory that it exports is its module's own, which was declared so.
	function declare(made, declared) {
		const all = apply(exportsOf, made, []), names = ownKeys(all);
		for (let i = 0; declared !== UNKNOWN && i < names.length; i++)
			if (typeof all[names[i]] === 'object')
				try {
					native.declare(new Bytes(apply(dataOf, all[names[i]], [])), declared);
					return;
				} catch {
					// another kind of object
				}
	}

	// A new one of this module; a function: it must be called for it to be complete.
	function instance(made, module) {
		const rewritten = known(module)?.rewritten;
		if (!rewritten)
			return undefined;
		const all = apply(exportsOf, made, []);
		apply(set, instances, [made, { rewritten, shown: undefined }]);
		watch.attach(rewritten, all, all[rewritten.memory]);
		return rewritten.start ? all[rewritten.start] : undefined;
	}

	function isAdded(rewritten, name) {
		return name === rewritten.hooks || name === rewritten.state || name === rewritten.memory ||
			(name === rewritten.start && name !== '');
	}

	// instance.exports, if it is not what V8 gives.
	function shown(made) {
		const found = apply(get, instances, [made]);
		if (found && !found.shown) {
			const all = apply(exportsOf, made, []), some = { __proto__: null }, names = ownKeys(all);
			for (let i = 0; i < names.length; i++)
				if (!isAdded(found.rewritten, names[i]))
					defineProperty(some, names[i], descriptorOf(all, names[i]));
			found.shown = freeze(some);
		}
		return found?.shown;
	}

	// WebAssembly.Module.exports has given this list.
	function list(module, exports) {
		const rewritten = known(module)?.rewritten;
		if (rewritten)
			while (exports.length && isAdded(rewritten, exports[exports.length - 1].name))
				exports.length--;
	}

	// WebAssembly.Module.customSections. A string: the section by which the first of those asked for becomes the original's;
	// [name]: to ask for instead; true: the name must be a string first.
	function section(module, name) {
		const rewritten = known(module)?.rewritten;
		if (!rewritten || !rewritten.names || name === undefined)
			return undefined;
		return typeof name !== 'string' ? true : name === 'name' ? rewritten.names : name === rewritten.names ?
			[`${name} `] : undefined;
	}

	// ---- promises

	// original(source, …) is going to be called, which gives a promise: what to give it in place of the source, null: nothing
	// else. `end` follows, unless this gives undefined.
	function begin(original, self, source) {
		const call = { outer: calls, original, self, words: [], source, bytes: undefined, response: undefined,
			rewritten: undefined, declared: UNKNOWN, settles: undefined, settled: false };
		try {
			for (let i = 2; i < arguments.length; i++)
				defineProperty(call.words, i - 2, { __proto__: null, value: arguments[i], configurable: true });
			const given = apply(get, worlds, [original]).streams ? streams?.streamed(call, source) : compiled(call, source);
			calls = call;
			return given ?? null;
		} catch {
			return undefined;
		}
	}

	function compiled(call, source) {
		const bytes = bytesOf(source);
		if (!bytes)
			return undefined;
		call.declared = ofBytes(bytes);
		call.rewritten = watch?.rewrite(bytes);
		return call.rewritten?.buffer;
	}

	// It was called, and gave this promise, or threw.
	function end(promise) {
		const call = calls;
		calls = call.outer;
		if (call.rewritten)
			watch.release(call.rewritten);
		if (promise && !call.settled)
			apply(set, pending, [promise, call]);
		return null;
	}

	// V8 is about to settle a promise. undefined: so it shall; null: not now; a function: it shall when that has returned,
	// or be rejected with what that throws; [promise]: it shall settle that one.
	function settle(promise, value, failed) {
		let call = apply(get, pending, [promise]);
		if (!call && calls && !calls.settled)
			call = calls;
		if (!call || call.settled)
			return undefined;
		call.settled = true;
		if (call.settles)
			return [call.settles];
		if (failed)
			return call.rewritten && again(call, promise, value) ? null : undefined;
		if (getOwnPropertyDescriptor(value, 'module')) {
			keep(value.module, call.declared, call.rewritten);
			declare(value.instance, call.declared);
			return instance(value.instance, value.module);
		}
		if (!apply(isPrototypeOf, apply(get, worlds, [call.original]).module, [value]))
			return instance(value, call.source);
		keep(value, call.declared, call.rewritten);
		return undefined;
	}

	// Is it V8 that rejected what a call compiles? Then the same with the original, if it is still there: to keep a copy of
	// every module would cost more than it is worth.
	function again(call, promise, error) {
		if (!apply(isPrototypeOf, apply(get, worlds, [call.original]).failure, [error]))
			return false;
		const bytes = call.bytes ?? bytesOf(call.source), rewritten = bytes && watch.rewrite(bytes);
		if (!rewritten)
			return false;
		const valid = apply(validate, space, [rewritten.buffer]);
		watch.release(rewritten);
		if (valid || rewritten.id !== call.rewritten.id)
			return false;
		const retry = { outer: calls, settles: promise, settled: false };
		calls = retry;
		try {
			defineProperty(call.words, 0, { __proto__: null, value: call.response ? streams.again(call) : bytes });
			apply(set, pending, [apply(call.original, call.self, call.words), retry]);
		} finally {
			calls = retry.outer;
		}
		return true;
	}

	// ---- wrapping

	// The prototype that `new` chose, as V8 does it.
	function adopt(made, receiver) {
		const prototype = getPrototypeOf(receiver);
		if (prototype !== getPrototypeOf(made))
			setPrototypeOf(made, prototype);
	}

	function likeness(which, original) {
		const wrapper = native.wrap(which, original, original.name);
		defineProperty(wrapper, 'length', { __proto__: null, value: original.length });
		if (getPrototypeOf(wrapper) !== getPrototypeOf(original))
			setPrototypeOf(wrapper, getPrototypeOf(original));
		return wrapper;
	}

	function replace(space, name, which, world) {
		const slot = descriptorOf(space, name), original = slot?.value;
		if (typeof original !== 'function' || !slot.configurable)
			return;
		apply(set, worlds, [original, world]);
		const wrapper = likeness(which, original);
		const { prototype } = original;
		if (prototype)
			defineProperty(wrapper, 'prototype', { __proto__: null, value: prototype, writable: false });
		const keys = ownKeys(original);
		for (let i = 0; i < keys.length; i++)
			if (!getOwnPropertyDescriptor(wrapper, keys[i]))
				defineProperty(wrapper, keys[i], descriptorOf(original, keys[i]));
		if (prototype)
			defineProperty(prototype, 'constructor', { __proto__: null, value: wrapper });
		slot.value = wrapper;
		defineProperty(space, name, slot);
	}

	// All functions of a WebAssembly object, this world's or another's.
	function wrapAll(space) {
		const world = { failure: space.CompileError.prototype, module: space.Module.prototype, streams: false };
		const streaming = { ...world, streams: true };
		replace(space, 'Memory', 'memory');
		replace(space, 'Instance', 'instance');
		replace(space, 'Module', 'module', world);
		replace(space, 'compile', 'promise', world);
		replace(space, 'instantiate', 'promise', world);
		replace(space, 'compileStreaming', 'promise', streaming);
		replace(space, 'instantiateStreaming', 'promise', streaming);
		if (!watch)
			return;
		replace(space.Module, 'exports', 'listed');
		replace(space.Module, 'customSections', 'sections');
		const slot = descriptorOf(space.Instance.prototype, 'exports');
		slot.get = likeness('shown', slot.get);
		defineProperty(space.Instance.prototype, 'exports', slot);
	}

	const mark = {}, attempt = native.wrap('try', mark, 'try');
	class Target {}
	if (apply(attempt, Target, [Target, mark]) !== mark || create(attempt, [], Target) !== Target)
		throw UNKNOWN;
	return { descriptor, construct, remember, declared, instance, begin, end, settle, shown, list, section, adopt, wrapAll };
})
