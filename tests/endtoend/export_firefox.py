"""probe export --format firefox, read as the Firefox Profiler reads it: what was allocated, freed and retained to the byte, in
threads of processes, functions with odd names, marks and growing sites as markers, and live bytes as a track."""
import json

from harness import TMP, need, npm_modules, probe, record, run
from profilercli import Profiler
from torture import BYTES, CHAIN, FREED, KEPT, LIVE_BYTES, PLAIN, TEXTS, torture

need("gcc")
LABELS = [f"round {i}" for i in range(12)]


def export(out):
    path = TMP / f"{out.name}.json"
    done = probe("export", out, "--format", "firefox", "-o", path)
    assert done.status == 0 and not done.out and not done.err, done
    return path


def totals(out):
    done = probe("report", out, "--json", "--no-default-suppressions")
    assert done.status == 0, done
    return json.loads(done.out)["totals"]


def strategies(ask, sums):
    for name, wanted in (("native-allocations", sums["bytes_allocated"]), ("native-retained-allocations", sums["live_bytes"]),
                         ("native-deallocations-sites", sums["live_bytes"] - sums["bytes_allocated"])):
        ask("strategy", name)
        assert f"{wanted}" in json.dumps(ask("thread", "samples")), (name, wanted)


def odd_names():
    out = torture()
    path = export(out)
    assert json.loads(path.read_text())["threads"][0]["nativeAllocations"]["length"] == len(PLAIN) + len(KEPT) + 2 * len(FREED)
    with Profiler(path) as ask:
        strategies(ask, totals(out))
        ask("strategy", "native-retained-allocations")
        rows = ask("thread", "functions")["functions"]
        found = {row["name"].removeprefix("torture!"): row for row in rows}
        for text in TEXTS:
            near = [row for name, row in found.items() if name[:20] == text[:20]]
            assert near and near[0]["totalSamples"] == CHAIN, (text[:50], near, list(found))
        assert BYTES > LIVE_BYTES > CHAIN and found["plain_one"]["selfSamples"] == PLAIN["plain_one"], found["plain_one"]


def marks():
    (TMP / "grow.js").write_text("globalThis.keep = [];\nfunction grow() { keep.push(Buffer.alloc(30000)); }\n"
                                 "for (let i = 0; i < 12; i++) { grow(); globalThis.probe?.mark(`round ${i}`); }\n")
    out = TMP / "grow"
    done = record([npm_modules() / "node22" / "bin" / "node", TMP / "grow.js"], out)
    assert done.status == 0, done
    path = export(out)
    growing = [row for row in json.loads(probe("report", out, "--json", "--no-default-suppressions").out)["leaks"]["by_site"]
               if row["trend"] == "growing" and row["domain"] == "heap"]
    with Profiler(path) as ask:
        strategies(ask, totals(out))
        assert "grow" in json.dumps(ask("thread", "functions", "--search", "grow"))
        shown = json.dumps(ask("thread", "markers", "--list"))
        assert all(label in shown for label in LABELS), shown[:3000]
        assert not growing or '"growth"' in shown, shown[:3000]
        counter, = ask("counter", "list")["counters"]
        assert "Memory" in json.dumps(counter) and "12" in json.dumps(counter), counter
    # The track ends with what is alive at the last mark, of which most is still there in the end.
    counter, = json.loads(path.read_text())["counters"]
    assert len(counter["samples"]["count"]) == 12 and counter["samples"]["time"] == sorted(counter["samples"]["time"])
    assert 12 * 30000 <= sum(counter["samples"]["count"]) <= totals(out)["peak_bytes"], counter


def processes():
    out = TMP / "two"
    for name, size in (("small", 1000), ("large", 50000)):
        (TMP / f"{name}.c").write_text(f"#include <stdlib.h>\nvoid *keep;\nint main(void) {{ keep = malloc({size}); return 0; }}\n")
        assert run(["gcc", "-O0", "-o", TMP / name, TMP / f"{name}.c"]).status == 0
        assert record([TMP / name], out).status == 0
    with Profiler(export(out)) as ask:
        threads = ask("thread", "list")["threads"]
        assert sorted(thread["name"] for thread in threads) == ["large", "small"], threads


odd_names()
marks()
processes()
