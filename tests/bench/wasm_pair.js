// wasm_pair.js MODULE DEPTH PAIRS: nanoseconds that PAIRS malloc/free pairs took in a linear memory, called through DEPTH
// functions, after as many that warmed up.
'use strict';
const [file, depth, pairs] = process.argv.slice(2);
const module_ = new WebAssembly.Module(require('fs').readFileSync(file));
const { run } = new WebAssembly.Instance(module_).exports;
run(depth, Math.min(pairs, 200000));
const start = process.cpuUsage();
run(depth, pairs);
const { user, system } = process.cpuUsage(start);
console.log((user + system) * 1000);
