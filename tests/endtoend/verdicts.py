"""Pairs of programs, one that leaks and its twin that does the same work and does not: what the report must say of each
is known before it is recorded (tests/fixtures/javascript/pairs, tests/fixtures/pairs.c)."""
import re

from harness import FIXTURES, SOURCE, TMP, lost_nothing, npm_modules, record, report

SCRIPTS = SOURCE / "tests" / "fixtures" / "javascript" / "pairs"
NATIVE = SOURCE / "tests" / "fixtures"

# Of each script: the verdict on the one that leaks and on its twin, and the file with the line to blame. Listeners are
# objects of JavaScript's; if they hold Buffers, these are the leak.
NODE_PAIRS = {
    "addon": ("leak", "none", NATIVE / "libpair_addon.c"),
    "arenas": ("retained", "none", None),
    "buffers": ("leak", "none", SCRIPTS / "buffers.js"),
    "cache": ("leak", "cache", SCRIPTS / "cache.js"),
    "idle": ("none", "none", None),
    "listeners": ("v8-heap", "none", None),
    "listeners_buffers": ("leak", "none", SCRIPTS / "listeners_buffers.js"),
    "objects": ("v8-heap", "none", None),
    "small": ("leak", "none", SCRIPTS / "small.js"),
    "wasm_grow": ("leak", "none", SCRIPTS / "wasm_grow.js"),
    "workers": ("leak", "none", SCRIPTS / "workers.js"),
    "workers_full": ("leak", "none", SCRIPTS / "workers_full.js"),
    "zlib_streams": ("leak", "none", SCRIPTS / "zlib_streams.js"),
}
NATIVE_PAIRS = {
    "arenas": ("retained", "none", None),
    "cache": ("leak", "cache", NATIVE / "pairs.c"),
    "list": ("leak", "none", NATIVE / "pairs.c"),
    "text": ("leak", "none", NATIVE / "pairs.c"),
}


def culprit(path, kind):
    """The function with the line that has the comment "culprit" (or "culprit of KIND"), its first line, and that line."""
    function, first = None, 0
    for number, line in enumerate(path.read_text().splitlines(), 1):
        head = re.match(r"(?:async )?function (\w+)\(|\w.*[ *](\w+)\([^;(]*\)$", line)
        if head:
            function, first = head.group(1) or head.group(2), number
        if re.search(rf"culprit(?: of {kind}\b| *\*/|$)", line):
            return function, first, number
    raise AssertionError(f"no culprit of {kind} in {path}")


def is_culprit(frame, path, kind):
    function, first, line = culprit(path, kind)
    wanted = line if frame["line_kind"] == "call" else first
    return (frame["function"], frame["file"], frame["line"]) == (function, str(path), wanted)


def grows_most(data, path):
    """Of the rows of by_site that grow, the one with the largest slope, and its frames in the file to blame. What node's
    own threads made has no such frame: it is told beside the verdict."""
    rows = []
    for row in data["leaks"]["by_site"]:
        own = [frame for frame in row["stack"] if frame["file"] == str(path)]
        if row["trend"] == "growing" and row["domain"] == "heap" and not row["suppressed_by"] and own:
            rows.append((row["growth_bytes_per_mark"], own))
    return max(rows, key=lambda row: row[0], default=(0, []))


def names_culprit(frames, path, kind):
    """V8 compiles a short function into the one that calls it: then that one has the innermost frame."""
    return bool(frames) and (frames[0]["tier"] == "optimized" or any(is_culprit(f, path, kind) for f in frames))


def judge(command, name, mode, marked):
    """Records a program of a pair; its report, and the verdict on its one process."""
    out = TMP / f"{name}-{mode}{'' if marked else '-unmarked'}"
    words = [*command, mode, "marked" if marked else "unmarked", FIXTURES / "libpair_addon.so"]
    done = record(words, out, {"NODE_OPTIONS": None})
    assert done.status == 0 and done.out == b"" and done.err == b"", f"{name} {mode}: {done}"
    data = report(out)
    lost_nothing(data)
    process, = data["processes"]
    return data, process["verdict"]


def check(pairs, command):
    """Holds the verdict on each program of `pairs` to what it must be; `command` of a name is how it is started."""
    wrong = []
    for name, (leak, twin, path) in pairs.items():
        for mode, wanted in (("leak", leak), ("twin", twin)):
            for marked in (True, False):
                data, verdict = judge(command(name), name, mode, marked)
                words = f"{name} {mode} {'with' if marked else 'without'} marks: {verdict['verdict']}: " \
                    f"{verdict['reason']}"
                print(words, flush=True)
                assert bool(data["marks"]) == marked, f"{words}\nmarks: {data['marks']}"
                if verdict["verdict"] != wanted:
                    wrong.append(f"{wanted} is right, not {words}")
                elif wanted == "leak" and not is_culprit(verdict["caller"] or verdict["frame"], path, name):
                    wrong.append(f"{path}:{culprit(path, name)} is to blame, not {verdict['frame']}: {words}")
                elif wanted == "leak" and verdict["domain"] == "heap" and not name.startswith("workers"):
                    slope, frames = grows_most(data, path)
                    if not names_culprit(frames, path, name):
                        wrong.append(f"by site, {slope} bytes a mark are the most that grows, of {frames}: {words}")
    assert not wrong, "\n".join(wrong)


def node(major):
    binary = npm_modules() / f"node{major}" / "bin" / "node"
    check(NODE_PAIRS, lambda name: [binary, SCRIPTS / f"{name}.js"])


def native():
    check(NATIVE_PAIRS, lambda name: [FIXTURES / "pairs", name])
