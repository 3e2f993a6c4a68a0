"""probe hot of a program that keeps books: what each function allocates, frees at once and has alive at the peak, in the
whole run and between marks; how long its blocks lived; that recursion counts once; and what it does where it cannot."""
import json
import re
import subprocess

from harness import FIXTURES, PROBE_BIN, TMP, probe, record, run
from truth import books_of, fixture

NAMES = ("keep", "brief", "slow", "deep")
MARKS = ("warm up", "work", "shrink", "over")


def hot(*words):
    done = probe("hot", *words, "--json", "--fold", "0")
    assert done.status == 0 and not done.err, done
    data = json.loads(done.out)
    assert data["schema"] == "probe.hot/1"
    # Sites, functions and both trees hold the same.
    value = data["matching"]["value"]
    assert sum(site["value"] for site in data["sites"]) == value, data["matching"]
    for rows in (data["functions"], data["top_down"], data["bottom_up"]):
        assert sum(row["self"] for row in rows) == value, (value, rows)
    roots = [row for row in data["top_down"] if row["parent"] is None]
    assert sum(row["total"] for row in roots) == value, roots
    for index, row in enumerate(data["top_down"]):
        below = sum(other["total"] for other in data["top_down"] if other["parent"] == index)
        assert row["total"] == row["self"] + below, row
    return data


def by_name(data, field):
    sums = dict.fromkeys(NAMES, 0)
    for site in data["sites"]:
        name = site["stack"][0]["function"]
        if name in sums:
            sums[name] += site[field]
    return sums


def functions(data):
    return {row["function"]: (row["self"], row["total"]) for row in data["functions"]}


out, path = TMP / "out", TMP / "books.json"
done = record([fixture("churned"), path], out)
assert (done.status, done.out, done.err) == (0, b"", b""), done
phases = books_of(path)["phases"]
whole = phases.pop()

# The whole run, and each phase.
for by, field in (("allocs", "allocs"), ("bytes", "bytes_allocated"), ("temporary", "temporary")):
    kept = {name: sum(phase[name][field] for phase in phases) for name in NAMES}
    data = hot(out, "--by", by)
    assert by_name(data, field) == by_name(data, "value") == kept, (by, kept, by_name(data, field))
    found = functions(data)
    assert {name: found.get(name, (0, 0))[0] for name in NAMES} == kept, (kept, found)
    for number, phase in enumerate(phases):
        data = hot(out, "--by", by, "--from", MARKS[number], "--to", MARKS[number + 1])
        kept = {name: phase[name][field] for name in NAMES}
        assert by_name(data, "value") == kept, (by, number, kept, by_name(data, "value"))
    print(f"by {by}: right in the whole run and in {len(phases)} phases")

# The peak: in the whole run, and in each phase, where that of the last is what was alive as it began.
for number, phase in enumerate([whole, *phases]):
    window = ["--from", MARKS[number - 1], "--to", MARKS[number]] if number else []
    data = hot(out, "--by", "peak", *window)
    kept = {name: phase[name]["peak_bytes"] for name in NAMES}
    assert by_name(data, "value") == kept, (number, kept, by_name(data, "value"))
    peak, = data["peaks"]
    assert peak["bytes"] == data["matching"]["value"] == phase["peak"], (peak["bytes"], phase["peak"])
    assert max(peak["series"]["bytes"]) == peak["bytes"], peak
print("by peak: right to the byte, whole and by phase")

# Recursion: deep calls itself seven times, and its total is what it has itself.
kept = sum(phase["deep"]["bytes_allocated"] for phase in phases)
data = hot(out, "--by", "bytes")
assert functions(data)["deep"] == (kept, kept), functions(data)["deep"]
chain = [row["function"] for row in data["top_down"] if row["function"] == "deep"]
assert len(chain) == 7, chain
main = next(row for row in data["top_down"] if row["function"] == "main")
assert main["line"] is None and main["file"], "main calls from several lines"
everywhere = [row for row in data["functions"] if row["function"] == "main"]
assert not everywhere, "main allocates nothing itself"

