"""probe hot --by cpu of a program that measures by its own CPU clocks what its functions take: the shares are right, of the whole,
of a thread and between marks, in functions, trees and threads; several recordings add up; what the process took is told; and
what cannot be is refused."""
import json
import re
import resource

from harness import FIXTURES, PROBE_BIN, TMP, lost_nothing, probe, record, report, run

POINTS = 3                       # of share


def hot(*words):
    done = probe("hot", *words, "--json")
    assert done.status == 0 and not done.err, done
    return json.loads(done.out)


def truth(done):
    return {name: int(ns) for name, ns in (line.split() for line in done.out.decode().splitlines())}


def near(part, whole, share, what, data):
    """What a thread takes after its last sample is in none, and what a sample is of may begin in the function before: the fewer
    samples a busy machine's kernel takes, the more that is."""
    points = POINTS + 200 / data["totals"]["samples"]
    assert abs(100 * part / whole - share) <= points, f"{what}: {part} of {whole}, not {share} % ± {points}"


def of(data, name):
    """What it has with all that it calls."""
    return sum(site["value"] for site in data["sites"] if any(frame["function"] == name for frame in site["stack"]))


def itself(data, name):
    return sum(row["self"] for row in data["functions"] if row["label"] == name)


def check(out, done):
    took = truth(done)
    whole = took["half"] + took["third"] + took["copies"]
    data = hot(out, "--by", "cpu")
    assert data["totals"]["value"] == data["totals"]["cpu_ns"] == sum(row["self"] for row in data["functions"])
    assert data["totals"]["samples"] == sum(site["samples"] for site in data["sites"]) > 100
    near(data["totals"]["cpu_ns"], whole, 100, "all", data)
    near(itself(data, "half"), whole, 100 * took["half"] / whole, "half", data)
    near(itself(data, "inner"), whole, 50 * took["third"] / whole, "inner", data)
    near(of(data, "copies"), whole, 100 * took["copies"] / whole, "copies", data)
    assert not itself(data, "third") and of(data, "third"), data["functions"]
    # The innermost frame is where it was interrupted: in the C library, under the function that called it.
    copying = [site for site in data["sites"] if len(site["stack"]) > 1 and site["stack"][1]["function"] == "copies"]
    assert sum(site["value"] for site in copying if "mem" in site["stack"][0]["function"]) > 0.9 * of(data, "copies"), copying
    assert itself(data, "copies") < 0.1 * of(data, "copies"), data["functions"]
    tree = data["top_down"]
    path = {row["label"]: tree[row["parent"]]["label"] for row in tree if row["parent"] is not None}
    assert path["third"] == path["copies"] == "main" and path["inner"] == "third", path
    up = [row["label"] for row in data["bottom_up"] if row["parent"] is None]
    assert up[0] == "half", up
    # Lines are those of the function, not of the one before it.
    lines = {frame["function"]: frame["line"] for site in data["sites"] for frame in site["stack"] if frame["function"] == "half"}
    assert lines and all(41 <= line <= 52 for line in lines.values()), lines

    threads = {row["name"]: row["cpu_ns"] for row in data["threads"]}
    assert set(threads) == {"spins", "worker"} or len(threads) == 1, threads
    sampling = data["sampling"]
    assert abs(1e9 / sampling["period_ns"] - 499) < 1 and 0 < sampling["handlers_ns"] < 0.05 * whole, sampling
    near(sampling["user_ns"] + sampling["system_ns"], whole, 100, "usage", data)
    return data, took


out = TMP / "spins"
done = record([FIXTURES / "spins"], out, {"PROBE_CPU": "499"})
assert done.status == 0, done
data, took = check(out, done)
lost_nothing(report(out))
process, = report(out)["processes"]

