"""Where CPU time goes in a script, told by probe and by node --cpu-prof of the same run: the functions of the script have the
same shares. What is compared, and how:

--cpu-prof samples the main thread by the clock on the wall, a thousand times a second, so its samples are counted, not their
times: on a busy machine these are longer where others had their turn. A builtin, and C++ that a script calls, is a function
without a URL there and the innermost script's function here; garbage collection is a node of its own there and what has the
collector on its stack here. Left out on both sides are what is no script's function, which there is "(program)", what is
libprobe's own, and what node does before the profiler starts and after it stops."""
import collections
import json

from harness import SOURCE, TMP, lost_nothing, npm_modules, probe, record, report

POINTS = 3
COLLECTOR = ("GarbageCollect", "CollectGarbage", "IncrementalMarking", "Scavenge", "MarkCompact", "::Sweeper::", "HandleGCRequest")


def shares(counts):
    kept = {key: count for key, count in counts.items() if key[0] not in ("(program)", "(idle)", "(root)")}
    return {key: 100 * count / sum(kept.values()) for key, count in kept.items()}


def name_of(function, url):
    """wasm's modules are called in different ways."""
    return (function or "(anonymous)", "" if function.startswith("wasm-function") else url.removeprefix("file://"))


def by_node(path):
    profile = json.loads(path.read_text())
    nodes = {node["id"]: node["callFrame"] for node in profile["nodes"]}
    callers = {child: node["id"] for node in profile["nodes"] for child in node.get("children", [])}
    counts = collections.Counter()
    for node in profile["samples"]:
        while node in callers and not nodes[node]["url"] and not nodes[node]["functionName"].startswith("("):
            node = callers[node]
        counts[name_of(nodes[node]["functionName"], nodes[node]["url"])] += 1
    return shares(counts)


def blame(stack):
    if any(word in (frame["function"] or "") for frame in stack for word in COLLECTOR):
        return "(garbage collector)", ""
    for frame in stack:
        if frame["kind"] == "wasm" or (frame["kind"] == "js" and frame["file"]):
            return name_of(frame["function"] or "", frame["file"] or "")
    return "(program)", ""


def by_probe(data):
    counts = collections.Counter()
    for site in data["sites"]:
        if site["tid"] == data["processes"][0]["pid"]:
            counts[blame(site["stack"])] += site["cpu_ns"]
    return shares({key: count for key, count in counts.items() if not key[1].startswith("node:internal/probe")})


def hot(out, *options):
    done = probe("hot", out, "--by", "cpu", "--json", *options)
    assert done.status == 0 and not done.err, done
    return json.loads(done.out)


def compare(node, milliseconds):
    """The functions whose shares differ, of the ten largest on each side."""
    folder = TMP / f"profile{milliseconds}"
    out = TMP / f"recording{milliseconds}"
    done = record([node, "--cpu-prof", f"--cpu-prof-dir={folder}", SOURCE / "tests" / "fixtures" / "javascript" / "busy.js",
                   milliseconds], out, {"PROBE_CPU": "499"})
    assert done.status == 0 and done.out == b"done\n" and not done.err, done
    lost_nothing(report(out))
    path, = folder.iterdir()
    theirs, data = by_node(path), hot(out, "--all-frames")
    ours = by_probe(data)
    largest = {key for side in (ours, theirs) for key in sorted(side, key=side.get, reverse=True)[:10]}
    for key in sorted(largest, key=lambda key: -theirs.get(key, 0)):
        print(f"{key[0]:<24} {theirs.get(key, 0):6.2f} {ours.get(key, 0):6.2f}")
    assert {"sieve", "matrix", "fibonacci", "patterns", "json", "wasm-function[0]"} <= {key[0] for key in largest}, largest
    # Not a frame of the script is unknown, and most of the time is told.
    assert data["totals"]["cpu_ns"] > 0.9 * (data["sampling"]["user_ns"] + data["sampling"]["system_ns"]), data["sampling"]
    return [key for key in largest if abs(theirs.get(key, 0) - ours.get(key, 0)) > POINTS]


def agrees(major):
    node = npm_modules() / f"node{major}" / "bin" / "node"
    # The more samples, the less is chance.
    for milliseconds in (150, 300):
        differ = compare(node, milliseconds)
        if not differ:
            return
        print(f"of {milliseconds} ms these differ: {differ}")
    raise AssertionError("the functions of the script have other shares than --cpu-prof tells")
