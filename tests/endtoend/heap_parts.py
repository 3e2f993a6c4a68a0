"""What the bytes of a linear memory are: a C module that knows its own blocks, what its allocator took for them, and where
its data and stack are, linked in several layouts; and growths that its memory was refused."""
import json
import pathlib

from harness import SOURCE, TMP, need, npm_modules, record, report, run

need("clang", "wasm-ld")
FIXTURES = SOURCE / "tests" / "fixtures" / "wasm" / "heaps"
STACK = 65536  # wasm-ld's
PARTS = ["live", "overhead", "free", "unused", "static", "stack", "unattributed"]
SYMBOLS = ["--export=__heap_base", "--export=__data_end"]
LAYOUTS = {"told": SYMBOLS, "stack-first": ["--stack-first", *SYMBOLS], "bare": [], "stripped": ["--strip-all"]}


def modules():
    builtins = next(pathlib.Path("/usr/lib/llvm-14/lib/clang").glob("*/lib/wasi/libclang_rt.builtins-wasm32.a"))
    unit = TMP / "parts.o"
    done = run(["clang", "--target=wasm32-wasi", "-O1", "-c", FIXTURES / "parts.c", "-o", unit])
    assert done.status == 0, done
    for name, options in LAYOUTS.items():
        module = TMP / f"{name}.wasm"
        done = run(["wasm-ld", "--no-entry", "--max-memory=67108864", *options, unit, "-L/usr/lib/wasm32-wasi", "-lc",
                    builtins, "-o", module])
        assert done.status == 0, done
        yield name, module


def check(name, said, memory):
    heap = memory["heap"]
    parts = {part: heap[f"{part}_bytes"] or 0 for part in PARTS}
    what = f"{name}: {parts}, the module says {said}"
    assert sum(parts.values()) == memory["bytes"] == said["size"], what
    assert (heap["live_bytes"], heap["live_blocks"]) == (said["bytes"], said["blocks"]), what
    assert heap["unknown_frees"] == heap["replaced"] == heap["overlapping"] == heap["outside"] == 0, heap
    assert heap["layout"] == "dlmalloc", heap["layout"]
    # Between the module's end and the first chunk lie a few bytes.
    added = parts["overhead"] - (said["chunks"] - said["bytes"])
    assert 0 <= added < 32, f"{what}: {added} bytes too many"
    assert parts["unattributed"] == 0, what
    assert abs(parts["static"] + parts["stack"] - said["heap_base"]) < 32, what
    if name == "told":
        assert parts["static"] == said["data_end"], what
    if name == "stack-first":
        assert (parts["stack"], parts["static"]) == (STACK, said["heap_base"] - STACK), what
    # memory.grow says no, five times from one place.
    rows = memory["refused"]
    assert said["failed"] == 5 and [row["grows"] for row in rows] == [5], rows
    assert rows[0]["largest_bytes"] == 60000 * 65536, rows
    top = rows[0]["stack"][0]
    assert top["kind"] == "wasm" and (name == "stripped" or top["function"].startswith("fail")), rows[0]["stack"][:3]


for major, (name, module) in zip((20, 22, 24, 22), modules()):
    out = TMP / f"recording-{name}"
    command = [npm_modules() / f"node{major}" / "bin" / "node", FIXTURES / "parts.js", module]
    bare, done = run(command), record(command, out)
    assert (bare.status, done.status) == (0, 0) and bare.out == done.out, f"{bare}\n{done}"
    memory, = report(out)["wasm_memories"]
    check(name, json.loads(done.out), memory)
    print(name, major, {part: memory["heap"][f"{part}_bytes"] for part in PARTS})
