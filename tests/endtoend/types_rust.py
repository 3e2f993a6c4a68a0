"""Types of blocks in Rust modules, in two manglings and at all levels of optimization: a type that is told is right, also
where functions of the same code were merged; where nothing is inlined nearly every block has one."""
import os

from harness import SOURCE, TMP, need, npm_modules, record, report, run

need("wasm-ld", "rustc")
FIXTURES = SOURCE / "tests" / "fixtures" / "wasm" / "types"
RUSTC = "/usr/bin/rustc" if os.path.exists("/usr/bin/rustc") else "rustc"  # Debian's, which has the target

# What the exported functions keep: by size, the type of what lies there. Of texts: all.
TRUTH = {
    "push_fp": {256: "typed::Fp"}, "push_fq": {256: "typed::Fq"}, "clone_fq": {192: "typed::Fq"},
    "nested": {72: "Vec<typed::Fp>", 64: "typed::Fp"}, "collect": {8: "u16"}, "zeroed": {48: "u64"},
    "extend": {4480: "typed::Fp"}, "slices": {14: "u16", 12: "u32"}, "list": {8: "typed::Node"},
    "object": {24: "typed::Square"}, "shared": {160: "typed::Fp", 20: "typed::Poly<typed::Fp>"},
    "counted": {36: "RefCell<typed::Square>"}, "shared_slices": {32: "u64", 20: "u8"}, "texts": {0: "u8"},
    "map": {336: "(u32, typed::Fp)"}, "set": {112: "String", 8: "u8"},
    "map_of_vectors": {208: "(String, Vec<u32>)", 8: "u8", 16: "u32", 4: "u32", 1: "u8"},
    "tree": {408: "(u32, typed::Fq)"}, "tree_set": {96: "u64"}, "deque": {256: "typed::Fp"}, "heap": {64: "u64"},
    "linked": {32: "typed::Square"},
    "srs_fp": {384: "typed::Point<typed::Fp>", 64: "typed::Point<typed::Fp>", 8: "u8"},
    "srs_fq": {384: "typed::Point<typed::Fq>", 64: "typed::Point<typed::Fq>", 8: "u8"}, "poly_fq": {192: "typed::Fq"},
}
# In v0 names: the blocks of these sites have no type at level 0, for Box::new is inlined always.
BOXED = {("list", 8), ("object", 24), ("srs_fp", 64), ("srs_fq", 64)}
# At the others some that have one.
FEWEST = {"0": 40, "1": 15, "2": 8, "3": 8, "s": 25}


def module(level, mangling):
    made = TMP / f"typed-{level}-{mangling}.wasm"
    done = run([RUSTC, "--target", "wasm32-unknown-unknown", "--edition", "2021", "-C", f"opt-level={level}", "-C",
                "linker=wasm-ld", "-Z", "unstable-options", "-C", f"symbol-mangling-version={mangling}", "--crate-name",
                "typed", "--crate-type", "cdylib", FIXTURES / "typed.rs", "-o", made], {"RUSTC_BOOTSTRAP": "1"})
    assert done.status == 0, done
    return made


def check(data, level, mangling):
    typed = owned = 0
    seen = set()
    for row in data["leaks"]["by_site"]:
        if row["domain"] != "wasm-heap":
            continue
        functions = [frame["function"] or "" for frame in row["stack"] if frame["kind"] == "wasm"]
        case = next(f for f in reversed(functions) if f in TRUTH)
        what = f"{mangling} {level} {case}: {row['bytes']} in {row['blocks']}: {row['type']}, {row['owner']}, " \
               f"{row['type_evidence']}\n{functions}"
        seen.add(case)
        size, rest = divmod(row["bytes"], row["blocks"])
        right = TRUTH[case].get(0) or (None if rest else TRUTH[case].get(size))
        assert row["type"] in (None, right), what
        typed += row["type"] is not None
        owned += row["owner"] is not None
        other = {"Fp": "Fq", "Fq": "Fp"}.get(case[-2:].title(), "none")
        assert other not in (row["owner"] or ""), what
        if mangling == "v0" and level == "0":
            assert row["type"] == (None if (case, size) in BOXED else right), what
        if case in ("poly_fq", "shared") and size in (192, 160) and any("Poly" in f for f in functions):
            assert (row["owner"] or "").startswith("typed::Poly"), what
    assert seen == set(TRUTH), set(TRUTH) - seen
    if mangling == "v0":
        assert typed >= FEWEST[level], f"{level}: only {typed}"
    assert owned >= 5, owned
    known = {row["type"]: row for row in data["leaks"]["by_type"] if row["domain"] == "wasm-heap"}
    assert sum(row["blocks"] for row in known.values()) == data["leaks"]["domains"]["wasm-heap"]["blocks"]
    if mangling == "v0" and level == "0":
        assert known["typed::Fq"]["bytes"] == 256 + 4 * 192 and known["typed::Fq"]["dropping"] == "partial", known
        assert known["typed::Srs<typed::Point<typed::Fq>>"]["owned_bytes"] == 384 + 64 + 8, known
        assert known["(u32, typed::Fq)"]["dropping"] == "never", known
    return typed, owned


node = npm_modules() / "node22" / "bin" / "node"
for mangling in ("v0", "legacy"):
    for level in FEWEST if mangling == "v0" else ("0", "2"):
        out = TMP / f"rec-{level}-{mangling}"
        done = record([node, FIXTURES / "typed.js", module(level, mangling)], out, {"NODE_OPTIONS": None})
        assert done.status == 0, done
        print(mangling, level, check(report(out), level, mangling))
