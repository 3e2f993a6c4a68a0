"""Allocation logs with each kind of damage, each of which is found, counted and shown with its first lines; forms of the
format where it is ambiguous; and whether what was not dropped fits the growth that was seen."""
import itertools
import json
import os
import random
import resource
import signal
import subprocess
import time

from harness import TMP, environment, probe, report, run, PROBE_BIN

numbers = itertools.count()


def read(text, *options, name="prover.log"):
    """The report on a log."""
    folder = TMP / f"case{next(numbers)}"
    folder.mkdir()
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    done = probe("import", folder / name, "-o", folder / "out", "--format", "allocation-log", *options)
    assert done.status == 0, done
    data = report(folder / "out")
    for width in ("80", "200"):
        for command in (["report"], ["leaks"], ["leaks", "--by", "type"], ["leaks", "--by", "module"]):
            shown = run([PROBE_BIN, *command, folder / "out"], {"COLUMNS": width})
            assert shown.status == 0 and not shown.err, shown
            # But for the path at the end, and words that are longer than the page.
            wide = [line for line in shown.out.decode().splitlines()
                    if len(line) > int(width) and "/out, " not in line and "xxxx" not in line]
            assert not wide, wide
            out = " ".join(shown.out.decode().split())
            for words in ("threads write as they come", "freed without a DROP line", "keeps after it was freed"):
                out = out.replace(words, "")
            for nonsense in ("pid", "process", "thread", "RSS", "freed", "stack", "Alive", "alive at the end"):
                assert nonsense not in out, (nonsense, out)
    # Words wrap where they will.
    data["text"] = " ".join(run([PROBE_BIN, "report", folder / "out"], {"COLUMNS": "200"}).out.decode().split())
    data["folder"] = folder
    return data


def findings(data):
    return {f["kind"]: (f["count"], f["examples"]) for f in data["findings"]}


def types(data):
    return {row["type"]: (row["bytes"], row["blocks"], row["allocs"], row["frees"], row["dropping"])
            for row in data["leaks"]["by_type"]}


GOOD = "".join(f"@ ALLOCATE {size} src/lib.rs:{line} {type} {id}\n" for id, (size, line, type) in enumerate(
    [(100, 10, "Fp"), (64, 12, "HashMap<u64, Vec<u8>>"), (32, 14, "Proof"), (32, 14, "Proof")])) + \
    "@ DROP 100 Fp 0\n@ DROP 32 Proof 2\n"
LEFT = {"HashMap<u64, Vec<u8>>": (64, 1, 1, 0, "never"), "Proof": (32, 1, 2, 1, "partial"), "Fp": (0, 0, 1, 1, "perfect")}

# ---- a good one ----
data = read("prover starts\n" + GOOD + "done\n")
assert types(data) == LEFT and list(types(data)) == list(LEFT), types(data)
assert not findings(data), findings(data)
assert data["leaks"]["domains"]["log"]["bytes"] == 96, data["leaks"]["domains"]
assert data["totals"]["allocs"] == 0, "totals are of domain heap"
process, = data["processes"]
assert process["exe"] == "prover.log" and process["end"] is process["pid"] is process["ledger"] is None, process
assert "no id was allocated or dropped twice" in data["text"] and "Dropped perfectly" in data["text"], data["text"]
assert "96 B in 2 of 4 blocks were never dropped. The largest type is HashMap<u64, Vec<u8>>: 64 B in 1 block." \
    in data["text"], data["text"]

