"""A node that lets nothing be loaded before its script: what it compiled until then is not watched inside, and the report says
so; its linear memories are seen all the same. What it compiles later is watched."""
from harness import SOURCE, TMP, need, npm_modules, record, report, run

need("wat2wasm")
FIXTURES = SOURCE / "tests" / "fixtures" / "wasm" / "heaps"
module = TMP / "late.wasm"
done = run(["wat2wasm", "--debug-names", FIXTURES / "trap.wat", "-o", module])
assert done.status == 0, done
SCRIPT = """const bytes = require('fs').readFileSync(process.argv[1]);
const make = () => { const { malloc } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports; for (let i = 0; i < 7; i++) malloc(32); return malloc; };
globalThis.kept = [%s];
setTimeout(() => kept.push(make()), 1);"""
for major in (20, 22, 24):
    node = npm_modules() / f"node{major}" / "bin" / "node"
    for flags, early, seen, told in ([], "make()", [7, 7], 0), (["--no-addons"], "make()", [None, 7], 1), \
            (["--no-addons"], "", [7], 0):
        out = TMP / f"late-{major}-{len(flags)}-{len(early)}"
        done = record([node, *flags, "-e", SCRIPT % early, module], out, {"NODE_OPTIONS": None})
        assert (done.status, done.out) == (0, b""), done
        data = report(out)
        blocks = [memory["heap"] and memory["heap"]["live_blocks"] for memory in data["wasm_memories"]]
        assert blocks == seen, f"node {major} {flags} {early}: {blocks}"
        found = [finding for finding in data["findings"] if finding["kind"] == "wasm-unwatched"]
        assert sum(finding["count"] for finding in found) == told, f"node {major} {flags} {early}: {found}"
        assert all("--no-addons" in example for finding in found for example in finding["examples"]), found
