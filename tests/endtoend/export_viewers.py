"""probe export: what has room for one process: heapprofile, massif and dhat, read by ms_print, the Firefox Profiler's command
line, DHAT's own viewer, Chromium's DevTools and speedscope; of a program with odd names and of node, with the report's sums."""
import json
import re
import sys

from harness import SOURCE, TMP, need, npm_modules, probe, record, run
from profilercli import Profiler
from torture import ALLOCS, BYTES, CHAIN, FILE, LIVE_BLOCKS, LIVE_BYTES, PLAIN, TEXTS, torture

need("gcc", "chromium", "ms_print", "valgrind")
sys.setrecursionlimit(20000)
DHAT = "/usr/libexec/valgrind/dh_view.html"
# The names as ms_print is to show them.
SHOWN = ["main_of_torture", "new\\nline\\ttab\\x0dreturn\\x01bell\\x07\\x1b[31mred\\x7f", "ends with a number 123", 'comma,comma,""']


def export(out, form, *options, told=b""):
    path = TMP / f"{out.name}.{form}"
    done = probe("export", out, "--format", form, "-o", path, *options)
    assert done.status == 0 and not done.out and told in done.err and bool(told) == bool(done.err), done
    return path


def viewed(script, *words, files):
    done = run([npm_modules() / "node24" / "bin" / "node", SOURCE / "tests" / "endtoend" / "viewers" / script, *words, *files],
               {"NODE_PATH": npm_modules(name="npm_exports"), "CHROMIUM": "/usr/bin/chromium", "HOME": TMP,
                "PROFILE": TMP / "chromium", "XDG_CONFIG_HOME": TMP / "config", "XDG_CACHE_HOME": TMP / "cache"})
    assert done.status == 0, done
    seen = json.loads(done.out)
    assert not [each["problems"] for each in seen.values() if each["problems"]], seen
    return [seen[str(path)] for path in files]


def totals(out):
    done = probe("report", out, "--json", "--no-default-suppressions")
    assert done.status == 0, done
    return json.loads(done.out)["totals"]


def number(text):
    return int(text.replace(",", ""))


def check_massif(out):
    sums, done = totals(out), run(["ms_print", export(out, "massif")])
    assert done.status == 0 and not done.err, done
    text = done.out.decode()
    rows = [[number(word) for word in row.split()] for row in re.findall(r"^ +\d+ +[\d,]+ +[\d,]+ +[\d,]+ +0 +0$", text, re.M)]
    assert 3 <= len(rows) <= 110 and [row[0] for row in rows] == list(range(len(rows))), rows
    assert rows == sorted(rows, key=lambda row: row[1]) and rows[-1][1] == sums["bytes_allocated"], rows[-1]
    assert rows[-1][2] == sums["live_bytes"] and max(row[2] for row in rows) == sums["peak_bytes"], rows[-1]
    peak = int(re.search(r"Detailed snapshots: \[.*?(\d+) \(peak\)", text)[1])
    assert rows[peak][2] == sums["peak_bytes"], rows[peak]
    tops = re.findall(r"^[\d.]+% \(([\d,]+)B\) \(heap allocation functions\)", text, re.M)
    assert [number(top) for top in tops] == [sums["peak_bytes"], sums["live_bytes"]], tops
    return text


def check_dhat(out, name):
    path, sums = export(out, "dhat"), totals(out)
    data = json.loads(path.read_text())
    for key, wanted in (("tb", "bytes_allocated"), ("tbk", "allocs"), ("gb", "peak_bytes"), ("eb", "live_bytes"),
                        ("ebk", "live_blocks")):
        assert sum(point[key] for point in data["pps"]) == sums[wanted], key
    for point in data["pps"]:
        assert max(point["gb"], point["eb"]) <= point["mb"] <= point["tb"] and point["ebk"] <= point["tbk"], point
        assert point["gbk"] <= point["tbk"] and point["mbk"] <= point["tbk"] and point["tl"] <= data["te"] * point["tbk"], point
        assert all(0 < frame < len(data["ftbl"]) for frame in point["fs"])
    assert data["te"] == sums["bytes_allocated"] and 0 < data["tg"] <= data["te"]
    with Profiler(path) as ask:
        assert name in json.dumps(ask("thread", "functions", "--search", name)["functions"])
    return data


def check_heapprofile(out, *options, value="live_bytes", **more):
    data = json.loads(export(out, "heapprofile", *options, **more).read_text())
    names, sizes, waiting = [], {}, [data["head"]]
    while waiting:
        node = waiting.pop()
        names.append(node["callFrame"]["functionName"])
        assert node["id"] not in sizes and set(node["callFrame"]) == {"functionName", "scriptId", "url", "lineNumber",
                                                                     "columnNumber"}
        sizes[node["id"]] = node["selfSize"]
        waiting += node["children"]
    assert {sample["nodeId"]: sample["size"] for sample in data["samples"]} == {i: size for i, size in sizes.items() if size}
    if not more:
        assert sum(sizes.values()) == totals(out)[value]
    return names


