"""Blocks that are C++ objects, by their tables of virtual functions, against what the program counts itself: with typeinfo and
without, stripped, at a fixed address, after SIGKILL; and of a heap that is too large to look at."""
import json

from harness import TMP, lost_nothing, record, report, run, same
from truth import fixture

CLASSES = ("zoo::", "Both", "Virtually", "Wide", "Hidden", "Shared", "my cat")


def types_of(data):
    return {row["type"] or "": row for row in data["leaks"]["by_type"] if row["domain"] == "heap"}


def check(name, words, status):
    out = TMP / f"{name}{len(words)}.probe"
    bare = run([fixture(name), *words])
    assert bare.status == status, bare
    same(bare, record([fixture(name), *words], out))
    counted, data = json.loads(bare.out), report(out)
    lost_nothing(data)
    rows = types_of(data)
    evidence = {row["type"]: row["type_evidence"] for row in data["leaks"]["by_site"]}
    for key, (blocks, size) in counted.items():
        if not key:
            continue
        row = rows.get(key)
        assert row, f"{name}: no row for {key}: {sorted(rows)}"
        assert (row["blocks"], row["bytes"]) == (blocks, size), f"{name}: {key} {blocks} {size}: {row}"
        assert evidence[key].startswith("annotation" if key == "my cat" else "vtable"), f"{name}: {evidence[key]}"
    for key, row in rows.items():
        if any(word in key for word in CLASSES) and row["blocks"] and not key.startswith("std::"):
            assert key in counted, f"{name}: there is no {key}: {row}"
    if status == 0:
        # Of a place with one class it is known what was dropped; of cages, all, since there was a mark before.
        assert (rows["zoo::Cage<char>"]["allocs"], rows["zoo::Cage<char>"]["dropping"]) == (40, "perfect"), rows
        assert (rows["zoo::Cage<int>"]["allocs"], rows["zoo::Cage<int>"]["dropping"]) == (1, "never"), rows
        assert rows["zoo::Cat[7]"]["allocs"] == 4, rows
    # Of the factory, two classes have a row, and the rest has one.
    made = sorted((row["type"] or "", row["blocks"], row["allocs"], row["frees"]) for row in data["leaks"]["by_site"]
                  if any((frame["function"] or "").startswith("make(") for frame in row["stack"][:3]))
    if name != "classes_fixed":
        assert made == [("", 10, 10, 0), ("zoo::Bird", 10, 10, 0), ("zoo::Cat", 10, 10, 0)], made
    heap = data["leaks"]["domains"]["heap"]
    assert sum(row["blocks"] for row in rows.values()) == heap["blocks"] - heap["suppressed_blocks"], heap
    sites = [row for row in data["leaks"]["by_site"] if row["domain"] == "heap"]
    assert sum(row["bytes"] for row in sites) == data["totals"]["live_bytes"], data["totals"]


for name in ("classes", "classes_untold", "classes_fixed"):
    check(name, [], 0)
check("classes", ["kill"], -9)

out = TMP / "big.probe"
done = record([fixture("classes"), "big", "80"], out)
assert (done.status, done.out, done.err) == (0, b"", b""), done
data = report(out)
lost_nothing(data)
rows = types_of(data)
assert rows["zoo::Cat"]["blocks"] == rows["zoo::Bird"]["blocks"] > 500000, rows
cut = [finding for finding in data["findings"] if finding["kind"] == "objects-cut"]
assert data["findings"] == cut, data["findings"]
assert data["recording"]["bytes_on_disk"] < 40 << 20, data["recording"]
