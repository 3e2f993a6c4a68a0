"""Of objects that are gone and wait for their finalizer the blocks in their linear memory are known, and are no leak, to the
byte; where they may be in either of two memories, and one thread filled both, only their number is told. In node 20, 22 and
24."""
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


def test(major, instances, workers, known):
    out = TMP / f"{major}-{instances}-{workers}"
    node = npm_modules() / f"node{major}" / "bin" / "node"
    done = record([node, FIXTURES / "classes.cjs", MODULE, instances, workers], out, {"NODE_OPTIONS": None})
    assert done.status == 0, done
    data = report(out)
    lost_nothing(data)
    leaks, copies = data["leaks"], instances * (1 + workers)
    print(major, instances, workers, leaks["domains"]["wasm-heap"])
    objects, numbers = (sum(row[key] for row in leaks["pending"]) for key in ("objects", "held_numbers"))
    by_site = tuple(sum(row[key] for row in leaks["pending_by_site"]) for key in ("blocks", "bytes"))
    alive = leaks["domains"]["wasm-heap"]["blocks"], leaks["domains"]["wasm-heap"]["bytes"]
    inside = [memory["heap"]["live_blocks"] for memory in data["wasm_memories"]]
    text = " ".join(probe("report", out).out.decode().split())
    assert inside == [2 * (KEPT + DROPPED)] * copies, inside
    assert objects == numbers == copies * 2 * DROPPED, leaks["pending"]
    if known:
        rows = sorted((row["objects"], row["blocks"], row["bytes"]) for row in leaks["pending"])
        assert rows == sorted([(DROPPED, DROPPED, DROPPED * size) for size in (PLAIN, COUNTED)] * copies), rows
        assert by_site == (copies * 2 * DROPPED, copies * DROPPED * (PLAIN + COUNTED)), by_site
        assert alive == (copies * 2 * KEPT, copies * KEPT * (PLAIN + COUNTED)), alive
        assert f"{copies * 2 * DROPPED:,} blocks of linear memories are known to be that" in text, text
    else:
        assert all(row["blocks"] is row["bytes"] is row["memory"] is None for row in leaks["pending"]), leaks["pending"]
        assert by_site == (0, 0) and alive[0] == copies * 2 * (KEPT + DROPPED), (by_site, alive)
        assert "of linear memories" not in text, text


for node_major in (20, 22, 24):
    test(node_major, 1, 0, True)
    test(node_major, 2, 0, False)
    test(node_major, 1, 1, True)
