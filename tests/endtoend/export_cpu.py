"""probe export of CPU samples: in each format the sums are those of probe hot, and programs of others read them: speedscope the
DevTools' cpuprofile, pprof a CPU profile as Go writes it, the Firefox Profiler threads with their samples, sqlite tables. And
differential flame graphs, in a real browser: red is what grew, blue what shrank, both numbers are told, and what is gone."""
import json
import re
import sqlite3

from harness import FIXTURES, SOURCE, TMP, need, npm_modules, probe, record, run
from profilercli import Profiler

need("gcc", "go", "chromium")
NODE24 = npm_modules() / "node24" / "bin" / "node"
VIEWERS = SOURCE / "tests" / "endtoend" / "viewers"
BROWSER = {"NODE_PATH": npm_modules(name="npm_exports"), "CHROMIUM": "/usr/bin/chromium", "HOME": TMP, "PROFILE": TMP / "chromium",
           "XDG_CONFIG_HOME": TMP / "config", "XDG_CACHE_HOME": TMP / "cache"}


def export(out, form, *options, told=b""):
    path = TMP / f"{out.name}.{form}"
    done = probe("export", out, "--format", form, "-o", path, *options)
    assert done.status == 0 and told in done.err and bool(told) == bool(done.err), done
    return path


def hot(out, *options):
    done = probe("hot", out, "--by", "cpu", "--all-frames", "--json", *options)
    assert done.status == 0 and not done.err, done
    return json.loads(done.out)


def by_leaf(data, tid=None):
    """Nanoseconds by the name of the innermost function."""
    sums = {}
    for site in data["sites"]:
        if tid in (None, site["tid"]):
            name = site["stack"][0]["function"]
            sums[name] = sums.get(name, 0) + site["cpu_ns"]
    return sums


# ---- one thread ----

def check_cpuprofile(out, *options, told=b""):
    path = export(out, "cpuprofile", *options, told=told)
    profile = json.loads(path.read_text())
    nodes = {node["id"]: node for node in profile["nodes"]}
    children = [child for node in nodes.values() for child in node.get("children", [])]
    assert len(nodes) == len(profile["nodes"]) == len(set(children)) + 1 and set(children) < set(nodes)
    assert profile["nodes"][0]["callFrame"]["functionName"] == "(root)"
    deltas, samples = profile["timeDeltas"], profile["samples"]
    assert len(deltas) == len(samples) > 20 and min(deltas) >= 0 and set(samples) <= set(nodes)
    assert profile["startTime"] + sum(deltas) == profile["endTime"]
    ran = {}
    for node, length in zip(samples, deltas[1:]):
        name = nodes[node]["callFrame"]["functionName"]
        ran[name] = ran.get(name, 0) + length
    names = {node["callFrame"]["functionName"] for node in nodes.values()}
    hits = sum(node["hitCount"] for node in nodes.values() if node["callFrame"]["functionName"] != "(idle)")
    return path, ran, names, hits


def one_thread():
    data = hot(SPINS)
    tids = {row["name"]: row["tid"] for row in data["threads"]}
    # A thread of its own, by its name; of all of them the one that took most.
    for options, told, tid in (((), b"has room for one thread", tids["spins"]), (("--thread", "worker"), b"", tids["worker"])):
        path, ran, names, hits = check_cpuprofile(SPINS, *options, told=told)
        sums = by_leaf(data, tid)
        assert abs(hits - sum(sums.values()) / data["sampling"]["period_ns"]) <= len(names), (hits, sums)
        # To the microsecond, of each sample.
        for name in ("half", "inner"):
            assert abs(ran.get(name, 0) * 1000 - sums.get(name, 0)) <= 2000 * data["totals"]["samples"] + 0.02 * sums.get(name, 0), (name, ran, sums)
        assert ("inner" in names) == (tid == tids["spins"]) and "(idle)" in names, names
    path, ran, names, hits = check_cpuprofile(SCRIPT, told=b"cpuprofile has room")
    assert {"sieve", "matrix", "fibonacci"} < names and ran["sieve"] > 0, names
    return path


def in_speedscope(*files):
    page = npm_modules(name="npm_exports") / "speedscope" / "dist" / "release" / "index.html"
    done = run([NODE24, VIEWERS / "open.mjs", page, *files], BROWSER)
    assert done.status == 0, done
    for path, seen in json.loads(done.out).items():
        assert not seen["problems"] and "Left Heavy" in seen["text"], (path, seen)


def in_devtools(path, data):
    """Their model takes all hits for equally long, and says how long that is."""
    done = run([NODE24, VIEWERS / "devtools_cpu.mjs", path], BROWSER)
    assert done.status == 0, done
    seen = json.loads(done.out)[str(path)]
    assert not seen["problems"], seen
    sums = by_leaf(data, data["processes"][0]["pid"])
    whole = sum(sums.values())
    for name in ("half", "inner"):
        assert abs(100 * seen["functions"][name] - 100 * sums[name] / 1e6) < 2 * whole / 1e6, (name, seen, sums)


