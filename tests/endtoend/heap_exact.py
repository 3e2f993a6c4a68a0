"""Blocks inside linear memories: modules in Rust (two manglings), C and AssemblyScript, named and stripped, which keep
blocks of known number and size at known places: number, bytes, places, growth and types as they are."""
import json
import os
import pathlib

from harness import SOURCE, TMP, need, npm_modules, probe, record, report, run

need("clang", "wasm-ld", "rustc")
FIXTURES = SOURCE / "tests" / "fixtures" / "wasm" / "heaps"
DRIVER = FIXTURES / "leak.js"
ROUNDS = 6
POINT = 24

# What a round keeps: its caller in leak.js: (bytes kept, blocks kept, births, deaths). A realloc is a birth and a death.
RUST = {
    "keepBoxes": (10 * POINT, 10, 10, 0),
    "keepExact": (100 * POINT, 1, 1, 0),
    "keepGrown": (64 * POINT, 1, 5, 4),
    "keepChain": (7 * 40, 7, 7, 0),
    "keepText": (10, 1, 1, 0),
    "keepHalf": (10 * POINT, 10, 21, 11),
}
C = {
    "keepBoxes": (10 * POINT, 10, 10, 0),
    "keepExact": (100 * POINT, 1, 1, 0),
    "keepGrown": (64 * POINT, 1, 5, 4),
    "keepText": (10, 1, 1, 0),
    "keepHalf": (10 * POINT, 10, 20, 10),
}
# With the runtime's header of 16 bytes.
ASSEMBLY = {"keepBoxes": (10 * (16 + POINT), 10, 10, 0)}


def make(*command, env=None):
    done = run(command, env)
    assert done.status == 0, done


def c_modules():
    builtins = next(pathlib.Path("/usr/lib/llvm-14/lib/clang").glob("*/lib/wasi/libclang_rt.builtins-wasm32.a"))
    unit = TMP / "c.o"
    make("clang", "--target=wasm32-wasi", "-O2", "-c", FIXTURES / "leaky.c", "-o", unit)
    for strip in ("no", "all"):
        module = TMP / f"c-{strip}.wasm"
        make("wasm-ld", *(["--strip-all"] if strip == "all" else []), "--no-entry", "--max-memory=67108864", unit,
             "-L/usr/lib/wasm32-wasi", "-lc", builtins, "-o", module)
        yield module, C


def rust_modules():
    rustc = "/usr/bin/rustc" if os.path.exists("/usr/bin/rustc") else "rustc"  # Debian's, which has the target
    for mangling in ("legacy", "v0"):
        for strip in ("none", "symbols"):
            module = TMP / f"rust-{mangling}-{strip}.wasm"
            make(rustc, "--target", "wasm32-unknown-unknown", "-O", "-C", f"strip={strip}", "-C", "linker=wasm-ld",
                 "-Z", "unstable-options", "-C", f"symbol-mangling-version={mangling}", "--crate-type", "cdylib",
                 FIXTURES / "leaky.rs", "-o", module, env={"RUSTC_BOOTSTRAP": "1"})
            yield module, RUST


def assembly_modules():
    module = TMP / "assembly.wasm"
    compiler = npm_modules(name="npm_wasm") / "assemblyscript" / "bin" / "asc.js"
    make(npm_modules() / "node22" / "bin" / "node", compiler, FIXTURES / "leaky.ts", "-o", module, "--debug",
         "--runtime", "incremental")
    yield module, ASSEMBLY


def line_of(function):
    lines = DRIVER.read_text().splitlines()
    return next(i for i, line in enumerate(lines, 1) if line.startswith(f"function {function}("))


def caller(stack):
    """The function of leak.js that a stack came through, and the line; the stack begins in the module."""
    assert stack[0]["kind"] == "wasm", stack[:3]
    for frame in stack:
        assert "probe" not in (frame["function"] or ""), f"the hook is to be seen: {stack[:4]}"
        if frame["kind"] == "js" and (frame["file"] or "").endswith("leak.js"):
            return frame["function"], frame["line"]
    return None, 0


def check(data, wanted, sizes, what):
    sums, lines, growing = {}, {}, {}
    for row in data["leaks"]["by_site"]:
        if row["domain"] != "wasm-heap":
            continue
        function, line = caller(row["stack"])
        before = sums.get(function, (0, 0, 0, 0))
        sums[function] = tuple(a + b for a, b in
                               zip(before, (row["bytes"], row["blocks"], row["allocs"], row["frees"])))
        lines.setdefault(function, set()).add(line)
        growing[function] = growing.get(function, 0) + row["growth_bytes_per_mark"]
    for function, per_round in wanted.items():
        # Sites that kept nothing are no rows: what they were born and died by is not looked for.
        kept = tuple(ROUNDS * count for count in per_round)
        assert sums.get(function, ())[:2] == kept[:2], f"{what}: {function} keeps {sums.get(function)}, not {kept}"
        assert lines[function] == {line_of(function)}, f"{what}: {function} at {lines[function]}"
        assert growing[function] == per_round[0], f"{what}: {function} grows by {growing[function]} a mark"
    memory, = data["wasm_memories"]
    heap = memory["heap"]
    assert memory["bytes"] == sizes[-1], f"{what}: {memory['bytes']} bytes, not {sizes[-1]}"
    assert heap and heap["unknown_frees"] == 0 and heap["dropped"] is None, f"{what}: {heap}"
    total = sum(row["bytes"] for row in data["leaks"]["by_site"] if row["domain"] == "wasm-heap")
    assert heap["live_bytes"] == total, f"{what}: {heap['live_bytes']} bytes are alive, of sites {total}"
    if wanted is not ASSEMBLY:
        assert total == sum(ROUNDS * per_round[0] for per_round in wanted.values()), f"{what}: {total}"
    return heap


modules = [*c_modules(), *rust_modules(), *assembly_modules()]
for number, (module, wanted) in enumerate(modules):
    for major, how in ((20, "instantiate"), (22, "compile"), (24, "module"), (22, "new")):
        if how != "new" and (number + major) % 3:
            continue
        node = npm_modules() / f"node{major}" / "bin" / "node"
        command = [node, DRIVER, module, how, ROUNDS]
        out = TMP / f"{module.stem}-{major}-{how}"
        bare = run(command, {"NODE_OPTIONS": None})
        done = record(command, out, {"NODE_OPTIONS": None})
        assert (bare.status, done.status) == (0, 0) and bare.out == done.out and bare.err == done.err, f"{bare}\n{done}"
        said = json.loads(done.out)
        heap = check(report(out), wanted, said["sizes"], f"{module.name}, node {major}, {how}")
        if how == "new" and wanted is not ASSEMBLY:
            # The leak is the verdict, so what tells of it comes before what else is alive.
            text = probe("report", out).out.decode()
            assert text.startswith("A leak: "), text[:400]
            assert 0 < text.index("Alive inside WebAssembly memories") < text.index("Alive at the end"), text
        print(module.name, major, how, heap["live_bytes"], heap["live_blocks"],
              [watched.get("role") if isinstance(watched, dict) else watched for watched in heap["allocator"]])
