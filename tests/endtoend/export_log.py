"""probe export --format allocation-log: a line for each block's birth and death, of native programs, of forks, of a
program that names its types, and of node; as many as the report counts, to the byte; and what is exported of an imported
log is imported as the same rows."""
import collections
import json
import os
import re

from harness import FIXTURES, SOURCE, TMP, need, probe, record, report, run

PLACE = re.compile(r"(.*):(\d+)")


def export(out, *options):
    done = probe("export", out, "--format", "allocation-log", *options)
    assert done.status == 0 and not done.err, done
    return done.out.decode()


def again(text, name):
    """The report on an exported log."""
    (TMP / f"{name}.log").write_text(text)
    done = probe("import", TMP / f"{name}.log", "-o", TMP / f"{name}.again", "--format", "allocation-log")
    assert done.status == 0 and not done.err, done
    return report(TMP / f"{name}.again")


def by_type(data, domain):
    """The report says how many a block holds where all of a type agree; a log's lines do not."""
    rows = {}
    for row in data["leaks"]["by_type"]:
        if row["domain"] == domain and row["allocs"]:
            name = re.sub(r"\[\d+\]$", "", row["type"] or "?")
            sums = rows.setdefault(name, [0, 0, 0, 0])
            for i, key in enumerate(("allocs", "frees", "blocks", "bytes")):
                sums[i] += row[key]
    return rows


def check(out, name, domain="heap", *options):
    """Holds an export to what the report says."""
    # All blocks are exported, those too that a report leaves out of its lists.
    done = probe("report", out, "--json", "--no-default-suppressions")
    assert done.status == 0 and not done.err, done
    data, text = json.loads(done.out), export(out, *options)
    lines = [line for line in text.splitlines() if line.startswith("@")]
    born = [line for line in lines if line.startswith("@ ALLOCATE")]
    assert len(born) + sum(line.startswith("@ DROP") for line in lines) == len(lines), lines[:10]
    back = again(text, name)
    assert not back["findings"], back["findings"]
    log, = back["logs"]
    sums = data["leaks"]["domains"].get(domain, {"blocks": 0, "bytes": 0})
    assert (log["live_blocks"], log["live_bytes"]) == (sums["blocks"], sums["bytes"]), (log, sums)
    if domain == "heap":
        totals = data["totals"]
        assert len(born) == log["allocs"] == totals["allocs"] and log["frees"] == totals["frees"], (log, totals)
        assert log["bytes_allocated"] == totals["bytes_allocated"], (log, totals)
    assert by_type(back, "log") == by_type(data, domain), (by_type(back, "log"), by_type(data, domain))
    return data, back, text


def places(data):
    rows = collections.Counter()
    for row in data["leaks"]["by_site"]:
        frame = row["stack"][0]
        rows[frame["file"], frame["line"]] += row["bytes"]
    return rows


# A program that leaks at lines of its own, and one whose threads allocate all the time.
out = TMP / "leak"
assert record([FIXTURES / "leak"], out).status == 0
data, back, text = check(out, "leak")
heap = [row for row in data["leaks"]["by_site"] if row["domain"] == "heap"]
assert heap, data["leaks"]
for row in heap:
    frame = next(f for f in row["stack"] if f["file"] and "leak.c" in f["file"])
    assert places(back)[frame["file"], frame["line"]] >= row["bytes"], (frame, places(back))

# Blocks of a parent and of its children, which free what they inherited: only their own count.
out = TMP / "forks"
assert record([FIXTURES / "forks"], out).status == 0
data, _, text = check(out, "forks")
assert len(data["processes"]) > 1 and text.count("\n# ") + text.startswith("# ") > 1, text[:300]
child = data["processes"][-1]["id"]
one = [line for line in export(out, "--process", child).splitlines() if line.startswith("@ ALLOCATE")]
assert len(one) == data["processes"][-1]["totals"]["allocs"], (len(one), child)
ids = [int(line.split()[-1]) for line in one]
assert ids == list(range(len(ids))), ids[:10]

# A program that names its types, when its blocks are there already; and its pools.
out = TMP / "annotated"
assert record([FIXTURES / "annotated"], out).status in (0, 1, 2)
data, back, _ = check(out, "annotated")
check(out, "pools", "pool", "--domain", "pool")

# Node: scripts' lines, and what has none goes by its function.
need("node")
(TMP / "keep.js").write_text("const kept = globalThis.kept = [];\nfor (let i = 0; i < 300; i++)\n\tkept.push(Buffer.allocUnsafeSlow(1000));\n"
                             "process.exitCode = kept.length - 300;\n")
out = TMP / "node"
assert record(["node", TMP / "keep.js"], out).status == 0
data, back, text = check(out, "node")
# Optimized code has its function's line only.
kept = {line: size for (file, line), size in places(back).items() if file == str(TMP / "keep.js")}
assert kept.keys() <= {1, 3} and sum(kept.values()) >= 300 * 1000, kept
for line in text.splitlines():
    if line.startswith("@ ALLOCATE"):
        assert PLACE.match(line), line

