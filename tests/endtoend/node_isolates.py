"""Isolates that lie where others lay are asked for their code, however the thread of the one before ended."""
from harness import FIXTURES, TMP, lost_nothing, record, report

done = record([FIXTURES / "isolates"], TMP / "out")
assert done.status == 0 and not done.err, done
ways = ["returns", "exits", "exits", "cancelled", "cancelled", "returns"]
assert done.out.decode().split("\n")[:-1] == [f"{way}: 1" for way in ways], done
lost_nothing(report(TMP / "out"))
