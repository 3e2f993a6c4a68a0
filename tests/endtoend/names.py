"""Runs truth.js, which knows for each of its blocks which functions made it, and holds the report to that.

A frame that should be there is *named* (function, file and line are right), *partly* (what is there is right, the file or
the line is not there), *unknown*, *inlined* (optimized code that has no frame for it) or *wrong*. Nothing may be wrong.
"""
import collections
import json
import pathlib
import signal
import subprocess

from harness import PROBE_LIB, SOURCE, environment, lost_nothing, npm_modules, report

PROGRAM = SOURCE / "tests" / "fixtures" / "javascript" / "truth.js"


class Score:
    def __init__(self):
        self.frames = collections.Counter()   # of those that the books tell of, by verdict
        self.wasm = collections.Counter()     # likewise, of WebAssembly
        self.tiers = collections.Counter()    # of those that are named
        self.generated = collections.Counter()  # all frames of generated code, whoever's: "named" or "unknown"
        self.wrong = []
        self.missing = []
        self.blocks = 0

    def add(self, other):
        for name in ("frames", "wasm", "tiers", "generated"):
            getattr(self, name).update(getattr(other, name))
        self.wrong += other.wrong
        self.missing += other.missing
        self.blocks += other.blocks

    def __str__(self):
        total = sum(self.frames.values())
        shares = ", ".join(f"{count} {verdict}" for verdict, count in self.frames.most_common())
        return (f"{self.blocks} blocks, {total} frames: {shares}; wasm {dict(self.wasm)}; tiers {dict(self.tiers)}; "
                f"all generated code {dict(self.generated)}; {len(self.missing)} blocks not found")

    def share_named(self):
        return self.frames["named"] / max(1, sum(self.frames.values()))


def node(major):
    return npm_modules() / f"node{major}" / "bin" / "node"


def is_ours(frame):
    """A frame that may stand for one of the books': generated code that is not node's own."""
    if frame["kind"] == "js":
        return not (frame["file"] or "").startswith("node:")
    return frame["kind"] == "wasm" or (frame["kind"] == "unknown" and not frame["module"])


def is_call(frame):
    return frame["kind"] == "js" and frame["function"] == "call" and frame["file"] == str(PROGRAM)


def verdict_of(frame, expected, wrong):
    """How well a frame of the report says what the books say; None: it says something else."""
    if frame["kind"] == "unknown":
        return "unknown"
    if frame["kind"] != expected["kind"] or frame["function"] not in expected["functions"]:
        return None
    if expected["kind"] == "wasm":
        if frame.get("wasm_function", expected["index"]) != expected["index"]:
            wrong.append(("another wasm function", frame, expected))
            return "wrong"
        return "named"
    if frame["file"] is not None and frame["file"] != expected["file"]:
        wrong.append(("another file", frame, expected))
        return "wrong"
    line = expected["call"] if frame["line_kind"] == "call" else expected["own"]
    if frame["line"] is not None and frame["line"] != line:
        wrong.append(("another line", frame, expected))
        return "wrong"
    if frame["line_kind"] == "function" and frame["tier"] != "optimized":
        return "partly"
    return "named" if frame["line"] is not None and frame["file"] == expected["file"] else "partly"


def check_stack(site, book, score):
    frames = [frame for frame in site["stack"] if is_ours(frame) and not is_call(frame)]
    at = 0
    for number, expected in enumerate(book["frames"]):
        found = None
        if at < len(frames):
            found = verdict_of(frames[at], expected, score.wrong)
        if found:
            if frames[at]["tier"] and found != "unknown":
                score.tiers[frames[at]["tier"]] += 1
            at += 1
        elif any(at < len(frames) and verdict_of(frames[at], later, []) for later in book["frames"][number + 1:]):
            found = "inlined"
        else:
            found = "wrong"
            score.wrong.append(("another function", frames[at:at + 1], expected, book["form"], book["shape"]))
        (score.wasm if expected["kind"] == "wasm" else score.frames)[found] += 1


def check(data, books):
    """Holds a report to the books."""
    score = Score()
    by_size = {book["size"]: book for book in books["books"]}
    found = collections.Counter()
    for site in data["leaks"]["by_site"]:
        for frame in site["stack"]:
            if frame["kind"] == "js" or (frame["kind"] == "unknown" and not frame["module"]):
                score.generated["named" if frame["function"] else "unknown"] += 1
        book = by_size.get(site["bytes"] / site["blocks"])
        if book and site["domain"] == "heap" and any(is_ours(frame) for frame in site["stack"]):
            found[book["size"]] += site["blocks"]
            check_stack(site, book, score)
    for size, book in by_size.items():
        score.blocks += book["live"]
        if found[size] != book["live"]:
            score.missing.append((book, found[size]))
    return score


def run(command, folder, seconds, seed, flags=(), forms=None, env=None, kill=False):
    """Records truth.js and returns its score. A crash is an AssertionError."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True)
    out = folder / "recording"
    words = [command, *flags, PROGRAM, folder / "books", seconds, seed] + ([",".join(forms)] if forms else [])
    changes = {"LD_PRELOAD": PROBE_LIB, "PROBE_OUT": out, "NODE_OPTIONS": None}
    changes.update(env or {})
    done = subprocess.run([str(word) for word in words], env=environment(changes), stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=60 + 20 * seconds)
    assert done.returncode == 0, f"{flags}: status {done.returncode}\n{done.stdout.decode()}\n{done.stderr.decode()}"
    data = report(out)
    lost_nothing(data)
    return check(data, json.loads((folder / "books").read_text()))


def nothing_wrong(score, words):
    assert not score.wrong, f"{words}: {len(score.wrong)} wrong names: {score.wrong[:5]}"
    assert not score.missing, f"{words}: {len(score.missing)} blocks are not where they should be: {score.missing[:5]}"
