"""A program that knows what it keeps in each round: trend and slope of each site are exact, in one process, in forked
children, in several recordings, of fifty marks and of thousands; and the small leak stands before the large table."""
import json

from harness import TMP, lost_nothing, probe, record, report
from truth import fixture

LEAK, SELDOM = 3 * 40, 1000 / 10


def sites(data, process=None):
    """The rows of the heap by function."""
    return {row["stack"][0]["function"]: row for row in data["leaks"]["by_site"]
            if row["domain"] == "heap" and row["process"] == (process or row["process"])}


def holds(rows, processes=1):
    leak, seldom = rows["leak"], rows["seldom"]
    assert leak["trend"] == "growing" and leak["confidence"] > 0.95, leak
    assert leak["growth_bytes_per_mark"] == LEAK * processes, leak
    assert leak["growth_blocks_per_mark"] == 3 * processes, leak
    assert seldom["trend"] == "growing", seldom
    assert abs(seldom["growth_bytes_per_mark"] / processes - SELDOM) < 0.1 * SELDOM, seldom
    for name in ("table", "late", "cache"):
        row = rows[name]
        assert row["trend"] in ("once", "steady") and row["growth_bytes_per_mark"] == 0, row
    assert rows["table"]["trend"] == rows["late"]["trend"] == "once", rows
    assert "scratch" not in rows, rows


out = TMP / "one"
assert record([fixture("grows"), "50"], out).status == 0
data = report(out)
lost_nothing(data)
holds(sites(data))
assert data["processes"][0]["growth"] == {"at": "marks", "marks": 50, "measured": 50, "first": "round 0",
                                          "last": "round 49"}, data["processes"][0]["growth"]
text = probe("report", out).out.decode()
assert "grows 120 B per mark (sure)" in text and "1 block   its only allocation\n       table" in text, text
assert text.index("\n       leak ") < text.index("\n       seldom ") < text.index("\n       table "), text
assert "measured at 50 marks, round 0 … round 49 (10 other marks are not compared)" in text, text

# Each process by marks of its own; in text the children, whose stacks are the same, are one row.
out = TMP / "children"
assert record([fixture("grows"), "20", "2"], out).status == 0
data = report(out)
lost_nothing(data)
assert len(data["processes"]) == 3
for process in data["processes"]:
    rows = sites(data, process["id"])
    assert rows["leak"]["trend"] == "growing" and rows["leak"]["growth_bytes_per_mark"] == LEAK, rows["leak"]
    assert rows["table"]["trend"] == "once", rows["table"]
text = probe("report", out).out.decode()
assert "grows 240 B per mark (sure) · in 2 processes" in text, text

# Recordings taken together.
assert record([fixture("grows"), "50"], TMP / "two").status == 0
done = probe("report", TMP / "one", TMP / "two", "--json")
holds(sites(json.loads(done.out)), 2)

# Of thousands of marks some are compared, and the rate per mark stays.
out = TMP / "thousands"
assert record([fixture("grows"), "5000"], out).status == 0
data = report(out)
lost_nothing(data)
assert len(data["marks"]) == 6000
growth = data["processes"][0]["growth"]
assert growth["marks"] == 5000 and 64 <= growth["measured"] <= 128, growth
holds(sites(data))

# Three marks are told apart from none.
out = TMP / "few"
assert record([fixture("grows"), "4"], out).status == 0
leak = sites(report(out))["leak"]
assert leak["trend"] == "growing" and leak["growth_bytes_per_mark"] == LEAK and leak["confidence"] < 0.95, leak
