"""Of objects that are gone and wait for their finalizer the blocks in their linear memory are known, and are no leak, to the
byte; where they may be in either of two memories only their number is told. In node 20, 22 and 24."""
import pathlib

from harness import SOURCE, TMP, lost_nothing, need, npm_modules, probe, record, report, run

need("clang", "wasm-ld")
FIXTURES = SOURCE / "tests" / "fixtures" / "wasm"
BUILTINS = next(pathlib.Path("/usr/lib/llvm-14/lib/clang").glob("*/lib/wasi/libclang_rt.builtins-wasm32.a"))
MODULE = TMP / "classes.wasm"
PLAIN, COUNTED = 48, 56  # bytes
KEPT, DROPPED = 100, 800

for command in (["clang", "--target=wasm32-wasi", "-O2", "-c", FIXTURES / "classes.c", "-o", TMP / "classes.o"],
                ["wasm-ld", "--no-entry", TMP / "classes.o", "-L/usr/lib/wasm32-wasi", "-lc", BUILTINS, "-o", MODULE]):
    done = run(command)
    assert done.status == 0, done


def test(major, instances):
    out = TMP / f"{major}-{instances}"
    node = npm_modules() / f"node{major}" / "bin" / "node"
    done = record([node, FIXTURES / "classes.cjs", MODULE, instances], out, {"NODE_OPTIONS": None})
    assert done.status == 0, done
    data = report(out)
    lost_nothing(data)
    leaks = data["leaks"]
    print(major, instances, leaks["domains"]["wasm-heap"])
    rows = sorted((row["objects"], row["held_numbers"], row["blocks"], row["bytes"]) for row in leaks["pending"])
    by_site = sum(row["blocks"] for row in leaks["pending_by_site"]), sum(row["bytes"] for row in leaks["pending_by_site"])
    alive = leaks["domains"]["wasm-heap"]["blocks"], leaks["domains"]["wasm-heap"]["bytes"]
    inside = [memory["heap"]["live_blocks"] for memory in data["wasm_memories"]]
    text = " ".join(probe("report", out).out.decode().split())
    assert inside == [2 * (KEPT + DROPPED)] * instances, inside
    if instances == 1:
        assert rows == [(DROPPED, DROPPED, DROPPED, DROPPED * size) for size in (PLAIN, COUNTED)], rows
        assert by_site == (2 * DROPPED, DROPPED * (PLAIN + COUNTED)), by_site
        assert alive == (2 * KEPT, KEPT * (PLAIN + COUNTED)), alive
        assert "1,600 blocks of linear memories are known to be that" in text, text
    else:
        assert sum(row[0] for row in rows) == sum(row[1] for row in rows) == 2 * 2 * DROPPED, rows
        assert all(row[2:] == (None, None) for row in rows), rows
        assert by_site == (0, 0) and alive[0] == 2 * 2 * (KEPT + DROPPED), (by_site, alive)
        assert "of linear memories" not in text, text


for node_major in (20, 22, 24):
    test(node_major, 1)
    test(node_major, 2)
