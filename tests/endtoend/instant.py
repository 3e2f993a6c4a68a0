"""What node's programs keep is what is reported, at its line, however they end: leaks are taken after the last handler of
'exit' and a full garbage collection of each isolate, before node frees what JavaScript still holds. instant.js knows."""
import json
import re

from harness import SOURCE, TMP, lost_nothing, node_environment, record, report, run, same

PROGRAM = SOURCE / "tests" / "fixtures" / "javascript" / "instant.js"
TEXT = PROGRAM.read_text().splitlines()
MAIN = ["natural", "exit", "nested", "throws", "uncaught", "rejected", "late"]
WORKERS = ["idle", "waits", "spins", "unreferenced", "alone"]
ENDING = ["worker natural", "worker exit", "worker uncaught"]


def lines(function, size):
    """Where the program makes blocks: the line of the call and that of the function."""
    own = next(i for i, line in enumerate(TEXT, 1) if line.startswith(f"function {function}("))
    call = next(i for i, line in enumerate(TEXT, 1) if i > own and f"Buffer.alloc({size})" in line)
    return {"call": call, "function": own}


def blocks(rows, size, function, name):
    """Blocks of a size in rows of the report. All come from their line."""
    count = 0
    for site in rows:
        if site["domain"] != "heap" or site["bytes"] != size * site["blocks"]:
            continue
        frame = next((f for f in site["stack"] if f["kind"] == "js" and f["file"] == str(PROGRAM)), None)
        if frame:
            assert frame["function"] == function and frame["line"] == lines(function, name)[frame["line_kind"]], frame
            count += site["blocks"]
    return count


def recorded(major, way, changes=None):
    """Records instant.js; its report and what it said."""
    env, out = {**node_environment(major), **(changes or {})}, TMP / f"{way}-{len(changes or {})}"
    bare, done = run(["node", PROGRAM, way], env), record(["node", PROGRAM, way], out, env)
    # An error thrown in a handler of 'exit' has one frame more.
    done.err = re.sub(rb"    at process.emit \(node:internal/probe:.*\)\n", b"", done.err)
    same(bare, done)
    data = report(out)
    lost_nothing(data)
    return data, json.loads(done.out)


def check(major):
    for way in MAIN + WORKERS + ENDING:
        data, said = recorded(major, way)
        leaks, held = data["leaks"]["by_site"], data["leaks"]["until_worker_end"]
        kept, dropped = blocks(leaks, said["KEPT"], "keep", "KEPT"), blocks(leaks, said["DROPPED"], "drop", "DROPPED")
        print(f"node {major}, {way}: {kept} kept of {said['kept']}, {dropped} dropped")
        assert (kept, dropped) == (said["kept"], 0), (way, kept, dropped, said)
        # What a worker kept until it ended is told apart.
        until = blocks(held, said["KEPT"], "keep", "KEPT"), blocks(held, said["DROPPED"], "drop", "DROPPED")
        assert until == (said["until"], 0), (way, until, said)
        labels = sorted(mark["label"] for mark in data["marks"])
        expected = [f"worker {n} ends" for n in range(1, 4)] if said["until"] else []
        assert labels == expected, (way, labels)
    # Without the collection what the last handler dropped is in it.
    data, said = recorded(major, "late", {"PROBE_GC": "0"})
    leaks = data["leaks"]["by_site"]
    assert blocks(leaks, said["KEPT"], "keep", "KEPT") == said["kept"]
    assert blocks(leaks, said["DROPPED"], "drop", "DROPPED") > 1000, "PROBE_GC=0 changes nothing"
