"""Functions that were taken for a module's allocator and are not: what they tell is dropped by itself and is no leak, the
next candidate is taken, at once where names do not decide, or when the module is compiled again; what the user said is never dropped; blocks that one instance
of a memory allocates and another frees refute nothing."""
import json
import pathlib

from harness import SOURCE, TMP, need, npm_modules, record, report, run, same

need("clang", "wasm-ld", "wat2wasm")
HEAPS = SOURCE / "tests" / "fixtures" / "wasm" / "heaps"
POINT = 32
KEPT = 2 * 300  # blocks by refuted.js's third instance
REASON = "what was freed had not been allocated"


def make(*command):
    done = run(command)
    assert done.status == 0, done


def misnamed(name, names, *options, libraries=()):
    """misnamed.c with functions called otherwise, in the name section alone; no names: it has none."""
    unit, module = TMP / f"{name}.o", TMP / f"{name}.wasm"
    make("clang", "--target=wasm32-wasi", "-O2", *options, "-c", HEAPS / "misnamed.c", "-o", unit)
    make("wasm-ld", "--no-entry", "--max-memory=67108864", unit, *libraries, "-o", module,
         *([] if names else ["--strip-all"]))
    data = module.read_bytes()
    for old, new in names:
        assert len(old) == len(new)
        old, new = (bytes([len(text)]) + text.encode() for text in (old, new))
        assert data.count(old) == 1, f"{module}: {old} is there {data.count(old)} times"
        data = data.replace(old, new)
    module.write_bytes(data)
    return module


def heaps_of(module, major, name, driver="refuted.js", arguments=(), env=None):
    """The heaps of the memories that have a JavaScript maker, and the report."""
    command = [npm_modules() / f"node{major}" / "bin" / "node", HEAPS / driver, module, *arguments]
    out = TMP / f"{module.stem}-{name}-{major}"
    bare = run(command, {"NODE_OPTIONS": None})
    done = record(command, out, {"NODE_OPTIONS": None, **(env or {})})
    same(bare, done)
    assert done.status == 0, done
    data = report(out)
    return [memory["heap"] for memory in sorted(data["wasm_memories"], key=lambda memory: memory["time_ns"])], data


def unwatched(data):
    return {example: finding["count"] for finding in data["findings"] if finding["kind"] == "wasm-unwatched"
            for example in finding["examples"] if REASON in example}


def sites(data):
    return [row for row in data["leaks"]["by_site"] if row["domain"] == "wasm-heap"]


def check_dropped(heap, what):
    dropped = heap["dropped"]
    assert dropped and dropped["unknown_frees"] > 10 * dropped["frees"], f"{what}: {dropped}"
    # The trial is over after 256 frees, not after all of them.
    assert 200 <= dropped["unknown_frees"] + dropped["frees"] <= 300, f"{what}: {dropped}"
    assert [(row["name"], row["role"]) for row in dropped["allocator"]] == [("malloc", "malloc"), ("free", "free")], what


def refuted(major):
    (first, second, third), data = heaps_of(module, major, "refuted")
    what = f"misnamed, node {major}"
    check_dropped(first, what)
    assert first["live_bytes"] is None and first["allocs"] == 0 and not first["allocator"], f"{what}: {first}"
    assert second is None, f"{what}: an instance of the refuted Module is watched: {second}"
    assert third["dropped"] is None and third["unknown_frees"] == third["replaced"] == 0, f"{what}: {third}"
    assert (third["live_blocks"], third["live_bytes"]) == (KEPT, KEPT * POINT), f"{what}: {third}"
    assert third["frees"] > 4000, f"{what}: {third}"
    found = sites(data)
    assert sum(row["bytes"] for row in found) == KEPT * POINT, f"{what}: {found}"
    assert all(row["stack"][1]["function"] == "keep" for row in found), f"{what}: {found}"
    assert list(unwatched(data).values()) == [2], f"{what}: {data['findings']}"


def left_alone(major):
    (first, second, third), data = heaps_of(own, major, "own")
    check_dropped(first, f"own, node {major}")
    assert first["live_bytes"] is None, first
    assert second is None and third is None, f"own, node {major}: {second}, {third}"
    assert not sites(data), sites(data)
    assert [text.split()[0] for text in unwatched(data)] == ["3"], data["findings"]


def gives_way(major):
    heaps, data = heaps_of(exported, major, "gives-way")
    what = f"exported, node {major}"
    check_dropped(heaps[0], what)
    # What was alive when others took over, at most churn's 16, dies unknown; what was kept before is not told.
    assert 0 < heaps[0]["unknown_frees"] <= 16, f"{what}: {heaps[0]}"
    for heap, kept in zip(heaps, (100, 400, 600)):
        assert (heap["live_blocks"], heap["live_bytes"]) == (kept, kept * POINT), f"{what}: {heap}"
        assert heap["replaced"] == 0 and heap["frees"] > 4000 and heap["instances"] == 1, f"{what}: {heap}"
        assert [row["name"] for row in heap["allocator"]] == ["__wbindgen_malloc", "__wbindgen_free"], f"{what}: {heap}"
    for heap in heaps[1:]:
        assert heap["dropped"] is None and heap["unknown_frees"] == 0, f"{what}: {heap}"
    assert sum(row["bytes"] for row in sites(data)) == 1100 * POINT, f"{what}: {sites(data)}"
    assert not unwatched(data), data["findings"]


def said(major):
    heaps, data = heaps_of(module, major, "said", env={"PROBE_WASM_ALLOC": "malloc:func[malloc],free:func[free]"})
    for heap in heaps:
        assert heap["dropped"] is None and heap["unknown_frees"] > 4000, f"said, node {major}: {heap}"
    assert not unwatched(data), data["findings"]


def together(major, file, where):
    heaps, data = heaps_of(file, major, where, driver="together.js", arguments=[where])
    what = f"together, {where}, node {major}"
    heap, = [heap for heap in heaps if heap]
    assert heap["dropped"] is None and not unwatched(data), f"{what}: {heap}"
    assert (heap["allocs"], heap["frees"], heap["unknown_frees"], heap["instances"]) == (1200, 1200, 0, 2), \
        f"{what}: {heap}"


builtins = next(pathlib.Path("/usr/lib/llvm-14/lib/clang").glob("*/lib/wasi/libclang_rt.builtins-wasm32.a"))
DECOYS = [("decoya", "malloc"), ("dero", "free")]
TRUE = [("malloc", "mxlloc"), ("dlmalloc", "dlmxlloc"), ("free", "fxee"), ("dlfree", "dlfxee")]
module = misnamed("misnamed", TRUE + DECOYS, libraries=["-L/usr/lib/wasm32-wasi", "-lc", builtins])
own = misnamed("own", DECOYS, "-DOWN")
exported = misnamed("exported", [], "-DOWN", "-DEXPORTED")
shared, alone = TMP / "shared.wasm", TMP / "alone.wasm"
text = (HEAPS / "together.wat").read_text()
for file, words in ((shared, text), (alone, text.replace(" shared)", ")"))):
    file.with_suffix(".wat").write_text(words)
    make("wat2wasm", "--enable-threads", file.with_suffix(".wat"), "-o", file)
for node in (20, 24):
    refuted(node)
    left_alone(node)
    gives_way(node)
    said(node)
    together(node, shared, "worker")
    together(node, shared, "here")
    together(node, alone, "alone")
