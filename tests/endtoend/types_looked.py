"""Short children, as test suites start them by the hundred, have the classes of their objects by the look at their end; where
there was no such look, the rows that would have a class by it say so and why, and so does the report."""
import shutil

from harness import TMP, lost_nothing, probe, record, report, run, same
from truth import fixture

SHORT = fixture("classes_short")
BLOCKS = 1000


def goats(data):
    rows = [row for row in data["leaks"]["by_site"]
            if row["stack"] and (row["stack"][0]["function"] or "").startswith("make(")]
    assert sum(row["blocks"] for row in rows) % BLOCKS == 0 and rows, rows
    return rows


def children(*ways):
    out = TMP / f"{ways[0]}.probe"
    # The shell comes first, so these are children, without the first one's time.
    command = ["sh", "-c", "; ".join(f"'{SHORT}' {way}" for way in ways) + "; :"]
    same(run(command), record(command, out))
    data = report(out)
    lost_nothing(data)
    return out, data


out, data = children("return", "_exit", "fork")
assert len(data["processes"]) == 5, data["processes"]
assert [process["objects_unseen"] for process in data["processes"]] == [None] * 5, data["processes"]
rows = goats(data)
assert [(row["type"], row["blocks"]) for row in rows] == [("Goat", BLOCKS)] * 3, rows
assert all(row["type_evidence"].startswith("vtable: ") for row in rows), rows
assert not data["findings"], data["findings"]
assert b"not looked for" not in probe("report", out).out

for way, why in (("kill", "it was killed"), ("exec", "another program took its place"), ("stack", "signal handler's own stack"),
                 ("filter", "seccomp filter")):
    out, data = children(way)
    unseen = [process["objects_unseen"] for process in data["processes"] if process["objects_unseen"]]
    assert len(unseen) == 1 and why in unseen[0], data["processes"]
    row, = goats(data)
    assert row["type"] is None and row["type_evidence"] == f"vtable: no type: {unseen[0]}", row
    for words in (["report", out], ["leaks", out]):
        text = " ".join(probe(*words).out.decode().split())
        assert unseen[0] in text, text

# A child with a large heap of JavaScript's: malloc's memory is looked at first, so time is enough for it.
node = shutil.which("node")
if node:
    script = "const a = []; for (let i = 0; i < 6e5; i++) a.push({ i, b: [i] }); globalThis.a = a;"
    out = TMP / "large.probe"
    record(["sh", "-c", f"'{node}' -e '{script}'; :"], out)
    data = report(out)
    lost_nothing(data)
    process, = [process for process in data["processes"] if process["argv"][-1] == script]
    assert process["objects_unseen"] is None, process["objects_unseen"]
    assert any((row["type_evidence"] or "").startswith("vtable: the blocks") for row in data["leaks"]["by_site"]), data["leaks"]