# ---- each kind of damage ----
# What each line adds to the good log: the finding, its count, where, and what is left (None: as before).
cases = {
    "allocated twice": ("@ ALLOCATE 8 a.rs:1 Fp 0\n", "allocated-twice", 1, "prover.log:7: id 0, 8 bytes of Fp"),
    "dropped twice": ("@ DROP 100 Fp 0\n", "dropped-twice", 1, "prover.log:7: id 0, 100 bytes of Fp"),
    "never allocated": ("@ DROP 8 Evals 99\n", "dropped-never-allocated", 1, "prover.log:7: id 99, 8 bytes of Evals"),
    "another size": ("@ DROP 65 HashMap<u64, Vec<u8>> 1\n", "dropped-otherwise", 1,
                     "prover.log:7: id 1 dropped as 65 bytes of HashMap<u64, Vec<u8>>, allocated at prover.log:2 as 64 "
                     "bytes of HashMap<u64, Vec<u8>>"),
    "another type": ("@ DROP 32 Fp 3\n", "dropped-otherwise", 1,
                     "prover.log:7: id 3 dropped as 32 bytes of Fp, allocated at prover.log:4 as 32 bytes of Proof"),
    "gap": ("@ ALLOCATE 8 a.rs:1 Fp 6\n@ DROP 8 Fp 6\n", "id-gap", 2,
            "prover.log:1: ids 4 to 5 are missing; those next to them are between here and prover.log:7"),
    "unreadable": ("@ ALLOCATE 8 a.rs Fp 4\n", "unparsable", 1,
                   "prover.log:7: it has no file:line: @ ALLOCATE 8 a.rs Fp 4"),
    "negative": ("@ DROP -1 Fp 4\n", "unparsable", 1,
                 "prover.log:7: its size is no whole number of bytes from 0: @ DROP -1 Fp 4"),
    "two in one": ("@ ALLOCATE 8 a.rs:3 F@ DROP 32 Proof 3\n", "unparsable", 1,
                   "prover.log:7: two records in one line: @ ALLOCATE 8 a.rs:3 F@ DROP 32 Proof 3"),
    "torn": ("@ DROP 32 Pr", "cut-short", 1,
             "prover.log:7: its id is no whole number from 0 that 64 bits hold: @ DROP 32 Pr"),
    # Of an id, of which the end is missing: 12 may have been 1, 10, 100 …
    "torn id": ("@ DROP 32 Proof 1", "cut-short", 1,
                "prover.log:7: the line does not end, and contradicts what came before"),
    "torn id of a new one": ("@ ALLOCATE 32 a.rs:3 Proof 1", "cut-short", 1,
                             "prover.log:7: the line does not end, and contradicts what came before"),
}
for case, (more, kind, count, example) in cases.items():
    data = read(GOOD + more)
    assert findings(data) == {kind: (count, [example])}, (case, findings(data))
    assert example.strip() in data["text"], (case, data["text"])
    left = dict(LEFT)
    if kind == "allocated-twice":
        left["Fp"] = (8, 1, 2, 1, "partial")
    elif case == "another size":
        left["HashMap<u64, Vec<u8>>"] = (0, 0, 1, 1, "perfect")
    elif case == "another type":
        left["Proof"] = (0, 0, 2, 2, "perfect")
    elif kind == "id-gap":
        left["Fp"] = (0, 0, 2, 2, "perfect")
    assert types(data) == left, (case, types(data))

# ---- order ----
# A DROP before its ALLOCATE, and a last line that does not end but is whole.
data = read("@ DROP 100 Fp 0\n@ ALLOCATE 24 a.rs:1 Gate 1\n@ ALLOCATE 100 a.rs:1 Fp 0\n@ DROP 24 Gate 1")
assert not findings(data) and data["logs"][0]["allocated_after_drop"] == 1, data["logs"]
assert types(data) == {"Fp": (0, 0, 1, 1, "perfect"), "Gate": (0, 0, 1, 1, "perfect")}, types(data)
assert "Everything was dropped: all 2 blocks." in data["text"], data["text"]
# Of two blocks of one id that dies which fits.
data = read("@ ALLOCATE 8 a.rs:1 A 0\n@ ALLOCATE 16 a.rs:2 B 0\n@ DROP 8 A 0\n")
assert findings(data).keys() == {"allocated-twice"} and types(data)["B"][1] == 1 and types(data)["A"][1] == 0
# Dropped twice before it was allocated once.
data = read("@ DROP 8 A 0\n@ DROP 8 A 0\n@ ALLOCATE 8 a.rs:1 A 0\n")
assert findings(data) == {"dropped-twice": (1, ["prover.log:1: id 0, 8 bytes of A"])}, findings(data)
# An id that is used again: within a file its order says that the second DROP is not that of the second block, but of two
# files either may be the earlier one.
data = read(AGAIN := "@ ALLOCATE 8 a.rs:1 A 0\n@ DROP 8 A 0\n@ DROP 8 A 0\n@ ALLOCATE 8 a.rs:1 A 0\n")
assert findings(data)["dropped-twice"] == (1, ["prover.log:3: id 0, 8 bytes of A; or, if lines are not in order, it drops "
                                               "what prover.log:4 allocates"]), findings(data)
