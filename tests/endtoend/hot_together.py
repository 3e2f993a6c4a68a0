"""probe hot --by peak of several processes: what all of them had when their sum was largest, which is no process's own peak;
each by itself with --process; and runs taken together, of which each process is at its own."""
import json
import re

from harness import TMP, probe, record
from truth import fixture

MB = 1000000


def hot(*words):
    done = probe("hot", *words, "--by", "peak", "--json", "--fold", "0")
    assert done.status == 0 and not done.err, done
    return json.loads(done.out)


def by_name(data):
    sums = dict.fromkeys(("early", "first", "second", "third"), 0)
    for site in data["sites"]:
        if site["stack"][0]["function"] in sums:
            sums[site["stack"][0]["function"]] += site["value"]
    return sums


out = TMP / "out"
assert record([fixture("together")], out).status == 0
data = hot(out)
assert by_name(data) == {"early": 0, "first": 10 * MB, "second": 8 * MB, "third": 0}, by_name(data)
moment = data["moment"]
assert moment["bytes"] == data["matching"]["value"] == 18 * MB <= moment["at_most_bytes"], (moment, data["matching"])
text = probe("hot", out, "--by", "peak").out.decode()
assert text.startswith("In 4 processes together the heap was largest at 17.2 MiB"), text[:200]

# In exports, too.
folded = dict.fromkeys(("early", "first", "second", "third"), 0)
for line in probe("export", out, "--format", "folded", "--by", "peak").out.decode().splitlines():
    stack, _, size = line.rpartition(" ")
    for name in folded:
        folded[name] += int(size) * (name in re.split("[; ]", stack))
assert folded == {"early": 0, "first": 10 * MB, "second": 8 * MB, "third": 0}, folded

# One by one.
own = []
for process in data["processes"]:
    alone = hot(out, "--process", str(process["pid"]))
    assert alone["moment"] is None, alone["moment"]
    own.append(alone["matching"]["value"])
assert sorted(own) == [0, 5 * MB, 10 * MB, 11 * MB], own

# Two runs: not at the same time.
again = TMP / "again"
assert record([fixture("together")], again).status == 0
data = hot(out, again)
assert data["moment"] is None and by_name(data) == {
    "early": 10 * MB, "first": 20 * MB, "second": 16 * MB, "third": 6 * MB}, by_name(data)
assert "not at the same time" in probe("hot", out, again, "--by", "peak").out.decode()
print("hot: the peak of several processes together, and of each")
