"""What is mapped like a linear memory and is none: other buffers of node 20, 22 and 24, its heap, native code."""
from harness import FIXTURES, SOURCE, TMP, npm_modules, probe, record, report

SCRIPT = SOURCE / "tests" / "fixtures" / "wasm" / "lookalikes.cjs"


def check(words, command):
    out = TMP / words.replace(" ", "-")
    done = record(command, out, {"NODE_OPTIONS": None})
    assert (done.status, done.out, done.err) == (0, b"", b""), done
    data = report(out)
    assert data["wasm_memories"] == [], f"{words}: {data['wasm_memories']}"
    assert "wasm-memory" not in data["leaks"]["domains"], words
    mapped = [site for site in data["leaks"]["by_site"] if site["domain"] == "map" and
              any(frame["function"] == "wasmlike" for frame in site["stack"])]
    assert sum(site["bytes"] for site in mapped) == 3 * 3 * 65536, f"{words}: {mapped}"
    done = probe("report", out)
    assert b"WebAssembly" not in done.out, f"{words}: {done}"


for major in (20, 22, 24):
    node = npm_modules() / f"node{major}" / "bin" / "node"
    check(f"node {major}", [node, "--expose-gc", SCRIPT, FIXTURES / "libwasmlike.so"])
check("native", [FIXTURES / "wasmlike"])
print("nothing is taken for a linear memory")
