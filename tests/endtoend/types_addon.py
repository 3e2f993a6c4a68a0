"""Types of blocks that addons of real node keep, one in Rust and one in C++, with their lines in the addon and the script: what
each line keeps is told at its end (tests/fixtures/addon)."""
import collections
import os
import re

from harness import SOURCE, TMP, lost_nothing, need, npm_modules, record, report, run

need("rustc", "g++")
FIXTURES = SOURCE / "tests" / "fixtures" / "addon"
RUSTC = "/usr/bin/rustc" if os.path.exists("/usr/bin/rustc") else "rustc"
CALLS = 3
KEEP = re.compile(r"// keeps (.+) (\d+)$")


def build(source, level):
    made = TMP / f"{source.suffix[1:]}-{level}.node"
    commands = {
        ".rs": [RUSTC, "--edition", "2021", "--crate-name", "kept", "--crate-type", "cdylib", "-C", f"opt-level={level}", "-g", source, "-o", made],
        ".cc": ["g++", "-std=c++17", f"-O{level}", "-g", "-shared", "-fPIC", source, "-o", made],
    }
    done = run(commands[source.suffix])
    assert done.status == 0, done
    return made


def check(major, source, level, addon):
    lines = {number: match for number, match in enumerate(map(KEEP.search, source.read_text().splitlines()), 1) if match}
    wanted = {number: (match[1], CALLS * int(match[2])) for number, match in lines.items()}
    out = TMP / f"rec-{addon.stem}-{major}"
    node = npm_modules() / f"node{major}" / "bin" / "node"
    done = record([node, FIXTURES / "keep.js", addon], out, {"NODE_OPTIONS": None})
    assert done.status == 0, done
    data = report(out)
    lost_nothing(data)
    found = collections.defaultdict(collections.Counter)
    for row in data["leaks"]["by_site"]:
        own = [frame["line"] for frame in row["stack"] if (frame["file"] or "").endswith(f"addon/{source.name}")]
        if row["domain"] != "heap" or not own or own[0] not in wanted:
            continue
        found[own[0]][row["type"]] += row["blocks"]
        script = [frame["line"] for frame in row["stack"] if (frame["file"] or "").endswith("keep.js")]
        assert script and script[0] == 4, f"{row['stack']}"
    for line, (name, blocks) in wanted.items():
        types = {known or "none": count for known, count in found[line].items()}
        if source.suffix == ".cc":
            # Where it is not optimized, of how many elements is known as well. A line makes a shared pointer of its own.
            types = {re.sub(r"\[\d+\]$", "", known): count for known, count in types.items()
                     if "ptr" not in known and known != "none"}
        assert types == {name: blocks}, f"node {major}, {addon.name} line {line}: {types}, should be {blocks} of {name}"
    print(f"node {major}, {addon.name}: {len(wanted)} lines right")


for level in ("0", "2"):
    for source in (FIXTURES / "kept.rs", FIXTURES / "kept.cc"):
        addon = build(source, level)
        for version in (20, 22, 24):
            check(version, source, level, addon)