assert types(data)["A"] == (8, 1, 2, 1, "partial"), types(data)
data = read(AGAIN + "@ DROP 8 A 0\n")
assert findings(data)["dropped-twice"][0] == 1 and types(data)["A"] == (0, 0, 2, 2, "perfect"), data["findings"]
(TMP / "one.log").write_text("@ ALLOCATE 8 a.rs:1 A 0\n@ DROP 8 A 0\n@ DROP 8 A 0\n")
(TMP / "other.log").write_text("@ ALLOCATE 8 a.rs:1 A 0\n")
assert probe("import", TMP / "one.log", TMP / "other.log", "-o", TMP / "two", "--format", "allocation-log").status == 0
assert findings(report(TMP / "two")).keys() == {"allocated-twice"}, report(TMP / "two")["findings"]
# Ids that are no sequence, such as addresses, have no gaps; nor do they begin at 0.
data = read("".join(f"@ ALLOCATE 8 a.rs:1 A {0x55550000 + 48 * i}\n" for i in range(100)))
assert findings(data).keys() == {"no-sequence"}, findings(data)
assert not findings(read("@ ALLOCATE 8 a.rs:1 A 7\n@ ALLOCATE 8 a.rs:1 A 8\n"))

# ---- more bytes than a sum holds ----
HALF = "".join(f"@ ALLOCATE {1 << 47} a.rs:1 T {id}\n" for id in range(1 << 13))
(TMP / "huge.log").write_text(HALF + "@ ALLOCATE 0 a.rs:1 T 8192\n@ DROP 0 T 8192\n@ ALLOCATE 1 a.rs:1 U 8193\n" + HALF)
done = probe("import", TMP / "huge.log", "-o", TMP / "huge", "--format", "allocation-log")
assert b"8,193 allocated, 1 dropped; 1.0 EiB in 8,192 blocks not dropped; 1 kind of trouble" in done.out, done
data = report(TMP / "huge")
assert findings(data).keys() == {"unparsable"} and findings(data)["unparsable"][0] == 8193, findings(data)
assert findings(data)["unparsable"][1][0].startswith("huge.log:8195: id 8193, 1 bytes: with them"), findings(data)
assert types(data) == {"T": (1 << 60, 8192, 8193, 1, "partial")}, types(data)

# ---- forms ----
data = read("@\tALLOCATE\t64  my dir/a.rs:12:5\tHashMap<u64,  Vec<u8>> \t1\r\n"
            "@ {\"op\": \"ALLOCATE\", \"size\": 64, \"file\": \"my dir/a.rs\", \"line\": 12, \"column\": 5, "
            "\"type\": \"HashMap<u64, Vec<u8>>\", \"id\": 18446744073709551615}\r\n"
            "@ {\"id\": \"2\", \"type\": \"\", \"file\": \"b.rs:3\", \"size\": 0, \"op\": \"ALLOCATE\"}\n"
            "@ ALLOCATE 0 b.rs:3 ? 3\n@ DROP 0 ? 3\n@ DROP 0 Later 2\n")
