// wasm_compile.js MODULE TIMES: nanoseconds of CPU that the main thread takes to compile the module, at best.
'use strict';
const [file, times] = process.argv.slice(2);
const bytes = require('fs').readFileSync(file);
let best = Infinity;
for (let i = 0; i < times; i++) {
	const start = process.hrtime.bigint();
	new WebAssembly.Module(bytes);
	best = Math.min(best, Number(process.hrtime.bigint() - start));
}
console.log(best);
