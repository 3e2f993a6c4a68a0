"""A struct of C is one row by type, whoever tells it: debug information without its tag, the program with it."""
from harness import TMP, lost_nothing, record, report
from truth import fixture

assert record([fixture("tagged")], TMP / "out").status == 0
data = report(TMP / "out")
lost_nothing(data)
by_site = {(row["type"], row["type_evidence"].split(":")[0]): row["blocks"]
           for row in data["leaks"]["by_site"] if row["domain"] == "heap" and row["type"]}
assert by_site == {("connection", "debuginfo"): 10, ("struct connection", "annotation"): 10, ("request", "debuginfo"): 4}, by_site
by_type = {row["type"]: (row["blocks"], row["bytes"], row["allocs"]) for row in data["leaks"]["by_type"] if row["domain"] == "heap"}
assert by_type == {"struct connection": (20, 960, 20), "request": (4, 96, 4)}, by_type
