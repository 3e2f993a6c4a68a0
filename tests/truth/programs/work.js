// A node program that allocates natively under every kind of JavaScript frame: interpreted, compiled by each tier,
// deoptimized, wasm in between, callbacks of libuv, promises, workers, streams. `node work.js ROUNDS`.
'use strict';
const assert = require('assert');
const crypto = require('crypto');
const http = require('http');
const vm = require('vm');
const zlib = require('zlib');
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');

const rounds = isMainThread ? Number(process.argv[2] || 10) : workerData;

// (func (export "down") (param depth) … calls the import "leaf" at depth 0, else itself.
const wasmBytes = Uint8Array.from([
	0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 1, 0x7f, 0, 2, 10, 1, 1, 0x65, 4, 0x6c, 0x65, 0x61, 0x66, 0, 0,
	3, 2, 1, 0, 7, 8, 1, 4, 0x64, 0x6f, 0x77, 0x6e, 0, 1, 10, 21, 1, 19, 0, 0x20, 0, 4, 0x40, 0x20, 0, 0x41, 1,
	0x6b, 0x10, 1, 5, 0x20, 0, 0x10, 0, 0x0b, 0x0b]);

class Thing {
	constructor(size) { this.held = Buffer.allocUnsafeSlow(size); }
	get length() { return this.held.length; }
}

function leaf(size) {
	return new Thing(9000 + size).length;
}

function plain(depth) {
	return depth ? plain(depth - 1) + 1 : leaf(1);
}

function spread(depth, ...rest) {
	if (depth) return spread(depth - 1, ...rest, depth);
	return [1, 2, 3].map(n => leaf(n)).reduce((a, b) => a + b) + rest.length;
}

function* produce(n) {
	try {
		for (let i = 0; i < n; i++) yield new Thing(8200 + i);
	} finally {
		leaf(3);
	}
}

function thrown(depth) {
	if (!depth) throw Object.assign(new Error('thrown'), { held: new Thing(10000) });
	try {
		thrown(depth - 1);
	} finally {
		leaf(depth);
	}
}

// Compiled for numbers, then given a string: it is deoptimized with these frames on the stack.
function unstable(value, depth) {
	if (depth) return unstable(value, depth - 1) + value;
	leaf(4);
	return value + value;
}

function churn(n) {
	let made = new Function('a', 'leaf', `let s = ${n}; for (let i = 0; i < a; i++) s += leaf(i); return s;`);
	for (let i = 0; i < 40; i++) made(3, leaf);
	return vm.runInNewContext('f(3, leaf) + JSON.parse(text).length', { f: made, leaf, text: '[1,2,3]' });
}

function builtins() {
	const list = Array.from({ length: 50 }, (_, i) => ({ n: i * 37 % 50 }));
	list.sort((a, b) => { if (a.n === 7) leaf(a.n); return a.n - b.n; });
	'a-b-c-d'.replace(/-(\w)/g, (all, letter) => letter + leaf(1));
	new Map(list.map(o => [o.n, o])).forEach(o => { if (o.n % 10 === 0) leaf(o.n); });
	JSON.stringify({ toJSON() { return leaf(2); } });
	Reflect.construct(Thing, [9100]);
	new Proxy({}, { get: () => leaf(5) }).any;
	[...produce(5)];
	return structuredClone({ list, buffer: new Uint8Array(3000) });
}

function streams(n) {
	const text = Buffer.alloc(20000, `${n} some text to press `);
	assert.deepStrictEqual(zlib.gunzipSync(zlib.gzipSync(text)), text);
	zlib.brotliDecompressSync(zlib.brotliCompressSync(text.subarray(0, 4000), {
		params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 3 } }));
}

function keys(n) {
	crypto.createHash('sha256').update(`${n}`).digest('hex');
	crypto.pbkdf2Sync('secret', 'salt', 10, 32, 'sha512');
	const pair = crypto.generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
	const signed = crypto.sign('sha256', Buffer.from('text'), pair.privateKey);
	assert(crypto.verify('sha256', Buffer.from('text'), pair.publicKey, signed));
	const cipher = crypto.createCipheriv('aes-256-gcm', crypto.randomBytes(32), crypto.randomBytes(12));
	cipher.update('text');
	cipher.final();
}

async function later(depth) {
	await null;
	leaf(depth);
	if (depth) await later(depth - 1);
	return new Promise(resolve => setImmediate(() => resolve(leaf(depth))));
}

function pressed(n) {
	return new Promise((resolve, reject) =>
		zlib.deflate(Buffer.alloc(30000, n), (error, data) => error ? reject(error) : resolve(data)));
}

async function exchanged(n) {
	const server = http.createServer((request, response) => {
		let text = '';
		request.on('data', part => { text += part; leaf(1); });
		request.on('end', () => response.end(text.toUpperCase()));
	});
	await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
	for (let i = 0; i < n; i++)
		await new Promise((resolve, reject) => {
			const options = { port: server.address().port, host: '127.0.0.1', method: 'POST' };
			const request = http.request(options, response => {
				response.on('data', () => leaf(2));
				response.on('end', resolve);
			});
			request.on('error', reject);
			request.end('x'.repeat(2000));
		});
	await new Promise(resolve => server.close(resolve));
}

function worked(n) {
	return new Promise((resolve, reject) => {
		const worker = new Worker(__filename, { workerData: n });
		worker.on('message', message => leaf(message.length % 100));
		worker.on('error', reject);
		worker.on('exit', resolve);
	});
}

async function main() {
	const wasm = await WebAssembly.instantiate(wasmBytes, { e: { leaf } });
	for (let round = 0; round < rounds; round++) {
		for (let i = 0; i < 60; i++) {
			plain(i % 20);
			spread(i % 8);
			wasm.instance.exports.down(i % 15);
			unstable(round % 3 ? i : `${i}`, i % 5);
			try { thrown(i % 6); } catch { leaf(6); }
			[...produce(3)];
		}
		plain(400); // more than 16 KiB of frames: libunwind guesses no further
		builtins();
		churn(round);
		streams(round);
		keys(round);
		await Promise.all([later(5), pressed(round)]);
		if (isMainThread && round % 5 === 0) {
			await Promise.all([worked(2), worked(1)]);
			await exchanged(4);
		}
	}
	if (!isMainThread) parentPort.postMessage(new Uint8Array(5000));
}

main();
