// What libprobe.so runs in each of node's isolates to learn what registries the program makes (finalizers.c). A wrapper
// takes the place of the constructor alone, as those of WebAssembly's do (wasm.js). `sample` sees what a registry of which
// all is known looks like in V8's heap.
(function (wrap, made, sample) {
	'use strict';
	const { defineProperty, getOwnPropertyDescriptor, ownKeys, setPrototypeOf } = Reflect;
	const name = 'FinalizationRegistry', slot = getOwnPropertyDescriptor(globalThis, name), original = slot?.value;
	if (typeof original !== 'function' || !slot.configurable)
		return;

	function callback() {}
	const target = {}, token = {}, registry = new original(callback);
	registry.register(target, 24301, token);
	sample(registry, callback, target, 24301, token, undefined, 0.5);

	const wrapper = wrap([original, made, setPrototypeOf], name);
	if (typeof wrapper !== 'function')
		return;
	defineProperty(wrapper, 'length', { value: original.length });
	defineProperty(wrapper, 'prototype', { value: original.prototype, writable: false });
	for (const key of ownKeys(original))
		if (!getOwnPropertyDescriptor(wrapper, key))
			defineProperty(wrapper, key, getOwnPropertyDescriptor(original, key));
	defineProperty(original.prototype, 'constructor', { value: wrapper });
	slot.value = wrapper;
	defineProperty(globalThis, name, slot);
})
