"""Stacks of libprobe.so against libunwind's, taken in unmodified programs by libtruth.so (tests/truth/truth.h, whose
structs are read here). A helper of the tests truth_….py."""
import bisect
import collections
import os
import pathlib
import shutil
import struct
import subprocess

from harness import BUILD, LONG, TMP, environment, npm_modules, show

LIBRARY = BUILD / "lib" / "libtruth.so"
PROGRAMS = BUILD / "tests" / "truth"

# enum cause, and what each one means.
CAUSES = ["agreed", "stopped_guessing", "stopped", "stopped_far", "stopped_popped", "parted_guessing", "parted",
          "beyond_guessing", "beyond", "lost_guessing", "lost", "lost_both", "ended", "never"]
MEANING = {
    "stopped_guessing": "libunwind ends in code without descriptions; probe goes on",
    "stopped": "libunwind ends in described code; probe goes on",
    "stopped_far": "libunwind guesses no frame pointer that is 16 KiB away; probe goes on",
    "stopped_popped": "libunwind ends where V8's deoptimizer has popped a frame; probe goes on as both did before",
    "parted_guessing": "other callers after code without descriptions",
    "parted": "other callers after described code",
    "beyond_guessing": "probe says root in code without descriptions; libunwind goes on",
    "beyond": "probe says root in described code; libunwind goes on",
    "lost_guessing": "probe is lost in code without descriptions; libunwind goes on",
    "lost": "probe is lost in described code; libunwind goes on",
    "lost_both": "the same frames, and neither reaches the root",
    "ended": "the same frames; libunwind does not know the root of such a stack",
    "never": "libunwind never comes by the caller",
}
SAME_FRAMES = ("agreed", "ended", "lost_both")
MODULES, DIFFERENCES, FRAMES = 96, 512, 48
MAGIC = 0x315955544152544c
HEAD = struct.Struct(f"<QQQ4QQ{len(CAUSES)}QQQ")
FRAME = struct.Struct("<QQII")
SIDE = 8 + FRAMES * FRAME.size
DIFFERENCE = 32 + 2 * SIDE
DESCRIBED, CALLED, EXACT = 1, 2, 4


class Symbols:
    """Names of addresses in files, for the table's examples."""

    def __init__(self):
        self.known = {}

    def name(self, path, offset):
        if path not in self.known:
            self.known[path] = sorted(self.read(path))
        symbols = self.known[path]
        i = bisect.bisect_right(symbols, offset, key=lambda symbol: symbol[0]) - 1
        where = os.path.basename(path)
        if i < 0 or offset > symbols[i][0] + symbols[i][1]:
            return f"{where}+{offset:#x}"
        return f"{symbols[i][2].split('(')[0][-50:]} ({where})"

    @staticmethod
    def read(path):
        for option in ([], ["-D"]):
            done = subprocess.run(["nm", "-C", "-S", "--defined-only", *option, path], capture_output=True, text=True,
                                  errors="replace", check=False)
            lines = [line.split(" ", 3) for line in done.stdout.splitlines()]
            found = [(int(words[0], 16), int(words[1], 16), words[3]) for words in lines
                     if len(words) == 4 and words[2] in "tTwWiV"]
            if found:
                return found
        return []


class Tally:
    """What was found in one process image, or in many of one program."""

    def __init__(self, name):
        self.name = name
        self.captures = self.overtaken = self.frames = self.untold = 0
        self.ends = [0] * 4
        self.causes = collections.Counter()
        self.differences = []   # (count, cause, called, texts)

    compared = property(lambda self: self.ends[1] + self.ends[2] + self.ends[3] + self.ends[0])
    same = property(lambda self: sum(self.causes[cause] for cause in SAME_FRAMES))
    uncut = property(lambda self: self.compared - self.ends[2])

    def add(self, other):
        self.captures += other.captures
        self.overtaken += other.overtaken
        self.frames += other.frames
        self.untold += other.untold
        self.ends = [a + b for a, b in zip(self.ends, other.ends)]
        self.causes.update(other.causes)
        self.differences += other.differences


def frame_text(data, at, i, first, count, modules, symbols):
    if i >= count:
        return "-"
    if not 0 <= i - first < FRAMES:
        return "?"
    address, offset, module, flags = FRAME.unpack_from(data, at + 8 + (i - first) * FRAME.size)
    if not module:
        return "bytecode" if flags & EXACT else "generated code"
    return symbols.name(modules[module - 1], offset)


def read_tally(path, symbols):
    data = path.read_bytes()
    fields = HEAD.unpack_from(data)
    assert fields[0] == MAGIC, f"{path} is no tally"
    at = HEAD.size
    modules = [data[at + i * 256:at + (i + 1) * 256].split(b"\0")[0].decode() for i in range(MODULES)]
    tally = Tally(os.path.basename(modules[0]))
    tally.captures, tally.overtaken, tally.ends, tally.frames = fields[1], fields[2], list(fields[3:7]), fields[7]
    tally.causes = collections.Counter(dict(zip(CAUSES, fields[8:8 + len(CAUSES)])))
    tally.untold = fields[8 + len(CAUSES)]
    for at in range(at + MODULES * 256, at + MODULES * 256 + DIFFERENCES * DIFFERENCE, DIFFERENCE):
        key, count, cause, common, first, called = struct.unpack_from("<QQIIII", data, at)
        if not key:
            continue
        ours, theirs = at + 32, at + 32 + SIDE
        texts = []
        for side, some in ((ours, range(max(common - 3, 0), common)), (ours, [common]), (theirs, [common])):
            frames, = struct.unpack_from("<I", data, side)
            texts.append(" < ".join(frame_text(data, side, i, first, frames, modules, symbols) for i in some))
        tally.differences.append((count, CAUSES[cause], called, texts))
    return tally


