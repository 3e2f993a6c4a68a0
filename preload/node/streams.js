// What libprobe.so runs in each of node's isolates, for wasm.js: the modules that come as a stream. node's own script reads
// a Response, and is given something that is like it but for its body.
(function (isProxy, bytesOf, ofBytes, rewrite, release) {
	'use strict';
	const { apply, defineProperty, getPrototypeOf } = Reflect;
	const Bytes = Uint8Array, { set: fill } = getPrototypeOf(Bytes.prototype);

	// The source of compileStreaming and its like, with which node's own script does what it does with a Response.
	async function streamed(call, source) {
		const given = await source;
		if (typeof given !== 'object' || given === null || isProxy(given))
			return given;
		call.response = given;
		return likeResponse(given, undefined, (body) => rewritten(call, body));
	}

	function likeResponse(given, used, bodyOf) {
		const like = { __proto__: getPrototypeOf(given) };
		const pass = (key) => defineProperty(like, key, { __proto__: null, get: () => given[key] });
		pass('headers');
		pass('ok');
		pass('status');
		pass('url');
		defineProperty(like, 'bodyUsed', { __proto__: null, get: () => used ?? given.bodyUsed });
		defineProperty(like, 'body', { __proto__: null, get() {
			const { body } = given;
			return body === undefined || body === null ? body : bodyOf(body);
		} });
		return like;
	}

	async function* pieces(list) {
		for (let i = 0; i < list.length; i++)
			yield list[i];
	}

	function isHead(bytes) {
		return bytes[0] === 0 && bytes[1] === 0x61 && bytes[2] === 0x73 && bytes[3] === 0x6d;
	}

	// All of a body at once, rewritten; piece by piece as it comes, once there is one that is not understood.
	async function* rewritten(call, body) {
		const list = [];
		let size = 0, known = true;
		for await (const piece of body) {
			const bytes = known ? bytesOf(piece) : undefined;
			if (bytes && (size || bytes.length < 4 || isHead(bytes))) {
				defineProperty(list, list.length, { __proto__: null, value: new Bytes(bytes) });
				size += bytes.length;
				continue;
			}
			if (known)
				yield* pieces(list);
			known = false;
			yield piece;
		}
		if (!known)
			return;
		const whole = new Bytes(size);
		for (let i = 0, at = 0; i < list.length; at += list[i++].length)
			apply(fill, whole, [list[i], at]);
		call.declared = ofBytes(whole);
		const made = rewrite(whole);
		if (!made) {
			yield* pieces(list);
			return;
		}
		call.rewritten = made;
		call.bytes = whole;
		try {
			yield new Bytes(made.buffer);
		} finally {
			release(made);
		}
	}

	// The same response once more, with these bytes.
	function again(call) {
		return likeResponse(call.response, false, () => pieces([call.bytes]));
	}

	return { streamed, again };
})