assert {kind for kind in findings(data)} == {"id-gap"}, findings(data)
assert types(data) == {"HashMap<u64, Vec<u8>>": (128, 2, 2, 0, "never"), None: (0, 0, 2, 2, "perfect")}, types(data)
row, = data["leaks"]["by_site"]
frame, = row["stack"]
assert (frame["file"], frame["line"], frame["column"]) == ("my dir/a.rs", 12, 5) and row["blocks"] == 2, row
assert row["type_evidence"] == "the log says so", row
# Some editors put a mark of the encoding first, in front of the first line.
data = read(b"\xef\xbb\xbf@ ALLOCATE 8 a.rs:1 T 0\n\xef\xbb\xbf@ ALLOCATE 8 a.rs:1 T 1\n")
assert (data["logs"][0]["lines"], data["logs"][0]["records"], types(data)["T"][1]) == (2, 1, 1), data["logs"]
# Names without blanks or arguments to leave out; the place gives way too.
data = read("".join(f"@ ALLOCATE 1000 {'d' * 30}/a{id % 5}.rs:1 {'T' * 300}{id % 3} {id}\n" for id in range(2000)))
assert len(data["leaks"]["by_site"]) == 15, data["leaks"]["by_site"]
# Names that a team may have chosen for the place.
for name in ("file", "file:line", "site", "location"):
    data = read('@ {"op": "ALLOCATE", "size": 8, "%s": "b.rs:3", "type": "T", "id": 1}\n' % name)
    assert not findings(data) and data["leaks"]["by_site"][0]["stack"][0]["line"] == 3, (name, data)
# Bytes that are no text, and a line longer than any record; none is anything but itself.
data = read(b"@ ALLOCATE 8 a\xff.rs:1 T\x01\x1b[31m 0\n@ " + b"x" * (20 << 20) + b"\n" + b"y" * (9 << 20) + b"\n@ DROP 9 T 5\n")
assert {kind: row[0] for kind, row in findings(data).items()} == {"unparsable": 1, "dropped-never-allocated": 1}, findings(data)
assert findings(data)["dropped-never-allocated"][1] == ["prover.log:4: id 5, 9 bytes of T"], findings(data)
assert "the line is too long" in findings(data)["unparsable"][1][0] and "\x1b" not in data["text"]

# ---- can it be trusted? ----
SUM = "@ ALLOCATE 1000 a.rs:1 A 0\n"
for first, last, word in ((5000, 5100, "much-larger"), (5000, 5600, "larger"), (5000, 5950, "equal"), (5000, 6100, "equal"),
                          (5000, 6900, "smaller"), (5000, 9000, "much-smaller"), (9000, 5000, "much-larger")):
    data = read(f"@ MEMORY {first}\n{SUM}@ MEMORY 123456\n@ {{\"op\":\"MEMORY\",\"bytes\":{last}}}\n")
    trust = data["logs"][0]["trust"]
    assert trust["not_dropped_is"] == word and trust["observed_growth_bytes"] == last - first, (word, trust)
    assert trust["observed_by"] == "memory-lines" and trust["suggests"] in data["text"], data["text"]
data = read(f"@ MEMORY 5\n{SUM}")
assert data["logs"][0]["trust"]["observed_growth_bytes"] is None and "--observed-growth" in data["text"], data["logs"]
data = read(f"@ MEMORY 5\n{SUM}@ MEMORY 6\n", "--observed-growth", "1000")
trust = data["logs"][0]["trust"]
assert (trust["observed_growth_bytes"], trust["observed_by"], trust["not_dropped_is"]) == (1000, "option", "equal"), trust

