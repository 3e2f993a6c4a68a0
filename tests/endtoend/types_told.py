"""include/probe.h's types and pools, from C, C++ and unoptimized code: without libprobe.so nothing happens; with it the report
has what the program counted itself, also after SIGKILL. The heap's figures do not change by what is said."""
import json

from harness import TMP, lost_nothing, record, report, run, same
from truth import fixture


def by_type(data):
    rows = {}
    for row in data["leaks"]["by_type"]:
        if row["domain"] == "pool" or row["type"]:
            key = f"{row['domain']} {row['type'] or ''}"
            assert key not in rows, f"two rows of {key}"
            rows[key] = row
    return rows


def word(allocs, frees):
    return "perfect" if allocs == frees else "partial" if frees else "never"


def check(name, words, ends):
    out = TMP / f"{name}{len(words)}.probe"
    command = [fixture(name), *words]
    bare = run(command)
    assert bare.status == ends, bare
    same(bare, record(command, out))
    counted, data = json.loads(bare.out), report(out)
    lost_nothing(data)
    rows = by_type(data)
    for key, (allocs, frees, size) in counted.items():
        row = rows.pop(key, None)
        assert row, f"{name}: no row for {key}: {sorted(rows)}"
        found = (row["allocs"], row["frees"], row["bytes"], row["blocks"], row["dropping"])
        assert found == (allocs, frees, size, allocs - frees, word(allocs, frees)), f"{name}: {key}: {found}"
    told = {key for key in rows if key.startswith("pool") or "Wrong" in key or "Nowhere" in key}
    assert not told, f"{name}: what nobody told: {told}"
    return data


for name in ("annotated", "annotated_cxx", "annotated_plain"):
    data = check(name, [], 0)
    for process in data["processes"]:
        assert process["repaired"] == 0, process
    # What is said of pools says nothing of the heap.
    totals = data["totals"]
    heap = [row for row in data["leaks"]["by_site"] if row["domain"] == "heap"]
    assert sum(row["bytes"] for row in heap) == totals["live_bytes"], totals
    assert sum(row["blocks"] for row in heap) == totals["live_blocks"], totals
    # Who asked is the program, not probe.h; one place is a row for each type.
    sites = [row for row in data["leaks"]["by_site"] if row["domain"] == "pool" and row["type"] == "Node"]
    assert len(sites) == 1 and sites[0]["stack"][0]["function"].split("(")[0] == "pools", sites
    assert sites[0]["type_evidence"].startswith("annotation"), sites
    kinds = {row["type"]: row["stack"][0]["function"].split("(")[0] for row in heap if (row["type"] or "").startswith("Kind")}
    assert kinds == {"Kind0": "make", "Kind1": "make"}, kinds
    unfollowed = {(f["kind"], f["count"]) for f in data["findings"] if f["kind"].startswith("told")}
    assert unfollowed == {("told-types", 1), ("told-frees", 1)}, data["findings"]
check("annotated", ["kill"], -9)
