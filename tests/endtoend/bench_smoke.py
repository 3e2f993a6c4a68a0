"""The benchmark of scripts/bench runs and prints every row. Its figures are not judged: tests run side by side."""
import json
import sys

import harness

ROWS = {"malloc/free pair, overhead": 64, "whole runs, overhead": 12, "peak RSS added": 6, "trace": 3, "reading": 6, "exports": 11}

harness.need("gcc", "g++", "node", "npm")
env = {"PROBE_LIB": harness.PROBE_LIB, "PROBE_BIN": harness.PROBE_BIN}
bench = harness.SOURCE / "tests" / "bench" / "run.py"
done = harness.run([sys.executable, bench, "--quick", "--json", "figures.json", "--build", harness.TMP / "bench"],
                   env)
assert done.status == 0, done
with open("figures.json", encoding="utf-8") as file:
    rows = json.load(file)["rows"]
for section, wanted in ROWS.items():
    found = [row for row in rows if row["section"] == section]
    assert len(found) == wanted, f"{section}: {len(found)} rows, not {wanted}"
printed = done.out.decode()
for row in rows:
    assert row["row"] in printed, f"not in the table: {row['row']}"
    assert row["median"].get("probe") is not None, f"no figure of probe's: {row}"