def odd_names():
    out = torture()
    text = check_massif(out)
    for name in SHOWN:
        assert name in text, name
    assert f"({PLAIN['plain_one']:,}B) 0x" in text, text
    data = check_dhat(out, "plain_one")
    table = "\n".join(data["ftbl"])
    for name in TEXTS:
        assert f": {name} (" in table, name
    # Blocks that died at once lived as long as what they are themselves; what is alive lived until the end.
    chain, = [point for point in data["pps"] if point["eb"] == 3000]
    assert (chain["tb"], chain["tbk"], chain["ebk"], chain["mb"]) == (3000, 3, 3, 3000), chain
    assert chain["tl"] == sum(BYTES - n * 1000 for n in range(3)), (chain, BYTES)
    freed = sorted((point["tb"], point["tbk"], point["tl"], point["mb"], point["mbk"], point["eb"]) for point in data["pps"]
                   if not point["eb"])
    assert freed == [(50, 5, 50, 10, 1, 0), (1280, 2, 1280, 640, 1, 0)], freed
    assert set(TEXTS) < set(check_heapprofile(out)) and ALLOCS > LIVE_BLOCKS and CHAIN < LIVE_BYTES
    check_heapprofile(out, "--by", "bytes", value="bytes_allocated")


def node():
    (TMP / "leak.js").write_text("globalThis.keep = [];\nfunction keepBuffers() { keep.push(Buffer.alloc(500000)); }\n"
                                 "for (let i = 0; i < 50; i++) keepBuffers();\n")
    done = record([npm_modules() / "node22" / "bin" / "node", TMP / "leak.js"], TMP / "node")
    assert done.status == 0, done
    out = TMP / "node"
    assert "keepBuffers (leak.js:2)" in check_massif(out)
    check_dhat(out, "keepBuffers")
    assert "keepBuffers" in check_heapprofile(out)


def one_process():
    """Of two, the one that allocated most, and it is said which; or the one that is asked for."""
    out = TMP / "two"
    for name, size in (("small", 1000), ("large", 50000)):
        (TMP / f"{name}.c").write_text(f"#include <stdlib.h>\nvoid *keep;\nint main(void) {{ keep = malloc({size}); return 0; }}\n")
        assert run(["gcc", "-O0", "-o", TMP / name, TMP / f"{name}.c"]).status == 0
        assert record([TMP / name], out).status == 0
    check_heapprofile(out, told=b"large, which allocated most")
    assert "eb\":50000" in export(out, "dhat", told=b"--process chooses another").read_text()
    assert "eb\":1000" in export(out, "dhat", "--process", "small").read_text()


def viewers():
    files = [export(TMP / name, form) for name in ("torture", "node") for form in ("heapprofile", "pprof", "speedscope", "folded")]
    for path, seen in zip(files, viewed("open.mjs", npm_modules(name="npm_exports") / "speedscope/dist/release/index.html", files=files)):
        assert "Left Heavy" in seen["text"] and "speedscope" in seen["title"], (path, seen)
    files = [export(TMP / name, "dhat") for name in ("torture", "node")]
    for seen, name in zip(viewed("open.mjs", DHAT, files=files), ("torture", "node")):
        assert f"Total:     {totals(TMP / name)['bytes_allocated']:,} bytes (100%" in seen["text"], seen["text"][:3000]
        assert f"At t-end:  {totals(TMP / name)['live_bytes']:,} bytes (100%" in seen["text"], seen["text"][:3000]


def devtools():
    """What DevTools' own code reads, and what its grid shows."""
    of_torture, of_node = viewed("devtools.mjs", files=[export(TMP / name, "heapprofile") for name in ("torture", "node")])
    for out, seen in ((TMP / "torture", of_torture), (TMP / "node", of_node)):
        assert not seen["error"] and seen["title"] == out.name, seen["error"]
        assert seen["total"] == totals(out)["live_bytes"] == sum(each["self"] for each in seen["functions"].values()), seen["total"]
    functions = of_torture["functions"]
    assert set(TEXTS) < set(functions) and functions[TEXTS[-1]]["self"] == CHAIN, functions.keys()
    assert functions["plain_one"]["self"] == PLAIN["plain_one"] and FILE in functions["plain_one"]["places"][0], functions
    first = of_torture["rows"][0] if "plain_one" in of_torture["rows"][0][2] else of_torture["rows"][1]
    assert first[0].replace("\xa0", " ").startswith("300 kB") and "plain_one" in first[2], of_torture["rows"][:3]
    assert functions.keys() != of_node["functions"].keys() and "keepBuffers" in of_node["functions"]
    place, = of_node["functions"]["keepBuffers"]["places"]
    assert place.endswith("leak.js:2"), place


odd_names()
node()
one_process()
viewers()
devtools()
