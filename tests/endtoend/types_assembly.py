"""Types of blocks in an AssemblyScript module: objects by their constructors, arrays' buffers, texts; and whose they are."""
from harness import SOURCE, TMP, npm_modules, record, report, run

FIXTURES = SOURCE / "tests" / "fixtures" / "wasm" / "types"
HEADER = 16
POINT, SHAPE, LIST = HEADER + 24, HEADER + 8, HEADER + 16  # a list has a buffer besides
node = npm_modules() / "node22" / "bin" / "node"
module = TMP / "typed.wasm"
done = run([node, npm_modules(name="npm_wasm") / "assemblyscript" / "bin" / "asc.js", FIXTURES / "typed.ts", "-o", module,
            "--debug", "--runtime", "incremental"], {"NODE_OPTIONS": None})
assert done.status == 0, done
done = record([node, FIXTURES / "typed.js", module], TMP / "rec", {"NODE_OPTIONS": None})
assert done.status == 0, done

leaks = report(TMP / "rec")["leaks"]
sums = {}
for row in leaks["by_site"]:
    if row["domain"] != "wasm-heap":
        continue
    assert (row["type_evidence"] is None) == (row["type"] is None and row["owner"] is None), row
    key = (row["type"], row["owner"])
    blocks, size = sums.get(key, (0, 0))
    sums[key] = (blocks + row["blocks"], size + row["bytes"])
print(sums)
[file] = {key[0].rsplit("/", 1)[0] for key in sums if key[0] and key[0].endswith("/Point")}
# 6 alone, in each of 6 shapes two by its constructor and one as it grew.
assert sums[f"{file}/Point", None] == (6, 6 * POINT), sums
assert sums[f"{file}/Point", f"{file}/Shape"] == (18, 18 * POINT), sums
assert sums[f"{file}/Shape", None] == (6, 6 * SHAPE), sums
# Each has a text of its own, beside "2"; whatever else a shape's constructor makes is of no type: an array, its buffer.
assert sums["String", f"{file}/Shape"][0] >= 6 and sums["String", None][0] >= 6, sums
assert sums[None, f"{file}/Shape"][1] >= 6 * LIST, sums
known = {row["type"]: row for row in leaks["by_type"] if row["domain"] == "wasm-heap"}
assert known[f"{file}/Point"]["blocks"] == 24 and known[f"{file}/Point"]["dropping"] == "never", known
assert known[f"{file}/Shape"]["owned_bytes"] == sum(size for (_, owner), (_, size) in sums.items()
                                                   if owner == f"{file}/Shape"), known
for kind in {key[0] for key in sums}:
    assert kind in (None, f"{file}/Point", f"{file}/Shape", "String", "i32", f"{file}/Point", "ArrayBuffer"), kind
