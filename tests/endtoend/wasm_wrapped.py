"""WebAssembly's functions are wrapped where memories are watched, and nobody can tell: node 20, 22 and 24."""
from harness import SOURCE, TMP, npm_modules, record, report, run, same

SCRIPT = SOURCE / "tests" / "fixtures" / "wasm" / "wrapped.cjs"
GIB = 1 << 30


def declared(out):
    return [(memory["initial_bytes"] // 65536, memory["maximum_bytes"], memory["shared"])
            for memory in report(out)["wasm_memories"]]


for major in (20, 22, 24):
    node = npm_modules() / f"node{major}" / "bin" / "node"
    for words in ([], ["throws"]):
        out = TMP / f"{major}{''.join(words)}"
        command = [node, SCRIPT, *words]
        bare = run(command, {"NODE_OPTIONS": None})
        assert bare.status == len(words) and b"native code" in bare.out, bare
        same(bare, record(command, out, {"NODE_OPTIONS": None}))
    found = declared(TMP / f"{major}throws")
    for wanted in ((1, 2 * 65536, False), (1, 2 * 65536, True), (1, 4 * GIB, False), (2, 4 * GIB, False),
                   (3, 4 * 65536, False), (1, 9 * 65536, False), (1, 6 * 65536, False)):
        assert wanted in found, f"node {major}: no {wanted} in {found}"
    # Where asking would be noticed, nothing is said.
    assert (1, None, None) in found, f"node {major}: {found}"
    off = TMP / f"{major}off"
    same(bare, record(command, off, {"NODE_OPTIONS": None, "PROBE_WASM": "off"}))
    assert {(maximum, shared) for _, maximum, shared in declared(off)} == {(None, None)}, declared(off)
    assert len(declared(off)) == len(found), "the memories are the same"
print("nobody can tell")