# By thread, between marks, by what matches: the same samples in parts.
tids = {row["tid"] for row in data["threads"]}
parts = [hot(out, "--by", "cpu", "--thread", str(tid)) for tid in tids]
assert sum(part["totals"]["cpu_ns"] for part in parts) == data["totals"]["cpu_ns"] and len(parts) == 2, \
    [part["totals"] for part in parts]
worker = min(parts, key=lambda part: part["totals"]["cpu_ns"])
near(of(worker, "half"), took["worker"], 100, "worker", worker)
assert worker["sampling"]["user_ns"] is None
main = str(process["pid"])
stretches = [hot(out, "--by", "cpu", "--thread", main, *words) for words in
             (["--to", "first"], ["--from", "first", "--to", "second"], ["--from", "second"])]
assert sum(part["totals"]["cpu_ns"] for part in stretches) == max(part["totals"]["cpu_ns"] for part in parts)
near(of(stretches[1], "copies"), stretches[1]["totals"]["cpu_ns"], 100, "copies between marks", stretches[1])
near(of(stretches[2], "half"), took["second"], 100, "half after the second mark", stretches[2])
assert not of(stretches[0], "copies") and not of(stretches[2], "third")
matching = hot(out, "--by", "cpu", "--match", "^inner$")
assert matching["matching"]["cpu_ns"] == of(data, "inner") and matching["totals"] == data["totals"], matching["matching"]

# Several recordings add up.
again = record([FIXTURES / "spins"], TMP / "again", {"PROBE_CPU": "499"})
second, _ = check(TMP / "again", again)
both = hot(out, TMP / "again", "--by", "cpu")
for name in ("half", "inner", "third", "copies"):
    assert of(both, name) == of(data, name) + of(second, name), name
assert both["totals"]["samples"] == data["totals"]["samples"] + second["totals"]["samples"]

# What the kernel counted, as a parent sees it.
before = resource.getrusage(resource.RUSAGE_CHILDREN)
quiet = record([FIXTURES / "spins"], TMP / "quiet")
after = resource.getrusage(resource.RUSAGE_CHILDREN)
usage = report(TMP / "quiet")["processes"][0]["usage"]
seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
assert 0.9 * seconds < (usage["user_ns"] + usage["system_ns"]) / 1e9 <= seconds + 0.005, (usage, seconds)
assert 1 << 20 < usage["peak_rss_bytes"] < 1 << 28 and usage["minor_faults"] > 50, usage
assert usage["voluntary_switches"] + usage["involuntary_switches"] > 0, usage

# For a person.
for columns in (80, 200):
    done = run([PROBE_BIN, "hot", out, "--by", "cpu"], env={"COLUMNS": columns, "LC_ALL": "C.UTF-8"})
    text = done.out.decode()
    assert done.status == 0 and max(map(len, text.splitlines())) <= columns, done
first = re.search(r"^ +self.*function\n +\S+ \S+ +([0-9.]+) %.*?  (\w+)  ", text, re.M)
assert first and first[2] == "half", text
assert re.search(r"of CPU time in \d+ samples, [0-9.>< ]+ % of the \S+ s that", text) and "499 a second" in text, text
assert "Usage" in probe("report", out).out.decode()

# What cannot be.
for words, status, says in (
        ([TMP / "quiet", "--by", "cpu"], 3, "PROBE_CPU=199"), ([out, "--by", "cpu", "--domain", "heap"], 2, "--domain"),
        ([out, "--by", "cpu", "--from", "never"], 2, "no mark 'never'"), ([out, "--by", "cpu", "--thread", "x"], 2, "no thread")):
    done = probe("hot", *words)
    assert done.status == status and says in done.err.decode() and not done.out, (words, done)
for by in ("instructions", "cycles", "cache-misses", "page-faults"):
    # As this machine's kernel allows it.
    done = probe("hot", out, "--by", by, "--json")
    counted = data["totals"][by.replace("-", "_")]
    assert done.status == (3 if counted is None else 0) and (counted is not None or "not allow" in done.err.decode()), (by, done)
