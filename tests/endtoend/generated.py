"""Runs generated.c, which tells of its code in a perf map or jitdump, and holds the report to what it told."""
import atexit
import collections
import pathlib
import signal

from harness import FIXTURES, TMP, lost_nothing, record, report

# By number: name and line; None where there is no name. Others as the opening comment of generated.c has them.
NAMED = {0: ("plain", 20), 1: ("a name with blanks", 21), 2: None, 3: None, 4: ("moved", 24),
         5: ("outer::inner(int)", 25), 6: ("same", None)}
MODULES = {"map": "[perf map]", "dump": "[jitdump]", "both": "[jitdump]"}


def sizes(number, child):
    """Blocks of function `number` by size, as the program and its child keep them."""
    kept = {1000 + number: 2 if number in (3, 4) else 1}
    if child:
        kept[2000 + number] = 1
    return kept


def original(where, pid):
    return pathlib.Path(f"/tmp/perf-{pid}.map") if where == "map" else TMP / f"jit-{pid}.dump"


def run(where, end, out):
    status = {"kill": -signal.SIGKILL}.get(end, 3)
    done = record([FIXTURES / "generated", where, TMP, end], out)
    assert done.status == status and not done.out and not done.err, done
    return report_of(out)


def report_of(out):
    data = report(out)
    lost_nothing(data)
    forget(original("map", pid_of(data)))
    return data


def pid_of(data):
    return data["processes"][0]["pid"]


def forget(path):
    """What a program left in /tmp goes when the test ends, however that is."""
    atexit.register(lambda: path.unlink(missing_ok=True))


def innermost(data):
    """The innermost frames of the sites, by the size of their blocks."""
    found = collections.defaultdict(list)
    own = {process["id"] for process in data["processes"] if process["exe"].endswith("/generated")}
    for site in data["leaks"]["by_site"]:
        if site["process"] in own and site["domain"] == "heap" and 1000 <= site["bytes"] // site["blocks"] < 3000:
            assert site["stack"][1]["function"] == "run", site
            found[site["bytes"] // site["blocks"]] += [site["stack"][0]] * site["blocks"]
    return found


def check(data, where, child=False):
    found = innermost(data)
    for number, named in NAMED.items():
        for size, blocks in sizes(number, child).items():
            frames = found.pop(size)
            assert len(frames) == blocks, (number, frames)
            for frame in frames:
                said = frame["kind"], frame["function"], frame["module"], frame["line"], frame["file"]
                if named is None or where == "none":
                    expected = "unknown", None, None, None, None
                else:
                    line = named[1] if where != "map" else None
                    expected = "native", named[0], MODULES[where], line, "source.gen" if line else None
                assert said == expected, (number, said, expected)
    assert not found, found


def kept(out, where):
    return list(out.glob(f"*-0.{'perf-map' if where == 'map' else 'jitdump'}"))


def check_ways(where):
    """Names are there however the program ends; what they came from may then go."""
    for end in ("return", "exit", "_exit", "fork", "kill"):
        out = TMP / f"{where}-{end}.probe"
        data = run(where, end, out)
        assert len(kept(out, where)) == (end != "kill"), list(out.iterdir())
        check(data, where, child=end == "fork")
        original(where, pid_of(data)).unlink()
        check(report_of(out), "none" if end == "kill" else where, child=end == "fork")
