// allocate.js [TIMES]: a node script that allocates: Buffers, zlib, hashes, objects. At TIMES = 200, the default, it
// makes some 1.4 million native allocations in node 20.
'use strict';
const zlib = require('node:zlib');
const crypto = require('node:crypto');

const times = Number(process.argv[2] ?? 200);
const text = Buffer.from('the quick brown fox jumps over the lazy dog. '.repeat(40));

class Row {
	constructor(i) {
		this.name = `row ${i}`;
		this.bytes = Buffer.allocUnsafeSlow(64 + i % 512);
		this.values = new Map([[i, this.name], [i + 1, [i, i]]]);
	}
}

function rows(count) {
	const kept = [];
	for (let i = 0; i < count; i++) {
		kept.push(new Row(i));
	}
	return kept.reduce((sum, row) => sum + row.bytes.length + row.values.size, 0);
}

function pack(count) {
	let bytes = 0;
	for (let i = 0; i < count; i++) {
		bytes += zlib.gunzipSync(zlib.gzipSync(text, {level: 1})).length;
	}
	return bytes;
}

function digest(count) {
	let last = '';
	for (let i = 0; i < count; i++) {
		last = crypto.createHash('sha1').update(last).update(text).digest('hex');
	}
	return last;
}

let sum = 0;
for (let i = 0; i < times; i++) {
	sum += rows(1000) + pack(5) + digest(50).length;
}
console.log(sum);