# ---- all threads ----

def all_threads():
    for out in (SPINS, SCRIPT):
        data = hot(out)
        folded = export(out, "folded", "--by", "cpu").read_text().splitlines()
        assert sum(int(line.rpartition(" ")[2]) for line in folded) == data["totals"]["cpu_ns"]
        samples = export(out, "folded", "--by", "samples").read_text().splitlines()
        assert sum(int(line.rpartition(" ")[2]) for line in samples) == data["totals"]["samples"]
        profiles = {each["name"]: each for each in json.loads(export(out, "speedscope", "--by", "cpu").read_text())["profiles"]}
        assert profiles["CPU time"]["endValue"] == data["totals"]["cpu_ns"] and profiles["CPU time"]["unit"] == "nanoseconds"
        check_pprof(out, data)
        check_tables(out, data)
        check_firefox(out, data)
    assert any(line.startswith("main;third;inner ") for line in export(SPINS, "folded", "--by", "cpu").read_text().splitlines())


def check_pprof(out, data):
    path = export(out, "pprof", "--by", "cpu")
    env = {"HOME": TMP, "PPROF_TMPDIR": TMP, "GOFLAGS": "-mod=mod"}
    raw = run(["go", "tool", "pprof", "-raw", path], env).out.decode()
    assert f"PeriodType: cpu nanoseconds\nPeriod: {data['sampling']['period_ns']}\n" in raw, raw[:300]
    head, *lines = raw.split("Samples:\n")[1].split("Locations\n")[0].split("\n")
    assert head.split()[:2] == ["samples/count", "cpu/nanoseconds[dflt]"], head
    rows = [[int(word) for word in found[1].split()] for found in (re.match(r"((?: *\d+)+): ", line) for line in lines) if found]
    assert [sum(column) for column in zip(*rows)][:2] == [data["totals"]["samples"], data["totals"]["cpu_ns"]]
    top = run(["go", "tool", "pprof", "-top", path], env)
    assert top.status == 0 and b"Type: cpu" in top.out, top
    # Memory stays a heap profile.
    assert b"inuse_space" in run(["go", "tool", "pprof", "-raw", export(out, "pprof")], env).out


def check_tables(out, data):
    path = export(out, "sqlite")
    database = sqlite3.connect(path)
    assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    assert database.execute("SELECT sum(samples), sum(cpu_ns) FROM cpu").fetchone() == (data["totals"]["samples"],
                                                                                       data["totals"]["cpu_ns"])
    sums = by_leaf(data)
    found = dict(database.execute("SELECT function, sum(cpu_ns) FROM cpu_by_function GROUP BY function"))
    for name in ("half", "inner") if out == SPINS else ("sieve", "matrix"):
        assert found[name] == sums[name] > 0, (name, found, sums)
    assert dict(database.execute("SELECT tid, sum(cpu_ns) FROM cpu GROUP BY tid")) == {row["tid"]: row["cpu_ns"]
                                                                                      for row in data["threads"]}
    usage = json.loads(probe("report", out, "--json").out)["processes"][0]["usage"]
    assert database.execute("SELECT user_ns, peak_rss_bytes, involuntary_switches FROM usage").fetchone() == \
        (usage["user_ns"], usage["peak_rss_bytes"], usage["involuntary_switches"])


def check_firefox(out, data):
    path = export(out, "firefox")
    profile = json.loads(path.read_text())
    threads = {str(thread["tid"]): thread for thread in profile["threads"] if thread["samples"]["weightType"] == "tracing-ms"}
    assert {tid: sum(thread["samples"]["threadCPUDelta"]) for tid, thread in threads.items()} == \
        {str(row["tid"]): row["cpu_ns"] for row in data["threads"]}
    for thread in threads.values():
        assert thread["samples"]["time"] == sorted(thread["samples"]["time"]) and thread["samples"]["time"][0] > 0
    with Profiler(path) as ask:
        listed = ask("thread", "list")["threads"]
        assert len(listed) == len(profile["threads"]) >= len(data["threads"]), listed
        rows = {row["name"].rpartition("!")[2]: row for row in ask("thread", "functions")["functions"]}
        sums = by_leaf(data, data["processes"][0]["pid"])
        for name in ("half", "inner") if out == SPINS else ("sieve", "matrix"):
            assert abs(rows[name]["selfSamples"] - sums[name] / 1e6) < 0.01 * sums[name] / 1e6 + 1, (name, rows[name], sums[name])


def refused():
    for words, status, message in (
            ([SPINS, "--format", "dhat", "--by", "cpu"], 2, b"no room for CPU samples"),
            ([SPINS, "--format", "heapprofile", "--by", "cycles"], 2, b"no room for CPU samples"),
            ([SPINS, "--format", "cpuprofile", "--by", "bytes"], 2, b"not for memory"),
            ([SPINS, "--format", "folded", "--thread", "worker"], 2, b"--by cpu"),
            ([SPINS, "--format", "folded", "--by", "cpu", "--domain", "heap"], 2, b"--domain"),
            ([SPINS, "--format", "pprof", "--diff", SPINS], 2, b"--diff is for svg"),
            ([TMP / "new", "--format", "cpuprofile"], 3, b"PROBE_CPU=199"), ([TMP / "new", "--format", "svg", "--by", "cpu"], 3, b"PROBE_CPU")):
        done = probe("export", *words)
        assert done.status == status and message in done.err and not done.out, (words, done)


