"""What really leaks in o1js: its cheaper operations, again and again, by Rust type and JavaScript line, against what the
script counts itself (tests/fixtures/wasm/o1js/operations.mjs).

Found by it in o1js 2.15: srs.create asks by isEmptySrs whether the SRS that it has kept is empty, is handed a pointer to
each of its points for that, and frees none.
"""
import json

from harness import SOURCE, TMP, lost_nothing, npm_modules, record, report
from o1js import FOLDER, install

SCRIPT = SOURCE / "tests" / "fixtures" / "wasm" / "o1js" / "operations.mjs"
ROUNDS = 12
POINTS = 1025  # of an SRS of 1,024: these and the blinding one
POINT = 88
LEAKS = {"create": POINTS, "commitment": POINTS, "get": POINTS, "fresh": 0, "poseidon": 0}  # points a round


def check(major, operation):
    books, out = TMP / f"books-{operation}-{major}", TMP / f"{operation}-{major}"
    node = npm_modules() / f"node{major}" / "bin" / "node"
    done = record([node, SCRIPT, books, operation, ROUNDS], out, {"NODE_OPTIONS": None, "XDG_CACHE_HOME": FOLDER / "cache"},
                  cwd=FOLDER, timeout=600)
    assert done.status == 0, done
    counted = json.loads(books.read_text())
    data = report(out)
    lost_nothing(data)
    per_round = LEAKS[operation]
    assert [round_["points"] for round_ in counted] == [per_round * (i + 1) for i in range(ROUNDS)], counted

    memory = max((memory for memory in data["wasm_memories"] if memory["heap"]), key=lambda memory: memory["bytes"])
    heap = memory["heap"]
    assert memory["bytes"] == counted[-1]["bytes"], f"{memory['bytes']}, {counted[-1]}"
    assert heap["unknown_frees"] == 0 and heap["replaced"] == 0 and heap["overlapping"] == 0, heap
    parts = sum(heap[part] or 0 for part in ("live_bytes", "overhead_bytes", "free_bytes", "unused_bytes", "static_bytes",
                                              "stack_bytes", "unattributed_bytes"))
    assert parts == memory["bytes"] and heap["unattributed_bytes"] <= 0.02 * memory["bytes"], heap

    rows = [row for row in data["leaks"]["by_site"] if row["domain"] == "wasm-heap"]
    points = [row for row in rows if any(frame["function"] == "caml_fp_srs_get" for frame in row["stack"])]
    assert sum(row["blocks"] for row in points) == per_round * ROUNDS, f"{operation}: {[row['blocks'] for row in points]}"
    assert sum(row["bytes"] for row in points) == POINT * per_round * ROUNDS
    assert {row["type"] or row["owner"] for row in points if "WasmGVesta" not in (row["type"] or row["owner"])} == set()
    others = sum(row["growth_bytes_per_mark"] for row in rows if row not in points)
    lines = {f"{frame['function']}, {frame['file'].rsplit('/', 1)[-1]}:{frame['line']}"
             for row in points for frame in row["stack"] if frame["kind"] == "js" and "/srs.ts" in (frame["file"] or "")}
    if per_round and operation != "get":
        assert any("isEmptySrs" in line for line in lines), lines
    print(f"node {major}, {operation}: {per_round} blocks a round, other sites grow by {others:.0f} bytes a round; "
          f"{heap['allocs']} births, {heap['frees']} deaths, none unknown; {sorted(lines)}")


install()
for version in (20, 22, 24):
    for name in LEAKS:
        check(version, name)
