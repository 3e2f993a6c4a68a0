"""An exception that passes through an allocation function is the program's as it was, and takes nothing away: what is allocated
after it is told. Where V8 cannot throw all again that was caught (node 20), from the next mark on."""
import re

from harness import SOURCE, TMP, need, npm_modules, record, report, run

need("wat2wasm")
FIXTURES = SOURCE / "tests" / "fixtures" / "wasm" / "heaps"
module = TMP / "thrown.wasm"
done = run(["wat2wasm", "--debug-names", "--enable-exceptions", FIXTURES / "thrown.wat", "-o", module])
assert done.status == 0, done


def frames(text):
    """Without what says where in which bytes, and the allocator's second frames."""
    text = re.sub(rb"wasm://wasm/\S*", b"wasm", re.sub(rb".*@probe.*\n", b"", text))
    return re.sub(rb"wasm-function\[\d+\]:0x[0-9a-f]+", b"function", text)


for major in (20, 22, 24):
    node, out = npm_modules() / f"node{major}" / "bin" / "node", TMP / f"thrown-{major}"
    bare = run([node, FIXTURES / "thrown.js", module], {"NODE_OPTIONS": None})
    done = record([node, FIXTURES / "thrown.js", module], out, {"NODE_OPTIONS": None})
    assert (done.status, done.out, frames(done.err)) == (bare.status, bare.out, frames(bare.err)), (bare, done)
    assert bare.status == 1 and b"nobody catches it" in bare.err, bare
    assert len(re.findall(rb"^true", bare.out, re.M)) in (38, 39), bare
    data = report(out)
    heap = data["wasm_memories"][0]["heap"]
    told = sum("in the middle" in warning for warning in data["processes"][0]["warnings"])
    rounds = 0 if major == 20 else 8  # a realloc that throws leaves its block, a free does not
    assert heap["live_blocks"] == 1 + rounds * (9 * 10 + 1) + 10, f"node {major}: {heap}"
    assert heap["live_bytes"] == 100 + rounds * (9 * 10 * 32 + 8) + 10 * 32, f"node {major}: {heap}"
    assert told == (major == 20), f"node {major}: {data['processes'][0]['warnings']}"