# ---- differences ----

KEPT = {"old": {"same": 1000, "grows": 1000, "shrinks": 5000, "gone_itself": 700}, "new": {"same": 1000, "grows": 4000,
        "shrinks": 2000, "fresh": 300}}


def build(name):
    """A program that keeps so many bytes in each function; under the same name, in another folder."""
    folder = TMP / f"build-{name}"
    folder.mkdir()
    functions = "".join(f"__attribute__((noinline)) void {each}(void) {{ keep[n++] = malloc({size}); }}\n"
                        for each, size in KEPT[name].items())
    calls = " ".join(f"{each}();" for each in KEPT[name])
    (folder / "kept.c").write_text(f"#include <stdlib.h>\nvoid *keep[9]; int n;\n{functions}int main(void) {{ {calls} return 0; }}\n")
    done = run(["gcc", "-g", "-O0", "-fno-omit-frame-pointer", "-o", folder / "kept", folder / "kept.c"])
    assert done.status == 0, done
    assert record([folder / "kept"], TMP / name).status == 0


def browse(path, name):
    done = run([NODE24, VIEWERS / "flame.mjs", path, TMP / path.stem, name], BROWSER)
    assert done.status == 0, done
    seen = json.loads(done.out)
    assert not seen["problems"] and seen["requests"] == [f"file://{path}"], seen["problems"]
    for view in [seen[key] for key in ("whole", "narrow", "zoomed", "searched", "dark")] + list(seen["modes"].values()):
        assert view["fit"] and view["inside"] and view["contrast"] >= 4.5, view
    return seen


def hue(fill):
    """Hue, and how far the colour is from white."""
    numbers = [float(text) for text in re.findall(r"[\d.]+", fill)]
    return numbers[0], 100 - numbers[2]


def differences():
    path = TMP / "difference.svg"
    done = probe("export", TMP / "new", "--diff", TMP / "old", "--format", "svg", "-o", path)
    assert done.status == 0 and not done.err, done
    seen = browse(path, "grows")
    whole, fills = seen["whole"], seen["whole"]["fills"]
    assert whole["found"] == "7.1 KiB in all, 7.5 KiB before; 1 frame that is gone had 700 B", whole["found"]
    assert whole["legend"] == ["grew", "shrank", "as before"], whole["legend"]
    assert hue(fills["grows"])[0] == hue(fills["fresh"])[0] < 20 and 200 < hue(fills["shrinks"])[0] < 240, fills
    assert hue(fills["fresh"])[1] > hue(fills["grows"])[1] > hue(fills["same"])[1] and "gone_itself" not in fills, fills
    # Widths are the later one's, and both numbers are told.
    assert "3.9 KiB1,000 B before+2.9 KiB, +300 %" in seen["hovered"]["tip"], seen["hovered"]["tip"]
    assert any("shrinks, 2.0 KiB, 27 %, 4.9 KiB before" in about for about in whole["abouts"]), whole["abouts"]
    # Nothing changes from a recording to itself; and CPU samples compare, too.
    done = probe("export", TMP / "new", "--diff", TMP / "new", "--format", "svg", "--by", "bytes")
    data = json.loads(re.search(r"^self:(\[.*?\]\]),\nbefore:", done.out.decode(), re.S | re.M)[1])
    before = json.loads(re.search(r"before:(\[.*?\]\])\};", done.out.decode(), re.S)[1])
    assert data == before and sum(map(sum, data)) > 0
    path = TMP / "cpu.svg"
    done = probe("export", SPINS, "--diff", TMP / "again", "--format", "svg", "--by", "cpu", "-o", path)
    assert done.status == 0 and not done.err, done
    seen = browse(path, "third")
    assert "CPU time" in seen["modes"] and re.search(r"^[\d.,]+ m?s in all, [\d.,]+ m?s before", seen["whole"]["found"]), seen["whole"]


SPINS, SCRIPT = TMP / "spins", TMP / "script"
for out, command in ((SPINS, [FIXTURES / "spins"]), (TMP / "again", [FIXTURES / "spins"]),
                     (SCRIPT, [npm_modules() / "node22" / "bin" / "node", SOURCE / "tests" / "fixtures" / "javascript" / "busy.js", 30])):
    done = record(command, out, {"PROBE_CPU": "499"})
    assert done.status == 0, done
for name in KEPT:
    build(name)
profile = one_thread()
in_speedscope(profile, export(SPINS, "cpuprofile", told=b"has room for one thread"))
in_devtools(TMP / "spins.cpuprofile", hot(SPINS))
all_threads()
refused()
differences()
