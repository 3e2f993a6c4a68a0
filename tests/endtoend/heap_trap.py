"""After a trap in an allocation function its instance tells of its blocks again, from the next mark on, and the report says
that some may be missing."""
from harness import SOURCE, TMP, need, npm_modules, record, report, run

need("wat2wasm")
FIXTURES = SOURCE / "tests" / "fixtures" / "wasm" / "heaps"
module = TMP / "trap.wasm"
done = run(["wat2wasm", "--debug-names", FIXTURES / "trap.wat", "-o", module])
assert done.status == 0, done
for major in (20, 22, 24):
    node, out = npm_modules() / f"node{major}" / "bin" / "node", TMP / f"trap-{major}"
    bare = run([node, FIXTURES / "trap.js", module], {"NODE_OPTIONS": None})
    done = record([node, FIXTURES / "trap.js", module], out, {"NODE_OPTIONS": None})
    assert (done.status, done.out, done.err) == (0, b"unreachable\n", b"") == (bare.status, bare.out, bare.err), done
    data = report(out)
    heap = data["wasm_memories"][0]["heap"]
    assert (heap["live_blocks"], heap["live_bytes"]) == (15, 5 * 64 + 10 * 32), f"node {major}: {heap}"
    told = data["processes"][0]["warnings"]
    assert sum("in the middle" in warning for warning in told) == 1, f"node {major}: {told}"
