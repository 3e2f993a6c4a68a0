"""probe export: profiles as folded stacks, for pprof and for speedscope, read by programs of others: the same sums as the
report's, and every function's name, however odd; of a program with odd names, and of node. A file that is written is there
whole or not at all."""
import gzip
import json
import re
import resource
import shutil
import signal
import subprocess

from harness import PROBE_BIN, SOURCE, TMP, need, npm_modules, probe, record, run
from profilercli import Profiler
from torture import ALLOCS, BYTES, CHAIN, FILE, LIVE_BLOCKS, LIVE_BYTES, PLAIN, TEXTS, torture

need("gcc", "go")
VALUES = {"allocs": "allocs", "bytes": "bytes_allocated", "live-blocks": "live_blocks", "live-bytes": "live_bytes",
          "temporary": "temporary"}
SCRIPT = """
const keep = globalThis.keep = [];
function keepBuffers(n) { for (let i = 0; i < n; i++) keep.push(Buffer.alloc(5000, 1)); }
const odd = {'a;b "<script>"\\n'() { keepBuffers(100); }};
odd['a;b "<script>"\\n']();
"""


def export(out, form, *options):
    path = TMP / f"{out.name}.{form}"
    done = probe("export", out, "--format", form, "-o", path, *options)
    assert done.status == 0 and not done.out and not done.err, done
    return path


def totals(out):
    done = probe("report", out, "--json", "--no-default-suppressions")
    assert done.status == 0, done
    return json.loads(done.out)["totals"]


# ---- folded ----

LINE = re.compile(r"[^;\n]+(;[^;\n]+)* [1-9][0-9]*")


def folded(out, *options):
    rows = {}
    for line in export(out, "folded", *options).read_bytes().decode().split("\n")[:-1]:
        assert LINE.fullmatch(line), line[:300]
        stack, _, count = line.rpartition(" ")
        rows[stack] = rows.get(stack, 0) + int(count)
    return rows


def check_folded(out):
    sums = totals(out)
    for value, total in VALUES.items():
        assert sum(folded(out, "--by", value).values()) == sums[total], value
    assert folded(out) == folded(out, "--by", "live-bytes")
    with Profiler(export(out, "folded")) as ask:
        data = json.dumps(ask("thread", "samples"), ensure_ascii=False)
    return data


# ---- pprof ----

TYPES = ["alloc_objects/count", "alloc_space/bytes", "inuse_objects/count", "inuse_space/bytes"]


def pprof(path, *options):
    done = run(["go", "tool", "pprof", *options, path], {"HOME": TMP, "PPROF_TMPDIR": TMP, "GOFLAGS": "-mod=mod"})
    assert done.status == 0, done
    return done.out.decode()


def check_pprof(out):
    path = export(out, "pprof")
    assert gzip.decompress(path.read_bytes())
    raw = pprof(path, "-raw")
    samples, places = raw.split("Samples:\n")[1].split("Locations\n")
    head, *lines = samples.split("\n")
    assert [name.replace("[dflt]", "") for name in head.split()] == TYPES and head.endswith("[dflt]"), head
    sums, count = [0] * 4, places.split("Mappings\n")[0].count(": 0x")
    for line in lines:
        found = re.fullmatch(r"((?: *\d+){4}): ([\d ]*)", line)
        if found:
            sums = [a + int(b) for a, b in zip(sums, found[1].split())]
            assert all(1 <= int(place) for place in found[2].split()), line
    expected = totals(out)
    assert sums == [expected[key] for key in ("allocs", "bytes_allocated", "live_blocks", "live_bytes")], sums
    assert count, raw[:1000]
    for kind in ("inuse_space", "alloc_objects"):
        assert "100%" in pprof(path, "-top", f"-sample_index={kind}", "-nodecount=100000", "-nodefraction=0")
    assert "flat" in pprof(path, "-tree")
    return raw


def build_id(path):
    return re.search(rb"Build ID: ([0-9a-f]+)", run(["readelf", "-n", path]).out)[1].decode()


# ---- speedscope ----

def check_speedscope(out):
    path = export(out, "speedscope")
    modules = npm_modules(name="npm_exports")
    done = run([npm_modules() / "node24" / "bin" / "node", SOURCE / "tests" / "endtoend" / "viewers" / "schema.js",
                modules / "speedscope" / "dist" / "release" / "file-format-schema.json", path], {"NODE_PATH": modules})
    assert done.status == 0, done
    data, sums = json.loads(path.read_text()), totals(out)
    shown = data["profiles"][data["activeProfileIndex"]]
    assert shown["name"] == "live bytes" and sum(shown["weights"]) == shown["endValue"] == sums["live_bytes"], shown["name"]
    by_name = {profile["name"]: sum(profile["weights"]) for profile in data["profiles"]}
    assert by_name["allocations"] == sums["allocs"] and by_name["allocated bytes"] == sums["bytes_allocated"], by_name
    frames = data["shared"]["frames"]
    assert all(len(profile["samples"]) == len(profile["weights"]) for profile in data["profiles"])
    return [[frames[at]["name"] for at in sample] for sample in shown["samples"]], frames


# ---- all of it ----