# ---- a prover's memory of the report, and other recordings beside it ----
folder = data["folder"]
done = probe("import", folder / "prover.log", "-o", folder / "out", "--format", "allocation-log")
assert done.status == 3 and b"imported there already" in done.err, done
(folder / "second.log").write_text(GOOD)
assert probe("import", folder / "second.log", "-o", folder / "out", "--format", "allocation-log").status == 0
both = report(folder / "out")
assert len(both["logs"]) == 2 and both["leaks"]["domains"]["log"]["bytes"] == 1096, both["logs"]
assert not [name for name in os.listdir(folder / "out") if name.startswith(".")], "temporary files are left"
done = probe("leaks", folder / "out", "--process", "second.log", "--json")
assert json.loads(done.out)["leaks"]["domains"]["log"]["bytes"] == 96, done

# An import that is stopped leaves nothing, neither in a directory of its own nor in another's; what one left that was
# killed outright the next removes, but not what belongs to one that runs.
def heed(signum):
    """Whoever runs the tests in the background may ignore it."""
    if signum != signal.SIGKILL:
        signal.signal(signum, signal.SIG_DFL)


def stopped(out, signum):
    running = subprocess.Popen([PROBE_BIN, "import", "-", "-o", out, "--format", "allocation-log"], env=environment(),
                               stdin=subprocess.PIPE, preexec_fn=lambda: heed(signum))
    while not list(out.glob(".import-*")):
        assert running.poll() is None, running
        time.sleep(0.01)
    running.send_signal(signum)
    assert running.wait() == -signum, running
    running.stdin.close()
    return running.pid


before = sorted(os.listdir(folder / "out"))
for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    stopped(TMP / "stopped", signum)
    assert not (TMP / "stopped").exists(), list((TMP / "stopped").iterdir())
    stopped(folder / "out", signum)
    assert sorted(os.listdir(folder / "out")) == before, os.listdir(folder / "out")
limit = subprocess.run([PROBE_BIN, "import", TMP / "huge.log", "-o", TMP / "stopped", "--format", "allocation-log"],
                       env=environment(), preexec_fn=lambda: (resource.setrlimit(resource.RLIMIT_CORE, (0, 0)),
                                                              resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))))
assert limit.returncode == -signal.SIGXFSZ and not (TMP / "stopped").exists(), limit
killed = stopped(TMP / "killed", signal.SIGKILL)
(TMP / "killed" / f".import-{os.getpid()}.records").touch()
(TMP / "killed" / ".import-notes").touch()
assert (TMP / "killed" / f".import-{killed}.events").exists()
assert probe("import", folder / "second.log", "-o", TMP / "killed", "--format", "allocation-log").status == 0
assert sorted(name for name in os.listdir(TMP / "killed") if name.startswith(".")) == sorted(
    [f".import-{os.getpid()}.records", ".import-notes"]), os.listdir(TMP / "killed")

# Several recordings: the same line and type is one row, whichever log it comes from.
first, second = read(GOOD)["folder"] / "out", read(GOOD + "@ DROP 32 Proof 3\n@ ALLOCATE 5 src/lib.rs:12 Other 4\n")["folder"] / "out"
done = probe("report", first, second, "--json")
together = json.loads(done.out)
rows = {(row["stack"][0]["line"], row["type"]): (row["processes"], row["blocks"], row["allocs"], row["frees"])
        for row in together["leaks"]["by_site"]}
assert rows == {(12, "HashMap<u64, Vec<u8>>"): (2, 2, 2, 0), (14, "Proof"): (1, 1, 4, 3), (12, "Other"): (1, 1, 1, 0)}, rows
assert types(together)["Proof"] == (32, 1, 4, 3, "partial"), types(together)

# What is suppressed is not listed, and for all that not dropped perfectly.
(TMP / "known.supp").write_text("leak:src/lib.rs\n")
done = probe("report", first, "--suppressions", TMP / "known.supp", "--json")
hidden = json.loads(done.out)
assert {name: row[4] for name, row in types(hidden).items() if row[4] == "perfect"} == {"Fp": "perfect"}, types(hidden)
assert b"Proof" not in probe("report", first, "--suppressions", TMP / "known.supp").out
assert all(row["suppressed_by"] == "src/lib.rs" for row in hidden["leaks"]["by_site"]), hidden["leaks"]["by_site"]

