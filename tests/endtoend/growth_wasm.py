"""Linear memories from mark to mark, in node: how fast each grows, which call makes it, and when its maximum is reached."""
import json

from harness import SOURCE, TMP, need, probe, record, report, run, same

need("node")
script = ["node", SOURCE / "tests/fixtures/node/grow_marks.cjs"]
out = TMP / "grow"
bare, recorded = run(script), record(script, out)
same(bare, recorded)
kept, once = (int(word) for word in bare.out.split())
data = report(out)
memories = {memory["bytes"]: memory for memory in data["wasm_memories"] if memory["bytes"] in (kept, once)}
assert memories[kept]["trend"] == "growing" and memories[kept]["growth_bytes_per_mark"] == 2 * 65536, memories[kept]
assert memories[kept]["confidence"] > 0.95, memories[kept]
assert memories[once]["trend"] == "once" and memories[once]["growth_bytes_per_mark"] == 0, memories[once]


def rows(document, name):
    return [row for row in document["leaks"]["by_site"] if row["domain"] == "wasm-memory"
            and any(frame["function"] == name for frame in row["stack"])]


def row_of(document, name):
    found = rows(document, name)
    assert len(found) == 1, found
    return found[0]


row = row_of(data, "growKept")
assert row["trend"] == "growing" and row["growth_bytes_per_mark"] == 2 * 65536, row
assert row["blocks"] == 12 and row["bytes"] == 24 * 65536, row
assert row_of(data, "growOnce")["trend"] == "once", row_of(data, "growOnce")

text = probe("report", out).out.decode()
assert "grows 128.0 KiB per mark; at this rate" in " ".join(text.split()), text

late = json.loads(probe("leaks", out, "--since", "round 7", "--json").out)
assert row_of(late, "growKept")["blocks"] == 4 and row_of(late, "growKept")["bytes"] == 8 * 65536, late["leaks"]
assert rows(late, "growOnce") == [], late["leaks"]

# Without stacks of blocks the memories are known all the same.
flat = TMP / "grow-flat"
same(bare, record(script, flat, {"PROBE_STACK_DEPTH": "0"}))
sizes = {memory["bytes"]: memory["trend"] for memory in report(flat)["wasm_memories"]}
assert (sizes.get(kept), sizes.get(once)) == ("growing", "once"), sizes
