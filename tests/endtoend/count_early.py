"""A program that allocates before libc has its environment is recorded where PROBE_OUT says, and its options count."""
from harness import TMP, lost_nothing, report
from truth import both, fixture, rows_of

done, out = both("early", [fixture("early")], env={"PROBE_STACK_DEPTH": "1"})
data = report(out)
lost_nothing(data)
row = rows_of(data, {"before_all"})["before_all"]
assert row == {"allocs": 1, "frees": 0, "blocks": 1, "bytes": 4321}, row
(stack,) = [site["stack"] for site in data["leaks"]["by_site"] if site["bytes"] == 4321]
assert len(stack) == 1, f"PROBE_STACK_DEPTH was not read: {stack}"
assert not list(TMP.glob("probe-*")), "it was recorded in the working directory"

done, out = both("flat", [fixture("early")], env={"PROBE_STACK_DEPTH": "0"})
data = report(out)
lost_nothing(data)
(site,) = data["leaks"]["by_site"]
assert site["stack"] == [] and site["bytes"] >= 4321 and not data["recording"]["warnings"], (site, data["recording"])
