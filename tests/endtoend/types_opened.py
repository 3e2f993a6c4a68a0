"""What functions of the C library that open something make: one FILE each, one DIR, and buffers, which are none."""
from harness import TMP, lost_nothing, record, report, run, same
from truth import fixture

out = TMP / "out"
bare = run([fixture("opened")])
assert bare.err == b"5 1\n", bare
same(bare, record([fixture("opened")], out, {"PROBE_FOLLOW": "0"}))
data = report(out)
lost_nothing(data)
rows = [row for row in data["leaks"]["by_site"] if row["domain"] == "heap" and
        any(frame["function"] == "main" for frame in row["stack"])]
files = [row for row in rows if row["type"] == "FILE"]
assert sum(row["blocks"] for row in files) == 5, files
assert all(row["bytes"] < 1024 for row in files), files
assert sum(row["blocks"] for row in rows if row["type"] == "DIR") == 1, rows
buffers = {row["type"] for row in rows if row["bytes"] == 8192}
assert buffers == {"char[8192]", "wchar_t[2048]"}, rows