# What is suppressed is told apart, but for the comparison with memory, which holds it too.
def said(*options):
    return " ".join(probe(*options).out.decode().split())


(TMP / "proof.supp").write_text("leak:src/proof.rs\n")
partly = read(GOOD.replace("lib.rs:14", "proof.rs:14"), "--observed-growth", "96")["folder"] / "out"
text = said("report", partly, "--suppressions", TMP / "proof.supp")
assert "64 B in 1 of 4 blocks was never dropped." in text, text
assert "Besides, 32 B in 1 block is suppressed" in text, text
assert "The 96 B not dropped, suppressed or not, are about as much as" in text, text
assert "Nothing but what is suppressed was never dropped." in said(
    "report", first, "--suppressions", TMP / "known.supp")

# ---- what grows, in blocks of very different sizes; and what comes and goes ----
def series(seed, grows):
    dice, live, lines = random.Random(seed), [], []
    for id in range(800):
        block = f"{28672 if dice.random() < 0.2 else 4096} {{}}Comm<{seed}> {id}"
        lines.append(f"@ ALLOCATE {block.format('srs.rs:225 ')}")
        if not (grows and id % 40 == 0):
            live.append(block)
        while len(live) > 4:
            lines.append(f"@ DROP {live.pop(dice.randrange(len(live))).format('')}")
    return "\n".join(lines) + "\n"


for seed in (0, 4, 8, 9):
    trends = {grows: [row["trend"] for row in read(series(seed, grows))["leaks"]["by_site"]] for grows in (True, False)}
    assert trends == {True: ["growing"], False: ["steady"]}, (seed, trends)

# ---- what is wrong with the command ----
for words, status, text in (
        (["import", folder / "none.log", "-o", TMP / "none", "--format", "allocation-log"], 3, b"none.log: No such file"),
        (["import", folder, "-o", TMP / "none", "--format", "allocation-log"], 3, b"Is a directory"),
        (["import", folder / "prover.log", "-o", TMP / "none"], 2, b"which --format"),
        (["import", folder / "prover.log", "-o", TMP / "none", "--format", "x"], 2, b"no format 'x'"),
        (["import", folder / "prover.log", "--format", "allocation-log"], 2, b"-o DIR"),
        (["import", "-o", TMP / "none", "--format", "allocation-log"], 2, b"which file"),
        (["import", folder / "prover.log", "-o", TMP / "none", "--format", "allocation-log", "--observed-growth", "1k"], 2,
         b"a number of bytes"),
        (["import", folder / "prover.log", "-o", folder / "prover.log", "--format", "allocation-log"], 3,
         b"Not a directory")):
    done = probe(*words)
    assert done.status == status and text in done.err and done.err.count(b"\n") == 1, done
    assert not (TMP / "none").exists(), "a failed import leaves nothing"
done = probe("import", "-", "-", "-o", TMP / "none", "--format", "allocation-log")
assert done.status == 2 and b"only once" in done.err, done
done = probe("leaks", first, "--by", "line")
assert done.status == 2 and b"site tells lines" in done.err, done
done = probe("leaks", first, "--since", "start")
assert done.status == 2 and b"imported logs have no marks" in done.err, done
(TMP / "junk.log").write_text("@foo\n@\nx\n")
done = probe("import", TMP / "junk.log", "-o", TMP / "junk", "--format", "allocation-log")
assert done.status == 0 and b"2 of 3 lines begin with @, and none of them counts" in done.out, done
# Nothing to import is worth a word, and no failure.
(TMP / "plain.log").write_text("no record\n")
done = probe("import", TMP / "plain.log", "-o", TMP / "plain", "--format", "allocation-log")
assert done.status == 0 and b"no line began with @" in done.err and report(TMP / "plain")["logs"][0]["lines"] == 1, done
