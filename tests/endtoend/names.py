"""Runs truth.js, which knows for each of its blocks which functions made it, and holds the report to that.

A frame that should be there is *named* (function, file and line are right), *partly* (what is there is right, the file
or the line is not there), *unknown*, *inlined* (optimized code that has no frame for it) or *wrong*. Nothing may be
wrong.
"""
import collections
import json
import pathlib
import re

from harness import SOURCE, TMP, lost_nothing, npm_modules, record, report

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
        return self.frames["named"] / sum(self.frames.values())


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
    if frame["kind"] == "unknown" or (frame["kind"] == "js" and frame["function"] is None):
        return "unknown"
    if frame["kind"] != expected["kind"] or frame["function"] not in expected["functions"]:
        return None
    if expected["kind"] == "wasm":
        if frame["wasm_function"] != expected["index"]:
            wrong.append(("another wasm function", frame, expected))
            return "wrong"
        return "named"
    files = [expected["file"], expected["url"]] if expected.get("url") else [expected["file"]]
    if frame["file"] not in files and frame["file"] is not None:
        wrong.append(("another file", frame, expected))
        return "wrong"
    line = expected["call"] if frame["line_kind"] == "call" else expected["own"]
    if frame["line"] != line and frame["line"] is not None:
        wrong.append(("another line", frame, expected))
        return "wrong"
    return "named" if frame["file"] in files and frame["line"] == line else "partly"


def check_stack(site, book, score):
    frames = [frame for frame in site["stack"] if is_ours(frame)]
    at = 0
    for number, expected in enumerate(book["frames"]):
        called = []  # `call` stands between two of the books' frames, if it was not inlined
        while at < len(frames) and is_call(frames[at]):
            called.append(frames[at])
            at += 1
        frame = frames[at] if at < len(frames) else None
        found = verdict_of(frame, expected, score.wrong) if frame else None
        if found == "named":
            score.tiers[frame["tier"], frame.get("line_kind")] += 1
        if found:
            at += 1
        elif frame and any(verdict_of(frame, later, []) for later in book["frames"][number + 1:]) and \
                any(other["tier"] == "optimized" for other in [frame, *called]):
            found = "inlined"
        else:
            found = "wrong"
            score.wrong.append(("another function", frame, expected, book["form"], book["shape"]))
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


def check_numbers(data, books):
    """Holds those frames of a report to the books that have a made-up function's name: there may be others between.
    Returns how many there are, by tier, and what is wrong."""
    by_size = {book["size"]: book for book in books["books"]}
    tiers, wrong = collections.Counter(), []
    for site in data["leaks"]["by_site"]:
        book = by_size.get(site["bytes"] / site["blocks"])
        for frame in site["stack"] if book and site["domain"] == "heap" else []:
            if frame["kind"] not in ("js", "wasm") or not re.search(r"_\d+$", frame["function"] or ""):
                continue
            if not any(verdict_of(frame, expected, wrong) for expected in book["frames"]):
                wrong.append(("another function", frame, book))
            tiers[frame["tier"]] += 1
    return tiers, wrong


def recorded(command, folder, seconds, seed, flags=(), forms=None):
    """Records truth.js; the report and the books. A crash is an AssertionError."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True)
    out = folder / "recording"
    words = [command, *flags, PROGRAM, folder / "books", seconds, seed] + ([",".join(forms)] if forms else [])
    done = record(words, out, {"NODE_OPTIONS": None}, cwd=folder, timeout=120 + 20 * seconds)
    assert done.status == 0, f"{flags}: {done}"
    data = report(out)
    lost_nothing(data)
    return data, json.loads((folder / "books").read_text())


def run(command, folder, seconds, seed, flags=(), forms=None):
    """Records truth.js and returns its score."""
    return check(*recorded(command, folder, seconds, seed, flags, forms))


def nothing_wrong(score, words):
    assert not score.wrong, f"{words}: {len(score.wrong)} wrong names: {score.wrong[:5]}"
    assert not score.missing, f"{words}: {len(score.missing)} blocks are not where they should be: {score.missing[:5]}"


def short(major):
    """What a test has the time for: as node runs, and with everything in motion."""
    rounds = [[], ["--expose-gc", "--stress-compaction-random", "--bytecode-old-age=1"],
              ["--always-sparkplug", "--stress-compaction", "--deopt-every-n-times=500"]]
    total = Score()
    for number, flags in enumerate(rounds):
        score = run(node(major), TMP / f"round-{number}", 5, 100 * major + number, flags)
        print(f"{' '.join(flags) or 'no flags'}: {score}")
        nothing_wrong(score, f"node {major} {flags}")
        total.add(score)
    enough(total, f"node {major}")
    assert total.tiers["interpreted", "function"] <= 0.01 * total.tiers["interpreted", "call"], total
    tiers = {tier for tier, _ in total.tiers}
    assert tiers == {"interpreted", "baseline", "optimized"}, total


def enough(score, words):
    """The share of names that is promised."""
    assert score.share_named() >= 0.995, f"{words}: {score}"
    assert set(score.wasm) == {"named"}, f"{words}: {score}"
    assert score.generated["unknown"] <= 0.005 * sum(score.generated.values()), f"{words}: {score}"
