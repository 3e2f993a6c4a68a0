"""A loop of real o1js work: the linear memory that it proves in, mark by mark, against byteLength, and who grows it.

Takes o1js from npm, into build/o1js. PROOFS: how many (4); each takes up to a minute, and a gigabyte of memory. What it
makes for its caches stays in that folder, too.
"""
import collections
import json
import os

from harness import SOURCE, TMP, lost_nothing, npm_modules, probe, record, report, show
from o1js import FOLDER, install

PROOFS = os.environ.get("PROOFS", "4")
SCRIPT = SOURCE / "tests" / "fixtures" / "wasm" / "o1js" / "prove.mjs"


def named(stack):
    """The innermost function of wasm or of a script that has a name."""
    for frame in stack:
        if frame["kind"] in ("wasm", "js") and frame["function"] and not (frame["file"] or "").startswith("node:"):
            return frame["function"]
    return "?"


def caller(stack):
    for frame in stack:
        if frame["kind"] == "js" and frame["file"] and not frame["file"].startswith("node:"):
            return f"{frame['function']}, {os.path.basename(frame['file'])}:{frame['line']}"
    return "?"


install()
books, out = TMP / "books", TMP / "out"
command = [npm_modules() / "node22" / "bin" / "node", SCRIPT, books, PROOFS]
done = record(command, out, {"NODE_OPTIONS": None, "XDG_CACHE_HOME": FOLDER / "cache"}, cwd=FOLDER, timeout=3600)
assert done.status == 0, show(done.err)
sizes = json.loads(books.read_text())
data = report(out)
lost_nothing(data)
marks = {mark["label"]: mark["time_ns"] for mark in data["marks"]}
memory = max(data["wasm_memories"], key=lambda memory: memory["bytes"])
for size in sizes:
    grown = [step["bytes"] for step in memory["steps"] if step["time_ns"] <= marks[size["label"]]]
    assert memory["initial_bytes"] + sum(grown) == size["bytes"], f"{size}: {memory['initial_bytes']} + {sum(grown)}"
    print(f"{size['label']}: {size['bytes'] / 2**20:.2f} MiB, {len(grown)} growths")
assert memory["shared"] and memory["maximum_bytes"], memory["maximum_bytes"]
assert sum(growth["bytes"] for growth in memory["growth"]) == memory["bytes"] - memory["initial_bytes"]
mib = [memory[key] / 2**20 for key in ("initial_bytes", "bytes", "maximum_bytes")]
print(f"{mib[0]:.2f} → {mib[1]:.2f} MiB of {mib[2]:.0f}"
      f" in {memory['grows']} growths by {len(memory['growth'])} stacks, {memory['trend']}")
for growth in memory["growth"][:10]:
    print(f"{growth['bytes'] / 2**20:8.2f} MiB in {growth['grows']}: {named(growth['stack'])} … "
          f"{caller(growth['stack'])}")
unknown = sum(frame["kind"] == "unknown" for growth in memory["growth"] for frame in growth["stack"])
print(f"{unknown} frames of {sum(len(growth['stack']) for growth in memory['growth'])} unknown")

# Inside it: what o1js keeps of each proof, by type and line.
heap = memory["heap"]
assert heap["unknown_frees"] == 0 and heap["replaced"] == 0 and heap["overlapping"] == 0, heap
parts = {part: heap[part] or 0 for part in ("live_bytes", "overhead_bytes", "free_bytes", "unused_bytes", "static_bytes",
                                            "stack_bytes", "unattributed_bytes")}
assert sum(parts.values()) == memory["bytes"] and parts["unattributed_bytes"] <= 0.02 * memory["bytes"], parts
print(f"{heap['allocs']} births, {heap['frees']} deaths, none unknown;", parts)
rows = [row for row in data["leaks"]["by_site"] if row["domain"] == "wasm-heap"]


def exported(row):
    """The module's function that a script called."""
    names = [frame["function"] for frame in row["stack"] if frame["kind"] == "wasm" and frame["function"]]
    return names[-1].removesuffix(" multivalue shim") if names else ""


def blocks_of(export, kind=""):
    """Blocks under it, of stacks with a function of that name, by type."""
    found = collections.Counter()
    for row in rows:
        if exported(row) == export and any(kind in (frame["function"] or "") for frame in row["stack"]):
            found[row["type"]] += row["blocks"]
    return found


# Each pointer that a script was handed in an array and did not free is that of an object, which has its class's type.
CLASSES = {"caml_fp_srs_get": "WasmGVesta", "caml_fq_srs_get": "WasmGPallas"}
last = sizes[-1]
assert all(last["handed"][name] for name in CLASSES) and sum(last["handed"].values()) > 512 * int(PROOFS), last
for export, count in last["handed"].items():
    objects = blocks_of(export, "IntoWasmAbi>::into_abi")
    name = CLASSES.get(export, "WasmFqPolyComm" if "wasmfq" in export else "WasmFpPolyComm")
    assert sum(objects.values()) == count, f"{export}: {objects}, the script has {count}"
    assert {known.rsplit("::", 1)[-1] for known in objects} <= {name}, f"{export}: {objects}"
    copies = sum(blocks_of(export, "Clone>::clone").values())
    assert copies == (0 if export in CLASSES else count), f"{export}: {copies} vectors of {count} commitments"
# Nothing of what a constructor copied of the commitments that it was given is ever freed.
for export, count in last["copied"].items():
    copies = sum(blocks_of(export).values())
    assert copies == count, f"{export}: {copies}, the script has {count}"
print("A proof leaks, by the script's own count:",
      {export: (last["handed"] | last["copied"])[export] - (sizes[-2]["handed"] | sizes[-2]["copied"])[export]
       for export in last["handed"] | last["copied"]})
for row in sorted(rows, key=lambda row: -row["growth_bytes_per_mark"])[:12]:
    print(f"{row['growth_bytes_per_mark']:10.0f} bytes in {row['growth_blocks_per_mark']:.0f} blocks a proof: "
          f"{row['type'] or row['owner']}, {caller(row['stack'][3:])}")
print(show(probe("report", out).out, 8000))