# Blocks inside a linear memory, by who asked for them and not by what tells of them.
need("rustc", "wasm-ld")
heaps = SOURCE / "tests" / "fixtures" / "wasm" / "heaps"
rustc = "/usr/bin/rustc" if os.path.exists("/usr/bin/rustc") else "rustc"
done = run([rustc, "--target", "wasm32-unknown-unknown", "-O", "-C", "linker=wasm-ld", "--crate-type", "cdylib",
            heaps / "leaky.rs", "-o", TMP / "leaky.wasm"])
assert done.status == 0, done
out = TMP / "inside"
assert record(["node", heaps / "leak.js", TMP / "leaky.wasm", "new", "12"], out).status == 0
data, back, text = check(out, "inside", "wasm-heap", "--domain", "wasm-heap")
assert {row["stack"][0]["file"] for row in back["leaks"]["by_site"]} == {
    f"wasm(keep_{what})" for what in ("exact", "grown", "chain", "boxes", "half", "text")}, places(back)

# ---- a log's own rows ----
# What text cannot say, because it would mean something else, is written as JSON.
log = "\n".join([
    "@ MEMORY 100", "@ ALLOCATE 8 my dir/a.rs:12:5 HashMap<u64,  Vec<u8>> 7", "@ DROP 8 HashMap<u64, Vec<u8>> 7",
    "@ ALLOCATE 16 b.rs:0 ? 18446744073709551615", "@ ALLOCATE 0 c.rs:4294967295 int 32 9", "@ ALLOCATE 24 d.rs:1 é 9",
    *("@ " + json.dumps(dict(op="ALLOCATE", size=32 + i, file=file, line=3, column=i % 2, type=type, id=20 + i))
      for i, (file, type) in enumerate([
          ("a:1 b", "T"), ("a.js:12", "T"), (" a ", "T"), ("a\nb", "T"), ("a\"\\", "T"), ("a", "T@ DROP 8 T"), ("a", "?"),
          ("a", ""), ("a", None), ("@ DROP", "T"), ("a:5", "7"), ("a", "\u2028\t\"x\""), ("x:1", "b.rs:2 T")])),
    "@ MEMORY 50", ""])
(TMP / "forms.log").write_text(log)
assert probe("import", TMP / "forms.log", "-o", TMP / "forms", "--format", "allocation-log").status == 0
first = report(TMP / "forms")
text = export(TMP / "forms")
second = again(text, "forms")


def rows(data):
    return sorted(json.dumps([row["bytes"], row["blocks"], row["allocs"], row["frees"], row["type"],
                              [[f["file"], f["line"], f["column"]] for f in row["stack"]]])
                  for row in data["leaks"]["by_site"])


assert rows(first) == rows(second) and len(rows(first)) >= 12, (rows(first), rows(second), text)
assert first["leaks"]["by_type"] == second["leaks"]["by_type"], text
assert first["logs"][0]["trust"] == second["logs"][0]["trust"], (first["logs"], second["logs"])
assert first["logs"][0]["trust"]["observed_growth_bytes"] == -50
assert " 18446744073709551615\n" in text and export(TMP / "forms.again").replace("forms.log.log", "forms.log") == \
    text.replace("# forms.log", "# forms.log"), text
# Two logs at once: ids of the second go on after those of the first.
(TMP / "small.log").write_text("@ ALLOCATE 8 a.rs:1 A 0\n@ ALLOCATE 8 a.rs:1 A 1\n@ DROP 8 A 0\n")
(TMP / "other.log").write_text("@ ALLOCATE 8 a.rs:1 A 0\n@ ALLOCATE 9 a.rs:1 A 1\n@ DROP 8 A 0\n")
for name in ("small", "other"):
    assert probe("import", TMP / f"{name}.log", "-o", TMP / "two", "--format", "allocation-log").status == 0
both = again(export(TMP / "two"), "two")
assert not both["findings"] and both["logs"][0]["live_bytes"] == 17 and both["logs"][0]["frees"] == 2, both["logs"]

# ---- the command ----
done = probe("export", TMP / "two", "--format", "allocation-log", "-o", TMP / "written.log")
assert done.status == 0 and not done.out and (TMP / "written.log").read_text() == export(TMP / "two"), done
for words, status, text in (
        (["export", TMP / "two"], 2, b"which --format"), (["export", TMP / "two", "--format", "x"], 2, b"no format 'x'"),
        (["export", "--format", "allocation-log"], 2, b"which recording"),
        (["export", TMP / "none", "--format", "allocation-log"], 3, b"none"),
        (["export", TMP / "two", "--format", "allocation-log", "--process", "x"], 2, b"no process is called 'x'"),
        (["export", TMP / "two", "--format", "allocation-log", "-o", TMP / "none" / "x"], 3, b"No such file")):
    done = probe(*words)
    assert done.status == status and text in done.err and done.err.count(b"\n") == 1, done