# Filters: by function, by file and function together, by what is not there.
assert hot(out, "--match", "slow")["matching"]["allocs"] == 3
assert hot(out, "--match", "^work$", "--match", "churned.c$", "--by", "allocs")["matching"]["allocs"] == sum(
    phases[1][name]["allocs"] for name in NAMES)
assert hot(out, "--match", "^work$", "--match", "no such thing")["sites"] == []
top = json.loads(probe("hot", out, "--top", "1", "--json").out)
assert len(top["sites"]) == 1 and top["left_off"] == len(hot(out)["sites"]) - 1, top["left_off"]

# Lifetimes: each block has one or is alive; those that were held over a pause lived at least as long.
data = hot(out, "--by", "lifetime")
below = data["lifetimes_below_ns"]
assert below[0] == 1024 and below[-1] is None and all(b == 4 * a for a, b in zip(below, below[1:-1])), below
short = sum(1 for bound in below if bound and bound <= 2 ** 20)
for site in hot(out, "--by", "allocs", "--from", "0s")["sites"]:
    name = site["stack"][0]["function"]
    assert sum(site["sizes"]) == site["allocs"], site
    if name == "slow":
        # 20 ms: not in a class that ends before.
        assert sum(count for count, bound in zip(site["lifetimes"], below) if bound is None or bound > 20e6) == 3, site
    if name in ("slow", "brief"):
        assert sum(site["lifetimes"]) == site["allocs"], site
for site in data["sites"]:
    assert site["value"] == sum(site["lifetimes"][:short]) > 0, site
    assert site["stack"][0]["function"] != "slow", site

# For a person: no line is wider than asked, and what is most comes first.
for columns in (80, 200):
    for by in ("allocs", "bytes", "temporary", "peak", "lifetime"):
        done = run([PROBE_BIN, "hot", out, "--by", by], env={"COLUMNS": columns, "LC_ALL": "C.UTF-8"})
        text = done.out.decode()
        assert done.status == 0 and max(map(len, text.splitlines())) <= columns, done
        assert "Top down" in text and "Bottom up" in text, text
text = probe("hot", out, "--by", "bytes").out.decode()
first = re.search(r"^ +self.*function\n +\S+ \S+ +([0-9.]+) %.*?  (\w+)  ", text, re.M)
assert first and first[2] == "deep", text

# What cannot be.
for words, status, says in (
        (["--by", "cpu"], 3, "no CPU samples"), (["--by", "heat"], 2, "--by wants"),
        (["--from", "never"], 2, "no mark 'never'"), (["--by", "peak", "--domain", "map"], 2, "not map"),
        (["--by", "temporary", "--domain", "log"], 2, "not log"),
        (["--thread", "1", "--domain", "wasm-memory"], 2, "not wasm"), (["--fold", "x"], 2, "--fold wants"),
        (["--thread", "nobody"], 2, "no thread is called 'nobody'"),
        (["--process", "4000000"], 2, "no process is called")):
    done = probe("hot", out, *words)
    assert done.status == status and says in done.err.decode() and not done.out, (words, done)
assert probe("hot").status == 2
assert probe("hot", TMP / "nothing").status == 3
print("hot: windows, lifetimes, filters, recursion and refusals are right")

# An imported log: by type and line, which is all there is; and what it cannot tell is refused.
with open(TMP / "blocks.log", "wb") as file:
    truth = subprocess.run([FIXTURES / "writeslog", "2", "3000", "5"], stdout=file, stderr=subprocess.PIPE, check=True)
kept = {row.split("\t")[0]: int(row.split("\t")[1]) for row in truth.stderr.decode().splitlines()[:-1]}
done = probe("import", TMP / "blocks.log", "-o", TMP / "log", "--format", "allocation-log")
assert done.status == 0, done
data = hot(TMP / "log")
found = dict.fromkeys(kept, 0)
for row in data["functions"]:
    found[row["label"]] += row["self"]
assert data["domain"] == "log" and found == kept, (found, kept)
done = probe("hot", TMP / "log", "--by", "peak")
assert done.status == 2 and "not log" in done.err.decode(), done
print("hot: an imported log by type")