def compare(name, command, every=1, env=None, cwd=None, stdin=b"", status=0, timeout=600):
    """Runs a command under libtruth.so; of its captures, and of those of all that it starts, one in `every` is
    compared. Returns what was found, by program."""
    assert LIBRARY.exists(), f"{LIBRARY} is not built"
    out, recording = TMP / f"{name}.truth", TMP / f"{name}.probe"
    out.mkdir()
    changes = {"LD_PRELOAD": LIBRARY, "TRUTH_OUT": out, "TRUTH_EVERY": every, "PROBE_OUT": recording,
               "PROBE_STACK_DEPTH": 1024}
    changes.update(env or {})
    done = subprocess.run([str(word) for word in command], env=environment(changes), cwd=cwd, input=stdin,
                          capture_output=True, timeout=timeout, check=False)
    assert done.returncode == status, f"{name}: status {done.returncode}\n{show(done.stdout)}\n{show(done.stderr)}"
    shutil.rmtree(recording)
    symbols = Symbols()
    tallies = {}
    for path in sorted(out.iterdir()):
        tally = read_tally(path, symbols)
        tallies.setdefault(tally.name, Tally(tally.name)).add(tally)
    shutil.rmtree(out)
    assert tallies, f"{name}: nothing was compared"
    return list(tallies.values())


def percent(part, whole):
    return 100 * part / max(whole, 1)


def table(tallies):
    print(f"{'program':24} {'compared':>9} {'frames':>10} {'to the root':>12} {'cut':>5} {'same frames':>12}")
    for tally in tallies:
        print(f"{tally.name:24} {tally.compared:9} {tally.frames:10} {percent(tally.ends[1], tally.uncut):11.4f}% "
              f"{tally.ends[2]:5} {percent(tally.same, tally.compared):11.4f}%")
    causes = collections.Counter()
    merged = collections.Counter()
    for tally in tallies:
        causes.update(tally.causes)
        for count, cause, called, texts in tally.differences:
            merged[cause, tally.name, called, *texts] += count
    for cause in CAUSES[1:]:
        if not causes[cause]:
            continue
        print(f"{causes[cause]:9}  {cause}: {MEANING[cause]}")
        found = [(count, key[1:]) for key, count in merged.items() if key[0] == cause]
        for count, (program, called, last, ours, theirs) in sorted(found, reverse=True)[:4]:
            right = {0: "", 1: "; only probe's is behind a call", 2: "; only libunwind's is behind a call",
                     3: "; both are behind calls"}[called]
            print(f"           {count:7} {program}: {last} < probe {ours}, libunwind {theirs}{right}")
    for tally in tallies:
        if tally.overtaken:
            print(f"{tally.overtaken:9}  {tally.name}: code changed between capture and comparison; not counted")


def hold(tally, least):
    """The promise: libunwind's frames in 99.5 % of captures, the root in 99.9 % of those that the depth did not cut."""
    assert tally.compared >= least, f"{tally.name}: {tally.compared} captures compared, {least} wanted"
    assert tally.ends[0] == 0, f"{tally.name}: {tally.ends[0]} captures have no stack"
    assert tally.causes["never"] == 0, f"{tally.name}: libunwind does not come by {tally.causes['never']} callers"
    assert percent(tally.ends[1], tally.uncut) >= 99.9, f"{tally.name}: the root in {tally.ends[1]} of {tally.uncut}"
    assert percent(tally.same, tally.compared) >= 99.5, f"{tally.name}: the same in {tally.same} of {tally.compared}"
    assert tally.ends[2] * 1000 <= tally.compared, f"{tally.name}: {tally.ends[2]} stacks of more than 1024 frames"
    assert tally.overtaken * 10000 <= tally.compared, f"{tally.name}: {tally.overtaken} were not compared after all"
    assert tally.causes["stopped_guessing"] == 0, f"{tally.name}: goes on where it cannot be known"
    wrong = [d for d in tally.differences if d[1].startswith("parted") and d[2] == 2]
    assert not wrong, f"{tally.name}: probe names callers that did not call: {wrong}"


def node(major, least):
    """A node of that version at tests/truth/programs/work.js."""
    modules = npm_modules()
    program = pathlib.Path(__file__).resolve().parents[1] / "truth" / "programs" / "work.js"
    command = [modules / f"node{major}" / "bin" / "node"]
    rounds, runs = 14, [[]]
    if LONG:
        rounds = 60
        runs += [["--always-sparkplug"], ["--stress-compaction"], ["--no-opt"], ["--always-turbofan"],
                 ["--interpreted-frames-native-stack"], ["--deopt-every-n-times=200"], ["--stress-inline"]]
    total = Tally(f"node {major}")
    tallies = []
    for i, flags in enumerate(runs):
        found = compare(f"node{i}", [*command, *flags, program, rounds], env={"NODE_OPTIONS": None}, timeout=3600)
        for tally in found:
            tally.name = " ".join([f"node {major}", *flags])
            total.add(tally)
            tallies.append(tally)
    table(tallies)
    hold(total, least * (10 if LONG else 1))