def odd_names():
    out = torture()
    sums = totals(out)
    assert (sums["live_bytes"], sums["live_blocks"]) == (LIVE_BYTES, LIVE_BLOCKS), sums
    assert (sums["bytes_allocated"], sums["allocs"]) == (BYTES, ALLOCS), sums
    plain = [re.sub("[\x00-\x1f\x7f\u2028\u202e]", lambda c: {"\n": "\\n", "\t": "\\t"}.get(
        c[0], f"\\x{ord(c[0]):02x}" if ord(c[0]) < 128 else f"\\u{ord(c[0]):04x}"), text).replace(";", ":")
        for text in TEXTS]
    shown = check_folded(out)
    assert "semi:colon" in shown, shown[:2000]
    rows = folded(out)
    stack, = [row for row, size in rows.items() if size == CHAIN]
    assert len(rows) == 1 + len(PLAIN) and rows["main;plain_one"] == PLAIN["plain_one"], list(rows)
    assert stack.split(";")[-len(plain):] == plain, stack[:3000]
    # What pprof shows of a name is Go's quoting; it is read back by protobuf in any case.
    raw = check_pprof(out)
    data = gzip.decompress(export(out, "pprof").read_bytes())
    for text in [*TEXTS, FILE]:
        assert text.encode() in data, text[:50]
    assert build_id(TMP / "torture.program" / "torture") in raw, raw[-2000:]
    assert f"{FILE}:1" in raw, raw[:3000]
    samples, frames = check_speedscope(out)
    assert TEXTS in [stack[-len(TEXTS):] for stack in samples], samples
    assert any(frame.get("file", "").endswith(FILE) for frame in frames)


def scripts():
    node = npm_modules() / "node22" / "bin" / "node"
    (TMP / "odd.js").write_text(SCRIPT)
    done = record([node, TMP / "odd.js"], TMP / "node")
    assert done.status == 0, done
    out = TMP / "node"
    check_folded(out)
    rows = folded(out)
    kept = sum(count for stack, count in rows.items() if ';a:b "<script>"\\n (odd.js' in stack)
    assert kept >= 500000, kept
    assert "keepBuffers" in check_pprof(out)
    samples, _ = check_speedscope(out)
    assert any('a;b "<script>"\n' in sample and "keepBuffers" in sample for sample in samples)


def nothing_alive():
    """Then it is what was allocated; and no value of a process that allocated nothing."""
    (TMP / "free.c").write_text("#include <stdlib.h>\nint main(void) { free(malloc(77)); _Exit(0); }\n")
    assert run(["gcc", "-O0", "-fno-builtin", "-o", TMP / "free", TMP / "free.c"]).status == 0
    assert record([TMP / "free"], TMP / "freed").status == 0
    if totals(TMP / "freed")["live_bytes"] == 0:
        assert sum(folded(TMP / "freed").values()) == totals(TMP / "freed")["bytes_allocated"] == 77


def builds():
    """The same program, installed twice, is one: by symbol."""
    other = TMP / "elsewhere"
    other.mkdir()
    shutil.copy(TMP / "torture.program" / "torture", other / "torture")
    assert record([other / "torture"], TMP / "moved").status == 0
    done = probe("export", TMP / "torture", TMP / "moved", "--format", "folded")
    assert done.status == 0, done
    assert f"main;plain_one {2 * PLAIN['plain_one']}\n".encode() in done.out, done.out[:300]


def logs():
    """An imported log's blocks are called by their places."""
    (TMP / "own.log").write_text("@ ALLOCATE 4096 src/srs.rs:225 PolyComm<Vesta> 0\n@ ALLOCATE 96 src/a;b.rs:12 Map 1\n"
                                 "@ DROP 96 Map 1\n")
    assert probe("import", TMP / "own.log", "-o", TMP / "own", "--format", "allocation-log").status == 0
    assert folded(TMP / "own") == {"src/srs.rs:225": 4096}
    assert folded(TMP / "own", "--by", "allocs") == {"src/srs.rs:225": 1, "src/a:b.rs:12": 1}
    assert "type:[PolyComm<Vesta>]" in pprof(export(TMP / "own", "pprof"), "-raw")


def files():
    """Whole or not at all: on a full disk, killed in between; what was there before stays; and what is no file."""
    out, path = TMP / "torture", TMP / "files" / "a.folded"
    path.parent.mkdir()

    def limited(signals):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
            signal.signal(signal.SIGXFSZ, signals)
        done = subprocess.run([PROBE_BIN, "export", out, "--format", "folded", "-o", path], preexec_fn=limit,
                              capture_output=True, check=False)
        return done.returncode, done.stderr

    for before in (None, "as it was"):
        if before:
            path.write_text(before)
        status, message = limited(signal.SIG_IGN)
        assert status == 3 and b"not all of it could be written" in message, (status, message)
        status, _ = limited(signal.SIG_DFL)
        assert status == -signal.SIGXFSZ, status
        assert [p.name for p in path.parent.iterdir()] == (["a.folded"] if before else [])
        assert not before or path.read_text() == before
    path.chmod(0o640)
    (path.parent / "link").symlink_to(path)
    done = probe("export", out, "--format", "folded", "-o", path.parent / "link")
    assert done.status == 0 and path.stat().st_mode & 0o777 == 0o640 and (path.parent / "link").is_symlink(), done
    assert path.read_bytes() == probe("export", out, "--format", "folded").out
    assert probe("export", out, "--format", "folded", "-o", "/dev/null").status == 0
    assert probe("export", out, "--format", "folded", "-o", "/dev/full").status == 3
    for words, message in ((["--format", "cpuprofile"], b"CPU"), (["--format", "folded", "--by", "x"], b"live-bytes"),
                           (["--format", "folded", "-o", TMP / "no" / "where"], b"No such file")):
        done = probe("export", out, *words)
        assert done.status in (2, 3) and message in done.err, done


odd_names()
scripts()
nothing_alive()
builds()
logs()
files()
